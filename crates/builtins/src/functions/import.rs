//! `__import__`: modules that are there at once, everything else by `importlib._bootstrap`.
//!
//! The registry entry [`BOOTSTRAP`] is the module `_frozen_importlib`; before it exists only native modules can be
//! imported.

use ferropy_vm::types::{Dict, Exception, Module, Str, Traceback};
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "__import__(name, globals=None, locals=None, fromlist=(), level=0)",
    import,
    "Import a module.\n\nBecause this function is meant for use by the Python\ninterpreter and not for general use, it \
     is better to use\nimportlib.import_module() to programmatically import a module.",
)];

/// Registry key of `_frozen_importlib`.
pub const BOOTSTRAP: &str = "importlib._bootstrap";

fn import(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(name) = a[0].as_str() else {
        return Err(cx.type_error("module name must be a string"));
    };
    let level = match a.opt(4) {
        Some(l) => cx.index(l)?,
        None => 0,
    };
    if level < 0 {
        return Err(cx.value_error("level must be >= 0"));
    }
    let name = cx.intern_str(name)?;
    let from = match a.some(3) {
        Some(f) if cx.truth(f)? => f,
        _ => Value::NULL,
    };
    if level == 0
        && let Some(m) = ready_module(cx, name)?
    {
        return finish(cx, name, m, from);
    }
    let Some(bootstrap) = cx.registry(BOOTSTRAP) else { return import_native(cx, name) };
    let f = cx.getattr_str(bootstrap, "__import__")?;
    let from = from.bound().unwrap_or(cx.vm().empty_tuple);
    let globals = a.or(1, Value::NONE);
    let level = Value::small_int(level);
    let r = timed(cx, name, |cx| cx.call(f, &[name, globals, Value::NONE, from, level]));
    r.inspect_err(|_| strip_frames(cx))
}

/// The module in `sys.modules`, unless it is missing, None, or another import is making it right now.
fn ready_module(cx: &mut Thread, name: Value) -> R<Option<Value>> {
    let modules = modules(cx)?;
    let found = match modules.cast::<Dict>() {
        Some(d) => cx.dict_get(d, name)?,
        None => {
            let r = cx.getitem(modules, name);
            cx.catch(Exc::KeyError, r)?
        }
    };
    let Some(m) = found.filter(|m| !m.is_none()) else { return Ok(None) };
    let key = cx.name(N::__spec__);
    let spec = match m.cast::<Module>().and_then(|m| m.dict.cast::<Dict>()) {
        Some(d) => cx.dict_get_str(d, key),
        None => cx.getattr_opt(m, key)?,
    };
    let Some(spec) = spec.filter(|s| !s.is_none()) else { return Ok(Some(m)) };
    let key = cx.name(N::_initializing);
    if let Some(v) = cx.getattr_opt(spec, key)?
        && cx.truth(v)?
    {
        return Ok(None);
    }
    Ok(Some(m))
}

/// `sys.modules`, as `sys` has it now.
fn modules(cx: &mut Thread) -> R {
    let key = cx.name(N::modules);
    match cx.vm().sys.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)) {
        Some(v) => Ok(v),
        None => Ok(cx.vm().modules),
    }
}

/// What the import statement wants of an imported module: itself or its top package.
fn finish(cx: &mut Thread, name: Value, module: Value, from: Value) -> R {
    if from.is_null() {
        let Some(text) = name.as_str() else { return Ok(module) };
        let Some(dot) = memchr::memchr(b'.', text.bytes()) else { return Ok(module) };
        let top = text.bytes()[..dot].to_vec();
        let top = cx.intern_wtf8(&top)?;
        if let Some(m) = ready_module(cx, top)? {
            return Ok(m);
        }
        let Some(bootstrap) = cx.registry(BOOTSTRAP) else { return import_native(cx, top) };
        let r = cx.call_method(bootstrap, "_gcd_import", &[top]);
        return r.inspect_err(|_| strip_frames(cx));
    }
    let key = cx.name(N::__path__);
    if cx.getattr_opt(module, key)?.is_none() {
        return Ok(module);
    }
    let Some(bootstrap) = cx.registry(BOOTSTRAP) else { return Ok(module) };
    let gcd = cx.getattr_str(bootstrap, "_gcd_import")?;
    let r = cx.call_method(bootstrap, "_handle_fromlist", &[module, from, gcd]);
    r.inspect_err(|_| strip_frames(cx))
}

