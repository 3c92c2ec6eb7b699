//! To be filled.
use super::*;
pub fn install(_cx: &mut Thread) -> R<()> {
    Ok(())
}
