//! Methods that return a changed copy: case, padding, stripping, replacing.

use super::{ascii_with, changed, copy_to, exact, part, text_arg, this};
use ferropy_text::case;
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Gc, R, Thread};
use smallvec::SmallVec;

macro_rules! mapped {
    ($($name:ident $ascii:expr;)*) => {
        $(pub fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let s = this(cx, a)?;
            if s.is_ascii() && !s.is_empty() {
                return ascii_with(cx, s.len(), |to| {
                    to.copy_from_slice(s.bytes());
                    $ascii(to);
                });
            }
            let bytes = case::$name(s.bytes());
            Ok(cx.new_wtf8(&bytes)?.value())
        })*
    };
}
mapped! {
    upper <[u8]>::make_ascii_uppercase;
    lower <[u8]>::make_ascii_lowercase;
    casefold <[u8]>::make_ascii_lowercase;
    capitalize |to: &mut [u8]| {
        to.make_ascii_lowercase();
        to[0].make_ascii_uppercase();
    };
    title case::ascii_title;
    swapcase |to: &mut [u8]| to.iter_mut().filter(|b| b.is_ascii_alphabetic()).for_each(|b| *b ^= 0x20);
}

/// Offsets of matches.
type Places = SmallVec<[u32; 32]>;

/// Replaces occurrences of a text that is not empty.
fn replace_all(cx: &mut Thread, s: Gc<Str>, old: Gc<Str>, new: Gc<Str>, max: usize) -> R {
    let mut places = Places::new();
    search::each_match(s.bytes(), old.bytes(), max, |at| places.push(at as u32));
    if places.is_empty() {
        return exact(cx, s);
    }
    let n = places.len();
    let grown = |all: usize, old: usize, new: usize| (all - n * old).checked_add(n.checked_mul(new)?);
    let len = grown(s.bytes().len(), old.bytes().len(), new.bytes().len());
    let Some(len) = len.filter(|n| *n <= isize::MAX as usize) else {
        return Err(cx.overflow_error("replace string is too long"));
    };
    if len >= u32::MAX as usize {
        return Err(cx.memory_error());
    }
    let chars = grown(s.len(), old.len(), new.len()).unwrap_or(len);
    let fill = |mut to: &mut [u8]| {
        let (text, mut done) = (s.bytes(), 0);
        for at in &places {
            to = copy_to(to, &text[done..*at as usize]);
            to = copy_to(to, new.bytes());
            done = *at as usize + old.bytes().len();
        }
        copy_to(to, &text[done..]);
    };
    if chars > 1 {
        return Ok(cx.str_with(len, chars, fill)?.value());
    }
    let mut short = vec![0; len];
    fill(&mut short);
    Ok(cx.new_str_counted(&short, chars)?.value())
}

pub fn replace(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let old = text_arg(cx, a[1], "replace() argument 1")?;
    let new = text_arg(cx, a[2], "replace() argument 2")?;
    let max = match a.opt(3) {
        Some(v) => usize::try_from(cx.index(v)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    if max == 0 || old.bytes() == new.bytes() {
        return exact(cx, s);
    }
    if !old.is_empty() {
        return replace_all(cx, s, old, new, max);
    }
    if new.bytes().len() > old.bytes().len() {
        let n = search::count(s.bytes(), old.bytes(), Unit::Char).min(max);
        let grown = (new.bytes().len() - old.bytes().len()).saturating_mul(n).saturating_add(s.bytes().len());
        if grown > isize::MAX as usize {
            return Err(cx.overflow_error("replace string is too long"));
        }
        if grown >= u32::MAX as usize {
            return Err(cx.memory_error());
        }
    }
    let r = search::replace(s.bytes(), old.bytes(), new.bytes(), max, Unit::Char);
    changed(cx, s, r)
}

/// Width and fill character of the padding methods.
fn padding(cx: &mut Thread, a: Args<'_>) -> R<(usize, Option<Gc<Str>>)> {
    let width = cx.index(a[1])?.max(0) as usize;
    let Some(v) = a.opt(2) else { return Ok((width, None)) };
    let Some(fill) = v.as_str() else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("The fill character must be a unicode character, not {got}")));
    };
    if fill.len() != 1 {
        return Err(cx.type_error("The fill character must be exactly one character long"));
    }
    Ok((width, Some(fill)))
}

