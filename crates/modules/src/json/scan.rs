//! The scanner: `make_scanner(context)(string, index)` gives (value, end).

use super::decode_error;
use ferropy_builtins::list::wrong_receiver;
use ferropy_text::{int as tint, wtf8};
use ferropy_vm::types::{Class, Dict, Str};
use ferropy_vm::{Args, Builtin as B, Field, Gc, NativeDef, R, Raised, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

#[repr(C)]
pub struct Scanner {
    object_hook: Field,
    pairs_hook: Field,
    parse_float: Field,
    parse_int: Field,
    parse_constant: Field,
    strict: Cell<bool>,
}
heap_kind!(Scanner, "json scanner", 5);

pub static SCANNER: TypeDef = TypeDef::new::<Scanner>(
    "_json.Scanner",
    &[
        NativeDef::static_method("__new__(cls, context)", scanner_new, "Create and return a new object."),
        NativeDef::method("__call__(self, string, idx)", scanner_call, "Call self as a function."),
        NativeDef::getter("strict", |cx, a| Ok(Value::bool(this(cx, a[0])?.strict.get())), "strict"),
        NativeDef::getter("object_hook", |cx, a| Ok(this(cx, a[0])?.object_hook.get()), "object_hook"),
        NativeDef::getter("object_pairs_hook", |cx, a| Ok(this(cx, a[0])?.pairs_hook.get()), ""),
        NativeDef::getter("parse_float", |cx, a| Ok(this(cx, a[0])?.parse_float.get()), "parse_float"),
        NativeDef::getter("parse_int", |cx, a| Ok(this(cx, a[0])?.parse_int.get()), "parse_int"),
        NativeDef::getter("parse_constant", |cx, a| Ok(this(cx, a[0])?.parse_constant.get()), "parse_constant"),
    ],
    "JSON scanner object",
);

fn this(cx: &mut Thread, v: Value) -> R<Gc<Scanner>> {
    match v.cast() {
        Some(s) => Ok(s),
        None => Err(wrong_receiver(cx, "_json.Scanner", v)),
    }
}

fn scanner_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    let strict = cx.getattr_str(a[1], "strict")?;
    let strict = cx.truth(strict)?;
    let object_hook = cx.getattr_str(a[1], "object_hook")?;
    let pairs_hook = cx.getattr_str(a[1], "object_pairs_hook")?;
    let parse_float = cx.getattr_str(a[1], "parse_float")?;
    let parse_int = cx.getattr_str(a[1], "parse_int")?;
    let parse_constant = cx.getattr_str(a[1], "parse_constant")?;
    let s = Scanner {
        object_hook: field(object_hook),
        pairs_hook: field(pairs_hook),
        parse_float: field(parse_float),
        parse_int: field(parse_int),
        parse_constant: field(parse_constant),
        strict: strict.into(),
    };
    Ok(cx.alloc_of(class, s)?.value())
}

/// One scan: the text and how to treat what is in it.
struct Scan<'a> {
    doc: Gc<Str>,
    bytes: &'a [u8],
    scanner: Gc<Scanner>,
    /// Keys met, so that equal ones are one object.
    memo: Gc<Dict>,
}

fn scanner_call(cx: &mut Thread, a: Args<'_>) -> R {
    let scanner = this(cx, a[0])?;
    let Some(doc) = a[1].cast::<Str>() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("first argument must be a string, not {class}")));
    };
    let at = cx.index(a[2])?;
    if at < 0 {
        return Err(cx.value_error("idx cannot be negative"));
    }
    let memo = cx.new_dict()?;
    let scan = Scan { doc, bytes: doc.bytes(), scanner, memo };
    let Some(start) = wtf8::offset_of(scan.bytes, at as usize) else { return stop(cx, at as usize) };
    let (v, end) = scan.value(cx, start)?;
    let end = cx.uint(scan.position(end) as u64)?;
    Ok(cx.new_tuple(&[v, end])?.value())
}

fn stop<T>(cx: &mut Thread, at: usize) -> R<T> {
    let at = cx.uint(at as u64)?;
    Err(cx.stop_iteration(at))
}

fn skip_space(s: &[u8], mut i: usize) -> usize {
    while matches!(s.get(i), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        i += 1;
    }
    i
}

