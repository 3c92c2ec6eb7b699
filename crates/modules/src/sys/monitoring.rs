//! `sys.monitoring`: tools can register; the interpreter reports no events to them.

use super::set;
use ferropy_builtins::namespace;
use ferropy_vm::types::Dict;
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, Value};

const EVENTS: &[(&str, i64)] = &[
    ("PY_START", 1),
    ("PY_RESUME", 2),
    ("PY_RETURN", 4),
    ("PY_YIELD", 8),
    ("CALL", 16),
    ("LINE", 32),
    ("INSTRUCTION", 64),
    ("JUMP", 128),
    ("BRANCH_LEFT", 256),
    ("BRANCH_RIGHT", 512),
    ("STOP_ITERATION", 1024),
    ("RAISE", 2048),
    ("EXCEPTION_HANDLED", 4096),
    ("PY_UNWIND", 8192),
    ("PY_THROW", 16384),
    ("RERAISE", 32768),
    ("C_RETURN", 65536),
    ("C_RAISE", 131072),
    ("BRANCH", 262144),
    ("NO_EVENTS", 0),
];

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("use_tool_id(tool_id, name, /)", use_tool_id, ""),
    NativeDef::function("clear_tool_id(tool_id, /)", clear_tool_id, ""),
    NativeDef::function("free_tool_id(tool_id, /)", free_tool_id, ""),
    NativeDef::function("get_tool(tool_id, /)", get_tool, ""),
    NativeDef::function("register_callback(tool_id, event, func, /)", register_callback, ""),
    NativeDef::function("get_events(tool_id, /)", get_events, ""),
    NativeDef::function("set_events(tool_id, event_set, /)", set_events, ""),
    NativeDef::function("get_local_events(tool_id, code, /)", get_local_events, ""),
    NativeDef::function("set_local_events(tool_id, code, event_set, /)", set_local_events, ""),
    NativeDef::function("restart_events()", restart_events, ""),
    NativeDef::function("_all_events()", all_events, ""),
];

const STATE: &str = "sys.monitoring state";

/// Key: `(tool, what)`; values as set.
fn state(cx: &mut Thread) -> R<Gc<Dict>> {
    match cx.registry(STATE).and_then(|v| v.cast::<Dict>()) {
        Some(d) => Ok(d),
        None => {
            let d = cx.new_dict()?;
            cx.set_registry(STATE, d.value());
            Ok(d)
        }
    }
}

fn tool(cx: &mut Thread, v: Value) -> R<i64> {
    let n = cx.index(v)?;
    if !(0..6).contains(&n) {
        return Err(cx.value_error(format!("invalid tool {n} (must be between 0 and 5)")));
    }
    Ok(n)
}

/// Entry of the state: tool, kind of entry (0 name, 1 events, 2 local events, 3 callback), object.
fn key(cx: &mut Thread, tool: i64, what: i64, of: Value) -> R {
    Ok(cx.new_tuple(&[Value::small_int(tool), Value::small_int(what), of])?.value())
}

fn read(cx: &mut Thread, t: i64, what: i64, of: Value) -> R<Option<Value>> {
    let (d, k) = (state(cx)?, key(cx, t, what, of)?);
    cx.dict_get(d, k)
}

fn write(cx: &mut Thread, t: i64, what: i64, of: Value, v: Value) -> R<()> {
    let (d, k) = (state(cx)?, key(cx, t, what, of)?);
    cx.dict_set(d, k, v)
}

fn check_used(cx: &mut Thread, t: i64) -> R<()> {
    match read(cx, t, 0, Value::NONE)? {
        Some(v) if !v.is_none() => Ok(()),
        _ => Err(cx.value_error(format!("tool {t} is not in use"))),
    }
}

fn use_tool_id(cx: &mut Thread, a: Args<'_>) -> R {
    let t = tool(cx, a[0])?;
    if a[1].as_str().is_none() {
        return Err(cx.value_error("tool name must be a str"));
    }
    if read(cx, t, 0, Value::NONE)?.is_some_and(|v| !v.is_none()) {
        return Err(cx.value_error(format!("tool {t} is already in use")));
    }
    write(cx, t, 0, Value::NONE, a[1])?;
    Ok(Value::NONE)
}

