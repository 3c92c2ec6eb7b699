//! Stub.
pub fn run(_: &[String]) -> crate::Result<bool> {
    Ok(true)
}
