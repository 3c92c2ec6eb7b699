//! `sys._jit`: what CPython 3.14 says about its own JIT compiler; ours is not built yet.

use super::set;
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("is_available()", no, "Return True if the current Python executable supports JIT compilation."),
    NativeDef::function(
        "is_enabled()",
        no,
        "Return True if JIT compilation is enabled for the current Python process.",
    ),
    NativeDef::function("is_active()", no, "Return True if the topmost Python frame is executing JIT code."),
];

fn no(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::FALSE)
}

/// Adds the namespace to `sys`.
pub fn install(cx: &mut Thread) -> R<()> {
    let m = cx.module_with("sys._jit", "", FUNCTIONS)?;
    set(cx, "_jit", m.value())
}
