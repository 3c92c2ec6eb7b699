//! `_io`: streams of bytes and text.
//!
//! `base` holds the abstract classes, `file` the raw stream over a descriptor, `buffered` and `text` the engines of the
//! layers above it, `*_type(s)` their classes, `bytesio` and `stringio` the streams in memory.

pub mod base;
pub mod buffered;
pub mod buffered_types;
pub mod bytesio;
pub mod file;
pub mod newline;
pub mod open;
pub mod stringio;
pub mod text;
pub mod text_type;
pub mod util;

pub use open::{flush_all, make_std_streams};

use ferropy_vm::{R, Thread, Value};

/// `io.DEFAULT_BUFFER_SIZE`.
pub const BUFFER_SIZE: usize = 128 * 1024;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_io", module);
}

fn module(cx: &mut Thread) -> R {
    let m =
        cx.module_with("_io", "The io module provides the Python interfaces to stream handling.", open::FUNCTIONS)?;
    for def in [
        &base::IO_BASE,
        &base::RAW_BASE,
        &base::BUFFERED_BASE,
        &base::TEXT_BASE,
        &file::FILE_IO,
        &bytesio::BYTES_IO,
        &stringio::STRING_IO,
        &buffered_types::READER,
        &buffered_types::WRITER,
        &buffered_types::RANDOM,
        &buffered_types::RW_PAIR,
        &newline::NEWLINE_DECODER,
        &text_type::TEXT_IO,
    ] {
        cx.module_class(m, def)?;
    }
    let unsupported = base::unsupported_class(cx)?;
    cx.module_set(m, "UnsupportedOperation", unsupported.value())?;
    let blocking = cx.exc_class(ferropy_vm::Exc::BlockingIOError);
    cx.module_set(m, "BlockingIOError", blocking.value())?;
    cx.module_set(m, "DEFAULT_BUFFER_SIZE", Value::small_int(BUFFER_SIZE as i64))?;
    Ok(m.value())
}
