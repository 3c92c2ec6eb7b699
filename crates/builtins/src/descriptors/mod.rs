//! Descriptors: property, staticmethod, classmethod, super, members; and the small objects beside them: cells, mapping
//! proxies, modules, the constants.

use ferropy_vm::{R, Thread};

mod cell;
mod constants;
mod member;
mod module;
mod property;
mod proxy;
mod super_;
pub mod wrappers;

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    wrappers::install(cx)?;
    property::install(cx)?;
    super_::install(cx)?;
    member::install(cx)?;
    cell::install(cx)?;
    proxy::install(cx)?;
    module::install(cx)?;
    constants::install(cx)
}
