//! UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError: what could not be converted, and where.

use super::*;
use ferropy_vm::types::{Bytes, Str};

const ENCODING: usize = 0;
const OBJECT: usize = 1;
const START: usize = 2;
const END: usize = 3;
const REASON: usize = 4;
const FIELDS: usize = 5;

macro_rules! methods {
    ($name:ident, $init:expr, $str:expr) => {
        static $name: &[NativeDef] = &[
            NativeDef::method("__init__(self, /, *args, **kwargs)", $init, "Initialize self."),
            NativeDef::method("__str__(self, /)", $str, "Return str(self)."),
            NativeDef::getset("encoding", get_field::<ENCODING>, set_field::<ENCODING>, "exception encoding")
                .as_member(),
            NativeDef::getset("object", get_field::<OBJECT>, set_field::<OBJECT>, "exception object").as_member(),
            NativeDef::getset("start", get_place::<START>, set_place::<START>, "exception start").as_member(),
            NativeDef::getset("end", get_place::<END>, set_place::<END>, "exception end").as_member(),
            NativeDef::getset("reason", get_field::<REASON>, set_field::<REASON>, "exception reason").as_member(),
        ];
    };
}

methods!(ENCODE, encode_init, encode_str);
methods!(DECODE, decode_init, decode_str);
methods!(TRANSLATE, translate_init, translate_str);

pub fn install(cx: &mut Thread) -> R<()> {
    add(cx, Exc::UnicodeEncodeError, ENCODE)?;
    add(cx, Exc::UnicodeDecodeError, DECODE)?;
    add(cx, Exc::UnicodeTranslateError, TRANSLATE)
}

fn get_place<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    Ok(data(e, I).bound().unwrap_or(Value::small_int(0)))
}
fn set_place<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let Some(v) = a.opt(1) else { return Err(cx.type_error("can't delete numeric/char attribute")) };
    if !v.is_any_int() {
        return Err(cx.type_error("an integer is required"));
    }
    let n = cx.index(v)?;
    let n = cx.int(n)?;
    set_data(cx, e, I, n)?;
    Ok(Value::NONE)
}

/// `BaseException.__init__`, then the arguments if there are `n`.
fn arguments(cx: &mut Thread, a: Args<'_>, n: usize) -> R<(Gc<Exception>, Gc<Tuple>)> {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    let class = cx.class_name(a[0]);
    no_keywords(cx, &class, kw)?;
    e.args.set(cx, e, args);
    if args.len != n {
        let given = args.len;
        return Err(cx.type_error(format!("function takes exactly {n} arguments ({given} given)")));
    }
    reserve(cx, e, FIELDS)?;
    Ok((e, args))
}

fn expect_str(cx: &mut Thread, v: Value, number: usize) -> R {
    if v.as_str().is_some() {
        return Ok(v);
    }
    let got = cx.class_name(v);
    Err(cx.type_error(format!("argument {number} must be str, not {got}")))
}

/// Sets start, end and reason, which are the arguments from `first` on.
fn set_rest(cx: &mut Thread, e: Gc<Exception>, args: Gc<Tuple>, first: usize) -> R<()> {
    for (i, field) in [START, END].into_iter().enumerate() {
        let n = cx.index(args.at(first + i))?;
        let n = cx.int(n)?;
        set_data(cx, e, field, n)?;
    }
    let reason = expect_str(cx, args.at(first + 2), first + 3)?;
    set_data(cx, e, REASON, reason)
}

fn encode_init(cx: &mut Thread, a: Args<'_>) -> R {
    let (e, args) = arguments(cx, a, 5)?;
    let encoding = expect_str(cx, args.at(0), 1)?;
    let object = expect_str(cx, args.at(1), 2)?;
    set_rest(cx, e, args, 2)?;
    set_data(cx, e, ENCODING, encoding)?;
    set_data(cx, e, OBJECT, object)?;
    Ok(Value::NONE)
}

