//! `_warnings`: warnings by the filters of the module `warnings`.
//!
//! A warning is *explicit* once its file, line, module and registry are known. Filters are read from `warnings.filters` if
//! that module has been imported, else from the default list made here. Showing is done by `warnings._showwarnmsg`, or
//! written plainly to `sys.stderr` while the module cannot be imported.

use crate::sys::hooks::write_stderr;
use ferropy_builtins::functions::compile::WARN_EXPLICIT;
use ferropy_vm::frame::Frame;
use ferropy_vm::types::{Class, CodeObject, Dict, Function, List, Module, Tuple};
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "warn(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())",
        warn,
        "Issue a warning, or maybe ignore it or raise an exception.\n\n  message\n    Text of the warning message.\n  \
         category\n    The Warning category subclass. Defaults to UserWarning.\n  stacklevel\n    How far up the call \
         stack to make this warning appear. A value of 2 for\n    example attributes the warning to the caller of the \
         code calling warn().\n  source\n    If supplied, the destroyed object which emitted a ResourceWarning\n  \
         skip_file_prefixes\n    An optional tuple of module filename prefixes indicating frames to skip\n    during \
         stacklevel computations for stack frame attribution.",
    ),
    NativeDef::function(
        "warn_explicit(message, category, filename, lineno, module=<unrepresentable>, registry=None, \
         module_globals=None, source=None)",
        warn_explicit,
        "Issue a warning, or maybe ignore it or raise an exception.",
    ),
    NativeDef::function("_filters_mutated_lock_held()", filters_mutated, ""),
    NativeDef::function("_acquire_lock()", lock, ""),
    NativeDef::function("_release_lock()", lock, ""),
];

const FILTERS: &str = "_warnings.filters";
const ONCE: &str = "_warnings._onceregistry";
const VERSION: &str = "_warnings version";

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_warnings", init);
    cx.vm_mut().hooks.warn = Some(hook);
}

fn init(cx: &mut Thread) -> R {
    if let Some(m) = cx.registry("module _warnings") {
        return Ok(m);
    }
    let m = cx.module_with(
        "_warnings",
        "_warnings provides basic warning filtering support.\nIt is a helper module to \
        speed up interpreter start-up.",
        FUNCTIONS,
    )?;
    let filters = default_filters(cx)?;
    cx.set_registry(FILTERS, filters);
    cx.module_set(m, "filters", filters)?;
    let once = cx.new_dict()?.value();
    cx.set_registry(ONCE, once);
    cx.module_set(m, "_onceregistry", once)?;
    let action = cx.intern("default")?;
    cx.module_set(m, "_defaultaction", action)?;
    let key = cx.intern("warn_explicit")?;
    if let Some(d) = m.dict.cast::<Dict>()
        && let Some(f) = cx.dict_get_str(d, key)
    {
        cx.set_registry(WARN_EXPLICIT, f);
    }
    warnings_context(cx, m)?;
    cx.set_registry("module _warnings", m.value());
    Ok(m.value())
}

/// `_warnings_context`, the context variable that `warnings.catch_warnings` may use.
fn warnings_context(cx: &mut Thread, m: Gc<Module>) -> R<()> {
    let known = cx.vm().module_table.iter().any(|(n, _)| *n == "_contextvars");
    if !known {
        return Ok(());
    }
    let key = cx.intern("_contextvars")?;
    let vars = ferropy_builtins::functions::import::import_native(cx, key)?;
    let class = cx.getattr_str(vars, "ContextVar")?;
    let name = cx.intern("warnings_context")?;
    let var = cx.call(class, &[name])?;
    cx.module_set(m, "_warnings_context", var)
}

fn default_filters(cx: &mut Thread) -> R {
    let list = cx.new_list(&[])?;
    let main = cx.name(N::__main__);
    let rows = [
        ("default", Exc::DeprecationWarning, main),
        ("ignore", Exc::DeprecationWarning, Value::NONE),
        ("ignore", Exc::PendingDeprecationWarning, Value::NONE),
        ("ignore", Exc::ImportWarning, Value::NONE),
        ("ignore", Exc::ResourceWarning, Value::NONE),
    ];
    for (action, class, module) in rows {
        let action = cx.intern(action)?;
        let class = cx.exc_class(class).value();
        let row = cx.new_tuple(&[action, Value::NONE, class, module, Value::small_int(0)])?.value();
        cx.list_append(list, row)?;
    }
    Ok(list.value())
}

