//! Attributes: names, frame, code, state, what is awaited; and where coroutines were made.

use super::*;
use ferropy_vm::ops::generator::{gen_flags, state};

macro_rules! attributes {
    ($name:ident, $kind:literal, $yield_from:literal, $code:literal, $frame:literal, $running:literal, $suspended:literal, $is_running:expr) => {
        static $name: &[NativeDef] = &[
            NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
            NativeDef::getset("__name__", get_name, set_name, concat!("name of the ", $kind)),
            NativeDef::getset("__qualname__", get_qualname, set_qualname, concat!("qualified name of the ", $kind)),
            NativeDef::getter($yield_from, get_delegate, "object being iterated by yield from, or None"),
            NativeDef::getter($code, get_code, ""),
            NativeDef::getter($frame, get_frame, ""),
            NativeDef::getter($running, $is_running, ""),
            NativeDef::getter($suspended, get_suspended, ""),
            NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
            NativeDef::method("__sizeof__(self, /)", sizeof, "gen.__sizeof__() -> size of gen in memory, in bytes"),
        ];
    };
}

attributes!(GENERATOR, "generator", "gi_yieldfrom", "gi_code", "gi_frame", "gi_running", "gi_suspended", get_running);
attributes!(COROUTINE, "coroutine", "cr_await", "cr_code", "cr_frame", "cr_running", "cr_suspended", get_running);
attributes!(
    ASYNC,
    "async generator",
    "ag_await",
    "ag_code",
    "ag_frame",
    "ag_running",
    "ag_suspended",
    get_running_async
);

static ORIGIN: &[NativeDef] = &[NativeDef::getter("cr_origin", get_origin, "")];

pub fn install(cx: &mut Thread) -> R<()> {
    let tables =
        [(B::Generator, GENERATOR), (B::Coroutine, COROUTINE), (B::AsyncGenerator, ASYNC), (B::Coroutine, ORIGIN)];
    for (class, defs) in tables {
        let class = cx.builtin(class);
        cx.add_methods(class, defs)?;
    }
    Ok(())
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let class = cx.class_name(a[0]);
    let qualname = cx.str(g.qualname.get())?.to_lossy();
    let text = format!("<{class} object {qualname} at {:#x}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.name.get())
}
fn set_name(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    match a.opt(1).filter(|v| v.as_str().is_some()) {
        Some(v) => g.name.set(cx, g, v),
        None => return Err(cx.type_error("__name__ must be set to a string object")),
    }
    Ok(Value::NONE)
}
fn get_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.qualname.get())
}
fn set_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    match a.opt(1).filter(|v| v.as_str().is_some()) {
        Some(v) => g.qualname.set(cx, g, v),
        None => return Err(cx.type_error("__qualname__ must be set to a string object")),
    }
    Ok(Value::NONE)
}

fn get_delegate(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    Ok(cx.generator_delegate(g).unwrap_or(Value::NONE))
}
fn get_code(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    Ok(cx.generator_code(g).map_or(Value::NONE, |c| c.value()))
}
fn get_frame(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    Ok(cx.generator_frame(g)?.map_or(Value::NONE, |f| f.value()))
}
fn get_running(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.state.get() == state::RUNNING))
}
fn get_running_async(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.flags.get() & gen_flags::RUNNING_ASYNC != 0))
}
fn get_suspended(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.state.get() == state::SUSPENDED))
}
fn get_origin(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.extra.get().bound().unwrap_or(Value::NONE))
}

fn sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    cx.int((std::mem::size_of::<Generator>() + 8 * g.nregs as usize) as i64)
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

const DEPTH: &str = "coroutine_origin_depth";

/// `sys.get_coroutine_origin_tracking_depth()`, of this thread.
pub fn coroutine_origin_depth(cx: &Thread) -> i64 {
    cx.locals.get(DEPTH).and_then(|d| d.as_int()).unwrap_or(0)
}

/// `sys.set_coroutine_origin_tracking_depth(depth)`, for this thread.
pub fn set_coroutine_origin_depth(cx: &mut Thread, depth: i64) -> R<()> {
    if depth < 0 {
        return Err(cx.value_error("depth must be >= 0"));
    }
    match depth {
        0 => cx.locals.remove(DEPTH),
        n => cx.locals.insert(DEPTH, Value::small_int(n.min(1 << 30))),
    };
    Ok(())
}
