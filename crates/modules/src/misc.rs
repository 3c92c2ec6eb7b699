//! Small modules: `_suggestions`, `_sysconfig`, `_tracemalloc`.

use ferropy_vm::types::List;
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

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

/// Longest name that is looked at, and the most candidates.
const MAX_LEN: usize = 40;
const MAX_CANDIDATES: usize = 750;
const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;

fn generate_suggestions(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(list) = a[0].cast::<List>() else { return Err(cx.type_error("candidates must be a list")) };
    for i in 0..list.len() {
        if list.get(i).is_none_or(|v| v.as_str().is_none()) {
            return Err(cx.type_error("all elements in 'candidates' must be strings"));
        }
    }
    let item = cx.expect_text(a[1], "_generate_suggestions() argument 2")?;
    if list.len() > MAX_CANDIDATES {
        return Ok(Value::NONE);
    }
    let mut best: Option<(usize, Value)> = None;
    for i in 0..list.len() {
        let Some((v, s)) = list.get(i).and_then(|v| v.as_str().map(|s| (v, s))) else { continue };
        if s.bytes() == item.bytes() {
            continue;
        }
        // At most a third of the letters may be wrong.
        let limit = (item.bytes().len() + s.bytes().len() + 3) * MOVE_COST / 6;
        let limit = best.map_or(limit, |b| limit.min(b.0.saturating_sub(1)));
        let distance = edit_cost(item.bytes(), s.bytes());
        if distance <= limit {
            best = Some((distance, v));
        }
    }
    Ok(best.map_or(Value::NONE, |b| b.1))
}

/// Weighted edit distance: a change of case costs less than another letter.
fn edit_cost(a: &[u8], b: &[u8]) -> usize {
    if a.len() > MAX_LEN || b.len() > MAX_LEN {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j * MOVE_COST).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * MOVE_COST;
        for (j, y) in b.iter().enumerate() {
            let change = match (x, y) {
                _ if x == y => 0,
                _ if x.eq_ignore_ascii_case(y) => CASE_COST,
                _ => MOVE_COST,
            };
            let cost = (diagonal + change).min(row[j] + MOVE_COST).min(row[j + 1] + MOVE_COST);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()]
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
