//! Calls and function objects.

use super::*;
use crate::N;
use crate::frame::Cont;
use crate::object::HeapObject;
use crate::ops::call::Argv;
use crate::types::{CodeObject, Dict, Function, List, Str, Tuple};
use ferropy_bytecode::{SpecialMethod, make_flags};

#[inline(always)]
pub fn Call<M: Machine>(m: &mut M, i: Instr) -> Flow {
    m.call(i.a(), i.b(), i.c(), 0)
}

#[inline(always)]
pub fn CallMethod<M: Machine>(m: &mut M, i: Instr) -> Flow {
    method_call(m, i, i.c(), 0)
}

#[inline(always)]
fn method_call<M: Machine>(m: &mut M, i: Instr, argc: usize, names: u32) -> Flow {
    let this = m.reg(i.b() + 1);
    if m.is_unbound(this) {
        // The callee moves next to its arguments.
        let f = m.reg(i.b());
        m.set_reg(i.b() + 1, f);
        return m.call(i.a(), i.b() + 1, argc, names);
    }
    m.call(i.a(), i.b(), argc + 1, names)
}

#[inline(always)]
pub fn CallKw<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let names = m.ext();
    m.call(i.a(), i.b(), i.c(), names + 1)
}

#[inline(always)]
pub fn CallMethodKw<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let names = m.ext();
    method_call(m, i, i.c(), names + 1)
}

/// The exceptional call of `__exit__`: the exception in r[b+2] becomes three arguments.
fn call_exit(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 3);
    let (f, this, e) = (w[0], w[1], w[2]);
    let class = cx.class_of(e).value();
    let tb = e.cast::<crate::types::Exception>().map_or(Value::NONE, |x| x.traceback.get());
    let tb = tb.bound().unwrap_or(Value::NONE);
    let r = match this.bound() {
        Some(this) => cx.call_step(f, Argv::slice(&[this, class, e, tb]), Cont::Store, i.a() as u8)?,
        None => cx.call_step(f, Argv::slice(&[class, e, tb]), Cont::Store, i.a() as u8)?,
    };
    if r != Value::PUSHED {
        set(cx, i.a(), r);
    }
    Ok(r)
}

fn call_ex(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 3);
    let (f, args, kw) = (w[0], w[1], w[2]);
    let args = match args.cast::<Tuple>() {
        Some(t) => t,
        None => match args.cast::<List>() {
            Some(l) => {
                let items = cx.list_to_rooted(l);
                cx.new_tuple(&items)?
            }
            None => {
                let iterable = cx.lookup_special(args, N::__iter__).is_some()
                    || cx.lookup_special(args, N::__getitem__).is_some() && args.kind() != Dict::kind();
                if !iterable {
                    let (f, got) = (super::build::callable_text(cx, f), cx.class_name(args));
                    return Err(cx.type_error(format!("{f} argument after * must be an iterable, not {got}")));
                }
                cx.tuple_from(args)?
            }
        },
    };
    let r = cx.call_ex_step(f, args, kw, Cont::Store, i.a() as u8)?;
    if r != Value::PUSHED {
        set(cx, i.a(), r);
    }
    Ok(r)
}

fn make_function(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let running = func(cx);
    // SAFETY: verified code: the constant is a code object; a function's globals are a dict.
    let (c, globals) =
        unsafe { (konst(cx, ext as usize).cast_unchecked::<CodeObject>(), running.globals.as_gc::<Dict>()) };
    let f = cx.new_function(c, globals)?;
    let mut at = i.b();
    let flags = i.c() as u8;
    let mut next = |cx: &mut Thread, bit: u8| {
        (flags & bit != 0).then(|| {
            at += 1;
            reg(cx, at - 1)
        })
    };
    if let Some(v) = next(cx, make_flags::DEFAULTS) {
        f.defaults.set(cx, f, v);
    }
    if let Some(v) = next(cx, make_flags::KWDEFAULTS) {
        f.kwdefaults.set(cx, f, v);
    }
    if let Some(v) = next(cx, make_flags::CLOSURE) {
        f.closure.set(cx, f, v);
    }
    if let Some(v) = next(cx, make_flags::ANNOTATE) {
        f.annotate.set(cx, f, v);
        if let (Some(annotate), Some(name)) = (v.cast::<Function>(), f.qualname.cast::<Str>()) {
            let qualname = cx.new_str(&format!("{}.__annotate__", name.to_lossy()))?;
            annotate.qualname.set(cx, annotate, qualname);
        }
    }
    if let Some(v) = next(cx, make_flags::TYPE_PARAMS) {
        cx.function_meta(f)?.set(cx, crate::ops::call::function_meta::TYPE_PARAMS, v);
    }
    set(cx, i.a(), f.value());
    Ok(f.value())
}

fn load_special(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let (n, what) = match SpecialMethod::from_u8(i.c() as u8) {
        Some(SpecialMethod::Enter) => (N::__enter__, "__enter__"),
        Some(SpecialMethod::Exit) => (N::__exit__, "__exit__"),
        Some(SpecialMethod::AEnter) => (N::__aenter__, "__aenter__"),
        _ => (N::__aexit__, "__aexit__"),
    };
    let Some(f) = cx.lookup_special(v, n) else { return Err(no_special(cx, v, what)) };
    let (f, this) = if crate::ops::call::is_plain_method(f) {
        (f, v)
    } else {
        let class = cx.class_of(v).value();
        (cx.bind(f, v, class)?, Value::NULL)
    };
    set(cx, i.a(), f);
    set(cx, i.a() + 1, this);
    Ok(f)
}

fn no_special(cx: &mut Thread, v: Value, what: &str) -> crate::Raised {
    let class = cx.class_of(v);
    let name = cx.type_name(class);
    let is_async = what.starts_with("__a");
    let (kind, other, keyword) = if is_async {
        ("asynchronous context manager", N::__enter__, "with")
    } else {
        ("context manager", N::__aenter__, "async with")
    };
    let hint = if cx.lookup_special(v, other).is_some() {
        format!(
            " but it supports the {} protocol. Did you mean to use '{keyword}'?",
            if is_async { "context manager" } else { "asynchronous context manager" }
        )
    } else {
        String::new()
    };
    cx.type_error(format!("'{name}' object does not support the {kind} protocol (missed {what} method){hint}"))
}

frame_ops! {
    CallExit = call_exit, false;
    CallEx = call_ex, false;
    MakeFunction = make_function, true;
    LoadSpecial = load_special, false;
}
