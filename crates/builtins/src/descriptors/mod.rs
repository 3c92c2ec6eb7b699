//! Descriptors: property, staticmethod, classmethod, super, and the descriptors of native classes.

use ferropy_vm::{R, Thread};

pub mod wrappers;

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    wrappers::install(cx)
}