impl Scan<'_> {
    /// Characters before a byte offset.
    fn position(&self, offset: usize) -> usize {
        if self.doc.is_ascii() { offset } else { wtf8::index_of(self.bytes, offset.min(self.bytes.len())) }
    }

    fn error(&self, cx: &mut Thread, message: &str, at: usize) -> Raised {
        decode_error(cx, message, self.doc.value(), self.position(at))
    }

    fn value(&self, cx: &mut Thread, i: usize) -> R<(Value, usize)> {
        let rest = &self.bytes[i.min(self.bytes.len())..];
        let word = |w: &str| rest.starts_with(w.as_bytes());
        match rest.first() {
            Some(b'"') => string(cx, self.doc, i + 1, self.scanner.strict.get()),
            Some(b'{') => self.object(cx, i + 1),
            Some(b'[') => self.array(cx, i + 1),
            Some(b'n') if word("null") => Ok((Value::NONE, i + 4)),
            Some(b't') if word("true") => Ok((Value::TRUE, i + 4)),
            Some(b'f') if word("false") => Ok((Value::FALSE, i + 5)),
            Some(b'N') if word("NaN") => self.constant(cx, "NaN", i),
            Some(b'I') if word("Infinity") => self.constant(cx, "Infinity", i),
            Some(b'-') if word("-Infinity") => self.constant(cx, "-Infinity", i),
            Some(b'-' | b'0'..=b'9') => self.number(cx, i),
            _ => stop(cx, self.position(i)),
        }
    }

    fn constant(&self, cx: &mut Thread, name: &str, i: usize) -> R<(Value, usize)> {
        let text = cx.new_str(name)?.value();
        Ok((cx.call(self.scanner.parse_constant.get(), &[text])?, i + name.len()))
    }

    fn number(&self, cx: &mut Thread, start: usize) -> R<(Value, usize)> {
        let s = self.bytes;
        let digits = |mut i: usize| {
            while s.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let first = if s[start] == b'-' { start + 1 } else { start };
        let mut end = match s.get(first) {
            Some(b'0') => first + 1,
            Some(b'1'..=b'9') => digits(first),
            _ => return stop(cx, self.position(start)),
        };
        let whole = end;
        if s.get(end) == Some(&b'.') && s.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1);
        }
        if matches!(s.get(end), Some(b'e' | b'E')) {
            let sign = matches!(s.get(end + 1), Some(b'+' | b'-')) as usize;
            let after = digits(end + 1 + sign);
            if after > end + 1 + sign {
                end = after;
            }
        }
        let text = &s[start..end];
        let v = if end == whole { self.integer(cx, text)? } else { self.float(cx, text)? };
        Ok((v, end))
    }

    fn integer(&self, cx: &mut Thread, text: &[u8]) -> R {
        let parse = self.scanner.parse_int.get();
        if parse == cx.builtin(B::Int).value() && text.len() < 18 {
            let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |d| (true, d));
            let n = digits.iter().fold(0i64, |n, d| n * 10 + (d - b'0') as i64);
            return cx.int(if negative { -n } else { n });
        }
        let limit = cx.vm().settings.max_str_digits;
        if parse == cx.builtin(B::Int).value()
            && let Ok(n) = tint::parse_wtf8(text, 10, limit)
        {
            return cx.bigint(&n);
        }
        let text = cx.new_wtf8(text)?.value();
        cx.call(parse, &[text])
    }

    fn float(&self, cx: &mut Thread, text: &[u8]) -> R {
        let parse = self.scanner.parse_float.get();
        if parse == cx.builtin(B::Float).value()
            && let Some(f) = ferropy_text::float::parse_wtf8(text)
        {
            return cx.float(f);
        }
        let text = cx.new_wtf8(text)?.value();
        cx.call(parse, &[text])
    }

    fn array(&self, cx: &mut Thread, i: usize) -> R<(Value, usize)> {
        cx.check_recursion(" while decoding a JSON array from a unicode string")?;
        let list = cx.new_list(&[])?;
        let mut i = skip_space(self.bytes, i);
        if self.bytes.get(i) == Some(&b']') {
            return Ok((list.value(), i + 1));
        }
        loop {
            let (v, end) = self.value(cx, i)?;
            cx.list_append(list, v)?;
            i = skip_space(self.bytes, end);
            match self.bytes.get(i) {
                Some(b']') => return Ok((list.value(), i + 1)),
                Some(b',') => {}
                _ => return Err(self.error(cx, "Expecting ',' delimiter", i)),
            }
            let comma = i;
            i = skip_space(self.bytes, i + 1);
            if self.bytes.get(i) == Some(&b']') {
                return Err(self.error(cx, "Illegal trailing comma before end of array", comma));
            }
        }
    }

    fn object(&self, cx: &mut Thread, i: usize) -> R<(Value, usize)> {
        cx.check_recursion(" while decoding a JSON object from a unicode string")?;
        let pairs = !self.scanner.pairs_hook.get().is_none();
        let (dict, list) = (cx.new_dict()?, cx.new_list(&[])?);
        let mut i = skip_space(self.bytes, i);
        if self.bytes.get(i) == Some(&b'}') {
            return self.finish_object(cx, dict, list.value(), i + 1);
        }
        loop {
            if self.bytes.get(i) != Some(&b'"') {
                return Err(self.error(cx, "Expecting property name enclosed in double quotes", i));
            }
            let (key, end) = string(cx, self.doc, i + 1, self.scanner.strict.get())?;
            let key = cx.dict_set_default(self.memo, key, key)?;
            i = skip_space(self.bytes, end);
            if self.bytes.get(i) != Some(&b':') {
                return Err(self.error(cx, "Expecting ':' delimiter", i));
            }
            let (v, end) = self.value(cx, skip_space(self.bytes, i + 1))?;
            if pairs {
                let pair = cx.new_tuple(&[key, v])?;
                cx.list_append(list, pair.value())?;
            } else {
                cx.dict_set_str(dict, key, v)?;
            }
            i = skip_space(self.bytes, end);
            match self.bytes.get(i) {
                Some(b'}') => return self.finish_object(cx, dict, list.value(), i + 1),
                Some(b',') => {}
                _ => return Err(self.error(cx, "Expecting ',' delimiter", i)),
            }
            let comma = i;
            i = skip_space(self.bytes, i + 1);
            if self.bytes.get(i) == Some(&b'}') {
                return Err(self.error(cx, "Illegal trailing comma before end of object", comma));
            }
        }
    }

    fn finish_object(&self, cx: &mut Thread, dict: Gc<Dict>, pairs: Value, end: usize) -> R<(Value, usize)> {
        let (hook, pairs_hook) = (self.scanner.object_hook.get(), self.scanner.pairs_hook.get());
        if !pairs_hook.is_none() {
            return Ok((cx.call(pairs_hook, &[pairs])?, end));
        }
        if !hook.is_none() {
            return Ok((cx.call(hook, &[dict.value()])?, end));
        }
        Ok((dict.value(), end))
    }
}

