//! Not written yet.
use ferropy_vm::{R, Thread, Value};
pub fn install(_cx: &mut Thread) -> R<()> {
    Ok(())
}
pub fn from_flags(_cx: &mut Thread, v: Value, _flags: i64) -> R {
    Ok(v)
}
