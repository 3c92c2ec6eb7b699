//! `atexit`: functions to call when the interpreter ends.
//!
//! The callbacks are a list of (function, args, kwargs) in the registry; [`run`] calls them last first. The program's end
//! calls it before modules are torn down.

use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{Args, Gc, N, NativeDef, R, Thread, Value};

const KEY: &str = "atexit.callbacks";

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "register(func, /, *args, **kwargs)",
        add,
        "Register a function to be executed upon normal program termination\n\n    func - function to be called at exit\n    \
         args - optional arguments to pass to func\n    kwargs - optional keyword arguments to pass to func\n\n    func is \
         returned to facilitate usage as a decorator.",
    ),
    NativeDef::function(
        "unregister(func, /)",
        unregister,
        "Unregister an exit function which was previously registered.",
    ),
    NativeDef::function("_clear()", clear, "Clear the list of previously registered exit functions."),
    NativeDef::function("_run_exitfuncs()", run_exitfuncs, "Run all registered exit functions."),
    NativeDef::function("_ncallbacks()", ncallbacks, "Return the number of registered exit functions."),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("atexit", init);
}

fn init(cx: &mut Thread) -> R {
    let doc = "allow programmer to define multiple exit functions to be executed\nupon normal program \
               termination.\n\nTwo public functions, register and unregister, are defined.\n";
    Ok(cx.module_with("atexit", doc, FUNCTIONS)?.value())
}

fn callbacks(cx: &mut Thread) -> R<Gc<List>> {
    if let Some(list) = cx.registry(KEY).and_then(|v| v.cast::<List>()) {
        return Ok(list);
    }
    let list = cx.new_list(&[])?;
    cx.set_registry(KEY, list.value());
    Ok(list)
}

fn add(cx: &mut Thread, a: Args<'_>) -> R {
    if cx.lookup_special(a[0], N::__call__).is_none() {
        return Err(cx.type_error("the first argument must be callable"));
    }
    let list = callbacks(cx)?;
    let entry = cx.new_tuple(&[a[0], a[1], a[2]])?.value();
    cx.list_append(list, entry)?;
    Ok(a[0])
}

fn unregister(cx: &mut Thread, a: Args<'_>) -> R {
    let list = callbacks(cx)?;
    let mut kept = ferropy_vm::RootedVec::new(cx);
    let mut i = 0;
    // The comparison may run anything: the list is read by index anew.
    while let Some(entry) = list.get(i) {
        let f = entry.cast::<Tuple>().map_or(Value::NONE, |t| t.at(0));
        if !cx.eq(f, a[0])? {
            kept.push(entry);
        }
        i += 1;
    }
    cx.list_assign(list, &kept)?;
    Ok(Value::NONE)
}

fn clear(cx: &mut Thread, _: Args<'_>) -> R {
    let list = callbacks(cx)?;
    cx.list_assign(list, &[])?;
    Ok(Value::NONE)
}

fn ncallbacks(cx: &mut Thread, _: Args<'_>) -> R {
    let n = callbacks(cx)?.len();
    cx.int(n as i64)
}

fn run_exitfuncs(cx: &mut Thread, _: Args<'_>) -> R {
    run(cx)?;
    Ok(Value::NONE)
}

/// Calls all callbacks, the last one first. Their exceptions are reported, not raised.
pub fn run(cx: &mut Thread) -> R<()> {
    let list = callbacks(cx)?;
    while let Some(entry) = list.len().checked_sub(1).and_then(|last| list.get(last)) {
        list.len.set(list.len() - 1);
        let Some(t) = entry.cast::<Tuple>() else { continue };
        let Some(args) = t.at(1).cast::<Tuple>() else { continue };
        if cx.call_ex(t.at(0), args, t.at(2)).is_err() {
            let e = cx.take_pending();
            cx.unraisable(e, "in atexit callback", t.at(0));
        }
    }
    cx.list_assign(list, &[])?;
    Ok(())
}