fn version(cx: &Thread) -> i64 {
    cx.registry(VERSION).and_then(Value::as_int).unwrap_or(0)
}

fn filters_mutated(cx: &mut Thread, _: Args<'_>) -> R {
    let n = version(cx);
    cx.set_registry(VERSION, Value::small_int(n + 1));
    Ok(Value::NONE)
}

/// Only one thread runs at a time, and the filters are changed in one step.
fn lock(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

/// An attribute of the module `warnings`, if that has been imported.
fn of_module(cx: &mut Thread, name: &str) -> R<Option<Value>> {
    let key = cx.intern("warnings")?;
    let Some(modules) = cx.vm().modules.cast::<Dict>() else { return Ok(None) };
    let Some(m) = cx.dict_get(modules, key)? else { return Ok(None) };
    let name = cx.intern(name)?;
    cx.getattr_opt(m, name)
}

// ---- warn

/// The VM's hook.
fn hook(cx: &mut Thread, category: Exc, message: &str) -> R<()> {
    let text = cx.new_str(message)?.value();
    let class = cx.exc_class(category).value();
    do_warn(cx, text, class, 1, Value::NONE, Value::NULL)
}

fn warn(cx: &mut Thread, a: Args<'_>) -> R {
    let base = cx.exc_class(Exc::Warning);
    let category = if cx.is_instance(a[0], base) {
        cx.class_of(a[0]).value()
    } else {
        a.some(1).unwrap_or(cx.exc_class(Exc::UserWarning).value())
    };
    if !category.cast::<Class>().is_some_and(|c| c.is_subclass(base)) {
        let text = match category.cast::<Class>() {
            Some(c) => c.name(),
            None => cx.class_name(category),
        };
        return Err(cx.type_error(format!("category must be a Warning subclass, not '{text}'")));
    }
    let level = match a.opt(2) {
        Some(l) => cx.index(l)?,
        None => 1,
    };
    let prefixes = match a.opt(4) {
        Some(p) if p.cast::<Tuple>().is_none() => {
            let class = cx.class_name(p);
            return Err(cx.type_error(format!("warn() argument 'skip_file_prefixes' must be tuple, not {class}")));
        }
        Some(p) => p,
        None => Value::NULL,
    };
    let level = if prefixes.cast::<Tuple>().is_some_and(|t| t.len > 0) { level.max(2) } else { level };
    do_warn(cx, a[0], category, level, a.or(3, Value::NONE), prefixes)?;
    Ok(Value::NONE)
}

fn frame_file(frame: *mut Frame) -> String {
    // SAFETY: a live record.
    let code = unsafe { (*frame).code };
    code.cast::<CodeObject>().map_or_else(String::new, |c| c.rust().filename.clone())
}

fn is_internal(file: &str, prefixes: Value) -> bool {
    if file.contains("importlib") && file.contains("_bootstrap") {
        return true;
    }
    prefixes
        .cast::<Tuple>()
        .is_some_and(|t| t.items().iter().any(|p| p.as_str().is_some_and(|p| file.as_bytes().starts_with(p.bytes()))))
}

/// The frame that the warning is about; None beyond the outermost.
fn warned_frame(cx: &Thread, level: i64, prefixes: Value) -> Option<*mut Frame> {
    let mut frame = cx.current_frame()?;
    let first = cx.stacks.first_frame();
    // SAFETY: moves within the stack of live records.
    let out = |f: *mut Frame| unsafe { (f.sub(1) > first).then(|| f.sub(1)) };
    let plain = level <= 0 || is_internal(&frame_file(frame), Value::NULL);
    for _ in 1..level {
        frame = out(frame)?;
        while !plain && is_internal(&frame_file(frame), prefixes) {
            frame = out(frame)?;
        }
    }
    Some(frame)
}

fn do_warn(cx: &mut Thread, message: Value, category: Value, level: i64, source: Value, prefixes: Value) -> R<()> {
    let frame = warned_frame(cx, level, prefixes);
    let (globals, filename, lineno) = match frame {
        Some(f) => {
            // SAFETY: a live record.
            let (func, code) = unsafe { ((*f).func, (*f).code) };
            let globals = func.cast::<Function>().and_then(|f| f.globals.cast::<Dict>());
            let code = code.cast::<CodeObject>();
            let line = code.map_or(0, |c| cx.line_of(c, cx.frame_pc(f)));
            (globals, code.map_or(Value::NONE, |c| c.filename.get()), line as i64)
        }
        None => (crate::sys::namespace(cx).into(), cx.intern("<sys>")?, 0),
    };
    let globals = match globals {
        Some(g) => g,
        None => crate::sys::namespace(cx),
    };
    let key = cx.intern("__warningregistry__")?;
    let registry = match cx.dict_get_str(globals, key) {
        Some(r) => r,
        None => {
            let d = cx.new_dict()?.value();
            cx.dict_set_str(globals, key, d)?;
            d
        }
    };
    let key = cx.name(N::__name__);
    let module = match cx.dict_get_str(globals, key) {
        Some(m) if m.as_str().is_some() => m,
        _ => cx.intern("<string>")?,
    };
    explicit(cx, &Warned { message, category, filename, lineno, module, registry, source })
}

fn warn_explicit(cx: &mut Thread, a: Args<'_>) -> R {
    let lineno = cx.index(a[3])?;
    let module = match a.some(4) {
        Some(m) => m,
        None => module_of_file(cx, a[2])?,
    };
    if let Some(g) = a.some(6)
        && g.cast::<Dict>().is_none()
    {
        let class = cx.class_name(g);
        return Err(cx.type_error(format!("module_globals must be a dict, not '{class}'")));
    }
    if let Some(g) = a.some(6) {
        prime_linecache(cx, a[2], g)?;
    }
    let w = Warned {
        message: a[0],
        category: a[1],
        filename: a[2],
        lineno,
        module,
        registry: a.or(5, Value::NONE),
        source: a.or(7, Value::NONE),
    };
    explicit(cx, &w)?;
    Ok(Value::NONE)
}

/// Lets `linecache` find lines through the module's loader.
fn prime_linecache(cx: &mut Thread, filename: Value, globals: Value) -> R<()> {
    let done = (|| -> R {
        let m = cx.import("linecache")?;
        cx.call_method(m, "getlines", &[filename, globals])
    })();
    cx.catch(Exc::Exception, done)?;
    Ok(())
}

fn module_of_file(cx: &mut Thread, filename: Value) -> R {
    let Some(s) = filename.as_str() else { return cx.intern("<unknown>") };
    let name = s.to_lossy();
    if name.is_empty() {
        return cx.intern("<unknown>");
    }
    let name = name.strip_suffix(".py").unwrap_or(&name).to_owned();
    Ok(cx.new_str(&name)?.value())
}

/// A warning whose place is known.
struct Warned {
    message: Value,
    category: Value,
    filename: Value,
    lineno: i64,
    module: Value,
    registry: Value,
    source: Value,
}

/// Has the registry seen the key since the filters changed last? Notes it if `add`.
fn already_warned(cx: &mut Thread, registry: Value, key: Value, add: bool) -> R<bool> {
    let Some(d) = registry.cast::<Dict>() else { return Ok(false) };
    let version_key = cx.name(N::version);
    let now = Value::small_int(version(cx));
    if cx.dict_get_str(d, version_key) != Some(now) {
        cx.dict_clear(d);
        cx.dict_set_str(d, version_key, now)?;
    } else if let Some(v) = cx.dict_get(d, key)? {
        return cx.truth(v);
    }
    if add {
        cx.dict_set(d, key, Value::TRUE)?;
    }
    Ok(false)
}

fn matches(cx: &mut Thread, pattern: Value, text: Value) -> R<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if pattern.as_str().is_some() {
        return cx.eq(pattern, text);
    }
    let m = cx.call_method(pattern, "match", &[text])?;
    Ok(!m.is_none())
}

