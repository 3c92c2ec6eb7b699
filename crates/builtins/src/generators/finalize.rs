//! What happens when a generator dies: it is closed; a coroutine that never ran is complained about.

use super::*;
use ferropy_vm::ops::generator::{gen_flags, state};
use ferropy_vm::types::AsyncGenOp;

static METHODS: &[NativeDef] = &[NativeDef::method("__del__(self, /)", del, "")];
static OPERATION: &[NativeDef] = &[NativeDef::method("__del__(self, /)", operation_del, "")];

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [B::Generator, B::Coroutine, B::AsyncGenerator] {
        let class = cx.builtin(class);
        cx.add_methods(class, METHODS)?;
    }
    for class in [B::AsyncGenASend, B::AsyncGenAThrow] {
        let class = cx.builtin(class);
        cx.add_methods(class, OPERATION)?;
    }
    Ok(())
}

fn del(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    if matches!(g.state.get(), state::FINISHED | state::RUNNING) {
        return Ok(Value::NONE);
    }
    if a[0].shape() == B::AsyncGenerator as u32
        && g.flags.get() & gen_flags::CLOSED == 0
        && let Some(finalizer) = g.extra.get().bound()
    {
        if cx.call(finalizer, &[a[0]]).is_err() {
            report(cx, a[0], "while finalizing generator");
        }
        return Ok(Value::NONE);
    }
    if a[0].shape() == B::Coroutine as u32 && g.state.get() == state::CREATED {
        if warn_never_awaited(cx, g).is_err() {
            report(cx, a[0], "while finalizing coroutine");
        }
        g.state.set(state::FINISHED);
        return Ok(Value::NONE);
    }
    if cx.generator_close(g).is_err() {
        report(cx, a[0], "while closing generator");
    }
    Ok(Value::NONE)
}

fn report(cx: &mut Thread, object: Value, place: &str) {
    let e = cx.take_pending();
    cx.unraisable(e, place, object);
}

/// Through `warnings._warn_unawaited_coroutine` if that module is loaded: it tells where the coroutine was made.
fn warn_never_awaited(cx: &mut Thread, g: Gc<Generator>) -> R<()> {
    let key = cx.intern("warnings")?;
    let modules = cx.vm().modules;
    let hook = match modules.cast::<ferropy_vm::types::Dict>().and_then(|m| cx.dict_get_str(m, key)) {
        Some(warnings) => {
            let name = cx.intern("_warn_unawaited_coroutine")?;
            cx.getattr_opt(warnings, name)?
        }
        None => None,
    };
    if let Some(hook) = hook {
        cx.call(hook, &[g.value()])?;
        return Ok(());
    }
    let qualname = cx.str(g.qualname.get())?.to_lossy();
    cx.warn(Exc::RuntimeWarning, &format!("coroutine '{qualname}' was never awaited"))
}

fn operation_del(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(op) = a[0].cast::<AsyncGenOp>() else { return Ok(Value::NONE) };
    if op.state.get() != super::async_gen::INIT {
        return Ok(Value::NONE);
    }
    op.state.set(super::async_gen::DONE);
    let method = match op.what {
        super::async_gen::SEND => "asend",
        super::async_gen::THROW => "athrow",
        _ => "aclose",
    };
    let Some(g) = op.generator.cast::<Generator>() else { return Ok(Value::NONE) };
    let qualname = cx.repr(g.qualname.get())?.to_lossy();
    let warned = cx.warn(Exc::RuntimeWarning, &format!("coroutine method '{method}' of {qualname} was never awaited"));
    if warned.is_err() {
        report(cx, g.value(), "while finalizing async generator");
    }
    Ok(Value::NONE)
}
