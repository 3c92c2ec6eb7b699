//! Generators, coroutines, async generators: their methods and attributes.
//!
//! The engine that resumes and suspends is `ferropy_vm::ops::generator`; here results become StopIteration, arguments
//! exceptions, and dying generators are closed.
//!
//! Invariant: generators, coroutines and async generators share one layout; a method's receiver was checked to be of its
//! class when it was bound.

mod anext;
mod async_gen;
mod attributes;
mod finalize;

use ferropy_vm::class::flags;
use ferropy_vm::types::{CellObject, Class, Exception, Generator, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, NativeDef, R, Raised, Resumed, Thread, Value, field};

pub use async_gen::{asyncgen_hooks, set_asyncgen_hooks};
pub use attributes::{coroutine_origin_depth, set_coroutine_origin_depth};

static GENERATOR: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", itself, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method("send(self, object, /)", send, SEND_DOC),
    NativeDef::method("throw(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)", throw, THROW_DOC),
    NativeDef::method("close(self, /)", close, "close() -> raise GeneratorExit inside generator."),
];
const SEND_DOC: &str = "send(value) -> send 'value' into generator,\nreturn next yielded value or raise StopIteration.";
const THROW_DOC: &str = "throw(value)\nthrow(type[,value[,tb]])\n\nRaise exception in generator, return next yielded value \
                         or raise\nStopIteration.\nthe (type, val, tb) signature is deprecated, \nand may be removed in a \
                         future version of Python.";

static COROUTINE: &[NativeDef] = &[
    NativeDef::method("__await__(self, /)", coroutine_await, "Return an iterator to be used in await expression."),
    NativeDef::method(
        "send(self, object, /)",
        send,
        "send(arg) -> send 'arg' into coroutine,\nreturn next iterated value or raise StopIteration.",
    ),
    NativeDef::method(
        "throw(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)",
        throw,
        "throw(value)\nthrow(type[,value[,traceback]])\n\nRaise exception in coroutine, return next iterated value or \
         raise\nStopIteration.\nthe (type, val, tb) signature is deprecated, \nand may be removed in a future version of \
         Python.",
    ),
    NativeDef::method("close(self, /)", close, "close() -> raise GeneratorExit inside coroutine."),
];

static WRAPPER: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", itself, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", wrapper_next, "Implement next(self)."),
    NativeDef::method("send(self, object, /)", wrapper_send, SEND_DOC),
    NativeDef::method(
        "throw(self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)",
        wrapper_throw,
        THROW_DOC,
    ),
    NativeDef::method("close(self, /)", wrapper_close, "close() -> raise GeneratorExit inside coroutine."),
];

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    for (class, defs) in [(B::Generator, GENERATOR), (B::Coroutine, COROUTINE), (B::CoroutineWrapper, WRAPPER)] {
        let class = cx.builtin(class);
        cx.add_methods(class, defs)?;
    }
    attributes::install(cx)?;
    finalize::install(cx)?;
    async_gen::install(cx)?;
    anext::install(cx)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Generator>> {
    match v.cast::<Generator>() {
        Some(g) => Ok(g),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("a generator is required, got '{got}'")))
        }
    }
}

fn itself(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

/// What a method returns or raises for an outcome.
fn outcome(cx: &mut Thread, r: R<Resumed>) -> R {
    match r? {
        Resumed::Yielded(v) => Ok(v),
        Resumed::Returned(v) => Err(stop(cx, v)),
    }
}

/// StopIteration with a result.
fn stop(cx: &mut Thread, v: Value) -> Raised {
    cx.stop_iteration(v)
}

fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let r = cx.generator_send(g, Value::NONE);
    outcome(cx, r)
}

fn send(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let r = cx.generator_send(g, a[1]);
    outcome(cx, r)
}

fn throw(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let exc = thrown(cx, a, 1, "throw")?;
    let r = cx.generator_throw(g, exc);
    outcome(cx, r)
}

fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    cx.generator_close(g)
}

/// The exception meant by the arguments `(type[, value[, traceback]])` from `first` on; its traceback is set.
fn thrown(cx: &mut Thread, a: Args<'_>, first: usize, function: &str) -> R {
    let (kind, value, tb) = (a[first], a.opt(first + 1), a.opt(first + 2));
    if value.is_some() || tb.is_some() {
        cx.warn(
            Exc::DeprecationWarning,
            &format!(
                "the (type, exc, tb) signature of {function}() is deprecated, use the single-arg signature instead."
            ),
        )?;
    }
    let tb = tb.filter(|t| !t.is_none());
    if tb.is_some_and(|t| t.shape() != B::Traceback as u32) {
        return Err(cx.type_error("throw() third argument must be a traceback object"));
    }
    let exc = if kind.cast::<Exception>().is_some() {
        if value.is_some_and(|v| !v.is_none()) {
            return Err(cx.type_error("instance exception may not have a separate value"));
        }
        kind
    } else {
        instantiate(cx, kind, value.unwrap_or(Value::NONE))?
    };
    if let (Some(e), Some(tb)) = (exc.cast::<Exception>(), tb) {
        e.traceback.set(cx, e, tb);
    }
    Ok(exc)
}

/// An instance of an exception class for `throw(class, value)`.
fn instantiate(cx: &mut Thread, kind: Value, value: Value) -> R {
    let Some(class) = kind.cast::<Class>().filter(|c| c.has(flags::EXCEPTION)) else {
        let got = cx.class_name(kind);
        return Err(
            cx.type_error(format!("exceptions must be classes or instances deriving from BaseException, not {got}"))
        );
    };
    if cx.is_instance(value, class) {
        return Ok(value);
    }
    let made = match value.cast::<Tuple>() {
        Some(args) => cx.call_ex(kind, args, Value::NULL),
        None if value.is_none() => cx.call(kind, &[]),
        None => cx.call(kind, &[value]),
    };
    match made {
        Ok(e) if e.cast::<Exception>().is_some() => return Ok(e),
        Ok(e) => {
            let (kind, got) = (cx.repr(kind)?.to_lossy(), cx.full_class_name(cx.class_of(e)));
            cx.type_error(format!(
                "calling {kind} should have returned an instance of BaseException, not <class '{got}'>"
            ))
        }
        Err(r) => r,
    };
    // What goes wrong is thrown instead.
    Ok(cx.take_pending())
}

// ---- the iterator of `coroutine.__await__()`

fn coroutine_await(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.alloc(B::CoroutineWrapper, CellObject { content: field(a[0]) })?.value())
}

/// The coroutine behind a wrapper.
fn wrapped(cx: &mut Thread, v: Value) -> R<Gc<Generator>> {
    let inner = v.cast::<CellObject>().map_or(Value::NONE, |c| c.content.get());
    this(cx, inner)
}

fn wrapper_next(cx: &mut Thread, a: Args<'_>) -> R {
    let g = wrapped(cx, a[0])?;
    let r = cx.generator_send(g, Value::NONE);
    outcome(cx, r)
}

fn wrapper_send(cx: &mut Thread, a: Args<'_>) -> R {
    let g = wrapped(cx, a[0])?;
    let r = cx.generator_send(g, a[1]);
    outcome(cx, r)
}

fn wrapper_throw(cx: &mut Thread, a: Args<'_>) -> R {
    let g = wrapped(cx, a[0])?;
    let exc = thrown(cx, a, 1, "throw")?;
    let r = cx.generator_throw(g, exc);
    outcome(cx, r)
}

fn wrapper_close(cx: &mut Thread, a: Args<'_>) -> R {
    let g = wrapped(cx, a[0])?;
    cx.generator_close(g)
}
