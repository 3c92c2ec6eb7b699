//! Context objects: limits, flags and traps; their signal dicts.
//!
//! A *view* is what `flags` and `traps` return: a mapping over a context's bits, made when first asked for and kept.

use super::number::*;
use super::signals;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, List};
use ferropy_vm::{
    Args, Exc, Field, Gc, HeapObject, NativeDef, R, Thread, TypeDef, Value, field, heap_kind, null_field,
};
use std::cell::Cell;

#[repr(C)]
pub struct ContextObject {
    flags_view: Field,
    traps_view: Field,
    pub env: Cell<Env>,
    pub status: Cell<Status>,
    pub traps: Cell<Status>,
    pub capitals: Cell<bool>,
}
heap_kind!(ContextObject, "decimal context", 2);

/// What a context holds besides its views.
#[derive(Clone, Copy)]
pub struct Settings {
    pub env: Env,
    pub status: Status,
    pub traps: Status,
    pub capitals: bool,
}

impl Settings {
    /// Those of the default context as it is made.
    pub const DEFAULT: Settings = Settings {
        env: Env { prec: 28, emax: 999_999, emin: -999_999, round: Round::HalfEven, clamp: false },
        status: 0,
        traps: ANY_INVALID | DIVISION_BY_ZERO | OVERFLOW,
        capitals: true,
    };
    pub const BASIC: Settings = Settings {
        env: Env { prec: 9, round: Round::HalfUp, ..Settings::DEFAULT.env },
        traps: Settings::DEFAULT.traps | UNDERFLOW | CLAMPED,
        ..Settings::DEFAULT
    };
    pub const EXTENDED: Settings =
        Settings { env: Env { prec: 9, ..Settings::DEFAULT.env }, traps: 0, ..Settings::DEFAULT };

    /// Those of the interchange format with so many bits, if there is one.
    pub fn ieee(bits: i64) -> Option<Settings> {
        if bits <= 0 || bits > IEEE_MAX_BITS || bits % 32 != 0 {
            return None;
        }
        let emax = 3 * (1i64 << (bits / 16 + 3));
        let env = Env { prec: 9 * (bits / 32) - 2, emax, emin: 1 - emax, round: Round::HalfEven, clamp: true };
        Some(Settings { env, traps: 0, ..Settings::DEFAULT })
    }
}
pub const IEEE_MAX_BITS: i64 = 512;

impl ContextObject {
    pub fn settings(&self) -> Settings {
        Settings {
            env: self.env.get(),
            status: self.status.get(),
            traps: self.traps.get(),
            capitals: self.capitals.get(),
        }
    }
    /// Sets flags; raises if a condition is trapped.
    #[inline(always)]
    pub fn report(&self, cx: &mut Thread, status: Status) -> R<()> {
        if status == 0 {
            return Ok(());
        }
        self.status.set(self.status.get() | status);
        let trapped = status & (self.traps.get() | NO_MEMORY);
        if trapped == 0 {
            return Ok(());
        }
        Err(if trapped & NO_MEMORY != 0 { cx.memory_error() } else { signals::raise(cx, trapped) })
    }
}

/// A context object of the class itself.
pub fn new_context(cx: &mut Thread, s: Settings) -> R<Gc<ContextObject>> {
    let class = cx.native_class(&super::context_type::CONTEXT)?;
    new_context_of(cx, class, s)
}

fn new_context_of(cx: &mut Thread, class: Gc<Class>, s: Settings) -> R<Gc<ContextObject>> {
    let object = ContextObject {
        flags_view: null_field(),
        traps_view: null_field(),
        env: s.env.into(),
        status: s.status.into(),
        traps: s.traps.into(),
        capitals: s.capitals.into(),
    };
    cx.alloc_of(class, object)
}

pub fn copied(cx: &mut Thread, c: Gc<ContextObject>) -> R<Gc<ContextObject>> {
    new_context(cx, c.settings())
}

/// The context that a method is called on.
pub fn this(cx: &mut Thread, v: Value) -> R<Gc<ContextObject>> {
    match v.cast::<ContextObject>() {
        Some(c) => Ok(c),
        None => Err(cx.type_error("argument must be a context")),
    }
}

// ---- attributes