fn clear_tool_id(cx: &mut Thread, a: Args<'_>) -> R {
    let t = tool(cx, a[0])?;
    let name = read(cx, t, 0, Value::NONE)?;
    let d = state(cx)?;
    let mut keys = ferropy_vm::RootedVec::new(cx);
    let mut i = 0;
    while let Some((next, _, k, _)) = d.next_entry(i) {
        i = next;
        let of = k.cast::<ferropy_vm::types::Tuple>().map(|k| k.at(0));
        if of == Some(Value::small_int(t)) {
            keys.push(k);
        }
    }
    for i in 0..keys.len() {
        cx.dict_remove(d, keys[i])?;
    }
    if let Some(name) = name {
        write(cx, t, 0, Value::NONE, name)?;
    }
    Ok(Value::NONE)
}

fn free_tool_id(cx: &mut Thread, a: Args<'_>) -> R {
    clear_tool_id(cx, a)?;
    let t = tool(cx, a[0])?;
    write(cx, t, 0, Value::NONE, Value::NONE)?;
    Ok(Value::NONE)
}

fn get_tool(cx: &mut Thread, a: Args<'_>) -> R {
    let t = tool(cx, a[0])?;
    Ok(read(cx, t, 0, Value::NONE)?.unwrap_or(Value::NONE))
}

fn register_callback(cx: &mut Thread, a: Args<'_>) -> R {
    let (t, event) = (tool(cx, a[0])?, cx.index(a[1])?);
    if event <= 0 || event & (event - 1) != 0 {
        return Err(cx.value_error("The callback can only be set for one event at a time"));
    }
    if event > 1 << 18 {
        return Err(cx.value_error(format!("invalid event {event}")));
    }
    let old = read(cx, t, 3, a[1])?.unwrap_or(Value::NONE);
    write(cx, t, 3, a[1], a[2])?;
    Ok(old)
}

fn event_set(cx: &mut Thread, v: Value) -> R<i64> {
    let n = cx.index(v)?;
    if !(0..1 << 19).contains(&n) {
        return Err(cx.value_error(format!("invalid event set 0x{n:x}")));
    }
    Ok(n)
}

fn get_events(cx: &mut Thread, a: Args<'_>) -> R {
    let t = tool(cx, a[0])?;
    check_used(cx, t)?;
    Ok(read(cx, t, 1, Value::NONE)?.unwrap_or(Value::small_int(0)))
}

fn set_events(cx: &mut Thread, a: Args<'_>) -> R {
    let (t, events) = (tool(cx, a[0])?, event_set(cx, a[1])?);
    check_used(cx, t)?;
    write(cx, t, 1, Value::NONE, Value::small_int(events))?;
    Ok(Value::NONE)
}

fn get_local_events(cx: &mut Thread, a: Args<'_>) -> R {
    let t = tool(cx, a[0])?;
    check_used(cx, t)?;
    Ok(read(cx, t, 2, a[1])?.unwrap_or(Value::small_int(0)))
}

fn set_local_events(cx: &mut Thread, a: Args<'_>) -> R {
    let (t, events) = (tool(cx, a[0])?, event_set(cx, a[2])?);
    check_used(cx, t)?;
    write(cx, t, 2, a[1], Value::small_int(events))?;
    Ok(Value::NONE)
}

fn restart_events(_cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn all_events(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_dict()?.value())
}

pub fn install(cx: &mut Thread) -> R<()> {
    let m = cx.module_with("sys.monitoring", "", FUNCTIONS)?;
    for (name, n) in [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    let object = cx.builtin(B::Object).value();
    for name in ["DISABLE", "MISSING"] {
        let v = cx.call(object, &[])?;
        cx.module_set(m, name, v)?;
    }
    let events = namespace::make(cx, &[])?;
    for (name, n) in EVENTS {
        let key = cx.intern(name)?;
        cx.setattr(events, key, Value::small_int(*n))?;
    }
    cx.module_set(m, "events", events)?;
    set(cx, "monitoring", m.value())?;
    let key = cx.intern("sys.monitoring")?;
    // SAFETY: always a dict.
    let modules: Gc<Dict> = unsafe { cx.vm().modules.cast_unchecked() };
    cx.dict_set_str(modules, key, m.value())
}