fn decode_init(cx: &mut Thread, a: Args<'_>) -> R {
    let (e, args) = arguments(cx, a, 5)?;
    let encoding = expect_str(cx, args.at(0), 1)?;
    set_rest(cx, e, args, 2)?;
    let mut object = args.at(1);
    if object.cast::<Bytes>().is_none() {
        let copy = {
            let buffer = cx.buffer(object)?;
            buffer.bytes().to_vec()
        };
        object = cx.new_bytes(&copy)?.value();
    }
    set_data(cx, e, ENCODING, encoding)?;
    set_data(cx, e, OBJECT, object)?;
    Ok(Value::NONE)
}

fn translate_init(cx: &mut Thread, a: Args<'_>) -> R {
    let (e, args) = arguments(cx, a, 4)?;
    let object = expect_str(cx, args.at(0), 1)?;
    set_rest(cx, e, args, 1)?;
    set_data(cx, e, OBJECT, object)?;
    Ok(Value::NONE)
}

/// What a message is made of.
struct Parts {
    encoding: Gc<Str>,
    reason: Gc<Str>,
    start: i64,
    end: i64,
    /// The one character or byte concerned, if it is one.
    single: Option<u32>,
}

/// None if the exception was never initialised.
fn parts(cx: &mut Thread, e: Gc<Exception>, bytes: bool) -> R<Option<Parts>> {
    if data(e, OBJECT).is_null() {
        return Ok(None);
    }
    let encoding = cx.str(data(e, ENCODING).bound().unwrap_or(Value::NONE))?;
    let reason = cx.str(data(e, REASON).bound().unwrap_or(Value::NONE))?;
    // Python code ran, which may have changed the object.
    let Some(object) = data(e, OBJECT).bound() else {
        return Err(cx.type_error("UnicodeError 'object' attribute is not set"));
    };
    let place = |i| data(e, i).to_i64().unwrap_or(0);
    let (start, end) = (place(START), place(END));
    let one = start >= 0 && end == start.saturating_add(1);
    let single = if bytes {
        let Some(b) = object.cast::<Bytes>() else {
            return Err(cx.type_error("UnicodeError 'object' attribute must be a bytes"));
        };
        b.data().get(start.max(0) as usize).map(|b| *b as u32)
    } else {
        let Some(s) = object.as_str() else {
            return Err(cx.type_error("UnicodeError 'object' attribute must be a string"));
        };
        if one { ferropy_text::wtf8::chars(s.bytes()).nth(start as usize) } else { None }
    };
    Ok(Some(Parts { encoding, reason, start, end, single: single.filter(|_| one) }))
}

fn escaped(c: u32) -> String {
    match c {
        0..=0xff => format!("\\x{c:02x}"),
        0x100..=0xffff => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

/// `'ENCODING' codec WHAT: REASON`.
fn message(cx: &mut Thread, p: &Parts, with_codec: bool, what: &str) -> R {
    let mut out = Vec::new();
    if with_codec {
        out.push(b'\'');
        out.extend_from_slice(p.encoding.bytes());
        out.extend_from_slice(b"' codec ");
    }
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(p.reason.bytes());
    Ok(cx.new_wtf8(&out)?.value())
}

fn text_message(cx: &mut Thread, a: Args<'_>, verb: &str, with_codec: bool) -> R {
    let e = this(cx, a[0])?;
    let Some(p) = parts(cx, e, false)? else { return Ok(cx.vm().empty_str) };
    let what = match p.single {
        Some(c) => format!("can't {verb} character '{}' in position {}", escaped(c), p.start),
        None => format!("can't {verb} characters in position {}-{}", p.start, p.end.saturating_sub(1)),
    };
    message(cx, &p, with_codec, &what)
}

fn encode_str(cx: &mut Thread, a: Args<'_>) -> R {
    text_message(cx, a, "encode", true)
}

fn translate_str(cx: &mut Thread, a: Args<'_>) -> R {
    text_message(cx, a, "translate", false)
}

fn decode_str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let Some(p) = parts(cx, e, true)? else { return Ok(cx.vm().empty_str) };
    let what = match p.single {
        Some(b) => format!("can't decode byte 0x{b:02x} in position {}", p.start),
        None => format!("can't decode bytes in position {}-{}", p.start, p.end.saturating_sub(1)),
    };
    message(cx, &p, true, &what)
}