/// Imports a native module without importlib.
pub fn import_native(cx: &mut Thread, name: Value) -> R {
    let text = name.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
    let init = cx.vm().module_table.iter().find(|(n, _)| *n == text).map(|(_, init)| *init);
    let Some(init) = init else {
        let r = cx.error(Exc::ModuleNotFoundError, format!("No module named '{text}'"));
        return Err(r);
    };
    let m = init(cx)?;
    let modules = cx.vm().modules;
    // SAFETY: always a dict.
    let modules: Gc<Dict> = unsafe { modules.cast_unchecked() };
    cx.dict_set(modules, name, m)?;
    Ok(m)
}

/// Takes importlib's frames out of the pending exception's traceback: all of them for an ImportError, else only those
/// that end in `_call_with_frames_removed`.
fn strip_frames(cx: &mut Thread) {
    let e = cx.pending;
    let Some(x) = e.cast::<Exception>() else { return };
    let always = cx.pending_is(Exc::ImportError);
    let mut before: Option<Gc<Traceback>> = None;
    let mut at = x.traceback.get();
    let mut chunk: Option<Option<Gc<Traceback>>> = None;
    while let Some(tb) = at.cast::<Traceback>() {
        let next = tb.next.get();
        match frame_names(cx, tb) {
            Some((file, func)) if file.starts_with("<frozen importlib._bootstrap") => {
                let start = *chunk.get_or_insert(before);
                if always || func == "_call_with_frames_removed" {
                    match start {
                        None => x.traceback.set(cx, e, next),
                        Some(b) => b.next.set(cx, b, next),
                    }
                    before = start;
                } else {
                    before = Some(tb);
                }
            }
            _ => {
                chunk = None;
                before = Some(tb);
            }
        }
        at = next;
    }
}

fn frame_names(cx: &Thread, tb: Gc<Traceback>) -> Option<(String, String)> {
    let frame = tb.frame.cast::<ferropy_vm::types::FrameObject>()?;
    let code = cx.frame_code(frame)?;
    Some((code.rust().filename.clone(), code.rust().name.clone()))
}

// ---- -X importtime

static IMPORT_TIME: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

thread_local! {
    /// Depth of imports in progress, and the time spent in those that the current one started, in nanoseconds.
    static TIMES: std::cell::Cell<(usize, u128)> = const { std::cell::Cell::new((0, 0)) };
}

/// Reports the time of every import on the standard error output from now on.
pub fn set_import_time(on: bool) {
    IMPORT_TIME.store(on, std::sync::atomic::Ordering::Relaxed);
    if on {
        eprintln!("import time: self [us] | cumulative | imported package");
    }
}

/// Runs an import and reports its time if that is asked for.
fn timed(cx: &mut Thread, name: Value, run: impl FnOnce(&mut Thread) -> R) -> R {
    if !IMPORT_TIME.load(std::sync::atomic::Ordering::Relaxed) {
        return run(cx);
    }
    let (depth, outer) = TIMES.replace((TIMES.get().0 + 1, 0));
    let start = std::time::Instant::now();
    let r = run(cx);
    let total = start.elapsed().as_nanos();
    let (_, inner) = TIMES.replace((depth, outer + total));
    let text = name.as_str().map_or_else(String::new, |s| s.to_lossy());
    let own = total.saturating_sub(inner);
    eprintln!("import time: {:9} | {:10} | {:indent$}{text}", own / 1000, total / 1000, "", indent = depth * 2);
    r
}
