//! Type parameters in the arguments of a generic alias or union, and their substitution.

use super::{attribute, attribute_str, is_class};
use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{Gc, N, R, RootedVec, Thread, Value};

/// The items of a tuple or list of arguments.
fn items(cx: &mut Thread, v: Value) -> R<Option<RootedVec>> {
    if is_class(v) || (v.cast::<Tuple>().is_none() && v.cast::<List>().is_none()) {
        return Ok(None);
    }
    cx.collect(v).map(Some)
}

/// The distinct type parameters in the arguments, in order of appearance.
pub fn collect(cx: &mut Thread, args: &[Value]) -> R<Gc<Tuple>> {
    let mut out = RootedVec::new(cx);
    for a in args {
        collect_from(cx, *a, &mut out)?;
    }
    cx.new_tuple(&out)
}

fn add(out: &mut RootedVec, v: Value) {
    if !out.contains(&v) {
        out.push(v);
    }
}

fn collect_from(cx: &mut Thread, arg: Value, out: &mut RootedVec) -> R<()> {
    cx.check_recursion(" in type parameters")?;
    if is_class(arg) {
        return Ok(());
    }
    if attribute(cx, arg, N::__typing_subst__)?.is_some() {
        add(out, arg);
        return Ok(());
    }
    if let Some(inner) = items(cx, arg)? {
        for i in 0..inner.len() {
            collect_from(cx, inner[i], out)?;
        }
        return Ok(());
    }
    if let Some(params) = attribute(cx, arg, N::__parameters__)?.and_then(|p| p.cast::<Tuple>()) {
        for p in params.items() {
            add(out, *p);
        }
    }
    Ok(())
}

/// The subscript as a list of arguments; `*tuple[int, str]` gives its items.
fn unpack(cx: &mut Thread, item: Value) -> R<RootedVec> {
    let mut out = RootedVec::new(cx);
    let given = match item.cast::<Tuple>() {
        Some(_) => cx.collect(item)?,
        None => {
            let mut one = RootedVec::new(cx);
            one.push(item);
            one
        }
    };
    for i in 0..given.len() {
        let v = given[i];
        if !is_class(v)
            && let Some(inner) = attribute_str(cx, v, "__typing_unpacked_tuple_args__")?
            && let Some(inner) = inner.cast::<Tuple>()
            && inner.items().last() != Some(&Value::ELLIPSIS)
        {
            out.as_mut_vec().extend_from_slice(inner.items());
            continue;
        }
        out.push(v);
    }
    Ok(out)
}

/// Replaces the parameters in `args` by what the subscript gives for them.
pub fn substitute(cx: &mut Thread, of: Value, args: &[Value], params: Gc<Tuple>, item: Value) -> R<Gc<Tuple>> {
    if params.len == 0 {
        let shown = cx.repr(of)?.to_lossy();
        return Err(cx.type_error(format!("{shown} is not a generic class")));
    }
    let mut given = unpack(cx, item)?;
    for i in 0..params.len {
        if let Some(prepare) = attribute_str(cx, params.at(i), "__typing_prepare_subst__")?
            && !prepare.is_none()
        {
            let t = cx.new_tuple(&given)?;
            let r = cx.call(prepare, &[of, t.value()])?;
            given = match r.cast::<Tuple>() {
                Some(_) => cx.collect(r)?,
                None => {
                    let mut one = RootedVec::new(cx);
                    one.push(r);
                    one
                }
            };
        }
    }
    if given.len() != params.len {
        let shown = cx.repr(of)?.to_lossy();
        let word = if given.len() > params.len { "many" } else { "few" };
        let (n, want) = (given.len(), params.len);
        return Err(cx.type_error(format!("Too {word} arguments for {shown}; actual {n}, expected {want}")));
    }
    let mut out = RootedVec::new(cx);
    for a in args {
        substitute_one(cx, *a, params, &given, &mut out)?;
    }
    cx.new_tuple(&out)
}

fn substitute_one(cx: &mut Thread, arg: Value, params: Gc<Tuple>, given: &RootedVec, out: &mut RootedVec) -> R<()> {
    cx.check_recursion(" in type parameters")?;
    if is_class(arg) {
        out.push(arg);
        return Ok(());
    }
    if let Some(inner) = items(cx, arg)? {
        let mut new = RootedVec::new(cx);
        for i in 0..inner.len() {
            substitute_one(cx, inner[i], params, given, &mut new)?;
        }
        let new = if arg.cast::<List>().is_some() { cx.new_list(&new)?.value() } else { cx.new_tuple(&new)?.value() };
        out.push(new);
        return Ok(());
    }
    let unpacked = match attribute(cx, arg, N::__typing_is_unpacked_typevartuple__)? {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let at = params.items().iter().position(|p| *p == arg);
    let new = match (attribute(cx, arg, N::__typing_subst__)?, at) {
        (Some(f), Some(i)) => cx.call(f, &[given[i]])?,
        _ => inside(cx, arg, params, given)?,
    };
    if !unpacked {
        out.push(new);
        return Ok(());
    }
    match new.cast::<Tuple>() {
        Some(t) => out.as_mut_vec().extend_from_slice(t.items()),
        None => {
            let (class, got) = (cx.class_name(arg), cx.class_name(new));
            return Err(
                cx.type_error(format!("expected __typing_subst__ of {class} objects to return a tuple, not {got}"))
            );
        }
    }
    Ok(())
}

/// An argument that is itself generic is subscripted with what its own parameters become.
fn inside(cx: &mut Thread, arg: Value, params: Gc<Tuple>, given: &RootedVec) -> R {
    let own = attribute(cx, arg, N::__parameters__)?.and_then(|p| p.cast::<Tuple>());
    let Some(own) = own.filter(|p| p.len > 0) else { return Ok(arg) };
    let mut sub = RootedVec::new(cx);
    for i in 0..own.len {
        let p = own.at(i);
        match params.items().iter().position(|q| *q == p) {
            None => sub.push(p),
            Some(at) => match given[at].cast::<Tuple>() {
                // What stands for a TypeVarTuple is a tuple.
                Some(t) if cx.lookup_special(p, N::__iter__).is_some() => {
                    sub.as_mut_vec().extend_from_slice(t.items());
                }
                _ => sub.push(given[at]),
            },
        }
    }
    let sub = cx.new_tuple(&sub)?;
    cx.getitem(arg, sub.value())
}
