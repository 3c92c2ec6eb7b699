//! The scanner behind `finditer` and `re.Scanner`.

use super::pattern::{bounds, this as pattern_of};
use super::subject::{Mode, Subject};
use super::{Pattern, Scanner};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, TypeDef, Value, field};

static SCANNER: TypeDef = TypeDef::new::<Scanner>("_sre.SRE_Scanner", METHODS, "").flags(super::pattern::flags());

/// A scanner from the arguments of `Pattern.scanner`.
pub fn new_scanner(cx: &mut Thread, a: Args<'_>) -> R {
    let p = pattern_of(cx, a[0])?;
    let s = Subject::of(cx, p, a[1])?;
    let (pos, end) = bounds(cx, a, s.len())?;
    let class = cx.native_class(&SCANNER)?;
    let scanner =
        Scanner { pattern: field(p), string: field(a[1]), start: pos.into(), pos, end, must_advance: false.into() };
    Ok(cx.alloc_of(class, scanner)?.value())
}

fn this(cx: &mut Thread, v: Value) -> R<(Gc<Scanner>, Gc<Pattern>)> {
    match v.cast::<Scanner>().and_then(|s| Some((s, s.pattern.cast::<Pattern>()?))) {
        Some(x) => Ok(x),
        None => Err(cx.type_error("a scanner is required")),
    }
}

fn step(cx: &mut Thread, a: Args<'_>, mode: Mode) -> R {
    let (scanner, p) = this(cx, a[0])?;
    if scanner.start.get() == usize::MAX {
        return Ok(Value::NONE);
    }
    let string = scanner.string.get();
    let s = Subject::of(cx, p, string)?;
    match s.run(cx, p, scanner.start.get(), scanner.end, mode, scanner.must_advance.get())? {
        Some(f) => {
            scanner.must_advance.set(f.start == f.end);
            scanner.start.set(f.end);
            s.new_match(cx, p, string, &f, scanner.pos, scanner.end)
        }
        None => {
            scanner.start.set(usize::MAX);
            Ok(Value::NONE)
        }
    }
}
fn match_(cx: &mut Thread, a: Args<'_>) -> R {
    step(cx, a, Mode::Match)
}
fn search(cx: &mut Thread, a: Args<'_>) -> R {
    step(cx, a, Mode::Search)
}
fn pattern(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.1.value())
}

static METHODS: &[NativeDef] = &[
    NativeDef::method("match(self, /)", match_, ""),
    NativeDef::method("search(self, /)", search, ""),
    NativeDef::getter("pattern", pattern, ""),
];
