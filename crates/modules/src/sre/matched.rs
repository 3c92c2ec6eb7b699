//! `re.Match`.

use super::subject::Subject;
use super::{Match, Pattern, substitute};
use ferropy_vm::types::{Dict, Tuple};
use ferropy_vm::{Args, Gc, NativeDef, R, RootedVec, Thread, TypeDef, Value};

pub static MATCH: TypeDef = TypeDef::new::<Match>(
    "re.Match",
    METHODS,
    "The result of re.match() and re.search().\nMatch objects always have a boolean value of True.",
)
.flags(super::pattern::flags());

fn this(cx: &mut Thread, v: Value) -> R<(Gc<Match>, Gc<Pattern>)> {
    match v.cast::<Match>().and_then(|m| Some((m, m.pattern.cast::<Pattern>()?))) {
        Some(x) => Ok(x),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 're.Match' object but received '{got}'")))
        }
    }
}

/// The number of the group that an index or name means.
fn group_number(cx: &mut Thread, p: Gc<Pattern>, v: Value) -> R<usize> {
    let mut n = None;
    if cx.has_index(v) {
        let i = cx.index_value(v)?;
        n = i.to_i64();
    } else if let Some(d) = p.groupindex.cast::<Dict>() {
        let r = cx.dict_get(d, v);
        n = cx.catch(ferropy_vm::Exc::TypeError, r)?.flatten().and_then(|v| v.to_i64());
    }
    match n.and_then(|n| usize::try_from(n).ok()) {
        Some(n) if n <= p.groups => Ok(n),
        _ => Err(cx.index_error("no such group")),
    }
}

/// A group's text, or `default` if it took no part.
pub(super) fn group_text(cx: &mut Thread, m: Gc<Match>, p: Gc<Pattern>, i: usize, default: Value) -> R {
    let Some((start, end)) = m.span(i) else { return Ok(default) };
    let s = Subject::of(cx, p, m.string.get())?;
    s.slice(cx, start, end)
}

fn one_group(cx: &mut Thread, m: Gc<Match>, p: Gc<Pattern>, v: Value) -> R {
    let i = group_number(cx, p, v)?;
    group_text(cx, m, p, i, Value::NONE)
}

fn group(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let Some(args) = a[1].cast::<Tuple>() else { return Ok(Value::NONE) };
    match args.len {
        0 => group_text(cx, m, p, 0, Value::NONE),
        1 => one_group(cx, m, p, args.at(0)),
        _ => {
            let mut out = RootedVec::new(cx);
            for i in 0..args.len {
                out.push(one_group(cx, m, p, args.at(i))?);
            }
            Ok(cx.new_tuple(&out)?.value())
        }
    }
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    one_group(cx, m, p, a[1])
}

fn groups(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let default = a.or(1, Value::NONE);
    let mut out = RootedVec::new(cx);
    for i in 1..=p.groups {
        out.push(group_text(cx, m, p, i, default)?);
    }
    Ok(cx.new_tuple(&out)?.value())
}

fn groupdict(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let default = a.or(1, Value::NONE);
    let out = cx.new_dict()?;
    let Some(names) = p.groupindex.cast::<Dict>() else { return Ok(out.value()) };
    let mut at = 0;
    while let Some((next, _, key, n)) = names.next_entry(at) {
        at = next;
        let v = group_text(cx, m, p, n.as_int().unwrap_or(0) as usize, default)?;
        cx.dict_set(out, key, v)?;
    }
    Ok(out.value())
}

/// (start, end) of the group in argument 1, -1 if it took no part.
fn span_of(cx: &mut Thread, a: Args<'_>) -> R<(i64, i64)> {
    let (m, p) = this(cx, a[0])?;
    let i = match a.opt(1) {
        Some(v) => group_number(cx, p, v)?,
        None => 0,
    };
    Ok(m.span(i).map_or((-1, -1), |(s, e)| (s as i64, e as i64)))
}
fn start(cx: &mut Thread, a: Args<'_>) -> R {
    let n = span_of(cx, a)?.0;
    cx.int(n)
}
fn end(cx: &mut Thread, a: Args<'_>) -> R {
    let n = span_of(cx, a)?.1;
    cx.int(n)
}
fn span(cx: &mut Thread, a: Args<'_>) -> R {
    let (s, e) = span_of(cx, a)?;
    Ok(cx.new_tuple(&[Value::small_int(s), Value::small_int(e)])?.value())
}

fn regs(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let mut out = RootedVec::new(cx);
    for i in 0..=p.groups {
        let (s, e) = m.span(i).map_or((-1, -1), |(s, e)| (s as i64, e as i64));
        out.push(cx.new_tuple(&[Value::small_int(s), Value::small_int(e)])?);
    }
    Ok(cx.new_tuple(&out)?.value())
}

fn expand(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    substitute::expand(cx, m, p, a[1])
}

fn pos(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.0.pos;
    cx.int(n as i64)
}
fn endpos(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.0.endpos;
    cx.int(n as i64)
}
fn lastindex(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.0.lastindex;
    if n >= 0 { cx.int(n as i64) } else { Ok(Value::NONE) }
}
fn lastgroup(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let names = p.indexgroup.cast::<Tuple>();
    let n = usize::try_from(m.lastindex).ok();
    Ok(n.and_then(|n| names?.items().get(n).copied()).unwrap_or(Value::NONE))
}
fn string(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.0.string.get())
}
fn re(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.1.value())
}
fn copy(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, p) = this(cx, a[0])?;
    let text = group_text(cx, m, p, 0, Value::NONE)?;
    let shown: String = cx.repr(text)?.to_lossy().chars().take(50).collect();
    let (s, e) = m.span(0).unwrap_or((0, 0));
    let name = cx.class_name(a[0]);
    Ok(cx.new_str(&format!("<{name} object; span=({s}, {e}), match={shown}>"))?.value())
}

static METHODS: &[NativeDef] = &[
    NativeDef::method(
        "group(self, /, *args)",
        group,
        "group([group1, ...]) -> str or tuple.\nReturn subgroup(s) of the match by indices or names.\nFor 0 returns the \
         entire match.",
    ),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("start(self, group=0, /)", start, "Return index of the start of the substring matched by group."),
    NativeDef::method("end(self, group=0, /)", end, "Return index of the end of the substring matched by group."),
    NativeDef::method(
        "span(self, group=0, /)",
        span,
        "For match object m, return the 2-tuple (m.start(group), m.end(group)).",
    ),
    NativeDef::method(
        "groups(self, /, default=None)",
        groups,
        "Return a tuple containing all the subgroups of the match, from 1.",
    ),
    NativeDef::method(
        "groupdict(self, /, default=None)",
        groupdict,
        "Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.",
    ),
    NativeDef::method(
        "expand(self, /, template)",
        expand,
        "Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.",
    ),
    NativeDef::method("__copy__(self, /)", copy, ""),
    NativeDef::method("__deepcopy__(self, memo, /)", copy, ""),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::class_method("__class_getitem__(cls, object, /)", super::pattern::class_getitem, "See PEP 585"),
    NativeDef::getter("lastindex", lastindex, "The integer index of the last matched capturing group."),
    NativeDef::getter("lastgroup", lastgroup, "The name of the last matched capturing group."),
    NativeDef::getter("regs", regs, ""),
    NativeDef::getter("string", string, "The string passed to match() or search()."),
    NativeDef::getter("re", re, "The regular expression object."),
    NativeDef::getter("pos", pos, "The index into the string at which the RE engine started looking for a match."),
    NativeDef::getter("endpos", endpos, "The index into the string beyond which the RE engine will not go."),
];
