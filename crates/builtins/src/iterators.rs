//! Iterators: over sequences, callables, and enumerate, zip, map, filter, reversed.

mod adaptors;
mod sequence;

use ferropy_vm::types::{Dict, Function};
use ferropy_vm::{Exc, R, Thread, Value};

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    sequence::install(cx)?;
    adaptors::install(cx)
}

/// A name of the module builtins, for `__reduce__`.
pub fn builtin(cx: &mut Thread, name: &str) -> R {
    let key = cx.intern(name)?;
    // The running code may have builtins of its own, and keys of its own classes in them.
    let builtins = match cx.top().func.cast::<Function>() {
        Some(f) => f.builtins.get(),
        None => cx.vm().builtins,
    };
    let found = match builtins.cast::<Dict>() {
        Some(d) => cx.dict_get(d, key)?,
        None => {
            let r = cx.getitem(builtins, key);
            cx.catch(Exc::KeyError, r)?
        }
    };
    match found {
        Some(v) => Ok(v),
        None => Err(cx.error(Exc::AttributeError, name)),
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
