//! `_decimal`: decimal arithmetic by the General Decimal Arithmetic Specification.
//!
//! Arithmetic knows no Python objects: `number`, `coef`, `wide` (numbers and their coefficients), `fit` (rounding and range),
//! `arith`, `compare`, `integral`, `logical`, `elementary` on `fixed`, `power` (operations), `text`. The objects are
//! `object` and `decimal_type` (Decimal), `context`, `current` and `context_type` (Context), `signals`; `methods` are what
//! both classes offer, `convert` and `spec` lead from and to other types.

mod arith;
mod coef;
mod compare;
mod context;
mod context_type;
mod convert;
mod current;
mod decimal_type;
mod elementary;
mod fit;
mod fixed;
mod integral;
mod logical;
mod methods;
mod number;
mod object;
mod power;
mod signals;
mod spec;
mod text;
mod wide;

use context::{IEEE_MAX_BITS, MIXIN, SIGNAL_DICT, Settings, new_context};
use convert::DECIMAL_TUPLE;
use current::{BASIC, DEFAULT, EXTENDED, FUNCTIONS};
use ferropy_vm::types::{Class, Module};
use ferropy_vm::{Builtin, Gc, R, Thread, Value};
use number::{MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, Round};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_decimal", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_decimal", "Decimal arithmetic in native code.", FUNCTIONS)?;
    for def in [&decimal_type::DECIMAL, &context_type::CONTEXT] {
        cx.module_class(m, def)?;
    }
    register_number(cx)?;
    signals::publish(cx, m)?;
    once(cx, SIGNAL_DICT, signal_dict)?;
    let tuple = once(cx, DECIMAL_TUPLE, decimal_tuple)?;
    cx.module_set(m, "DecimalTuple", tuple)?;
    for (key, settings) in [(DEFAULT, Settings::DEFAULT), (BASIC, Settings::BASIC), (EXTENDED, Settings::EXTENDED)] {
        let c = once(cx, key, |cx| Ok(new_context(cx, settings)?.value()))?;
        cx.module_set(m, key.trim_start_matches("decimal."), c)?;
    }
    constants(cx, m)?;
    Ok(m.value())
}

fn constants(cx: &mut Thread, m: Gc<Module>) -> R<()> {
    for (name, n) in [
        ("MAX_PREC", MAX_PREC),
        ("MAX_EMAX", MAX_EMAX),
        ("MIN_EMIN", MIN_EMIN),
        ("MIN_ETINY", MIN_ETINY),
        ("IEEE_CONTEXT_MAX_BITS", IEEE_MAX_BITS),
    ] {
        let v = cx.int(n)?;
        cx.module_set(m, name, v)?;
    }
    for round in Round::ALL {
        let v = cx.intern(round.name())?;
        cx.module_set(m, round.name(), v)?;
    }
    cx.module_set(m, "HAVE_CONTEXTVAR", Value::TRUE)?;
    cx.module_set(m, "HAVE_THREADS", Value::TRUE)?;
    // The versions of the specification and of the library whose results these are.
    for (name, text) in [("__version__", "1.70"), ("__libmpdec_version__", "2.5.1")] {
        let v = cx.new_str(text)?.value();
        cx.module_set(m, name, v)?;
    }
    Ok(())
}

/// What is made once an interpreter, and shared by all imports of the module.
fn once(cx: &mut Thread, key: &'static str, make: impl FnOnce(&mut Thread) -> R) -> R {
    if let Some(v) = cx.registry(key) {
        return Ok(v);
    }
    let v = make(cx)?;
    cx.set_registry(key, v);
    Ok(v)
}

/// Decimals are numbers, but no reals: they do not mix with floats.
fn register_number(cx: &mut Thread) -> R<()> {
    let numbers = cx.import("numbers")?;
    let number = cx.getattr_str(numbers, "Number")?;
    let class = cx.native_class(&decimal_type::DECIMAL)?.value();
    cx.call_method(number, "register", &[class])?;
    Ok(())
}

/// The class of `flags` and `traps`: our methods, and those that `MutableMapping` builds upon them.
fn signal_dict(cx: &mut Thread) -> R {
    let abc = cx.import("collections.abc")?;
    let mapping = cx.getattr_str(abc, "MutableMapping")?;
    let mixin = cx.native_class(&MIXIN)?.value();
    let name = cx.intern("SignalDict")?;
    let bases = cx.new_tuple(&[mixin, mapping])?.value();
    let dict = cx.new_dict()?.value();
    let meta = cx.builtin(Builtin::Type).value();
    cx.call(meta, &[name, bases, dict])
}

fn decimal_tuple(cx: &mut Thread) -> R {
    let collections = cx.import("collections")?;
    let (name, fields) = (cx.intern("DecimalTuple")?, cx.new_str("sign digits exponent")?.value());
    let class = cx.call_method(collections, "namedtuple", &[name, fields])?;
    if let Some(c) = class.cast::<Class>() {
        let (key, module) = (cx.intern("__module__")?, cx.intern("decimal")?);
        cx.class_setattr(c, key, module)?;
    }
    Ok(class)
}
