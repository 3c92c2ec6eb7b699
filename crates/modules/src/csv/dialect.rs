//! Dialects of `_csv`: how records are written. A dialect never changes.

use crate::errors;
use ferropy_text::wtf8;
use ferropy_vm::types::{Dict, Str};
use ferropy_vm::{Args, Exc, Field, Gc, NativeDef, R, Raised, Thread, TypeDef, Value, field, heap_kind};

pub const MINIMAL: i64 = 0;
pub const ALL: i64 = 1;
pub const NONNUMERIC: i64 = 2;
pub const NONE: i64 = 3;
pub const STRINGS: i64 = 4;
pub const NOTNULL: i64 = 5;

/// A dialect object.
#[repr(C)]
pub struct Dialect {
    pub terminator: Field,
    pub delimiter: u32,
    pub quote: Option<u32>,
    pub escape: Option<u32>,
    pub quoting: i64,
    pub double_quote: bool,
    pub skip_space: bool,
    pub strict: bool,
}
heap_kind!(Dialect, "_csv.Dialect", 1);

pub fn error(cx: &mut Thread, message: impl AsRef<str>) -> Raised {
    errors::raise(cx, "_csv.Error", Exc::Exception, message)
}

/// The registered dialects by name.
pub fn registered(cx: &mut Thread) -> R<Gc<Dict>> {
    if let Some(d) = cx.registry("_csv._dialects").and_then(|d| d.cast::<Dict>()) {
        return Ok(d);
    }
    let d = cx.new_dict()?;
    cx.set_registry("_csv._dialects", d.value());
    Ok(d)
}

/// The dialect registered under a name.
pub fn by_name(cx: &mut Thread, name: Value) -> R {
    let all = registered(cx)?;
    match cx.dict_get(all, name)? {
        Some(d) => Ok(d),
        None => Err(error(cx, "unknown dialect")),
    }
}

const NAMES: [&str; 8] =
    ["delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"];

/// A parameter that is a character, or None where that is allowed.
fn character(cx: &mut Thread, name: &str, v: Option<Value>, default: Option<u32>, none: bool) -> R<Option<u32>> {
    let Some(v) = v else { return Ok(default) };
    if v.is_none() && none {
        return Ok(None);
    }
    let or_none = if none { " or None" } else { "" };
    match v.cast::<Str>() {
        Some(s) if s.len() == 1 => Ok(Some(wtf8::decode_at(s.bytes(), 0).0)),
        Some(s) => {
            let n = s.len();
            Err(cx.type_error(format!("\"{name}\" must be a unicode character{or_none}, not a string of length {n}")))
        }
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("\"{name}\" must be a unicode character{or_none}, not {class}")))
        }
    }
}

fn flag(cx: &mut Thread, v: Option<Value>, default: bool) -> R<bool> {
    match v {
        Some(v) => cx.truth(v),
        None => Ok(default),
    }
}

fn quoting(cx: &mut Thread, v: Option<Value>) -> R<i64> {
    let Some(v) = v else { return Ok(MINIMAL) };
    let Some(n) = v.to_ibig() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("\"quoting\" must be an integer, not {class}")));
    };
    match i64::try_from(&n) {
        Ok(n @ MINIMAL..=NOTNULL) => Ok(n),
        _ => Err(cx.type_error("bad \"quoting\" value")),
    }
}

fn check_character(cx: &mut Thread, name: &str, c: Option<u32>, d: &Dialect, space: bool) -> R<()> {
    let Some(c) = c else { return Ok(()) };
    let in_terminator = d.terminator.cast::<Str>().is_some_and(|t| wtf8::chars(t.bytes()).any(|t| t == c));
    if c == 10 || c == 13 || (c == 32 && !space) || in_terminator {
        return Err(cx.value_error(format!("bad {name} value")));
    }
    Ok(())
}

fn check(cx: &mut Thread, d: &Dialect) -> R<()> {
    check_character(cx, "delimiter", Some(d.delimiter), d, true)?;
    check_character(cx, "escapechar", d.escape, d, !d.skip_space)?;
    check_character(cx, "quotechar", d.quote, d, !d.skip_space)?;
    let delimiter = Some(d.delimiter);
    for (x, y, names) in [
        (delimiter, d.escape, "delimiter or escapechar"),
        (delimiter, d.quote, "delimiter or quotechar"),
        (d.escape, d.quote, "escapechar or quotechar"),
    ] {
        if x.is_some() && x == y {
            return Err(cx.value_error(format!("bad {names} value")));
        }
    }
    Ok(())
}

