//! Small tests that several files need.

use ferropy_vm::types::{BoundMethod, Class, Dict, Function, NativeFn};
use ferropy_vm::{HeapObject, N, R, Thread, Value};

/// `callable(v)`.
pub fn is_callable(cx: &mut Thread, v: Value) -> bool {
    let k = v.kind();
    let native = [Function::kind(), NativeFn::kind(), BoundMethod::kind(), Class::kind()];
    if native.contains(&k) && k != NativeFn::kind() {
        return true;
    }
    cx.lookup_special(v, N::__call__).is_some()
}

/// The annotations that a function, class or module has by its `__annotate__`.
pub fn annotations_from(cx: &mut Thread, annotate: Value) -> R {
    if annotate.is_null() || !is_callable(cx, annotate) {
        return Ok(cx.new_dict()?.value());
    }
    const VALUE: i64 = 1;
    let d = cx.call(annotate, &[Value::small_int(VALUE)])?;
    if d.cast::<Dict>().is_none() {
        let got = cx.class_name(d);
        return Err(cx.type_error(format!("__annotate__ returned non-dict of type '{got}'")));
    }
    Ok(d)
}
