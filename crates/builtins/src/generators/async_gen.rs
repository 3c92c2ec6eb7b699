//! Async generators: `asend`, `athrow`, `aclose` and the awaitables that they return.
//!
//! An [`AsyncGenOp`] is such an awaitable: its `generator`, its `arg` (value to send, exception to throw) and a state. A
//! value that the generator *yields* arrives as [`Wrapped`] and ends the operation (StopIteration with the value);
//! anything else is what the generator awaits, and goes on to the event loop.

use super::*;
use ferropy_vm::null_field;
use ferropy_vm::ops::generator::{gen_flags, state};
use ferropy_vm::ops::iter::register_send;
use ferropy_vm::types::{AsyncGenOp, Wrapped};

// States of an operation.
pub const INIT: u8 = 0;
const ITER: u8 = 1;
pub const DONE: u8 = 2;
// What it does.
pub const SEND: u8 = 0;
pub const THROW: u8 = 1;
const CLOSE: u8 = 2;

static GENERATOR: &[NativeDef] = &[
    NativeDef::method("__aiter__(self, /)", itself, "Return an awaitable, that resolves in asynchronous iterator."),
    NativeDef::method("__anext__(self, /)", anext, "Return a value or raise StopAsyncIteration."),
    NativeDef::method("asend(self, object, /)", asend, "asend(v) -> send 'v' in generator."),
    NativeDef::method(
        "athrow(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)",
        athrow,
        "athrow(value)\nathrow(type[,value[,tb]])\n\nraise exception in generator.\nthe (type, val, tb) signature is \
         deprecated, \nand may be removed in a future version of Python.",
    ),
    NativeDef::method("aclose(self, /)", aclose, "aclose() -> raise GeneratorExit inside generator."),
];

static OPERATION: &[NativeDef] = &[
    NativeDef::method("__await__(self, /)", itself, "Return an iterator to be used in await expression."),
    NativeDef::method("__iter__(self, /)", itself, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", op_next, "Implement next(self)."),
    NativeDef::method("send(self, object, /)", op_send, SEND_DOC),
    NativeDef::method(
        "throw(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)",
        op_throw,
        THROW_DOC,
    ),
    NativeDef::method("close(self, /)", op_close, "close() -> raise GeneratorExit inside generator."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    register_send(B::AsyncGenASend, step);
    register_send(B::AsyncGenAThrow, step);
    for (class, defs) in [(B::AsyncGenerator, GENERATOR), (B::AsyncGenASend, OPERATION), (B::AsyncGenAThrow, OPERATION)]
    {
        let class = cx.builtin(class);
        cx.add_methods(class, defs)?;
    }
    Ok(())
}

const FIRST: &str = "asyncgen_firstiter";
const FINALIZER: &str = "asyncgen_finalizer";

/// `sys.get_asyncgen_hooks()`: (firstiter, finalizer) of this thread, None where unset.
pub fn asyncgen_hooks(cx: &Thread) -> (Value, Value) {
    let get = |key| cx.locals.get(key).copied().unwrap_or(Value::NONE);
    (get(FIRST), get(FINALIZER))
}

/// `sys.set_asyncgen_hooks()`: unbound leaves a hook as it is, None removes it.
pub fn set_asyncgen_hooks(cx: &mut Thread, first: Value, finalizer: Value) -> R<()> {
    for (key, what, v) in [(FINALIZER, "finalizer", finalizer), (FIRST, "firstiter", first)] {
        if v.bound().is_some_and(|v| !v.is_none()) && cx.lookup_special(v, N::__call__).is_none() {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("callable {what} expected, got {got}")));
        }
        match v {
            Value::NULL => {}
            Value::NONE => drop(cx.locals.remove(key)),
            v => drop(cx.locals.insert(key, v)),
        }
    }
    Ok(())
}

/// Before the first step: remembers the finalizer, calls the hook.
fn init_hooks(cx: &mut Thread, g: Gc<Generator>) -> R<()> {
    if g.flags.get() & gen_flags::HOOKED != 0 {
        return Ok(());
    }
    g.flags.set(g.flags.get() | gen_flags::HOOKED);
    let (first, finalizer) = asyncgen_hooks(cx);
    if !finalizer.is_none() {
        g.extra.set(cx, g, finalizer);
    }
    if !first.is_none() {
        cx.call(first, &[g.value()])?;
    }
    Ok(())
}

fn operation(cx: &mut Thread, v: Value, arg: Value, what: u8) -> R {
    let g = this(cx, v)?;
    init_hooks(cx, g)?;
    let class = if what == SEND { B::AsyncGenASend } else { B::AsyncGenAThrow };
    let op = AsyncGenOp { generator: field(g), arg: field(arg), extra: null_field(), state: INIT.into(), what };
    let op = cx.alloc(class, op)?;
    cx.mutator.register_finalizable(op.as_ref());
    Ok(op.value())
}

