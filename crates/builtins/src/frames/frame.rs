//! Frame objects.

use super::proxy;
use ferropy_vm::ops::generator::state;
use ferropy_vm::types::{CodeObject, FrameObject, Function, Generator, Str};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Thread, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::getter("f_back", get_back, ""),
    NativeDef::getter("f_code", get_code, ""),
    NativeDef::getter("f_globals", get_globals, ""),
    NativeDef::getter("f_builtins", get_builtins, ""),
    NativeDef::getter("f_locals", get_locals, ""),
    NativeDef::getset("f_lineno", get_lineno, set_lineno, ""),
    NativeDef::getter("f_lasti", get_lasti, ""),
    NativeDef::getter("f_generator", get_generator, ""),
    NativeDef::getset("f_trace", get_trace, set_trace, ""),
    NativeDef::getset(
        "f_trace_lines",
        |cx, a| get_flag(cx, a, NO_LINES, false),
        |cx, a| set_flag(cx, a, NO_LINES, false),
        "",
    )
    .as_member(),
    NativeDef::getset(
        "f_trace_opcodes",
        |cx, a| get_flag(cx, a, OPCODES, true),
        |cx, a| set_flag(cx, a, OPCODES, true),
        "",
    ),
    NativeDef::method("clear(self, /)", clear, "Clear all references held by the frame."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
];

/// Bits of `FrameObject::flags`: no line events; opcode events.
const NO_LINES: u32 = 1;
const OPCODES: u32 = 2;

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Frame);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<FrameObject>> {
    v.cast::<FrameObject>().ok_or_else(|| cx.type_error("frame expected"))
}

fn get_back(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    let live = o.live.get();
    if live.is_null() {
        return Ok(o.back.get().bound().unwrap_or(Value::NONE));
    }
    // Below the first Python frame is the sentinel.
    let below = live.wrapping_sub(1);
    if cx.stacks.depth(below) == 0 {
        return Ok(Value::NONE);
    }
    Ok(cx.frame_object(below)?.value())
}

fn get_code(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    Ok(cx.frame_code(o).map_or(Value::NONE, |c| c.value()))
}

fn function(cx: &mut Thread, v: Value) -> R<Option<Gc<Function>>> {
    Ok(this(cx, v)?.func.cast::<Function>())
}

fn get_globals(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(function(cx, a[0])?.map_or(Value::NONE, |f| f.globals.get()))
}
fn get_builtins(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(function(cx, a[0])?.map_or(Value::NONE, |f| f.builtins.get()))
}

fn get_locals(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    match o.locals.get().bound() {
        Some(m) => Ok(m),
        None => proxy::new_proxy(cx, o),
    }
}

fn get_lineno(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    let n = cx.frame_line(o);
    Ok(if n == 0 { Value::NONE } else { Value::small_int(n as i64) })
}

fn set_lineno(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_null() {
        return Err(cx.error(ferropy_vm::Exc::AttributeError, "cannot delete attribute"));
    }
    if !a[1].is_any_int() {
        return Err(cx.value_error("lineno must be an integer"));
    }
    Err(cx.value_error("f_lineno can only be set in a trace function"))
}

fn get_lasti(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    let created =
        o.live.get().is_null() && o.generator.cast::<Generator>().is_some_and(|g| g.state.get() == state::CREATED);
    let n = if created { -1 } else { CodeObject::offset(cx.frame_object_pc(o)) };
    Ok(Value::small_int(n as i64))
}

fn get_generator(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.generator.get().bound().unwrap_or(Value::NONE))
}

fn get_trace(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.trace.get().bound().unwrap_or(Value::NONE))
}

fn set_trace(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    o.trace.set(cx, o, a.some(1).unwrap_or(Value::NULL));
    Ok(Value::NONE)
}

fn get_flag(cx: &mut Thread, a: Args<'_>, bit: u32, on: bool) -> R {
    let set = this(cx, a[0])?.flags.get() & bit != 0;
    Ok(Value::bool(set == on))
}

fn set_flag(cx: &mut Thread, a: Args<'_>, bit: u32, on: bool) -> R {
    let o = this(cx, a[0])?;
    let Some(v) = a[1].as_bool() else { return Err(cx.type_error("attribute value type must be bool")) };
    let f = o.flags.get();
    o.flags.set(if v == on { f | bit } else { f & !bit });
    Ok(Value::NONE)
}

fn clear(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    if !o.live.get().is_null() {
        return Err(cx.runtime_error("cannot clear an executing frame"));
    }
    if let Some(g) = o.generator.cast::<Generator>() {
        match g.state.get() {
            state::SUSPENDED => return Err(cx.runtime_error("cannot clear a suspended frame")),
            state::CREATED => {
                cx.call_special(g.value(), N::__del__, &[])?;
            }
            _ => {}
        }
    }
    for i in 0..o.nregs as usize {
        o.reg(i).set(cx, o, Value::NULL);
    }
    o.extra_locals.set(cx, o, Value::NULL);
    Ok(Value::NONE)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let o = this(cx, a[0])?;
    let code = cx.frame_code(o);
    let text = |v: Value| v.cast::<Str>();
    let file = code.and_then(|c| text(c.filename.get()));
    let file = match file {
        Some(f) => cx.repr(f.value())?.to_lossy(),
        None => "'?'".into(),
    };
    let name = code.and_then(|c| text(c.name.get())).map_or_else(|| "?".into(), |s| s.to_lossy());
    let out = format!("<frame at {:#x}, file {file}, line {}, code {name}>", cx.id(a[0]), cx.frame_line(o));
    Ok(cx.new_str(&out)?.value())
}
