//! Raising and handling.

use super::*;
use crate::object::HeapObject;
use crate::types::{Class, Exception, List, Tuple};
use crate::{Exc, N};

/// The object to raise for `raise v`: an instance, or a class that is called.
pub(crate) fn exception_from(cx: &mut Thread, v: Value) -> R {
    if v.kind() == Exception::kind() {
        return Ok(v);
    }
    if let Some(c) = v.cast::<Class>()
        && c.has(crate::class::flags::EXCEPTION)
    {
        let e = cx.call(v, &[])?;
        if e.kind() == Exception::kind() {
            return Ok(e);
        }
        let (name, got) = (cx.full_class_name(c), cx.class_name(e));
        return Err(cx.type_error(format!(
            "calling <class '{name}'> should have returned an instance of BaseException, not <class '{got}'>"
        )));
    }
    Err(cx.type_error("exceptions must derive from BaseException"))
}

fn raise(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    if i.c() == 0 {
        let handled = cx.handled_exception();
        if handled.is_null() {
            return Err(cx.runtime_error("No active exception to reraise"));
        }
        return Err(cx.reraise(handled));
    }
    let v = reg(cx, i.a());
    let e = exception_from(cx, v)?;
    if i.c() == 2 {
        let cause = reg(cx, i.b());
        let cause = match cause {
            Value::NONE => Value::NONE,
            c if c.kind() == Exception::kind() || is_exception_class(c) => exception_from(cx, c)?,
            _ => return Err(cx.type_error("exception causes must derive from BaseException")),
        };
        // SAFETY: `exception_from` returns exceptions.
        let x = unsafe { e.cast_unchecked::<Exception>() };
        x.cause.set(cx, e, cause);
        x.suppress_context.set(true);
    }
    Err(cx.raise_value(e))
}

fn reraise(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let e = reg(cx, i.a());
    Err(cx.reraise(e))
}

fn push_exc(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let e = reg(cx, i.b());
    let before = std::mem::replace(&mut cx.top().handled, e);
    set(cx, i.a(), before);
    Ok(e)
}

fn pop_exc(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let before = reg(cx, i.a());
    cx.top().handled = before;
    Ok(Value::NONE)
}

const BAD_MATCH: &str = "catching classes that do not inherit from BaseException is not allowed";

fn is_exception_class(v: Value) -> bool {
    v.cast::<Class>().is_some_and(|c| c.has(crate::class::flags::EXCEPTION))
}

/// Does the exception match the class or (nested) tuple of classes?
fn matches(cx: &mut Thread, e: Value, of: Value) -> R<bool> {
    if let Some(t) = of.cast::<Tuple>() {
        for v in t.items() {
            if !is_exception_class(*v) {
                return Err(cx.type_error(BAD_MATCH));
            }
        }
        return Ok(t.items().iter().any(|v| v.cast::<Class>().is_some_and(|c| cx.is_instance(e, c))));
    }
    match of.cast::<Class>() {
        Some(c) if is_exception_class(of) => Ok(cx.is_instance(e, c)),
        _ => Err(cx.type_error(BAD_MATCH)),
    }
}

fn match_exc(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (e, of) = (reg(cx, i.b()), reg(cx, i.c()));
    let v = Value::bool(matches(cx, e, of)?);
    set(cx, i.a(), v);
    Ok(v)
}