fn anext(cx: &mut Thread, a: Args<'_>) -> R {
    operation(cx, a[0], Value::NONE, SEND)
}
fn asend(cx: &mut Thread, a: Args<'_>) -> R {
    operation(cx, a[0], a[1], SEND)
}
fn athrow(cx: &mut Thread, a: Args<'_>) -> R {
    // What is thrown is made when the operation starts: its errors belong there.
    if a.opt(2).is_some() || a.opt(3).is_some() {
        cx.warn(
            Exc::DeprecationWarning,
            "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead.",
        )?;
    }
    let args = cx.new_tuple(&[a[1], a.or(2, Value::NONE), a.or(3, Value::NONE)])?.value();
    operation(cx, a[0], args, THROW)
}
fn aclose(cx: &mut Thread, a: Args<'_>) -> R {
    operation(cx, a[0], Value::NULL, CLOSE)
}

fn op_parts(cx: &mut Thread, v: Value) -> R<(Gc<AsyncGenOp>, Gc<Generator>)> {
    let op = v.cast::<AsyncGenOp>();
    match op.and_then(|o| o.generator.cast::<Generator>()).zip(op) {
        Some((g, o)) => Ok((o, g)),
        None => Err(cx.type_error("an operation of an async generator is required")),
    }
}

/// The operation goes on from its first state, in which alone its finaliser has something to say.
fn enter(cx: &mut Thread, op: Gc<AsyncGenOp>, state: u8) {
    op.state.set(state);
    cx.mutator.finalizer_done(op.as_ref());
}

fn set_running(g: Gc<Generator>, on: bool) {
    let f = g.flags.get();
    g.flags.set(if on { f | gen_flags::RUNNING_ASYNC } else { f & !gen_flags::RUNNING_ASYNC });
}
fn is_running(g: Gc<Generator>) -> bool {
    g.flags.get() & gen_flags::RUNNING_ASYNC != 0
}

