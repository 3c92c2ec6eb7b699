//! `re.Pattern`.

use super::scan::new_scanner;
use super::subject::{Found, Mode, Subject};
use super::{Pattern, substitute};
use ferropy_vm::types::{CallIter, Dict};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, TypeDef, Value, field};

pub static PATTERN: TypeDef = TypeDef::new::<Pattern>("re.Pattern", METHODS, "Compiled regular expression object.")
    .flags(flags() | ferropy_vm::class::flags::WEAKREF);

/// Neither to be made nor changed nor derived from by Python code.
pub const fn flags() -> u32 {
    use ferropy_vm::class::flags as f;
    f::IMMUTABLE | f::NO_NEW
}

pub(super) fn this(cx: &mut Thread, v: Value) -> R<Gc<Pattern>> {
    match v.cast::<Pattern>() {
        Some(p) => Ok(p),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 're.Pattern' object but received '{got}'")))
        }
    }
}

/// `pos` and `endpos` clipped to the subject.
pub(super) fn bounds(cx: &mut Thread, a: Args<'_>, len: usize) -> R<(usize, usize)> {
    let clip = |n: i64| (n.max(0) as usize).min(len);
    let pos = match a.opt(2) {
        Some(v) => clip(cx.index(v)?),
        None => 0,
    };
    let end = match a.opt(3) {
        Some(v) => clip(cx.index(v)?),
        None => len,
    };
    Ok((pos, end))
}

fn once(cx: &mut Thread, a: Args<'_>, mode: Mode) -> R {
    let p = this(cx, a[0])?;
    let s = Subject::of(cx, p, a[1])?;
    let (pos, end) = bounds(cx, a, s.len())?;
    match s.run(cx, p, pos, end, mode, false)? {
        Some(f) => s.new_match(cx, p, a[1], &f, pos, end),
        None => Ok(Value::NONE),
    }
}
fn match_(cx: &mut Thread, a: Args<'_>) -> R {
    once(cx, a, Mode::Match)
}
fn fullmatch(cx: &mut Thread, a: Args<'_>) -> R {
    once(cx, a, Mode::Full)
}
fn search(cx: &mut Thread, a: Args<'_>) -> R {
    once(cx, a, Mode::Search)
}

/// A group's text; empty if it took no part.
fn group_or_empty(cx: &mut Thread, s: Subject, f: &Found, i: usize) -> R {
    match f.span(i) {
        Some((start, end)) => s.slice(cx, start, end),
        None => s.object(cx, b""),
    }
}

fn findall(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let s = Subject::of(cx, p, a[1])?;
    let (mut start, end) = bounds(cx, a, s.len())?;
    let list = cx.new_list(&[])?;
    let mut must_advance = false;
    while let Some(f) = s.run(cx, p, start, end, Mode::Search, must_advance)? {
        let item = match p.groups {
            n @ (0 | 1) => group_or_empty(cx, s, &f, n)?,
            n => {
                let mut items = ferropy_vm::RootedVec::new(cx);
                for i in 1..=n {
                    items.push(group_or_empty(cx, s, &f, i)?);
                }
                cx.new_tuple(&items)?.value()
            }
        };
        cx.list_append(list, item)?;
        must_advance = f.end == f.start;
        start = f.end;
    }
    Ok(list.value())
}

fn scanner(cx: &mut Thread, a: Args<'_>) -> R {
    new_scanner(cx, a)
}

fn finditer(cx: &mut Thread, a: Args<'_>) -> R {
    let scanner = new_scanner(cx, a)?;
    let search = cx.getattr_str(scanner, "search")?;
    let it = CallIter { func: field(search), sentinel: field(Value::NONE) };
    Ok(cx.alloc(B::CallableIterator, it)?.value())
}

