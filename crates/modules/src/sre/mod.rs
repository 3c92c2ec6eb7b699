//! `_sre`: compiled regular expressions, on the engine of crate `rustpython-sre_engine`.
//!
//! Terms: the *subject* is the string or bytes-like object that is searched; positions in it count characters, as the
//! engine wants ([`drive`]). ASCII text is searched as bytes.

mod drive;
mod matched;
mod pattern;
mod scan;
mod subject;
mod substitute;

use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{Args, Field, NativeDef, R, Thread, Value, field, heap_kind};
use rustpython_sre_engine::string::lower_unicode;

/// A compiled pattern.
#[repr(C)]
pub struct Pattern {
    /// The source, or None.
    pub pattern: Field,
    pub groupindex: Field,
    /// Tuple of group names by number.
    pub indexgroup: Field,
    pub codes: Box<[u32]>,
    pub flags: i64,
    pub groups: usize,
    /// None: any kind of subject.
    pub is_bytes: Option<bool>,
}
heap_kind!(Pattern, "re.Pattern", 3, drop);

/// The result of a match.
#[repr(C)]
pub struct Match {
    pub string: Field,
    pub pattern: Field,
    /// A bytes object of pairs of i64: the groups' spans, -1 where a group took no part.
    pub spans: Field,
    pub pos: usize,
    pub endpos: usize,
    /// Number of the last group that matched; negative: none.
    pub lastindex: isize,
}
heap_kind!(Match, "re.Match", 3);

/// Repeated search from one match to the next.
#[repr(C)]
pub struct Scanner {
    pub pattern: Field,
    pub string: Field,
    /// usize::MAX: finished.
    pub start: std::cell::Cell<usize>,
    pub pos: usize,
    pub end: usize,
    pub must_advance: std::cell::Cell<bool>,
}
heap_kind!(Scanner, "re scanner", 2);

/// A parsed replacement: literals and group numbers in turn.
#[repr(C)]
pub struct Template {
    pub items: Field,
}
heap_kind!(Template, "re template", 1);

/// Registers the module.
pub fn register(cx: &mut Thread) {
    cx.register_module("_sre", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_sre", "", FUNCTIONS)?;
    let constants = [
        ("MAGIC", rustpython_sre_engine::SRE_MAGIC),
        ("CODESIZE", rustpython_sre_engine::CODESIZE),
        ("MAXREPEAT", rustpython_sre_engine::MAXREPEAT),
        ("MAXGROUPS", rustpython_sre_engine::MAXREPEAT / 4),
    ];
    for (name, n) in constants {
        let v = cx.int(n as i64)?;
        cx.module_set(m, name, v)?;
    }
    let text = cx.new_str(" SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ")?.value();
    cx.module_set(m, "copyright", text)?;
    Ok(m.value())
}

fn compile(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = cx.index(a[1])?;
    let Some(list) = a[2].cast::<List>() else {
        let got = cx.class_name(a[2]);
        return Err(cx.type_error(format!("compile() argument 'code' must be list, not {got}")));
    };
    let mut codes = Vec::with_capacity(list.len());
    let mut i = 0;
    while let Some(v) = list.get(i) {
        let n = cx.index(v)?;
        match u32::try_from(n) {
            Ok(n) => codes.push(n),
            Err(_) => return Err(cx.overflow_error("regular expression code size limit exceeded")),
        }
        i += 1;
    }
    if codes.is_empty() {
        return Err(cx.runtime_error("invalid SRE code"));
    }
    let groups = cx.index(a[3])?.max(0) as usize;
    let is_bytes = match a[0] {
        Value::NONE => None,
        v if v.as_str().is_some() => Some(false),
        v => {
            cx.buffer(v)?;
            Some(true)
        }
    };
    if a[5].cast::<Tuple>().is_none() {
        return Err(cx.type_error("compile() argument 'indexgroup' must be tuple"));
    }
    let class = cx.native_class(&pattern::PATTERN)?;
    let p = Pattern {
        pattern: field(a[0]),
        groupindex: field(a[4]),
        indexgroup: field(a[5]),
        codes: codes.into_boxed_slice(),
        flags,
        groups,
        is_bytes,
    };
    Ok(cx.alloc_of(class, p)?.value())
}

fn template(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(p) = a[0].cast::<Pattern>() else { return Err(cx.type_error("template() argument 1 must be re.Pattern")) };
    let items = match a[1].cast::<List>() {
        Some(l) if l.len() % 2 == 1 => cx.list_to_rooted(l),
        _ => return Err(cx.type_error("invalid template")),
    };
    for i in (1..items.len()).step_by(2) {
        match items[i].as_int() {
            Some(n) if n >= 0 && n as usize <= p.groups => {}
            _ => return Err(cx.index_error(format!("invalid group reference {}", items[i].as_int().unwrap_or(-1)))),
        }
    }
    let items = cx.new_tuple(&items)?;
    let class = cx.native_class(&substitute::TEMPLATE)?;
    Ok(cx.alloc_of(class, Template { items: field(items) })?.value())
}

fn code_point(cx: &mut Thread, v: Value) -> R<u32> {
    let n = cx.index(v)?;
    match u32::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => Err(cx.overflow_error("Python int too large to convert to C int")),
    }
}

fn ascii_iscased(cx: &mut Thread, a: Args<'_>) -> R {
    let c = code_point(cx, a[0])?;
    Ok(Value::bool(u8::try_from(c).is_ok_and(|b| b.is_ascii_alphabetic())))
}
fn ascii_tolower(cx: &mut Thread, a: Args<'_>) -> R {
    let c = code_point(cx, a[0])?;
    Ok(Value::small_int(u8::try_from(c).map_or(c, |b| u32::from(b.to_ascii_lowercase())) as i64))
}
fn unicode_iscased(cx: &mut Thread, a: Args<'_>) -> R {
    let c = code_point(cx, a[0])?;
    // Of a letter whose upper case is several (such as the ligature U+FB05) the first one counts.
    let upper = char::from_u32(c).and_then(|c| c.to_uppercase().next()).map_or(c, u32::from);
    Ok(Value::bool(lower_unicode(c) != c || upper != c))
}
fn unicode_tolower(cx: &mut Thread, a: Args<'_>) -> R {
    let c = code_point(cx, a[0])?;
    Ok(Value::small_int(lower_unicode(c) as i64))
}
fn getcodesize(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(rustpython_sre_engine::CODESIZE as i64))
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("compile(pattern, flags, code, groups, groupindex, indexgroup)", compile, ""),
    NativeDef::function("template(pattern, template, /)", template, ""),
    NativeDef::function("ascii_iscased(character, /)", ascii_iscased, ""),
    NativeDef::function("ascii_tolower(character, /)", ascii_tolower, ""),
    NativeDef::function("unicode_iscased(character, /)", unicode_iscased, ""),
    NativeDef::function("unicode_tolower(character, /)", unicode_tolower, ""),
    NativeDef::function("getcodesize()", getcodesize, ""),
];
