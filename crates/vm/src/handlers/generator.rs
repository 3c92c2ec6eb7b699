//! Generators, coroutines, async iteration.

use super::*;
use crate::frame::Cont;
use crate::object::HeapObject;
use crate::ops::generator::state;
use crate::types::{Generator, Wrapped};
use crate::{Builtin as B, Exc, N, field};
use ferropy_bytecode::flags as cflags;

#[inline(always)]
pub fn Yield<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.b());
    m.yield_value(v, 1)
}

#[inline(always)]
pub fn YieldFrom<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let _ = m.ext();
    let v = m.reg(i.b());
    m.yield_value(v, 2)
}

/// Sends rc into rb: ra = what it yields, or its result and a jump.
fn send(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let (it, v) = (reg(cx, i.b()), reg(cx, i.c()));
    if let Some(g) = it.cast::<Generator>()
        && it.shape() != B::AsyncGenerator as u32
        && matches!(g.state.get(), state::SUSPENDED | state::CREATED)
        && (g.state.get() == state::SUSPENDED || v.is_none())
    {
        cx.push_generator(g, v, Cont::SendGen, i.a() as u8)?;
        return Ok(Value::PUSHED);
    }
    if let Some(f) = cx.send_fn(it) {
        return match f(cx, it, v)? {
            Ok(v) => {
                set(cx, i.a(), v);
                Ok(v)
            }
            Err(result) => sent(cx, i, ext, result),
        };
    }
    let r = if let Some(g) = it.cast::<Generator>()
        && it.shape() != B::AsyncGenerator as u32
    {
        match cx.generator_send(g, v)? {
            crate::ops::generator::Resumed::Yielded(v) => Ok(v),
            crate::ops::generator::Resumed::Returned(v) => return sent(cx, i, ext, v),
        }
    } else if v.is_none() {
        match cx.next_value(it) {
            Ok(Ok(v)) => Ok(v),
            Ok(Err(result)) => return sent(cx, i, ext, result),
            Err(e) => Err(e),
        }
    } else {
        cx.call_method(it, "send", &[v])
    };
    match r {
        Ok(v) => {
            set(cx, i.a(), v);
            Ok(v)
        }
        Err(e) => match cx.take_stop_value()? {
            Some(v) => sent(cx, i, ext, v),
            None => Err(e),
        },
    }
}

/// The iterator is done with result `v`.
fn sent(cx: &mut Thread, i: Instr, ext: u32, v: Value) -> R {
    set(cx, i.a(), v);
    let top = cx.top();
    // SAFETY: verified code: the offset leads to an instruction.
    top.pc = unsafe { top.pc.offset(ext as i32 as isize) };
    Ok(Value::PUSHED)
}

impl Thread {
    /// Next item, or the value of the StopIteration that ended it.
    pub fn next_value(&mut self, it: Value) -> R<Result<Value, Value>> {
        if let Some(v) = self.quick_next(it)? {
            return Ok(v.bound().ok_or(Value::NONE));
        }
        let Some(f) = self.lookup_special(it, N::__next__) else {
            let class = self.class_name(it);
            return Err(self.type_error(format!("'{class}' object is not an iterator")));
        };
        match self.call_unbound(f, it, &[]) {
            Ok(v) => Ok(Ok(v)),
            Err(e) => match self.take_stop_value()? {
                Some(v) => Ok(Err(v)),
                None => Err(e),
            },
        }
    }

    /// Is it a coroutine, or a generator made by `types.coroutine`?
    pub fn is_awaitable_generator(&self, v: Value) -> bool {
        if v.shape() == B::Coroutine as u32 {
            return true;
        }
        match v.cast::<Generator>() {
            Some(g) if v.shape() == B::Generator as u32 => self.generator_code(g).is_some_and(|c| {
                c.rust().flags & cflags::ITERABLE_COROUTINE != 0 || c.flags & cflags::ITERABLE_COROUTINE != 0
            }),
            _ => false,
        }
    }

