//! Methods that return a changed copy: case, padding, stripping, replacing.

use super::{changed, exact, part, text_arg, this};
use ferropy_text::case;
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Gc, R, Thread};

macro_rules! mapped {
    ($($name:ident)*) => {
        $(pub fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let s = this(cx, a)?;
            let bytes = case::$name(s.bytes());
            Ok(cx.new_wtf8(&bytes)?.value())
        })*
    };
}
mapped! { upper lower casefold title capitalize swapcase }

pub fn replace(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let old = text_arg(cx, a[1], "replace() argument 1")?;
    let new = text_arg(cx, a[2], "replace() argument 2")?;
    let max = match a.opt(3) {
        Some(v) => usize::try_from(cx.index(v)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
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