fn split(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let max = match a.opt(2) {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    let s = Subject::of(cx, p, a[1])?;
    let list = cx.new_list(&[])?;
    let (mut last, mut start, mut n, mut must_advance) = (0, 0, 0, false);
    while max == 0 || n < max {
        let Some(f) = s.run(cx, p, start, s.len(), Mode::Search, must_advance)? else { break };
        let item = s.slice(cx, last, f.start)?;
        cx.list_append(list, item)?;
        for i in 1..=p.groups {
            let item = match f.span(i) {
                Some((x, y)) => s.slice(cx, x, y)?,
                None => Value::NONE,
            };
            cx.list_append(list, item)?;
        }
        n += 1;
        must_advance = f.end == f.start;
        start = f.end;
        last = f.end;
    }
    let item = s.slice(cx, last, s.len())?;
    cx.list_append(list, item)?;
    Ok(list.value())
}

fn copy(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn pattern(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.pattern.get())
}
fn get_flags(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.flags;
    cx.int(n)
}
fn groups(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.groups;
    cx.int(n as i64)
}
fn groupindex(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    if p.groupindex.cast::<Dict>().is_none() {
        return Ok(p.groupindex.get());
    }
    let f = field(p.groupindex.get());
    Ok(cx.alloc(B::MappingProxy, ferropy_vm::types::MappingProxy { mapping: f })?.value())
}

const FLAG_NAMES: &[(i64, &str)] = &[
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (32, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let mut flags = p.flags;
    if p.is_bytes == Some(false) && flags & (4 | 32 | 256) == 32 {
        flags &= !32;
    }
    let mut names: Vec<String> = FLAG_NAMES.iter().filter(|f| flags & f.0 != 0).map(|f| f.1.to_owned()).collect();
    let rest = FLAG_NAMES.iter().fold(flags, |n, f| n & !f.0);
    if rest != 0 {
        names.push(format!("0x{rest:x}"));
    }
    let source = cx.repr(p.pattern.get())?.to_lossy();
    let source: String = source.chars().take(200).collect();
    let text = match names.is_empty() {
        true => format!("re.compile({source})"),
        false => format!("re.compile({source}, {})", names.join("|")),
    };
    Ok(cx.new_str(&text)?.value())
}

fn same(cx: &mut Thread, a: Args<'_>) -> R<Option<bool>> {
    let (Some(p), Some(q)) = (a[0].cast::<Pattern>(), a[1].cast::<Pattern>()) else { return Ok(None) };
    let alike = p.flags == q.flags && p.is_bytes == q.is_bytes && p.groups == q.groups && p.codes == q.codes;
    Ok(Some(p == q || alike && cx.eq(p.pattern.get(), q.pattern.get())?))
}
fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(same(cx, a)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}
fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(same(cx, a)?.map_or(Value::NOT_IMPLEMENTED, |b| Value::bool(!b)))
}
fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let h = cx.hash(p.pattern.get())?;
    let codes: Vec<u8> = p.codes.iter().flat_map(|c| c.to_le_bytes()).collect();
    let h = h ^ cx.hash_bytes(&codes) ^ p.flags as u64 ^ (p.groups as u64) << 32;
    cx.int((h as i64) >> 1)
}

pub(super) fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    match cx.registry("GenericAlias") {
        Some(f) => cx.call(f, &[a[0], a[1]]),
        None => Ok(a[0]),
    }
}

static METHODS: &[NativeDef] = &[
    NativeDef::method(
        "match(self, /, string, pos=0, endpos=sys.maxsize)",
        match_,
        "Matches zero or more characters at the beginning of the string.",
    ),
    NativeDef::method(
        "fullmatch(self, /, string, pos=0, endpos=sys.maxsize)",
        fullmatch,
        "Matches against all of the string.",
    ),
    NativeDef::method(
        "search(self, /, string, pos=0, endpos=sys.maxsize)",
        search,
        "Scan through string looking for a match, and return a corresponding match object instance.\n\nReturn None if no \
         position in the string matches.",
    ),
    NativeDef::method(
        "findall(self, /, string, pos=0, endpos=sys.maxsize)",
        findall,
        "Return a list of all non-overlapping matches of pattern in string.",
    ),
    NativeDef::method(
        "finditer(self, /, string, pos=0, endpos=sys.maxsize)",
        finditer,
        "Return an iterator over all non-overlapping matches for the RE pattern in string.\n\nFor each match, the iterator \
         returns a match object.",
    ),
    NativeDef::method("scanner(self, /, string, pos=0, endpos=sys.maxsize)", scanner, ""),
    NativeDef::method("split(self, /, string, maxsplit=0)", split, "Split string by the occurrences of pattern."),
    NativeDef::method(
        "sub(self, /, repl, string, count=0)",
        substitute::sub,
        "Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the \
         replacement repl.",
    ),
    NativeDef::method(
        "subn(self, /, repl, string, count=0)",
        substitute::subn,
        "Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences \
         of pattern with the replacement repl.",
    ),
    NativeDef::method("__copy__(self, /)", copy, ""),
    NativeDef::method("__deepcopy__(self, memo, /)", copy, ""),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ne, "Return self!=value."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
    NativeDef::getter("pattern", pattern, "The pattern string from which the RE object was compiled."),
    NativeDef::getter("flags", get_flags, "The regex matching flags."),
    NativeDef::getter("groups", groups, "The number of capturing groups in the pattern."),
    NativeDef::getter("groupindex", groupindex, "A dictionary mapping group names to group numbers."),
];