/// Checks the state before a step, and starts the operation. True: it just started.
fn begin(cx: &mut Thread, op: Gc<AsyncGenOp>, g: Gc<Generator>) -> R<bool> {
    match op.state.get() {
        DONE => {
            let name = if op.what == SEND { "__anext__()/asend()" } else { "aclose()/athrow()" };
            Err(cx.runtime_error(format!("cannot reuse already awaited {name}")))
        }
        INIT => {
            if is_running(g) {
                enter(cx, op, DONE);
                let name = ["anext", "athrow", "aclose"][op.what as usize];
                return Err(cx.runtime_error(format!("{name}(): asynchronous generator is already running")));
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The end of a step of `asend` or `athrow`: a yielded value ends the operation.
fn unwrapped(cx: &mut Thread, op: Gc<AsyncGenOp>, g: Gc<Generator>, r: R<Resumed>) -> R<Step> {
    match r {
        Ok(Resumed::Yielded(v)) => match v.cast::<Wrapped>() {
            Some(w) if v.shape() == B::AsyncGenWrapped as u32 => {
                set_running(g, false);
                enter(cx, op, DONE);
                Ok(Err(w.value.get()))
            }
            _ => Ok(Ok(v)),
        },
        Ok(Resumed::Returned(_)) => {
            g.flags.set(g.flags.get() | gen_flags::CLOSED);
            set_running(g, false);
            enter(cx, op, DONE);
            Err(cx.error_with(Exc::StopAsyncIteration, &[]))
        }
        Err(e) => {
            if cx.pending_is(Exc::StopAsyncIteration) || cx.pending_is(Exc::GeneratorExit) {
                g.flags.set(g.flags.get() | gen_flags::CLOSED);
            }
            set_running(g, false);
            enter(cx, op, DONE);
            Err(e)
        }
    }
}

/// The end of a step of `aclose`: the generator must not yield any more.
fn closed(cx: &mut Thread, op: Gc<AsyncGenOp>, g: Gc<Generator>, r: R<Resumed>) -> R<Step> {
    let failed = match r {
        Ok(Resumed::Yielded(v)) if v.shape() == B::AsyncGenWrapped as u32 => {
            set_running(g, false);
            enter(cx, op, DONE);
            return Err(cx.runtime_error("async generator ignored GeneratorExit"));
        }
        Ok(Resumed::Yielded(v)) => return Ok(Ok(v)),
        Ok(Resumed::Returned(_)) => None,
        Err(e) => Some(e),
    };
    set_running(g, false);
    enter(cx, op, DONE);
    match failed {
        Some(e) if !cx.pending_is(Exc::StopAsyncIteration) && !cx.pending_is(Exc::GeneratorExit) => Err(e),
        _ => {
            cx.take_pending();
            Ok(Err(Value::NONE))
        }
    }
}

/// What an operation yields, or the result that ends it.
type Step = Result<Value, Value>;

/// For callers that know results as StopIteration.
fn stopping(cx: &mut Thread, r: R<Step>) -> R {
    r?.map_err(|result| cx.stop_iteration(result))
}

fn op_next(cx: &mut Thread, a: Args<'_>) -> R {
    let r = step(cx, a[0], Value::NONE);
    stopping(cx, r)
}
fn op_send(cx: &mut Thread, a: Args<'_>) -> R {
    let r = step(cx, a[0], a[1]);
    stopping(cx, r)
}

/// One `send` into an operation.
fn step(cx: &mut Thread, v: Value, sent: Value) -> R<Step> {
    let (op, g) = op_parts(cx, v)?;
    if op.what != SEND {
        return throw_step(cx, op, g, sent);
    }
    let first = begin(cx, op, g)?;
    enter(cx, op, ITER);
    set_running(g, true);
    let value = if first && sent.is_none() { op.arg.get() } else { sent };
    let r = cx.generator_send(g, value);
    unwrapped(cx, op, g, r)
}

fn throw_step(cx: &mut Thread, op: Gc<AsyncGenOp>, g: Gc<Generator>, sent: Value) -> R<Step> {
    if op.state.get() != DONE && g.state.get() == state::FINISHED {
        enter(cx, op, DONE);
        return Ok(Err(Value::NONE));
    }
    if !begin(cx, op, g)? {
        let r = cx.generator_send(g, sent);
        return if op.what == THROW { unwrapped(cx, op, g, r) } else { closed(cx, op, g, r) };
    }
    if g.flags.get() & gen_flags::CLOSED != 0 {
        enter(cx, op, DONE);
        return Err(cx.error_with(Exc::StopAsyncIteration, &[]));
    }
    if !sent.is_none() {
        return Err(cx.runtime_error("can't send non-None value to a just-started coroutine"));
    }
    enter(cx, op, ITER);
    set_running(g, true);
    if op.what == CLOSE {
        g.flags.set(g.flags.get() | gen_flags::CLOSED);
        let class = cx.exc_class(Exc::GeneratorExit).value();
        let exc = cx.call(class, &[])?;
        let r = cx.generator_throw_as(g, exc, false);
        return closed(cx, op, g, r);
    }
    let args: [Value; 3] = match op.arg.cast::<Tuple>() {
        Some(t) if t.len == 3 => [t.at(0), t.at(1), t.at(2)],
        _ => [Value::NONE; 3],
    };
    let r = match made(cx, args) {
        Ok(exc) => cx.generator_throw_as(g, exc, false),
        Err(e) => Err(e),
    };
    unwrapped(cx, op, g, r)
}

/// The exception of `(type, value, traceback)`, whose deprecation was warned of already.
fn made(cx: &mut Thread, args: [Value; 3]) -> R {
    let [kind, value, tb] = args;
    let exc = match value {
        Value::NONE => thrown(cx, Args::new(&[kind]), 0, "athrow")?,
        _ if kind.cast::<Exception>().is_some() => {
            return Err(cx.type_error("instance exception may not have a separate value"));
        }
        _ => instantiate(cx, kind, value)?,
    };
    if !tb.is_none() {
        if tb.shape() != B::Traceback as u32 {
            return Err(cx.type_error("throw() third argument must be a traceback object"));
        }
        if let Some(e) = exc.cast::<Exception>() {
            e.traceback.set(cx, e, tb);
        }
    }
    Ok(exc)
}

fn op_throw(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, g) = op_parts(cx, a[0])?;
    if begin(cx, op, g)? {
        enter(cx, op, ITER);
        set_running(g, true);
    }
    let r = match thrown(cx, a, 1, "throw") {
        Ok(exc) => cx.generator_throw(g, exc),
        Err(e) => Err(e),
    };
    let r = if op.what == CLOSE { closed(cx, op, g, r) } else { unwrapped(cx, op, g, r) };
    stopping(cx, r)
}

fn op_close(cx: &mut Thread, a: Args<'_>) -> R {
    let (op, _) = op_parts(cx, a[0])?;
    if op.state.get() == DONE {
        return Ok(Value::NONE);
    }
    let class = cx.exc_class(Exc::GeneratorExit).value();
    match op_throw(cx, Args::new(&[a[0], class])) {
        Ok(_) => Err(cx.runtime_error("coroutine ignored GeneratorExit")),
        Err(e) => {
            let expected = [Exc::StopIteration, Exc::StopAsyncIteration, Exc::GeneratorExit];
            if expected.into_iter().any(|x| cx.pending_is(x)) {
                cx.take_pending();
                return Ok(Value::NONE);
            }
            Err(e)
        }
    }
}