/// An int argument as C's ssize_t.
pub fn machine_int(cx: &mut Thread, v: Value) -> R<i64> {
    if !v.is_any_int() {
        return Err(cx.type_error("an integer is required"));
    }
    match v.to_i64() {
        Some(n) => Ok(n),
        None => Err(cx.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

/// The rounding mode that a str names.
pub fn rounding(cx: &mut Thread, v: Value) -> R<Round> {
    let name = v.as_str();
    let found = Round::ALL.iter().find(|r| name.is_some_and(|n| n.bytes() == r.name().as_bytes()));
    found.copied().ok_or_else(|| {
        cx.type_error(
            "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   \
             ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]",
        )
    })
}

/// An int argument in a range; ValueError otherwise.
fn ranged(cx: &mut Thread, v: Value, low: i64, high: i64, message: &str) -> R<i64> {
    let n = machine_int(cx, v)?;
    if (low..=high).contains(&n) { Ok(n) } else { Err(cx.value_error(message)) }
}

type Setter = fn(&mut Thread, &ContextObject, Value) -> R<()>;

fn set_prec(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    let prec = ranged(cx, v, 1, MAX_PREC, "valid range for prec is [1, MAX_PREC]")?;
    c.env.set(Env { prec, ..c.env.get() });
    Ok(())
}
fn set_emin(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    let emin = ranged(cx, v, MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]")?;
    c.env.set(Env { emin, ..c.env.get() });
    Ok(())
}
fn set_emax(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    let emax = ranged(cx, v, 0, MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]")?;
    c.env.set(Env { emax, ..c.env.get() });
    Ok(())
}
fn set_rounding(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    let round = rounding(cx, v)?;
    c.env.set(Env { round, ..c.env.get() });
    Ok(())
}
fn set_capitals(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    c.capitals.set(ranged(cx, v, 0, 1, "valid values for capitals are 0 or 1")? != 0);
    Ok(())
}
fn set_clamp(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    let clamp = ranged(cx, v, 0, 1, "valid values for clamp are 0 or 1")? != 0;
    c.env.set(Env { clamp, ..c.env.get() });
    Ok(())
}
fn set_flags(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    c.status.set(bits_argument(cx, v)?);
    Ok(())
}
fn set_traps(cx: &mut Thread, c: &ContextObject, v: Value) -> R<()> {
    c.traps.set(bits_argument(cx, v)?);
    Ok(())
}

/// The set of signals that a view or dict stands for.
fn bits_argument(cx: &mut Thread, v: Value) -> R<Status> {
    if let Some(view) = v.cast::<ViewObject>() {
        return view.bits(cx);
    }
    let Some(d) = v.cast::<Dict>() else { return Err(cx.type_error("argument must be a signal dict")) };
    match signals::from_dict(cx, d)? {
        Some(bits) => Ok(bits),
        None => Err(cx.error(Exc::KeyError, "invalid signal dict")),
    }
}

/// A set of signals given to the constructor, which takes lists as well.
fn bits_or_list(cx: &mut Thread, v: Value) -> R<Value> {
    let Some(list) = v.cast::<List>() else { return Ok(v) };
    let bits = signals::from_list(cx, list)?;
    signals::to_dict(cx, bits)
}

/// Parameters of the constructor and of `localcontext`, in order, with what sets them. Flags come last, as in CPython.
pub static PARAMETERS: [(&str, usize); 8] =
    [("prec", 0), ("rounding", 1), ("Emin", 2), ("Emax", 3), ("capitals", 4), ("clamp", 5), ("traps", 7), ("flags", 6)];
static SETTERS: [Setter; 8] =
    [set_prec, set_rounding, set_emin, set_emax, set_capitals, set_clamp, set_traps, set_flags];

/// Sets what is given (not None, not unbound) by the constructor's arguments in their order.
pub fn set_all(cx: &mut Thread, c: Gc<ContextObject>, args: &[Value; 8]) -> R<()> {
    for ((name, at), set) in PARAMETERS.iter().zip(SETTERS) {
        let v = args[*at];
        if v.is_null() || v.is_none() {
            continue;
        }
        let v = if matches!(*name, "flags" | "traps") { bits_or_list(cx, v)? } else { v };
        set(cx, &c, v)?;
    }
    Ok(())
}

fn assign(cx: &mut Thread, a: Args<'_>, set: Setter) -> R {
    let c = this(cx, a[0])?;
    if a[1].is_null() {
        return Err(cx.error(Exc::AttributeError, "context attributes cannot be deleted"));
    }
    set(cx, &c, a[1])?;
    Ok(Value::NONE)
}

macro_rules! attributes {
    ($($get:ident $set:ident $setter:ident ($cx:ident, $c:ident) $value:expr;)*) => {
        $(
            fn $get($cx: &mut Thread, a: Args<'_>) -> R {
                let $c = this($cx, a[0])?;
                $value
            }
            fn $set(cx: &mut Thread, a: Args<'_>) -> R {
                assign(cx, a, $setter)
            }
        )*
    };
}

attributes! {
    get_prec_attr set_prec_attr set_prec (cx, c) cx.int(c.env.get().prec);
    get_emax_attr set_emax_attr set_emax (cx, c) cx.int(c.env.get().emax);
    get_emin_attr set_emin_attr set_emin (cx, c) cx.int(c.env.get().emin);
    get_rounding_attr set_rounding_attr set_rounding (cx, c) cx.intern(c.env.get().round.name());
    get_capitals_attr set_capitals_attr set_capitals (cx, c) cx.int(c.capitals.get() as i64);
    get_clamp_attr set_clamp_attr set_clamp (cx, c) cx.int(c.env.get().clamp as i64);
    get_flags_attr set_flags_attr set_flags (cx, c) view(cx, c, false);
    get_traps_attr set_traps_attr set_traps (cx, c) view(cx, c, true);
}

/// The attributes of `Context`, for its table.
pub mod attributes {
    use super::*;

    pub const PREC: NativeDef = NativeDef::getset("prec", get_prec_attr, set_prec_attr, "");
    pub const EMAX: NativeDef = NativeDef::getset("Emax", get_emax_attr, set_emax_attr, "");
    pub const EMIN: NativeDef = NativeDef::getset("Emin", get_emin_attr, set_emin_attr, "");
    pub const ROUNDING: NativeDef = NativeDef::getset("rounding", get_rounding_attr, set_rounding_attr, "");
    pub const CAPITALS: NativeDef = NativeDef::getset("capitals", get_capitals_attr, set_capitals_attr, "");
    pub const CLAMP: NativeDef = NativeDef::getset("clamp", get_clamp_attr, set_clamp_attr, "");
    pub const FLAGS: NativeDef = NativeDef::getset("flags", get_flags_attr, set_flags_attr, "");
    pub const TRAPS: NativeDef = NativeDef::getset("traps", get_traps_attr, set_traps_attr, "");
}

pub fn context_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is required")) };
    let template = match cx.registry(super::current::DEFAULT).and_then(|v| v.cast::<ContextObject>()) {
        Some(c) => Settings { capitals: true, ..c.settings() },
        None => Settings::DEFAULT,
    };
    Ok(new_context_of(cx, class, template)?.value())
}

pub fn context_init(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let args = std::array::from_fn(|i| a.or(i + 1, Value::NULL));
    set_all(cx, c, &args)?;
    Ok(Value::NONE)
}

pub fn context_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?.settings();
    let text = format!(
        "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
        s.env.prec,
        s.env.round.name(),
        s.env.emin,
        s.env.emax,
        s.capitals as u8,
        s.env.clamp as u8,
        signals::names(s.status),
        signals::names(s.traps)
    );
    Ok(cx.new_str(&text)?.value())
}

pub fn context_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let s = c.settings();
    let class = cx.class_of(a[0]).value();
    let (prec, emin, emax) = (cx.int(s.env.prec)?, cx.int(s.env.emin)?, cx.int(s.env.emax)?);
    let (capitals, clamp) = (Value::small_int(s.capitals as i64), Value::small_int(s.env.clamp as i64));
    let round = cx.intern(s.env.round.name())?;
    let flags = signals::to_list(cx, s.status)?;
    let traps = signals::to_list(cx, s.traps)?;
    let args = cx.new_tuple(&[prec, round, emin, emax, capitals, clamp, flags, traps])?.value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

// ---- views

#[repr(C)]
pub struct ViewObject {
    context: Field,
    /// Of the traps, not the flags.
    of_traps: Cell<bool>,
}
heap_kind!(ViewObject, "signal dict", 1);

impl ViewObject {
    /// The context; ValueError if the object was made by Python code, without one.
    fn owner(&self, cx: &mut Thread) -> R<Gc<ContextObject>> {
        match self.context.cast::<ContextObject>() {
            Some(c) => Ok(c),
            None => Err(cx.value_error("invalid signal dict")),
        }
    }
    fn bits(&self, cx: &mut Thread) -> R<Status> {
        let c = self.owner(cx)?;
        Ok(if self.of_traps.get() { c.traps.get() } else { c.status.get() })
    }
    fn set_bits(&self, cx: &mut Thread, bits: Status) -> R<()> {
        let c = self.owner(cx)?;
        if self.of_traps.get() {
            c.traps.set(bits)
        } else {
            c.status.set(bits)
        }
        Ok(())
    }
}

/// The base class of views that has their methods; `SignalDict` adds those of `MutableMapping`.
pub static MIXIN: TypeDef = TypeDef::new::<ViewObject>(
    "decimal.SignalDictMixin",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", view_new, ""),
        NativeDef::method("__init__(self, /, *args, **kwargs)", view_init, "Initialize self."),
        NativeDef::method("__repr__(self, /)", view_repr, "Return repr(self)."),
        NativeDef::method("__eq__(self, value, /)", view_eq, "Return self==value."),
        NativeDef::method("__ne__(self, value, /)", view_ne, "Return self!=value."),
        NativeDef::method("__iter__(self, /)", view_iter, "Implement iter(self)."),
        NativeDef::method("__len__(self, /)", view_len, "Return len(self)."),
        NativeDef::method("__getitem__(self, key, /)", view_getitem, "Return self[key]."),
        NativeDef::method("__setitem__(self, key, value, /)", view_setitem, "Set self[key] to value."),
        NativeDef::method("__delitem__(self, key, /)", view_delitem, "Delete self[key]."),
        NativeDef::method("copy(self, /)", view_copy, ""),
    ],
    "",
)
.flags(flags::IMMUTABLE | flags::BASE);

