//! `unicodedata`. The version 3.2.0 that IDNA asks for, `ucd_3_2_0`, answers from the current data.

use ferropy_text::normalize::{self, Form};
use ferropy_text::{unicode, wtf8};
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, TypeDef, Value, heap_kind};

/// An older version of the database.
#[repr(C)]
pub struct Ucd {
    pub marker: u64,
}
heap_kind!(Ucd, "unicodedata.UCD", 0);

static UCD: TypeDef = TypeDef::new::<Ucd>("unicodedata.UCD", METHODS, "")
    .flags(ferropy_vm::class::flags::IMMUTABLE | ferropy_vm::class::flags::NO_NEW);

/// Registers the module.
pub fn register(cx: &mut Thread) {
    cx.register_module("unicodedata", init);
}

fn init(cx: &mut Thread) -> R {
    let m =
        cx.module_with("unicodedata", "This module provides access to the Unicode Character Database.", FUNCTIONS)?;
    let version = cx.new_str(unicode::UNICODE_VERSION)?.value();
    cx.module_set(m, "unidata_version", version)?;
    let class = cx.native_class(&UCD)?;
    cx.module_set(m, "UCD", class.value())?;
    let old = cx.alloc_of(class, Ucd { marker: 1 })?.value();
    cx.module_set(m, "ucd_3_2_0", old)?;
    Ok(m.value())
}

/// One character's code point.
fn character(cx: &mut Thread, v: Value, name: &str, at: &str) -> R<u32> {
    match v.as_str() {
        Some(s) if s.len() == 1 => Ok(wtf8::decode_at(s.bytes(), 0).0),
        Some(s) => {
            let n = s.len();
            Err(cx.type_error(format!("{name}(){at} must be a unicode character, not a string of length {n}")))
        }
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("{name}(){at} must be a unicode character, not {got}")))
        }
    }
}

fn or_default(cx: &mut Thread, found: Option<Value>, default: Option<Value>, message: &str) -> R {
    match found.or(default) {
        Some(v) => Ok(v),
        None => Err(cx.value_error(message)),
    }
}

fn decimal(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "decimal", " argument 1")?;
    let v = unicode::decimal_value(c).map(|n| Value::small_int(n as i64));
    or_default(cx, v, a.opt(1), "not a decimal")
}
fn digit(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "digit", " argument 1")?;
    let v = unicode::digit_value(c).map(|n| Value::small_int(n as i64));
    or_default(cx, v, a.opt(1), "not a digit")
}
fn numeric(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "numeric", " argument 1")?;
    match unicode::numeric_value(c) {
        Some(x) => cx.float(x),
        None => or_default(cx, None, a.opt(1), "not a numeric character"),
    }
}
fn category(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "category", " argument")?;
    cx.intern(unicode::category(c))
}
fn bidirectional(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "bidirectional", " argument")?;
    cx.intern(unicode::bidirectional(c))
}
fn combining(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "combining", " argument")?;
    Ok(Value::small_int(unicode::combining(c) as i64))
}
fn mirrored(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "mirrored", " argument")?;
    Ok(Value::small_int(unicode::is_mirrored(c) as i64))
}
fn east_asian_width(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "east_asian_width", " argument")?;
    cx.intern(unicode::east_asian_width(c))
}
fn decomposition(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "decomposition", " argument")?;
    let text = normalize::decomposition(c);
    Ok(cx.new_str(&text)?.value())
}
fn name(cx: &mut Thread, a: Args<'_>) -> R {
    let c = character(cx, a[0], "name", " argument 1")?;
    match unicode::name(c) {
        Some(n) => Ok(cx.new_str(&n)?.value()),
        None => or_default(cx, None, a.opt(1), "no such name"),
    }
}
fn lookup(cx: &mut Thread, a: Args<'_>) -> R {
    let s = cx.expect_text(a[0], "lookup() argument")?;
    match s.as_str().and_then(unicode::lookup_character) {
        Some(c) => Ok(cx.char_str(c)?.value()),
        None => {
            let text = s.to_lossy();
            Err(cx.error(Exc::KeyError, format!("undefined character name '{text}'")))
        }
    }
}

fn form(cx: &mut Thread, v: Value, function: &str) -> R<Form> {
    let s = cx.expect_text(v, &format!("{function}() argument 1"))?;
    match Form::from_name(&s.to_lossy()) {
        Some(f) => Ok(f),
        None => Err(cx.value_error("invalid normalization form")),
    }
}
fn normalized(cx: &mut Thread, a: Args<'_>) -> R {
    let form = form(cx, a[0], "normalize")?;
    let s = cx.expect_text(a[1], "normalize() argument 2")?;
    if s.is_ascii() {
        return Ok(a[1]);
    }
    let out = normalize::normalize(s.bytes(), form);
    Ok(cx.new_wtf8(&out)?.value())
}
fn is_normalized(cx: &mut Thread, a: Args<'_>) -> R {
    let form = form(cx, a[0], "is_normalized")?;
    let s = cx.expect_text(a[1], "is_normalized() argument 2")?;
    Ok(Value::bool(s.is_ascii() || normalize::is_normalized(s.bytes(), form)))
}

/// The same functions as methods: the receiver goes.
macro_rules! methods {
    ($($name:ident $of:ident $sig:literal;)*) => {
        mod of_ucd {
            use super::*;
            $(pub fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                let all: smallvec::SmallVec<[Value; 4]> = (1..a.len()).map(|i| a[i]).collect();
                super::$of(cx, Args::new(&all))
            })*
        }
        static FUNCTIONS: &[NativeDef] = &[
            $(NativeDef::function(concat!(stringify!($name), "(", $sig), $of, ""),)*
        ];
        static METHODS: &[NativeDef] = &[
            $(NativeDef::method(concat!(stringify!($name), "(self, ", $sig), of_ucd::$name, ""),)*
            NativeDef::getter("unidata_version", old_version, ""),
        ];
    };
}

fn old_version(cx: &mut Thread, _: Args<'_>) -> R {
    cx.intern("3.2.0")
}

methods! {
    decimal decimal "chr, default=<unrepresentable>, /)";
    digit digit "chr, default=<unrepresentable>, /)";
    numeric numeric "chr, default=<unrepresentable>, /)";
    category category "chr, /)";
    bidirectional bidirectional "chr, /)";
    combining combining "chr, /)";
    mirrored mirrored "chr, /)";
    east_asian_width east_asian_width "chr, /)";
    decomposition decomposition "chr, /)";
    name name "chr, default=<unrepresentable>, /)";
    lookup lookup "name, /)";
    normalize normalized "form, unistr, /)";
    is_normalized is_normalized "form, unistr, /)";
}
