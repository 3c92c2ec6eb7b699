//! Small modules: `_suggestions`, `_sysconfig`, `_tracemalloc`.

use ferropy_vm::suggest::Search;
use ferropy_vm::types::List;
use ferropy_vm::{Args, Builtin, NativeDef, R, Thread, Value};

static SUGGESTIONS: &[NativeDef] = &[NativeDef::function(
    "_generate_suggestions(candidates, item, /)",
    generate_suggestions,
    "Returns the candidate in candidates that's most similar to item",
)];
static SYSCONFIG: &[NativeDef] = &[NativeDef::function(
    "config_vars()",
    config_vars,
    "Returns a dictionary containing build variables intended to be exposed by sysconfig.",
)];
static TRACEMALLOC: &[NativeDef] = &[
    NativeDef::function("is_tracing()", is_tracing, "Return True if the tracemalloc module is tracing Python memory."),
    NativeDef::function("clear_traces()", clear_traces, "Clear traces of memory blocks allocated by Python."),
    NativeDef::function("_get_traces()", get_traces, "Get traces of all memory blocks allocated by Python."),
    NativeDef::function(
        "_get_object_traceback(obj, /)",
        object_traceback,
        "Get the traceback where obj was allocated.",
    ),
    NativeDef::function("start(nframe=1, /)", trace_start, "Start tracing Python memory allocations."),
    NativeDef::function("stop()", clear_traces, "Stop tracing Python memory allocations."),
    NativeDef::function("get_traceback_limit()", traceback_limit, "Get the maximum number of frames of a traceback."),
    NativeDef::function("get_tracemalloc_memory()", tracer_memory, "Get the memory usage in bytes of the tracer."),
    NativeDef::function("get_traced_memory()", traced_memory, "Get the current size and peak size of traced memory."),
    NativeDef::function("reset_peak()", clear_traces, "Set the peak size of traced memory blocks to the current size."),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_suggestions", |cx| Ok(cx.module_with("_suggestions", "", SUGGESTIONS)?.value()));
    cx.register_module("_sysconfig", |cx| {
        Ok(cx.module_with("_sysconfig", "A helper for the sysconfig module.", SYSCONFIG)?.value())
    });
    cx.register_module("_tracemalloc", |cx| {
        Ok(cx
            .module_with("_tracemalloc", "Debug module to trace memory blocks allocated by Python.", TRACEMALLOC)?
            .value())
    });
}

/// The most candidates.
const MAX_CANDIDATES: usize = 750;

fn generate_suggestions(cx: &mut Thread, a: Args<'_>) -> R {
    let list = a[0].cast::<List>().filter(|_| a[0].shape() == Builtin::List as u32);
    let Some(list) = list else { return Err(cx.type_error("candidates must be a list")) };
    for i in 0..list.len() {
        if list.get(i).is_none_or(|v| v.as_str().is_none()) {
            return Err(cx.type_error("all elements in 'candidates' must be strings"));
        }
    }
    let item = cx.expect_text(a[1], "_generate_suggestions() argument 2")?;
    if list.len() > MAX_CANDIDATES {
        return Ok(Value::NONE);
    }
    let mut search = Search::new(item.bytes());
    let mut best = Value::NONE;
    for i in 0..list.len() {
        let Some((v, s)) = list.get(i).and_then(|v| v.as_str().map(|s| (v, s))) else { continue };
        if search.offer(s.bytes()) {
            best = v;
        }
    }
    Ok(best)
}

fn config_vars(cx: &mut Thread, _: Args<'_>) -> R {
    let d = cx.new_dict()?;
    for name in ["Py_GIL_DISABLED", "Py_DEBUG"] {
        let key = cx.intern(name)?;
        cx.dict_set_str(d, key, Value::small_int(0))?;
    }
    Ok(d.value())
}

// ---- _tracemalloc: allocations are never traced, and every answer says so

fn is_tracing(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::FALSE)
}
fn clear_traces(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn get_traces(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_list(&[])?.value())
}
fn object_traceback(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn trace_start(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.runtime_error("this interpreter cannot trace allocations"))
}
fn traceback_limit(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(1))
}
fn tracer_memory(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(0))
}
fn traced_memory(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_tuple(&[Value::small_int(0), Value::small_int(0)])?.value())
}
