//! `sub`, `subn`, `Match.expand`.

use super::pattern::this;
use super::subject::{Found, Mode, Subject};
use super::{Match, Pattern, Template};
use ferropy_vm::types::{Str, Tuple};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, TypeDef, Value};

pub static TEMPLATE: TypeDef = TypeDef::new::<Template>("_sre.SRE_Template", NONE, "").flags(super::pattern::flags());
static NONE: &[NativeDef] = &[];

/// What matches are replaced by.
enum Replacement {
    /// Text as it is: a str or bytes-like object's bytes.
    Literal(Vec<u8>),
    Template(Gc<Tuple>),
    Call(Value),
}

/// The bytes of a str or bytes-like value.
fn text_bytes(cx: &mut Thread, v: Value) -> R<Option<Vec<u8>>> {
    if let Some(s) = v.as_str() {
        return Ok(Some(s.bytes().to_vec()));
    }
    Ok(cx.buffer_opt(v)?.map(|b| b.bytes().to_vec()))
}

/// The compiled form of a replacement string, from `re`'s cache.
fn compiled(cx: &mut Thread, p: Gc<Pattern>, repl: Value) -> R<Replacement> {
    let re = cx.import("re")?;
    let f = cx.getattr_str(re, "_compile_template")?;
    let t = cx.call(f, &[p.value(), repl])?;
    let Some(items) = t.cast::<Template>().and_then(|t| t.items.cast::<Tuple>()) else {
        return match text_bytes(cx, t)? {
            Some(b) => Ok(Replacement::Literal(b)),
            None => Err(cx.type_error("invalid template")),
        };
    };
    if items.len == 1 {
        return Ok(Replacement::Literal(text_bytes(cx, items.at(0))?.unwrap_or_default()));
    }
    Ok(Replacement::Template(items))
}

fn is_callable(cx: &mut Thread, v: Value) -> bool {
    use ferropy_vm::types::{BoundMethod, Class, Function, NativeFn};
    v.cast::<Function>().is_some()
        || v.cast::<NativeFn>().is_some()
        || v.cast::<BoundMethod>().is_some()
        || v.cast::<Class>().is_some()
        || cx.lookup_special(v, ferropy_vm::N::__call__).is_some()
}

fn replacement(cx: &mut Thread, p: Gc<Pattern>, repl: Value) -> R<Replacement> {
    if repl.cast::<Str>().is_none() && is_callable(cx, repl) {
        return Ok(Replacement::Call(repl));
    }
    if let Some(b) = text_bytes(cx, repl)?
        && memchr::memchr(b'\\', &b).is_none()
        && (repl.as_str().is_some() == (p.is_bytes != Some(true)))
    {
        return Ok(Replacement::Literal(b));
    }
    compiled(cx, p, repl)
}

/// Appends a template's text; `span` gives a group's span.
fn fill(
    cx: &mut Thread,
    items: Gc<Tuple>,
    s: Subject,
    span: impl Fn(usize) -> Option<(usize, usize)>,
    out: &mut Vec<u8>,
) -> R<()> {
    for i in 0..items.len {
        let v = items.at(i);
        if i % 2 == 1 {
            if let Some((start, end)) = span(v.as_int().unwrap_or(0) as usize) {
                s.copy_to(cx, start, end, out)?;
            }
        } else if let Some(b) = text_bytes(cx, v)? {
            out.extend_from_slice(&b);
        }
    }
    Ok(())
}

/// Appends what a callable makes of the match.
fn called(cx: &mut Thread, f: Value, m: Value, s: Subject, out: &mut Vec<u8>) -> R<()> {
    let r = cx.call(f, &[m])?;
    if r.is_none() {
        return Ok(());
    }
    let fits = match s {
        Subject::Text(_) => r.as_str().map(|t| t.bytes().to_vec()),
        Subject::Data(_) if r.as_str().is_some() => None,
        Subject::Data(_) => text_bytes(cx, r)?,
    };
    match fits {
        Some(b) => {
            out.extend_from_slice(&b);
            Ok(())
        }
        None => {
            let got = cx.class_name(r);
            let want = if matches!(s, Subject::Text(_)) { "str instance" } else { "a bytes-like object" };
            Err(cx.type_error(format!("sequence item 0: expected {want}, {got} found")))
        }
    }
}

/// Text cannot be replaced by bytes nor bytes by text.
fn check_kind(cx: &mut Thread, s: Subject, replacement: Value) -> R<()> {
    let want = match s {
        Subject::Text(_) if replacement.as_str().is_none() => "str instance",
        Subject::Data(_) if replacement.as_str().is_some() => "a bytes-like object",
        _ => return Ok(()),
    };
    let got = cx.class_name(replacement);
    Err(cx.type_error(format!("sequence item 0: expected {want}, {got} found")))
}

/// The new text and the number of replacements.
fn run(cx: &mut Thread, a: Args<'_>) -> R<(Value, usize)> {
    let p = this(cx, a[0])?;
    let string = a[2];
    let max = match a.opt(3) {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    let how = replacement(cx, p, a[1])?;
    let mut s = Subject::of(cx, p, string)?;
    let len = s.len();
    let mut out = Vec::new();
    let (mut last, mut start, mut n, mut must_advance) = (0, 0, 0usize, false);
    while max <= 0 || (n as i64) < max {
        if max < 0 {
            break;
        }
        let Some(f) = s.run(cx, p, start, len, Mode::Search, must_advance)? else { break };
        s.copy_to(cx, last, f.start, &mut out)?;
        match &how {
            Replacement::Literal(b) => {
                if n == 0 {
                    check_kind(cx, s, a[1])?;
                }
                out.extend_from_slice(b);
            }
            Replacement::Template(items) => fill(cx, *items, s, |i| f.span(i), &mut out)?,
            Replacement::Call(callable) => {
                let m = s.new_match(cx, p, string, &f, 0, len)?;
                called(cx, *callable, m, s, &mut out)?;
                // The callable may have resized a bytearray.
                s = Subject::of(cx, p, string)?;
            }
        }
        n += 1;
        (must_advance, start, last) = advance(&f);
    }
    if n == 0 {
        return Ok((s.slice(cx, 0, len)?, 0));
    }
    s.copy_to(cx, last, len.min(s.len()), &mut out)?;
    Ok((s.object(cx, &out)?, n))
}

fn advance(f: &Found) -> (bool, usize, usize) {
    (f.start == f.end, f.end, f.end)
}

pub fn sub(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(run(cx, a)?.0)
}

pub fn subn(cx: &mut Thread, a: Args<'_>) -> R {
    let (v, n) = run(cx, a)?;
    let n = cx.int(n as i64)?;
    Ok(cx.new_tuple(&[v, n])?.value())
}

/// `Match.expand`.
pub fn expand(cx: &mut Thread, m: Gc<Match>, p: Gc<Pattern>, template: Value) -> R {
    let s = Subject::of(cx, p, m.string.get())?;
    let mut out = Vec::new();
    match compiled(cx, p, template)? {
        Replacement::Literal(b) => out = b,
        Replacement::Template(items) => fill(cx, items, s, |i| m.span(i), &mut out)?,
        Replacement::Call(_) => {}
    }
    s.object(cx, &out)
}