/// The action of the first filter that applies, else the default one.
fn action(cx: &mut Thread, w: &Warned, text: Value, category: Value) -> R<String> {
    let lists = [context_filters(cx)?, of_module(cx, "filters")?.or(cx.registry(FILTERS))];
    for filters in lists.into_iter().flatten() {
        let Some(list) = filters.cast::<List>() else {
            return Err(cx.value_error("_warnings.filters must be a list"));
        };
        let mut i = 0;
        while let Some(row) = list.get(i) {
            i += 1;
            let Some(row) = row.cast::<Tuple>().filter(|r| r.len == 5) else {
                return Err(cx.value_error(format!("_warnings.filters item {} isn't a 5-tuple", i - 1)));
            };
            let line = cx.index(row.at(4))?;
            if (line == 0 || line == w.lineno)
                && cx.issubclass(category, row.at(2))?
                && matches(cx, row.at(1), text)?
                && matches(cx, row.at(3), w.module)?
            {
                return Ok(cx.str(row.at(0))?.to_lossy());
            }
        }
    }
    match of_module(cx, "defaultaction")? {
        Some(v) => Ok(cx.str(v)?.to_lossy()),
        None => Ok("default".to_owned()),
    }
}

/// Filters of the running context (`-X context_aware_warnings`), if `warnings` keeps any there.
fn context_filters(cx: &mut Thread) -> R<Option<Value>> {
    let Some(f) = of_module(cx, "_get_context")? else { return Ok(None) };
    let context = cx.call(f, &[])?;
    let name = cx.intern("_filters")?;
    Ok(cx.getattr_opt(context, name)?.filter(|v| v.cast::<List>().is_some()))
}

