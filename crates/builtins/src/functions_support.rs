//! Small tests that several files need.

use ferropy_vm::types::{BoundMethod, Class, Function, NativeFn};
use ferropy_vm::{HeapObject, N, Thread, Value};

/// `callable(v)`.
pub fn is_callable(cx: &mut Thread, v: Value) -> bool {
    let k = v.kind();
    let native = [Function::kind(), NativeFn::kind(), BoundMethod::kind(), Class::kind()];
    if native.contains(&k) && k != NativeFn::kind() {
        return true;
    }
    cx.lookup_special(v, N::__call__).is_some()
}
