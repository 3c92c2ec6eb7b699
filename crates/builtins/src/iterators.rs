//! Iterators: over sequences, callables, and enumerate, zip, map, filter, reversed.

mod adaptors;
mod sequence;

use ferropy_vm::types::Dict;
use ferropy_vm::{R, Thread, Value};

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    sequence::install(cx)?;
    adaptors::install(cx)
}

/// A name of the module builtins, for `__reduce__`.
pub fn builtin(cx: &mut Thread, name: &str) -> R {
    let key = cx.intern(name)?;
    // A program may have bound the name by a key of its own class.
    let found = match cx.vm().builtins.cast::<Dict>() {
        Some(d) => cx.dict_get(d, key)?,
        None => None,
    };
    match found {
        Some(v) => Ok(v),
        None => Err(cx.error(ferropy_vm::Exc::AttributeError, format!("builtins has no {name}"))),
    }
}

/// Binds a class in the module builtins.
fn publish(cx: &mut Thread, class: Value, name: &str) -> R<()> {
    let key = cx.intern(name)?;
    match cx.vm().builtins.cast::<Dict>() {
        Some(d) => cx.dict_set_str(d, key, class),
        None => Ok(()),
    }
}

/// What a [`NextFn`](ferropy_vm::ops::iter::NextFn) gave as the outcome of `__next__`.
#[inline]
pub fn stop_at_end(cx: &mut Thread, r: R) -> R {
    match r {
        Ok(Value::NULL) => Err(cx.stop_iteration(Value::NULL)),
        r => r,
    }
}

/// `next(it)` as a method's outcome: StopIteration at the end.
pub fn or_stop(cx: &mut Thread, r: R<Option<Value>>) -> R {
    match r? {
        Some(v) => Ok(v),
        None => Err(cx.stop_iteration(Value::NULL)),
    }
}
