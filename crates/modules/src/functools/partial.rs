//! partial, and the Placeholder that leaves a gap among its arguments.

use crate::collections::is_callable;
use ferropy_builtins::list::{class_getitem, guarded_repr, push_repr, wrong_receiver};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Instance, Tuple};
use ferropy_vm::{Args, Builtin as B, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

#[repr(C)]
pub struct Partial {
    func: Field,
    args: Field,
    kw: Field,
    /// Placeholders among the arguments.
    gaps: Cell<usize>,
}
heap_kind!(Partial, "partial", 3);

pub static PARTIAL: TypeDef = TypeDef::new::<Partial>(
    "functools.partial",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", partial_new, "Create and return a new object."),
        NativeDef::method("__call__(self, /, *args, **kwargs)", partial_call, "Call self as a function.")
            .spare_kwargs(),
        NativeDef::method(
            "__get__(self, instance, owner=None, /)",
            partial_get,
            "Return an attribute of instance, which is of type owner.",
        ),
        NativeDef::method("__repr__(self, /)", partial_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", partial_reduce, "Return state information for pickling."),
        NativeDef::method("__setstate__(self, state, /)", partial_setstate, "Set state information for unpickling."),
        NativeDef::getter(
            "func",
            |cx, a| Ok(this(cx, a[0])?.func.get()),
            "function object to use in future partial calls",
        )
        .as_member(),
        NativeDef::getter("args", |cx, a| Ok(this(cx, a[0])?.args.get()), "tuple of arguments to future partial calls")
            .as_member(),
        NativeDef::getter(
            "keywords",
            |cx, a| Ok(this(cx, a[0])?.kw.get()),
            "dictionary of keyword arguments to future partial calls",
        )
        .as_member(),
        NativeDef::class_method("__class_getitem__(cls, item, /)", class_getitem, "See PEP 585"),
    ],
    "Create a new function with partial application of the given arguments and keywords.",
)
.flags(flags::BASE | flags::IMMUTABLE | flags::HAS_DICT | flags::WEAKREF);

pub static PLACEHOLDER_TYPE: TypeDef = TypeDef::new::<Instance>(
    "functools._PlaceholderType",
    &[
        NativeDef::static_method(
            "__new__(cls, /, *args, **kwargs)",
            placeholder_new,
            "Create and return a new object.",
        ),
        NativeDef::method("__repr__(self, /)", placeholder_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", placeholder_repr, "Return state information for pickling."),
    ],
    "The type of the Placeholder singleton.\n\nUsed as a placeholder for partial arguments.",
)
.flags(flags::IMMUTABLE);

const KEY: &str = "functools.Placeholder";

/// The one Placeholder.
pub fn placeholder(cx: &mut Thread) -> R {
    if let Some(v) = cx.registry(KEY) {
        return Ok(v);
    }
    let class = cx.native_class(&PLACEHOLDER_TYPE)?;
    let v = cx.alloc_instance(class)?;
    cx.set_registry(KEY, v);
    Ok(v)
}

fn placeholder_new(cx: &mut Thread, a: Args<'_>) -> R {
    let given = a[1].cast::<Tuple>().map_or(0, |t| t.len) + a[2].cast::<Dict>().map_or(0, |d| d.len());
    if given > 0 {
        return Err(cx.type_error("_PlaceholderType takes no arguments"));
    }
    placeholder(cx)
}

fn placeholder_repr(cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(cx.new_str("Placeholder")?.value())
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Partial>> {
    match v.cast() {
        Some(p) => Ok(p),
        None => Err(wrong_receiver(cx, "functools.partial", v)),
    }
}

fn tuple(cx: &mut Thread, v: Value) -> R<Gc<Tuple>> {
    match v.cast() {
        Some(t) => Ok(t),
        None => Err(wrong_receiver(cx, "tuple", v)),
    }
}

fn dict(cx: &mut Thread, v: Value) -> R<Gc<Dict>> {
    match v.cast() {
        Some(d) => Ok(d),
        None => Err(wrong_receiver(cx, "dict", v)),
    }
}

fn partial_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    let (all, kw) = (tuple(cx, a[1])?, dict(cx, a[2])?);
    let [func, args @ ..] = all.items() else {
        return Err(cx.type_error("type 'partial' takes at least one argument"));
    };
    let mut func = *func;
    if !is_callable(cx, func) {
        return Err(cx.type_error("the first argument must be callable"));
    }
    let gap = placeholder(cx)?;
    if args.last() == Some(&gap) {
        return Err(cx.type_error("trailing Placeholders are not allowed"));
    }
    let mut i = 0;
    while let Some((next, _, _, v)) = kw.next_entry(i) {
        if v == gap {
            return Err(cx.type_error("Placeholder cannot be passed as a keyword argument"));
        }
        i = next;
    }
    let mut merged = RootedVec::new(cx);
    let mut keywords = kw;
    if let Some(inner) = func.cast::<Partial>()
        && is_transparent(cx, func)?
    {
        fill_gaps(&tuple(cx, inner.args.get())?, args, gap, &mut merged);
        let inner_kw = dict(cx, inner.kw.get())?;
        keywords = cx.dict_copy(inner_kw)?;
        cx.dict_merge(keywords, kw)?;
        func = inner.func.get();
    } else {
        merged.as_mut_vec().extend_from_slice(args);
    }
    let gaps = merged.iter().filter(|v| **v == gap).count();
    let args = cx.new_tuple(&merged)?;
    let p = Partial { func: field(func), args: field(args), kw: field(keywords), gaps: gaps.into() };
    Ok(cx.alloc_of(class, p)?.value())
}

/// Does calling this partial object mean no more than its parts say, and has it no attributes of its own?
fn is_transparent(cx: &mut Thread, p: Value) -> R<bool> {
    let base = cx.native_class(&PARTIAL)?;
    let call = cx.name(N::__call__);
    Ok(cx.lookup_special(p, N::__call__) == cx.lookup(base, call)
        && cx.instance_dict(p)?.cast::<Dict>().is_none_or(|d| d.is_empty()))
}

/// The stored arguments, gaps filled from new ones as far as these go, then the rest of the new ones.
fn fill_gaps(stored: &Gc<Tuple>, new: &[Value], gap: Value, out: &mut RootedVec) {
    let mut new = new.iter().copied();
    for v in stored.items() {
        out.push(if *v == gap { new.next().unwrap_or(gap) } else { *v });
    }
    for v in new {
        out.push(v);
    }
}

/// So many arguments are put together without a tuple.
const FEW: usize = 8;

fn partial_call(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let (stored, new) = (tuple(cx, p.args.get())?, tuple(cx, a[1])?);
    let stored_kw = dict(cx, p.kw.get())?;
    if new.len < p.gaps.get() {
        return Err(cx.type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {}, got {}",
            p.gaps.get(),
            new.len
        )));
    }
    let count = stored.len + new.len;
    if p.gaps.get() == 0 && stored_kw.is_empty() && a[2].is_null() && count <= FEW {
        let mut all = [Value::NULL; FEW];
        all[..stored.len].copy_from_slice(stored.items());
        all[stored.len..count].copy_from_slice(new.items());
        return cx.call(p.func.get(), &all[..count]);
    }
    let args = if stored.len == 0 {
        new
    } else {
        let gap = placeholder(cx)?;
        let mut all = RootedVec::new(cx);
        fill_gaps(&stored, new.items(), gap, &mut all);
        cx.new_tuple(&all)?
    };
    let kw = match a[2].cast::<Dict>() {
        None => stored_kw.value(),
        Some(new_kw) if stored_kw.is_empty() => new_kw.value(),
        Some(new_kw) => {
            let kw = cx.dict_copy(stored_kw)?;
            cx.dict_merge(kw, new_kw)?;
            kw.value()
        }
    };
    cx.call_ex(p.func.get(), args, kw)
}