    /// The iterator behind `await v`.
    pub fn awaitable_iter(&mut self, v: Value, what: u8) -> R {
        if self.is_awaitable_generator(v) {
            return Ok(v);
        }
        let Some(f) = self.lookup_special(v, N::__await__) else {
            let class = self.class_name(v);
            return Err(match what {
                1 => self.type_error(format!(
                    "'async with' received an object from __aenter__ that does not implement __await__: {class}"
                )),
                2 => self.type_error(format!(
                    "'async with' received an object from __aexit__ that does not implement __await__: {class}"
                )),
                _ => self.type_error(format!("'{class}' object can't be awaited")),
            });
        };
        let it = self.call_unbound(f, v, &[])?;
        if self.is_awaitable_generator(it) {
            return Err(self.type_error("__await__() returned a coroutine"));
        }
        if it.kind() != Generator::kind() && self.lookup_special(it, N::__next__).is_none() {
            let class = self.class_name(it);
            return Err(self.type_error(format!("__await__() returned non-iterator of type '{class}'")));
        }
        Ok(it)
    }
}

fn get_yield_from_iter(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let it = if v.shape() == B::Generator as u32 {
        v
    } else if cx.is_awaitable_generator(v) {
        let flags = code(cx).flags;
        if flags & (cflags::COROUTINE | cflags::ITERABLE_COROUTINE) == 0 {
            return Err(cx.type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
        }
        v
    } else {
        cx.iter(v)?
    };
    set(cx, i.a(), it);
    Ok(it)
}

fn get_awaitable(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let it = cx.awaitable_iter(v, i.c() as u8)?;
    if let Some(g) = it.cast::<Generator>()
        && it.shape() == B::Coroutine as u32
        && cx.generator_delegate(g).is_some()
    {
        return Err(cx.runtime_error("coroutine is being awaited already"));
    }
    set(cx, i.a(), it);
    Ok(it)
}

fn get_aiter(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let Some(f) = cx.lookup_special(v, N::__aiter__) else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("'async for' requires an object with __aiter__ method, got {class}")));
    };
    let it = cx.call_unbound(f, v, &[])?;
    if cx.lookup_special(it, N::__anext__).is_none() {
        let class = cx.class_name(it);
        return Err(cx.type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {class}"
        )));
    }
    set(cx, i.a(), it);
    Ok(it)
}

fn get_anext(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let Some(f) = cx.lookup_special(v, N::__anext__) else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("'async for' requires an iterator with __anext__ method, got {class}")));
    };
    let a = cx.call_unbound(f, v, &[])?;
    if a.shape() == B::AsyncGenASend as u32 {
        set(cx, i.a(), a);
        return Ok(a);
    }
    let it = match cx.awaitable_iter(a, 0) {
        Ok(it) => it,
        Err(_) => {
            let cause = cx.take_pending();
            let class = cx.class_name(a);
            let r = cx.type_error(format!("'async for' received an invalid object from __anext__: {class}"));
            let e = cx.pending;
            if let Some(x) = e.cast::<crate::types::Exception>() {
                x.cause.set(cx, e, cause);
                x.context.set(cx, e, cause);
                x.suppress_context.set(true);
            }
            return Err(r);
        }
    };
    set(cx, i.a(), it);
    Ok(it)
}

fn end_async_for(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let e = reg(cx, i.a());
    let class = cx.exc_class(Exc::StopAsyncIteration);
    if cx.is_instance(e, class) {
        return Ok(Value::NONE);
    }
    Err(cx.reraise(e))
}

pub(crate) fn async_gen_wrap(cx: &mut Thread, v: Value) -> R {
    Ok(cx.alloc(B::AsyncGenWrapped, Wrapped { value: field(v) })?.value())
}

frame_ops! {
    Send = send, true;
    GetYieldFromIter = get_yield_from_iter, false;
    GetAwaitable = get_awaitable, false;
    GetAIter = get_aiter, false;
    GetANext = get_anext, false;
    EndAsyncFor = end_async_for, false;
}
