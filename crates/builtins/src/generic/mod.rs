//! `list[int]` (types.GenericAlias) and `int | str` (typing.Union).

use ferropy_vm::{R, Thread};

/// Adds this part to a new interpreter.
pub fn install(_cx: &mut Thread) -> R<()> {
    Ok(())
}
