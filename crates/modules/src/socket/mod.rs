//! `_socket`: sockets, addresses, and the databases of names.
//!
//! Terms. A socket *has a timeout* if the system's descriptor does not block but its methods wait with `poll`; a timeout of
//! 0 is a socket that does not block.

pub mod address;
pub mod constants;
pub mod convert;
pub mod families;
pub mod io;
pub mod message;
pub mod names;
pub mod object;
pub mod options;
pub mod services;

use crate::{errors, os_util};
use ferropy_vm::{Exc, R, Raised, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_socket", module);
}

const GAIERROR: &str = "socket.gaierror";
const HERROR: &str = "socket.herror";

/// The exception of a failed `getaddrinfo` or `getnameinfo`; `e` is errno.
pub fn gai_error(cx: &mut Thread, code: i32, e: i32) -> Raised {
    if code == libc::EAI_SYSTEM {
        return cx.os_error(e, None);
    }
    // SAFETY: a constant string of the system's.
    match unsafe { os_util::c_text(cx, libc::gai_strerror(code)) } {
        Ok(text) => errors::raise_with(cx, GAIERROR, Exc::OSError, &[Value::small_int(code as i64), text]),
        Err(r) => r,
    }
}
/// The exception of a failed look-up of a host.
pub fn host_error(cx: &mut Thread, code: i32) -> Raised {
    // SAFETY: a constant string of the system's.
    match unsafe { os_util::c_text(cx, libc::hstrerror(code)) } {
        Ok(text) => errors::raise_with(cx, HERROR, Exc::OSError, &[Value::small_int(code as i64), text]),
        Err(r) => r,
    }
}

fn module(cx: &mut Thread) -> R {
    let doc = "Implementation module for socket operations.\n\nSee the socket module for documentation.";
    let m = cx.module_with("_socket", doc, object::FUNCTIONS)?;
    for table in [names::FUNCTIONS, services::FUNCTIONS, convert::FUNCTIONS, message::FUNCTIONS] {
        cx.add_functions(m, table)?;
    }
    for table in constants::TABLES {
        os_util::set_numbers(cx, m, table)?;
    }
    for (name, text) in constants::ADDRESSES {
        let v = cx.new_str(text)?;
        cx.module_set(m, name, v.value())?;
    }
    cx.module_set(m, "has_ipv6", Value::TRUE)?;
    cx.module_class(m, &object::SOCKET)?;
    let class = cx.native_class(&object::SOCKET)?;
    cx.module_set(m, "SocketType", class.value())?;
    for (name, e) in [("error", Exc::OSError), ("timeout", Exc::TimeoutError)] {
        let class = cx.exc_class(e);
        cx.module_set(m, name, class.value())?;
    }
    for (name, full) in [("gaierror", GAIERROR), ("herror", HERROR)] {
        let class = errors::exception(cx, full, Exc::OSError)?;
        cx.module_set(m, name, class)?;
    }
    Ok(m.value())
}
