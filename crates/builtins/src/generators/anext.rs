//! The functions `aiter` and `anext`, and the awaitable of `anext(it, default)`.

use super::*;
use ferropy_vm::null_field;
use ferropy_vm::types::{AsyncGenOp, Dict};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("aiter(async_iterable, /)", aiter, "Return an AsyncIterator for an AsyncIterable object."),
    NativeDef::function(
        "anext(aiterator, default=<unrepresentable>, /)",
        anext,
        "anext(aiterator[, default])\n\nReturn the next item from the async iterator.  If default is given and \
         the async\niterator is exhausted, it is returned instead of raising StopAsyncIteration.",
    ),
];

static METHODS: &[NativeDef] = &[
    NativeDef::method("__await__(self, /)", itself, "Return an iterator to be used in await expression."),
    NativeDef::method("__iter__(self, /)", itself, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method("send(self, object, /)", send, SEND_DOC),
    NativeDef::method("throw(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)", throw, THROW_DOC),
    NativeDef::method("close(self, /)", close, "close() -> raise GeneratorExit inside generator."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::AnextAwaitable);
    cx.add_methods(class, METHODS)?;
    let module = cx.intern("builtins")?;
    for def in FUNCTIONS {
        let f = cx.native_function(module, def)?;
        let key = cx.intern(def.name())?;
        if let Some(d) = cx.vm().builtins.cast::<Dict>() {
            cx.dict_set_str(d, key, f)?;
        }
    }
    Ok(())
}

fn aiter(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(f) = cx.lookup_special(a[0], N::__aiter__) else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("'{class}' object is not an async iterable")));
    };
    let it = cx.call_unbound(f, a[0], &[])?;
    if cx.lookup_special(it, N::__anext__).is_none() {
        let class = cx.class_name(it);
        return Err(cx.type_error(format!("aiter() returned not an async iterator of type '{class}'")));
    }
    Ok(it)
}

fn anext(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(f) = cx.lookup_special(a[0], N::__anext__) else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("'{class}' object is not an async iterator")));
    };
    let awaitable = cx.call_unbound(f, a[0], &[])?;
    let Some(default) = a.opt(1) else { return Ok(awaitable) };
    let op =
        AsyncGenOp { generator: field(awaitable), arg: field(default), extra: null_field(), state: 0.into(), what: 0 };
    Ok(cx.alloc(B::AnextAwaitable, op)?.value())
}

/// The iterator behind the awaitable, found at every step as CPython does.
fn inner(cx: &mut Thread, v: Value) -> R<(Gc<AsyncGenOp>, Value)> {
    let Some(op) = v.cast::<AsyncGenOp>() else { return Err(cx.type_error("an anext_awaitable is required")) };
    let it = cx.awaitable_iter(op.generator.get(), 0)?;
    if it.shape() == B::Coroutine as u32 {
        let wrapper = coroutine_await(cx, Args::new(&[it]))?;
        return Ok((op, wrapper));
    }
    Ok((op, it))
}

/// StopAsyncIteration means: the default.
fn or_default(cx: &mut Thread, op: Gc<AsyncGenOp>, r: R) -> R {
    match r {
        Err(_) if cx.pending_is(Exc::StopAsyncIteration) => {
            cx.take_pending();
            Err(cx.stop_iteration(op.arg.get()))
        }
        r => r,
    }
}

fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, it) = inner(cx, a[0])?;
    let r = match cx.next_value(it) {
        Ok(Ok(v)) => Ok(v),
        Ok(Err(result)) => Err(cx.stop_iteration(result)),
        Err(e) => Err(e),
    };
    or_default(cx, op, r)
}

fn send(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, it) = inner(cx, a[0])?;
    let r = cx.call_method(it, "send", &[a[1]]);
    or_default(cx, op, r)
}

fn throw(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, it) = inner(cx, a[0])?;
    let given = 1 + (1..3).take_while(|i| a.opt(1 + i).is_some()).count();
    let args = [a[1], a.or(2, Value::NONE), a.or(3, Value::NONE)];
    let r = cx.call_method(it, "throw", &args[..given]);
    or_default(cx, op, r)
}

fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, it) = inner(cx, a[0])?;
    let r = cx.call_method(it, "close", &[]);
    or_default(cx, op, r)
}
