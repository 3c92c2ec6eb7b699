//! `gc`: the collector as Python sees it.
//!
//! The collector is generational and moves nothing that somebody could notice; thresholds are kept for programs that set
//! and read them back, but when it runs depends on the memory allocated. Objects of the VM's own (tables behind dicts,
//! arrays behind lists) are looked through.

use ferropy_vm::types::{Dict, Instance, List, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, HeapObject, NativeDef, R, RootedVec, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("enable()", enable, "Enable automatic garbage collection."),
    NativeDef::function("disable()", disable, "Disable automatic garbage collection."),
    NativeDef::function("isenabled()", isenabled, "Returns true if automatic garbage collection is enabled."),
    NativeDef::function("collect(generation=2)", collect, "Run the garbage collector."),
    NativeDef::function("get_count()", get_count, "Return a three-tuple of the current collection counts."),
    NativeDef::function("get_threshold()", get_threshold, "Return the current collection thresholds."),
    NativeDef::function(
        "set_threshold(threshold0, threshold1=<unrepresentable>, threshold2=<unrepresentable>, /)",
        set_threshold,
        "set_threshold(threshold0[, threshold1[, threshold2]])\nSet the collection thresholds (the collection frequency).",
    ),
    NativeDef::function("get_debug()", get_debug, "Get the garbage collection debugging flags."),
    NativeDef::function("set_debug(flags, /)", set_debug, "Set the garbage collection debugging flags."),
    NativeDef::function(
        "get_stats()",
        get_stats,
        "Return a list of dictionaries containing per-generation statistics.",
    ),
    NativeDef::function(
        "get_objects(generation=None)",
        get_objects,
        "Return a list of objects tracked by the collector (excluding the list returned).",
    ),
    NativeDef::function(
        "get_referents(*objs)",
        get_referents,
        "Return the list of objects that are directly referred to by 'objs'.",
    ),
    NativeDef::function(
        "get_referrers(*objs)",
        get_referrers,
        "Return the list of objects that directly refer to any of 'objs'.",
    ),
    NativeDef::function(
        "is_tracked(obj, /)",
        is_tracked,
        "Returns true if the object is tracked by the garbage collector.",
    ),
    NativeDef::function(
        "is_finalized(obj, /)",
        is_finalized,
        "Returns true if the object has been already finalized by the GC.",
    ),
    NativeDef::function(
        "freeze()",
        freeze,
        "Freeze all current tracked objects and ignore them for future collections.",
    ),
    NativeDef::function("unfreeze()", freeze, "Unfreeze all objects in the permanent generation."),
    NativeDef::function(
        "get_freeze_count()",
        get_freeze_count,
        "Return the number of objects in the permanent generation.",
    ),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("gc", init);
}

const STATE: &str = "gc.state";
// Indices into the state list: thresholds, debugging flags, collections asked for.
const DEBUG: usize = 3;
const COLLECTIONS: usize = 4;

fn init(cx: &mut Thread) -> R {
    let m =
        cx.module_with("gc", "This module provides access to the garbage collector for reference cycles.", FUNCTIONS)?;
    for (name, n) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", 32),
        ("DEBUG_LEAK", 38),
    ] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    for name in ["garbage", "callbacks"] {
        let list = cx.new_list(&[])?.value();
        cx.module_set(m, name, list)?;
        if name == "callbacks" {
            cx.set_registry("gc.callbacks", list);
        }
    }
    Ok(m.value())
}

fn state(cx: &mut Thread) -> R<ferropy_vm::Gc<List>> {
    if let Some(list) = cx.registry(STATE).and_then(|v| v.cast::<List>()) {
        return Ok(list);
    }
    let list = cx.new_list(&[2000, 10, 10, 0, 0].map(Value::small_int))?;
    cx.set_registry(STATE, list.value());
    Ok(list)
}

fn enable(cx: &mut Thread, _: Args<'_>) -> R {
    cx.mutator.heap().set_enabled(true);
    Ok(Value::NONE)
}
fn disable(cx: &mut Thread, _: Args<'_>) -> R {
    cx.mutator.heap().set_enabled(false);
    Ok(Value::NONE)
}
fn isenabled(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::bool(cx.mutator.heap().enabled()))
}

/// A full collection with finalisers and weak callbacks, or (generation 0) a minor one. The collector does not count the
/// objects that died: the result is 0, "none known".
fn collect(cx: &mut Thread, a: Args<'_>) -> R {
    let generation = match a.opt(0) {
        Some(v) => cx.index(v)?,
        None => 2,
    };
    if !(0..=2).contains(&generation) {
        return Err(cx.value_error("invalid generation"));
    }
    notify(cx, "start", generation)?;
    if generation == 0 {
        cx.mutator.collect_minor();
        cx.run_finalizers();
    } else {
        // What a finaliser kept alive can die only in the next round.
        for _ in 0..3 {
            cx.collect_all();
            let more = cx.mutator.has_pending();
            cx.run_finalizers();
            if !more {
                break;
            }
        }
    }
    let list = state(cx)?;
    let n = list.get(COLLECTIONS).and_then(|n| n.as_int()).unwrap_or(0);
    list.set(cx, COLLECTIONS, Value::small_int(n + 1));
    notify(cx, "stop", generation)?;
    Ok(Value::small_int(0))
}