/// `scanstring(string, end, strict)`.
pub fn scanstring(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(doc) = a[0].cast::<Str>() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("first argument must be a string, not {class}")));
    };
    let at = cx.index(a[1])?;
    let strict = match a.opt(2) {
        Some(v) => cx.truth(v)?,
        None => true,
    };
    let start = if at < 0 { None } else { wtf8::offset_of(doc.bytes(), at as usize) };
    let Some(start) = start else { return Err(cx.value_error("end is out of bounds")) };
    let (v, end) = string(cx, doc, start, strict)?;
    let end = cx.uint(wtf8::index_of(doc.bytes(), end) as u64)?;
    Ok(cx.new_tuple(&[v, end])?.value())
}

/// The string whose text begins at a byte offset behind its quote, and the offset behind the closing one.
fn string(cx: &mut Thread, doc: Gc<Str>, start: usize, strict: bool) -> R<(Value, usize)> {
    let s = doc.bytes();
    let fail = |cx: &mut Thread, text: &str, at: usize| {
        let at = wtf8::index_of(s, at.min(s.len()));
        decode_error(cx, text, doc.value(), at)
    };
    let mut i = plain_end(s, start, strict);
    if s.get(i) == Some(&b'"') {
        return Ok((cx.new_wtf8(&s[start..i])?.value(), i + 1));
    }
    let mut out = s[start..i].to_vec();
    loop {
        match s.get(i) {
            Some(b'"') => return Ok((cx.new_wtf8(&out)?.value(), i + 1)),
            Some(b'\\') => {}
            Some(_) => return Err(fail(cx, "Invalid control character at", i)),
            None => return Err(fail(cx, "Unterminated string starting at", start - 1)),
        }
        match s.get(i + 1) {
            None => return Err(fail(cx, "Unterminated string starting at", start - 1)),
            Some(b'u') => match unicode_escape(s, i + 2) {
                Some((c, end)) => {
                    wtf8::push(&mut out, c);
                    i = end;
                }
                None => return Err(fail(cx, "Invalid \\uXXXX escape", i + 1)),
            },
            Some(b) => match simple_escape(*b) {
                Some(c) => {
                    out.push(c);
                    i += 2;
                }
                None => return Err(fail(cx, "Invalid \\escape", i)),
            },
        }
        let end = plain_end(s, i, strict);
        out.extend_from_slice(&s[i..end]);
        i = end;
    }
}

/// Where a run of characters that stand for themselves ends.
fn plain_end(s: &[u8], mut i: usize, strict: bool) -> usize {
    while let Some(b) = s.get(i) {
        if *b == b'"' || *b == b'\\' || (strict && *b < 0x20) {
            break;
        }
        i += 1;
    }
    i
}

fn simple_escape(b: u8) -> Option<u8> {
    Some(match b {
        b'"' | b'\\' | b'/' => b,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

fn hex4(s: &[u8], i: usize) -> Option<u32> {
    let digits = s.get(i..i + 4)?;
    digits.iter().try_fold(0, |n, d| Some(n << 4 | (*d as char).to_digit(16)?))
}

/// `XXXX`, with a surrogate pair joined: (code point, offset behind it).
fn unicode_escape(s: &[u8], i: usize) -> Option<(u32, usize)> {
    let c = hex4(s, i)?;
    if (0xd800..0xdc00).contains(&c)
        && s.get(i + 4..i + 6) == Some(b"\\u")
        && let Some(low) = hex4(s, i + 6)
        && (0xdc00..0xe000).contains(&low)
    {
        return Some((0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00)), i + 10));
    }
    Some((c, i + 4))
}