fn dialect_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<ferropy_vm::types::Class>() else {
        return Err(cx.type_error("Dialect.__new__(X): X is not a type object"));
    };
    let mut base = a.some(1);
    if let Some(name) = base.filter(|b| b.cast::<Str>().is_some()) {
        base = Some(by_name(cx, name)?);
    }
    if let Some(b) = base
        && b.cast::<Dialect>().is_some()
        && (2..10).all(|i| a.opt(i).is_none())
    {
        return Ok(b);
    }
    let mut given = [Value::NULL; 8];
    for (i, name) in NAMES.iter().enumerate() {
        given[i] = a.or(2 + i, Value::NULL);
        if let (true, Some(base)) = (given[i].is_null(), base) {
            let key = cx.intern(name)?;
            given[i] = cx.getattr_opt(base, key)?.unwrap_or(Value::NULL);
        }
    }
    let d = build(cx, &given)?;
    check(cx, &d)?;
    Ok(cx.alloc_of(class, d)?.value())
}

/// A dialect of the parameters in the order of [`NAMES`].
fn build(cx: &mut Thread, given: &[Value; 8]) -> R<Dialect> {
    let delimiter = character(cx, NAMES[0], given[0].bound(), Some(44), false)?.unwrap_or(44);
    let double_quote = flag(cx, given[1].bound(), true)?;
    let escape = character(cx, NAMES[2], given[2].bound(), None, true)?;
    let terminator = match given[3].bound() {
        None => cx.new_str("\r\n")?.value(),
        Some(v) if v.cast::<Str>().is_some() => v,
        Some(v) => {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("\"lineterminator\" must be a string, not {class}")));
        }
    };
    let quote = character(cx, NAMES[4], given[4].bound(), Some(34), true)?;
    let mut how = quoting(cx, given[5].bound())?;
    if given[4].is_none() && given[5].is_null() {
        how = NONE;
    }
    if how != NONE && quote.is_none() {
        return Err(cx.type_error("quotechar must be set if quoting enabled"));
    }
    let skip_space = flag(cx, given[6].bound(), false)?;
    let strict = flag(cx, given[7].bound(), false)?;
    Ok(Dialect {
        terminator: field(terminator),
        delimiter,
        quote,
        escape,
        quoting: how,
        double_quote,
        skip_space,
        strict,
    })
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Dialect>> {
    v.cast::<Dialect>().ok_or_else(|| cx.type_error("a Dialect object is required"))
}

fn shown(cx: &mut Thread, c: Option<u32>) -> R {
    match c {
        Some(c) => Ok(cx.char_str(c)?.value()),
        None => Ok(Value::NONE),
    }
}

fn get_delimiter(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?.delimiter;
    shown(cx, Some(c))
}
fn get_escape(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?.escape;
    shown(cx, c)
}
fn get_quote(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?.quote;
    shown(cx, c)
}
fn get_terminator(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.terminator.get())
}
fn get_quoting(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(this(cx, a[0])?.quoting))
}
fn get_double_quote(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.double_quote))
}
fn get_skip_space(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.skip_space))
}
fn get_strict(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.strict))
}

fn refuse_pickle(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    Err(cx.type_error(format!("cannot pickle '{class}' instances")))
}

pub static DIALECT: TypeDef = TypeDef::new::<Dialect>(
    "_csv.Dialect",
    &[
        NativeDef::static_method(
            "__new__(cls, dialect=None, delimiter=',', doublequote=True, escapechar=None, lineterminator='\\r\\n', \
             quotechar='\"', quoting=0, skipinitialspace=False, strict=False)",
            dialect_new,
            "Create and return a new object.",
        ),
        NativeDef::method("__reduce__(self, /)", refuse_pickle, "raises an exception to avoid pickling"),
        NativeDef::method("__reduce_ex__(self, protocol, /)", refuse_pickle, "raises an exception to avoid pickling"),
        NativeDef::getter("delimiter", get_delimiter, ""),
        NativeDef::getter("doublequote", get_double_quote, ""),
        NativeDef::getter("escapechar", get_escape, ""),
        NativeDef::getter("lineterminator", get_terminator, ""),
        NativeDef::getter("quotechar", get_quote, ""),
        NativeDef::getter("quoting", get_quoting, ""),
        NativeDef::getter("skipinitialspace", get_skip_space, ""),
        NativeDef::getter("strict", get_strict, ""),
    ],
    "CSV dialect\n\nThe Dialect type records CSV parsing and generation options.\n",
);

/// `Dialect(dialect, **parameters)`; the second is the dict of a `**` parameter.
pub fn make(cx: &mut Thread, dialect: Option<Value>, parameters: Value) -> R {
    let class = cx.native_class(&DIALECT)?.value();
    let args = match dialect {
        Some(d) => cx.new_tuple(&[d])?,
        None => cx.new_tuple(&[])?,
    };
    cx.call_ex(class, args, parameters)
}
