//! Standard-library modules that CPython writes in C; a file or a folder each.
//!
//! Each file registers its modules by name; a module is made when it is first imported.

/// A table of constants of the same names in libc.
macro_rules! libc_constants {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

pub mod abc;
pub mod array;
pub mod ast;
pub mod atexit;
pub mod binascii;
pub mod bisect;
pub mod cmath;
pub mod codecs;
pub mod collections;
pub mod contextvars;
pub mod csv;
pub mod datetime;
pub mod decimal;
pub mod errno;
pub mod errors;
pub mod faulthandler;
pub mod fcntl;
pub mod functools;
pub mod gc;
pub mod hashes;
pub mod heapq;
pub mod imp;
pub mod io;
pub mod itertools;
pub mod json;
pub mod marshal;
pub mod math;
pub mod misc;
pub mod opcode;
pub mod operator;
pub mod os_util;
pub mod pickle;
pub mod posix;
pub mod posixsubprocess;
pub mod pwd;
pub mod queue;
pub mod random;
pub mod resource;
pub mod select;
pub mod signal;
pub mod socket;
pub mod sre;
pub mod stat;
pub mod string;
pub mod struct_;
pub mod symtable;
pub mod sys;
pub mod template;
pub mod termios;
pub mod testnative;
pub mod thread;
pub mod time;
pub mod tokenize;
pub mod typing;
pub mod unicodedata;
pub mod warnings;
pub mod weakref;
pub mod zlib;

use ferropy_vm::Thread;

/// Registers all native modules.
pub fn register(cx: &mut Thread) {
    io::register(cx);
    posix::register(cx);
    posixsubprocess::register(cx);
    pwd::register(cx);
    queue::register(cx);
    errno::register(cx);
    stat::register(cx);
    select::register(cx);
    signal::register(cx);
    socket::register(cx);
    time::register(cx);
    itertools::register(cx);
    functools::register(cx);
    collections::register(cx);
    operator::register(cx);
    heapq::register(cx);
    bisect::register(cx);
    weakref::register(cx);
    abc::register(cx);
    atexit::register(cx);
    contextvars::register(cx);
    thread::register(cx);
    testnative::register(cx);
    sre::register(cx);
    json::register(cx);
    csv::register(cx);
    codecs::register(cx);
    unicodedata::register(cx);
    binascii::register(cx);
    zlib::register(cx);
    hashes::register(cx);
    struct_::register(cx);
    math::register(cx);
    cmath::register(cx);
    random::register(cx);
    resource::register(cx);
    array::register(cx);
    string::register(cx);
    gc::register(cx);
    warnings::register(cx);
    imp::register(cx);
    marshal::register(cx);
    sys::register(cx);
    typing::register(cx);
    ast::register(cx);
    symtable::register(cx);
    tokenize::register(cx);
    faulthandler::register(cx);
    fcntl::register(cx);
    datetime::register(cx);
    pickle::register(cx);
    decimal::register(cx);
    opcode::register(cx);
    template::register(cx);
    termios::register(cx);
    misc::register(cx);
}