type Padder = fn(&[u8], usize, &[u8], Unit) -> Option<Vec<u8>>;

fn pad(cx: &mut Thread, a: Args<'_>, how: Padder) -> R {
    let s = this(cx, a)?;
    let (width, fill) = padding(cx, a)?;
    if width <= s.len() {
        return exact(cx, s);
    }
    check_width(cx, s, width)?;
    let r = match fill {
        Some(f) => how(s.bytes(), width, f.bytes(), Unit::Char),
        None => how(s.bytes(), width, b" ", Unit::Char),
    };
    changed(cx, s, r)
}

/// Refuses widths that no string can have.
fn check_width(cx: &mut Thread, s: Gc<Str>, width: usize) -> R<()> {
    if width > s.len() && width >= (u32::MAX / 4) as usize {
        return Err(if width >= isize::MAX as usize {
            cx.overflow_error("padded string is too long")
        } else {
            cx.memory_error()
        });
    }
    Ok(())
}

pub fn ljust(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, search::left_justify)
}
pub fn rjust(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, search::right_justify)
}
pub fn center(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, search::center)
}

pub fn zfill(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let width = cx.index(a[1])?.max(0) as usize;
    if width <= s.len() {
        return exact(cx, s);
    }
    check_width(cx, s, width)?;
    let r = search::zero_fill(s.bytes(), width, Unit::Char);
    changed(cx, s, r)
}

pub fn expandtabs(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let size = match a.opt(1) {
        Some(v) => tab_size(cx, v)?,
        None => 8,
    };
    let tabs = memchr::memchr_iter(b'\t', s.bytes()).count();
    if tabs > 0 && tabs.saturating_mul(size) >= u32::MAX as usize {
        return Err(cx.overflow_error("new string is too long"));
    }
    let bytes = search::expand_tabs(s.bytes(), size, Unit::Char);
    Ok(cx.new_wtf8(&bytes)?.value())
}

/// The argument of `expandtabs`, a C int.
pub(crate) fn tab_size(cx: &mut Thread, v: ferropy_vm::Value) -> R<usize> {
    let n = cx.index_value(v)?;
    match n.to_i64().and_then(|n| i32::try_from(n).ok()) {
        Some(n) => Ok(n.max(0) as usize),
        None => Err(cx.overflow_error("Python int too large to convert to C int")),
    }
}

/// Which ends to strip.
#[derive(Clone, Copy)]
enum Ends {
    Left,
    Right,
    Both,
}

fn strip_ends(cx: &mut Thread, a: Args<'_>, ends: Ends, name: &str) -> R {
    let s = this(cx, a)?;
    let text = s.bytes();
    let rest = match a.some(1) {
        None => match ends {
            Ends::Left => search::trim_start(text, Unit::Char),
            Ends::Right => search::trim_end(text, Unit::Char),
            Ends::Both => search::trim(text, Unit::Char),
        },
        Some(v) => {
            let Some(set) = v.as_str() else {
                return Err(cx.type_error(format!("{name} arg must be None or str")));
            };
            match ends {
                Ends::Left => search::trim_start_of(text, set.bytes(), Unit::Char),
                Ends::Right => search::trim_end_of(text, set.bytes(), Unit::Char),
                Ends::Both => search::trim_of(text, set.bytes(), Unit::Char),
            }
        }
    };
    part(cx, s, rest)
}

pub fn strip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Both, "strip")
}
pub fn lstrip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Left, "lstrip")
}
pub fn rstrip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Right, "rstrip")
}

pub fn removeprefix(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let prefix = text_arg(cx, a[1], "removeprefix() argument")?;
    match s.bytes().strip_prefix(prefix.bytes()) {
        Some(rest) => part(cx, s, rest),
        None => exact(cx, s),
    }
}

pub fn removesuffix(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let suffix = text_arg(cx, a[1], "removesuffix() argument")?;
    match s.bytes().strip_suffix(suffix.bytes()) {
        Some(rest) => part(cx, s, rest),
        None => exact(cx, s),
    }
}