/// Calls `gc.callbacks` with (phase, info).
fn notify(cx: &mut Thread, phase: &str, generation: i64) -> R<()> {
    let Some(list) = cx.registry("gc.callbacks").and_then(|l| l.cast::<List>()) else { return Ok(()) };
    if list.is_empty() {
        return Ok(());
    }
    let phase = cx.intern(phase)?;
    let info = cx.new_dict()?;
    for (name, n) in [("generation", generation), ("collected", 0), ("uncollectable", 0)] {
        let key = cx.intern(name)?;
        cx.dict_set_str(info, key, Value::small_int(n))?;
    }
    let mut i = 0;
    while let Some(f) = list.get(i) {
        if cx.call(f, &[phase, info.value()]).is_err() {
            let e = cx.take_pending();
            cx.unraisable(e, "while calling GC callback", f);
        }
        i += 1;
    }
    Ok(())
}

fn get_count(cx: &mut Thread, _: Args<'_>) -> R {
    // Kilobytes in use stand for the count of the youngest generation.
    let used = cx.mutator.heap().used() as i64 >> 10;
    Ok(cx.new_tuple(&[used, 0, 0].map(Value::small_int))?.value())
}

fn get_threshold(cx: &mut Thread, _: Args<'_>) -> R {
    let list = state(cx)?;
    let items = [0, 1, 2].map(|i| list.get(i).unwrap_or(Value::NONE));
    Ok(cx.new_tuple(&items)?.value())
}
fn set_threshold(cx: &mut Thread, a: Args<'_>) -> R {
    let list = state(cx)?;
    for i in 0..3 {
        if let Some(v) = a.opt(i) {
            let n = cx.index(v)?;
            let n = cx.int(n)?;
            list.set(cx, i, n);
        }
    }
    Ok(Value::NONE)
}
fn get_debug(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(state(cx)?.get(DEBUG).unwrap_or(Value::NONE))
}
fn set_debug(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    let n = cx.int(n)?;
    state(cx)?.set(cx, DEBUG, n);
    Ok(Value::NONE)
}

fn get_stats(cx: &mut Thread, _: Args<'_>) -> R {
    let full = state(cx)?.get(COLLECTIONS).unwrap_or(Value::NONE);
    let mut out = RootedVec::new(cx);
    for generation in 0..3 {
        let d = cx.new_dict()?;
        let zero = Value::small_int(0);
        let count = if generation == 2 { full } else { zero };
        for (name, v) in [("collections", count), ("collected", zero), ("uncollectable", zero)] {
            let key = cx.intern(name)?;
            cx.dict_set_str(d, key, v)?;
        }
        out.push(d);
    }
    Ok(cx.new_list(&out)?.value())
}

// ---- who refers to whom

/// A part of some Python object that is not one itself.
fn is_internal(v: Value) -> bool {
    v.shape() == B::Object as u32 && v.kind() != Instance::kind()
}

/// Can it refer to others? Strings cannot, though they have a field.
fn may_refer(v: Value) -> bool {
    let Some(r) = v.as_ref() else { return false };
    let mut any = false;
    ferropy_vm::gc::show_words(r, |_| any = true);
    any && v.kind() != Str::kind()
}

/// Adds what `v` refers to, looking through internal parts. Allocates nothing in the heap.
fn referents(v: Value, out: &mut Vec<Value>) {
    let Some(r) = v.as_ref() else { return };
    let mut todo = vec![r];
    while let Some(r) = todo.pop() {
        ferropy_vm::gc::show_words(r, |w| {
            let v = Value(w);
            match v.as_ref() {
                Some(inner) if is_internal(v) => todo.push(inner),
                Some(_) => out.push(v),
                None => {}
            }
        });
    }
}

fn tracked(cx: &mut Thread) -> RootedVec {
    let mut out = RootedVec::new(cx);
    cx.mutator.collect();
    cx.mutator.heap().each_old(|r| {
        let v = Value(r.addr() as u64);
        if v.shape() != 0 && !is_internal(v) && may_refer(v) {
            out.as_mut_vec().push(v);
        }
    });
    out
}

fn get_objects(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(g) = a.some(0) {
        let g = cx.index(g)?;
        if g >= 3 {
            return Err(
                cx.value_error("generation parameter must be less than the number of available generations (3)")
            );
        }
        if g < 0 {
            return Err(cx.value_error("generation parameter cannot be negative"));
        }
        if g < 2 {
            return Ok(cx.new_list(&[])?.value());
        }
    }
    let all = tracked(cx);
    Ok(cx.new_list(&all)?.value())
}

fn get_referents(cx: &mut Thread, a: Args<'_>) -> R {
    let mut out = RootedVec::new(cx);
    if let Some(t) = a[0].cast::<Tuple>() {
        for v in t.items() {
            referents(*v, out.as_mut_vec());
        }
    }
    Ok(cx.new_list(&out)?.value())
}

fn get_referrers(cx: &mut Thread, a: Args<'_>) -> R {
    let all = tracked(cx);
    let mut out = RootedVec::new(cx);
    let Some(wanted) = a[0].cast::<Tuple>() else { return Ok(Value::NONE) };
    for i in 0..all.len() {
        let mut refs = Vec::new();
        referents(all[i], &mut refs);
        if all[i] != wanted.value() && refs.iter().any(|r| wanted.items().contains(r)) {
            out.push(all[i]);
        }
    }
    Ok(cx.new_list(&out)?.value())
}

fn is_tracked(_: &mut Thread, a: Args<'_>) -> R {
    let empty = a[0].cast::<Dict>().is_some_and(|d| d.is_empty()) && a[0].shape() == B::Dict as u32;
    let empty = empty || a[0].cast::<Tuple>().is_some_and(|t| t.len == 0);
    Ok(Value::bool(!empty && may_refer(a[0])))
}

/// The collector calls a finaliser once and forgets it, so nobody knows.
fn is_finalized(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::FALSE)
}
fn freeze(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn get_freeze_count(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(0))
}
