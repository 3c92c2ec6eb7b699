//! Code objects, frames, tracebacks as Python sees them.

use ferropy_vm::{R, Thread};

mod code;
mod frame;
mod proxy;
mod traceback;

pub use crate::functions::scopes::{caller_globals, frame_locals};

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    code::install(cx)?;
    frame::install(cx)?;
    traceback::install(cx)
}