/// Key of the class `SignalDict`.
pub const SIGNAL_DICT: &str = "decimal.SignalDict";

fn view(cx: &mut Thread, c: Gc<ContextObject>, of_traps: bool) -> R {
    let known = if of_traps { &c.traps_view } else { &c.flags_view };
    if let Some(v) = known.get().bound() {
        return Ok(v);
    }
    let class = cx.registry(SIGNAL_DICT).and_then(|v| v.cast::<Class>());
    let class = match class {
        Some(class) => class,
        None => cx.native_class(&MIXIN)?,
    };
    let v = cx.alloc_of(class, ViewObject { context: field(c), of_traps: of_traps.into() })?;
    if of_traps {
        c.traps_view.set(cx, c, v);
    } else {
        c.flags_view.set(cx, c, v);
    }
    Ok(v.value())
}

fn this_view(cx: &mut Thread, v: Value) -> R<Gc<ViewObject>> {
    match v.cast::<ViewObject>() {
        Some(v) => Ok(v),
        None => Err(cx.value_error("invalid signal dict")),
    }
}

fn view_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>().filter(|c| c.kind.get() == ViewObject::kind()) else {
        return Err(cx.type_error("a subclass of SignalDict is required"));
    };
    Ok(cx.alloc_of(class, ViewObject { context: null_field(), of_traps: false.into() })?.value())
}
fn view_init(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn view_len(cx: &mut Thread, a: Args<'_>) -> R {
    this_view(cx, a[0])?.bits(cx)?;
    cx.int(signals::SIGNALS.len() as i64)
}
fn view_iter(cx: &mut Thread, a: Args<'_>) -> R {
    this_view(cx, a[0])?.bits(cx)?;
    let classes = signals::classes(cx);
    let t = cx.new_tuple(&classes)?.value();
    cx.iter(t)
}
fn view_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let view = this_view(cx, a[0])?;
    let bits = view.bits(cx)?;
    Ok(Value::bool(bits & signals::bits_of(cx, a[1])? != 0))
}
fn view_setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let view = this_view(cx, a[0])?;
    view.bits(cx)?;
    let mask = signals::bits_of(cx, a[1])?;
    let on = cx.truth(a[2])?;
    let bits = view.bits(cx)?;
    view.set_bits(cx, if on { bits | mask } else { bits & !mask })?;
    Ok(Value::NONE)
}
fn view_delitem(cx: &mut Thread, a: Args<'_>) -> R {
    this_view(cx, a[0])?.bits(cx)?;
    Err(cx.value_error("signal keys cannot be deleted"))
}
fn view_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let bits = this_view(cx, a[0])?.bits(cx)?;
    let shown =
        |s: &signals::Signal| format!("<class '{}'>:{}", s.class, if s.bits & bits != 0 { "True" } else { "False" });
    let items: Vec<String> = signals::SIGNALS.iter().map(shown).collect();
    Ok(cx.new_str(&format!("{{{}}}", items.join(", ")))?.value())
}
fn view_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let bits = this_view(cx, a[0])?.bits(cx)?;
    signals::to_dict(cx, bits)
}

/// Equality with another view or a dict; None if it is neither.
fn view_equal(cx: &mut Thread, a: Args<'_>) -> R<Option<bool>> {
    let bits = this_view(cx, a[0])?.bits(cx)?;
    if let Some(other) = a[1].cast::<ViewObject>() {
        return Ok(Some(other.bits(cx)? == bits));
    }
    let Some(d) = a[1].cast::<Dict>() else { return Ok(None) };
    if d.is_empty() {
        return Err(cx.value_error("invalid signal dict"));
    }
    Ok(signals::from_dict(cx, d)?.map(|other| other == bits))
}
fn view_eq(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(view_equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}
fn view_ne(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(view_equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, |e| Value::bool(!e)))
}