fn explicit(cx: &mut Thread, w: &Warned) -> R<()> {
    if !w.registry.is_none() && w.registry.cast::<Dict>().is_none() {
        return Err(cx.type_error("'registry' must be a dict or None"));
    }
    let base = cx.exc_class(Exc::Warning);
    let (text, category, instance) = if cx.is_instance(w.message, base) {
        (cx.str(w.message)?.value(), cx.class_of(w.message).value(), w.message)
    } else {
        let instance = cx.call(w.category, &[w.message])?;
        (w.message, w.category, instance)
    };
    let line = cx.int(w.lineno)?;
    let key = cx.new_tuple(&[text, category, line])?.value();
    if already_warned(cx, w.registry, key, false)? {
        return Ok(());
    }
    let action = action(cx, w, text, category)?;
    let no_line = cx.new_tuple(&[text, category, Value::small_int(0)])?.value();
    let seen = match action.as_str() {
        "error" => return Err(cx.raise_value(instance)),
        "ignore" => return Ok(()),
        "always" | "all" => false,
        "default" => already_warned(cx, w.registry, key, true)?,
        "module" => already_warned(cx, w.registry, key, true)? || already_warned(cx, w.registry, no_line, true)?,
        "once" => {
            let registry = match of_module(cx, "onceregistry")? {
                Some(r) => r,
                None => cx.registry(ONCE).unwrap_or(Value::NONE),
            };
            let key = cx.new_tuple(&[text, category])?.value();
            already_warned(cx, w.registry, no_line, true)? || already_warned(cx, registry, key, true)?
        }
        other => {
            let text = format!("Unrecognized action ({other}) in warnings.filters");
            return Err(cx.runtime_error(text));
        }
    };
    if seen { Ok(()) } else { show(cx, w, instance, text, category) }
}

fn show(cx: &mut Thread, w: &Warned, instance: Value, text: Value, category: Value) -> R<()> {
    let mut f = of_module(cx, "_showwarnmsg")?;
    if f.is_none() && !cx.vm().finalizing.get() && cx.registry(ferropy_builtins::functions::import::BOOTSTRAP).is_some()
    {
        let m = cx.import("warnings");
        if cx.catch(Exc::ImportError, m)?.is_some() {
            f = of_module(cx, "_showwarnmsg")?;
        }
    }
    let Some(f) = f else {
        let (file, class) =
            (cx.str(w.filename)?.to_lossy(), category.cast::<Class>().map_or(String::new(), |c| c.name()));
        let text = cx.str(text)?.to_lossy();
        write_stderr(cx, &format!("{file}:{}: {class}: {text}\n", w.lineno));
        return Ok(());
    };
    let class = of_module(cx, "WarningMessage")?;
    let Some(class) = class else { return Err(cx.runtime_error("unable to get warnings.WarningMessage")) };
    let line = cx.int(w.lineno)?;
    let message = cx.call(class, &[instance, category, w.filename, line, Value::NONE, Value::NONE, w.source])?;
    cx.call(f, &[message])?;
    Ok(())
}