fn match_exc_group(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (e, of) = (reg(cx, i.b()), reg(cx, i.c()));
    let group = cx.exc_class(Exc::BaseExceptionGroup);
    let classes: Vec<Value> = of.cast::<Tuple>().map_or(vec![of], |t| t.items().to_vec());
    for c in &classes {
        if !is_exception_class(*c) {
            return Err(cx.type_error(BAD_MATCH));
        }
        if c.cast::<Class>().is_some_and(|c| c.is_subclass(group)) {
            return Err(cx.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
        }
    }
    let (part, rest) = if e.is_none() {
        (Value::NONE, Value::NONE)
    } else if cx.is_instance(e, group) {
        let pair = cx.call_method(e, "split", &[of])?;
        let class = cx.class_of(e).name();
        let Some(t) = pair.cast::<Tuple>() else {
            let got = cx.class_name(pair);
            return Err(cx.type_error(format!("{class}.split must return a tuple, not {got}")));
        };
        if t.len < 2 {
            let n = t.len;
            return Err(cx.type_error(format!("{class}.split must return a 2-tuple, got tuple of size {n}")));
        }
        (t.at(0), t.at(1))
    } else if matches(cx, e, of)? {
        // A naked exception is wrapped.
        let class = cx.exc_class(Exc::ExceptionGroup);
        let base = cx.exc_class(Exc::Exception);
        let class = if cx.is_instance(e, base) { class } else { group };
        let text = cx.new_str("")?.value();
        let items = cx.new_tuple(&[e])?.value();
        let wrapped = cx.call(class.value(), &[text, items])?;
        if let (Some(w), Some(x)) = (wrapped.cast::<Exception>(), e.cast::<Exception>()) {
            let tb = x.traceback.get();
            w.traceback.set(cx, w, tb);
        }
        (wrapped, Value::NONE)
    } else {
        (Value::NONE, e)
    };
    set(cx, i.a(), part);
    set(cx, i.a() + 1, rest);
    if !part.is_none() {
        cx.top().handled = part;
    }
    Ok(part)
}

/// What is raised after `except*`: nothing, the unhandled rest with the original's metadata, or a group of that and what
/// was newly raised.
fn prep_reraise_star(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (orig, list) = (reg(cx, i.b()), reg(cx, i.c()));
    let key = "prep_reraise_star";
    let v = match cx.registry(key) {
        Some(f) => cx.call(f, &[orig, list])?,
        None => prep_reraise_star_native(cx, orig, list)?,
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn prep_reraise_star_native(cx: &mut Thread, orig: Value, list: Value) -> R {
    let Some(list) = list.cast::<List>() else { return Ok(Value::NONE) };
    let mut items = crate::RootedVec::new(cx);
    for k in 0..list.len() {
        if let Some(v) = list.get(k).filter(|v| !v.is_none()) {
            items.push(v);
        }
    }
    if items.is_empty() {
        return Ok(Value::NONE);
    }
    let group = cx.exc_class(Exc::BaseExceptionGroup);
    if !cx.is_instance(orig, group) {
        // A naked exception: either it goes on as it is, or what was raised instead.
        return if items.len() == 1 { Ok(items[0]) } else { make_group(cx, &items) };
    }
    let (mut raised, mut reraised) = (crate::RootedVec::new(cx), crate::RootedVec::new(cx));
    for k in 0..items.len() {
        if same_metadata(items[k], orig) { reraised.push(items[k]) } else { raised.push(items[k]) }
    }
    let rest = if reraised.is_empty() { Value::NONE } else { project(cx, orig, &reraised)? };
    if raised.is_empty() {
        return Ok(rest);
    }
    if !rest.is_none() {
        raised.push(rest);
    }
    if raised.len() == 1 { Ok(raised[0]) } else { make_group(cx, &raised) }
}

fn make_group(cx: &mut Thread, items: &[Value]) -> R {
    let text = cx.new_str("")?.value();
    let list = cx.new_list(items)?.value();
    let class = cx.exc_class(Exc::BaseExceptionGroup).value();
    cx.call(class, &[text, list])
}

/// Parts of one split share notes, traceback, cause and context.
fn same_metadata(a: Value, b: Value) -> bool {
    let (Some(x), Some(y)) = (a.cast::<Exception>(), b.cast::<Exception>()) else { return false };
    x.traceback.get() == y.traceback.get() && x.cause.get() == y.cause.get() && x.context.get() == y.context.get()
}

/// The part of `orig` whose leaves are those of `parts`.
fn project(cx: &mut Thread, orig: Value, parts: &[Value]) -> R {
    let mut leaves = crate::RootedVec::new(cx);
    for p in parts {
        collect_leaves(cx, *p, &mut leaves)?;
    }
    let ids = cx.new_set()?;
    for k in 0..leaves.len() {
        let id = cx.id(leaves[k]);
        let id = cx.int(id as i64)?;
        cx.set_add(ids, id)?;
    }
    match cx.registry("group_by_ids") {
        Some(f) => cx.call(f, &[orig, ids.value()]),
        None => Ok(parts[0]),
    }
}

fn collect_leaves(cx: &mut Thread, e: Value, out: &mut crate::RootedVec) -> R<()> {
    let group = cx.exc_class(Exc::BaseExceptionGroup);
    if !cx.is_instance(e, group) {
        out.push(e);
        return Ok(());
    }
    let n = cx.name(N::exceptions);
    let inner = cx.getattr(e, n)?;
    let inner = cx.collect(inner)?;
    for k in 0..inner.len() {
        collect_leaves(cx, inner[k], out)?;
    }
    Ok(())
}

frame_ops! {
    Raise = raise, false;
    Reraise = reraise, false;
    PushExc = push_exc, false;
    PopExc = pop_exc, false;
    MatchExc = match_exc, false;
    MatchExcGroup = match_exc_group, false;
    PrepReraiseStar = prep_reraise_star, false;
}
