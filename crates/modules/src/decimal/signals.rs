//! Signals: their exception classes, and sets of them as lists, dicts and text.

use super::number::*;
use crate::errors;
use ferropy_vm::types::{Dict, List, Module};
use ferropy_vm::{Exc, Gc, R, Raised, RootedVec, Thread, Value};

/// A signal or condition that has an exception class.
pub struct Signal {
    pub class: &'static str,
    pub bits: Status,
}

/// The signals, in the order in which a context lists them; a failing operation raises the first that is trapped.
pub static SIGNALS: [Signal; 9] = [
    Signal { class: "decimal.InvalidOperation", bits: ANY_INVALID },
    Signal { class: "decimal.FloatOperation", bits: FLOAT_OPERATION },
    Signal { class: "decimal.DivisionByZero", bits: DIVISION_BY_ZERO },
    Signal { class: "decimal.Overflow", bits: OVERFLOW },
    Signal { class: "decimal.Underflow", bits: UNDERFLOW },
    Signal { class: "decimal.Subnormal", bits: SUBNORMAL },
    Signal { class: "decimal.Inexact", bits: INEXACT },
    Signal { class: "decimal.Rounded", bits: ROUNDED },
    Signal { class: "decimal.Clamped", bits: CLAMPED },
];

/// The conditions that InvalidOperation sums up.
static CONDITIONS: [Signal; 5] = [
    Signal { class: "decimal.InvalidOperation", bits: INVALID_OPERATION },
    Signal { class: "decimal.ConversionSyntax", bits: CONVERSION_SYNTAX },
    Signal { class: "decimal.DivisionImpossible", bits: DIVISION_IMPOSSIBLE },
    Signal { class: "decimal.DivisionUndefined", bits: DIVISION_UNDEFINED },
    Signal { class: "decimal.InvalidContext", bits: INVALID_CONTEXT },
];

const TOP: &str = "decimal.DecimalException";

/// Makes the exception classes and publishes them.
pub fn publish(cx: &mut Thread, m: Gc<Module>) -> R<()> {
    let arithmetic = cx.exc_class(Exc::ArithmeticError).value();
    let zero_division = cx.exc_class(Exc::ZeroDivisionError).value();
    let type_error = cx.exc_class(Exc::TypeError).value();
    let top = publish_class(cx, m, TOP, &[arithmetic])?;
    let clamped = "decimal.Clamped";
    for name in [clamped, "decimal.InvalidOperation", "decimal.Inexact", "decimal.Rounded", "decimal.Subnormal"] {
        publish_class(cx, m, name, &[top])?;
    }
    let [invalid, inexact, rounded, subnormal] =
        ["decimal.InvalidOperation", "decimal.Inexact", "decimal.Rounded", "decimal.Subnormal"].map(|n| class(cx, n));
    publish_class(cx, m, "decimal.FloatOperation", &[top, type_error])?;
    publish_class(cx, m, "decimal.DivisionByZero", &[top, zero_division])?;
    publish_class(cx, m, "decimal.Overflow", &[inexact, rounded])?;
    publish_class(cx, m, "decimal.Underflow", &[inexact, rounded, subnormal])?;
    publish_class(cx, m, "decimal.DivisionUndefined", &[invalid, zero_division])?;
    for name in ["decimal.ConversionSyntax", "decimal.DivisionImpossible", "decimal.InvalidContext"] {
        publish_class(cx, m, name, &[invalid])?;
    }
    Ok(())
}

fn publish_class(cx: &mut Thread, m: Gc<Module>, full_name: &'static str, bases: &[Value]) -> R {
    let class = errors::derived_from(cx, full_name, bases)?;
    cx.module_set(m, plain(full_name), class)?;
    Ok(class)
}

fn plain(full_name: &str) -> &str {
    full_name.rsplit('.').next().unwrap_or(full_name)
}

/// An exception class; all are made with the module.
fn class(cx: &Thread, full_name: &'static str) -> Value {
    cx.registry(full_name).unwrap_or(Value::NONE)
}

/// The exception classes of the signals.
pub fn classes(cx: &mut Thread) -> RootedVec {
    let mut out = RootedVec::new(cx);
    for s in &SIGNALS {
        out.push(class(cx, s.class));
    }
    out
}

/// The bits of the signal with this exception class; KeyError if it is none.
pub fn bits_of(cx: &mut Thread, v: Value) -> R<Status> {
    match SIGNALS.iter().find(|s| cx.registry(s.class) == Some(v)) {
        Some(s) => Ok(s.bits),
        None => Err(cx.error(
            Exc::KeyError,
            "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   \
             Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]",
        )),
    }
}

/// Raises the exception of a trapped signal, with the list of all trapped conditions.
#[cold]
pub fn raise(cx: &mut Thread, trapped: Status) -> Raised {
    match raised(cx, trapped) {
        Ok(e) => cx.raise_value(e),
        Err(r) => r,
    }
}

fn raised(cx: &mut Thread, trapped: Status) -> R {
    let Some(signal) = SIGNALS.iter().find(|s| s.bits & trapped != 0) else {
        return Err(cx.runtime_error("no signal is trapped"));
    };
    let list = list_of(cx, trapped, CONDITIONS.iter().chain(&SIGNALS[1..]))?;
    let class = class(cx, signal.class);
    cx.call(class, &[list])
}

fn list_of<'a>(cx: &mut Thread, bits: Status, signals: impl Iterator<Item = &'a Signal>) -> R {
    let list = cx.new_list(&[])?;
    for s in signals.filter(|s| s.bits & bits != 0) {
        let class = class(cx, s.class);
        cx.list_append(list, class)?;
    }
    Ok(list.value())
}

/// The signals' classes as a list.
pub fn to_list(cx: &mut Thread, bits: Status) -> R {
    list_of(cx, bits, SIGNALS.iter())
}

/// A dict from every signal's class to whether it is in the set.
pub fn to_dict(cx: &mut Thread, bits: Status) -> R {
    let d = cx.new_dict()?;
    for s in &SIGNALS {
        let class = class(cx, s.class);
        cx.dict_set(d, class, Value::bool(s.bits & bits != 0))?;
    }
    Ok(d.value())
}

pub fn from_list(cx: &mut Thread, list: Gc<List>) -> R<Status> {
    let mut bits = 0;
    for i in 0..list.len() {
        bits |= bits_of(cx, list.get(i).unwrap_or(Value::NONE))?;
    }
    Ok(bits)
}

/// What a dict that is to have all signals as keys says; None if it has not.
pub fn from_dict(cx: &mut Thread, d: Gc<Dict>) -> R<Option<Status>> {
    if d.len() != SIGNALS.len() {
        return Ok(None);
    }
    let mut bits = 0;
    for s in &SIGNALS {
        let class = class(cx, s.class);
        let Some(v) = cx.dict_get(d, class)? else { return Ok(None) };
        if cx.truth(v)? {
            bits |= s.bits;
        }
    }
    Ok(Some(bits))
}

/// `[Inexact, Rounded]`, in the order of the conditions' bits.
pub fn names(bits: Status) -> String {
    let mut names: Vec<&str> = Vec::new();
    for bit in (0..Status::BITS).map(|i| 1 << i).filter(|b| bits & b != 0) {
        let name = SIGNALS.iter().find(|s| s.bits & bit != 0).map_or("", |s| plain(s.class));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    format!("[{}]", names.join(", "))
}