fn partial_get(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_none() { Ok(a[0]) } else { cx.new_bound_method(a[0], a[1]) }
}

fn partial_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let name = cx.full_class_name(class);
    guarded_repr(cx, a[0], "...", |cx| {
        let mut out = format!("{name}(").into_bytes();
        push_repr(cx, &mut out, p.func.get())?;
        let (args, kw) = (tuple(cx, p.args.get())?, dict(cx, p.kw.get())?);
        for i in 0..args.len {
            out.extend_from_slice(b", ");
            push_repr(cx, &mut out, args.at(i))?;
        }
        let mut i = 0;
        while let Some((next, _, k, v)) = kw.next_entry(i) {
            out.extend_from_slice(b", ");
            let k = cx.str(k)?;
            out.extend_from_slice(k.bytes());
            out.push(b'=');
            push_repr(cx, &mut out, v)?;
            i = next;
        }
        out.push(b')');
        Ok(out)
    })
}

fn partial_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let d = cx.instance_dict(a[0])?.bound().unwrap_or(Value::NONE);
    let d = if cx.truth(d)? { d } else { Value::NONE };
    let args = cx.new_tuple(&[p.func.get()])?.value();
    let state = cx.new_tuple(&[p.func.get(), p.args.get(), p.kw.get(), d])?.value();
    Ok(cx.new_tuple(&[class, args, state])?.value())
}

fn partial_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let Some(state) = a[1].cast::<Tuple>().filter(|t| t.len == 4) else {
        return Err(cx.type_error("invalid partial state"));
    };
    let (func, args, kw, d) = (state.at(0), state.at(1), state.at(2), state.at(3));
    let good = is_callable(cx, func) && args.cast::<Tuple>().is_some() && (kw.is_none() || kw.cast::<Dict>().is_some());
    if !good {
        return Err(cx.type_error("invalid partial state"));
    }
    let gap = placeholder(cx)?;
    let args = if args.shape() == B::Tuple as u32 { tuple(cx, args)? } else { cx.tuple_from(args)? };
    if args.items().last() == Some(&gap) {
        return Err(cx.type_error("trailing Placeholders are not allowed"));
    }
    let kw = match kw.cast::<Dict>() {
        Some(d) if kw.shape() == B::Dict as u32 => d,
        Some(d) => cx.dict_copy(d)?,
        None => cx.new_dict()?,
    };
    let d = if d.is_none() { cx.new_dict()?.value() } else { d };
    let name = cx.name(N::__dict__);
    cx.setattr(a[0], name, d)?;
    p.func.set(cx, p, func);
    p.args.set(cx, p, args);
    p.kw.set(cx, p, kw);
    p.gaps.set(args.items().iter().filter(|v| **v == gap).count());
    Ok(Value::NONE)
}
