//! The hooks of `sys`: how results, exceptions and unraisable exceptions are shown; `breakpoint`; auditing.
//!
//! Uncaught exceptions are printed by the module `traceback`, as in CPython; where that fails (or is not importable yet)
//! by [`plain_traceback`].

use super::functions::exc_triple;
use super::{get, set};
use ferropy_builtins::functions::output::sys_get;
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::types::{CodeObject, Dict, Exception, FrameObject, Traceback, Tuple};
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "displayhook(object, /)",
        displayhook,
        "Print an object to sys.stdout and also save it in \
        builtins._",
    ),
    NativeDef::function(
        "excepthook(exctype, value, traceback, /)",
        excepthook,
        "Handle an exception by displaying it with \
        a traceback on sys.stderr.",
    ),
    NativeDef::function("unraisablehook(unraisable, /)", unraisablehook, "Handle an unraisable exception."),
    NativeDef::function(
        "breakpointhook(*args, **kwargs)",
        breakpointhook,
        "This hook function is called by built-in \
        breakpoint().",
    ),
    NativeDef::function("audit(event, /, *args)", audit, "Passes the event to any hooks that are attached."),
    NativeDef::function("addaudithook(hook)", addaudithook, "Adds a new audit hook callback."),
];

static BUILTINS: &[NativeDef] = &[NativeDef::function(
    "breakpoint(*args, **kws)",
    breakpoint,
    "Call sys.breakpointhook(*args, **kws).\n\nsys.breakpointhook() must accept whatever arguments are passed.\n\nBy \
     default, this drops you into the pdb debugger.",
)];

static UNRAISABLE: StructSeq = StructSeq::new(
    "sys.UnraisableHookArgs",
    &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("err_msg", "Error message"),
        ("object", "Object causing the exception"),
    ],
    5,
    "UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook.",
)
.sealed();

/// Gives the VM its hook.
pub fn install(cx: &mut Thread) {
    cx.vm_mut().hooks.unraisable = Some(unraisable);
}

/// Binds the functions in `sys`, and `breakpoint` in `builtins`.
pub fn bind(cx: &mut Thread) -> R<()> {
    let module = cx.intern("sys")?;
    for def in FUNCTIONS {
        let f = cx.native_function(module, def)?;
        set(cx, def.name(), f)?;
        if matches!(def.name(), "displayhook" | "excepthook" | "unraisablehook" | "breakpointhook") {
            set(cx, &format!("__{}__", def.name()), f)?;
        }
    }
    let module = cx.intern("builtins")?;
    for def in BUILTINS {
        let (f, key) = (cx.native_function(module, def)?, cx.intern(def.name())?);
        let builtins = ferropy_builtins::functions::namespace(cx);
        cx.dict_set_str(builtins, key, f)?;
    }
    Ok(())
}

fn displayhook(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].is_none() {
        return Ok(Value::NONE);
    }
    let builtins = ferropy_builtins::functions::namespace(cx);
    let key = cx.intern("_")?;
    cx.dict_set_str(builtins, key, Value::NONE)?;
    let Some(out) = get(cx, "stdout")? else { return Err(cx.runtime_error("lost sys.stdout")) };
    if out.is_none() {
        return Err(cx.runtime_error("lost sys.stdout"));
    }
    let text = cx.repr(a[0])?.value();
    let written = cx.call_method(out, "write", &[text]);
    if cx.catch(Exc::UnicodeEncodeError, written)?.is_none() {
        let name = cx.intern("encoding")?;
        let encoding = cx.getattr(out, name)?;
        let errors = cx.intern("backslashreplace")?;
        let bytes = cx.call_method(text, "encode", &[encoding, errors])?;
        let strict = cx.intern("strict")?;
        let safe = cx.call_method(bytes, "decode", &[encoding, strict])?;
        cx.call_method(out, "write", &[safe])?;
    }
    let newline = cx.intern("\n")?;
    cx.call_method(out, "write", &[newline])?;
    cx.dict_set_str(builtins, key, a[0])?;
    Ok(Value::NONE)
}

// ---- exceptions that nobody caught

/// Writes to `sys.stderr`, or descriptor 2 if that does not work.
pub fn write_stderr(cx: &mut Thread, text: &str) {
    let pending = cx.take_pending();
    let done = (|| -> R<bool> {
        let Some(file) = sys_get(cx, "stderr")?.filter(|f| !f.is_none()) else { return Ok(false) };
        let text = cx.new_str(text)?.value();
        cx.call_method(file, "write", &[text])?;
        cx.call_method(file, "flush", &[])?;
        Ok(true)
    })();
    if !matches!(done, Ok(true)) {
        cx.take_pending();
        // Nobody is left to hear of a failure.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }
    cx.pending = pending;
}

fn excepthook(cx: &mut Thread, a: Args<'_>) -> R {
    let value = a[1];
    if let (Some(e), Some(_)) = (value.cast::<Exception>(), a[2].cast::<Traceback>())
        && e.traceback.get().is_null()
    {
        e.traceback.set(cx, value, a[2]);
    }
    show_exception(cx, value);
    Ok(Value::NONE)
}

/// Prints an exception with its traceback on `sys.stderr`.
pub fn show_exception(cx: &mut Thread, e: Value) {
    if matches!(sys_get(cx, "stderr"), Ok(Some(f)) if f.is_none()) {
        return;
    }
    if e.cast::<Exception>().is_none() {
        let class = cx.class_name(e);
        write_stderr(cx, &format!("TypeError: print_exception(): Exception expected for value, {class} found\n"));
        return;
    }
    let printed = (|| -> R {
        let module = cx.import("traceback")?;
        cx.call_method(module, "_print_exception_bltin", &[e])
    })();
    if printed.is_err() {
        cx.take_pending();
        let text = plain_traceback(cx, e);
        write_stderr(cx, &text);
    }
}

/// The traceback as text, without help of Python code except for the message.
pub fn plain_traceback(cx: &mut Thread, e: Value) -> String {
    let mut out = String::new();
    plain_chain(cx, e, &mut out, 0);
    out
}

fn plain_chain(cx: &mut Thread, e: Value, out: &mut String, depth: usize) {
    let Some(x) = e.cast::<Exception>() else { return };
    if depth < 20 {
        let (cause, context) = (x.cause.get(), x.context.get());
        if cause.cast::<Exception>().is_some() {
            plain_chain(cx, cause, out, depth + 1);
            out.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
        } else if context.cast::<Exception>().is_some() && !x.suppress_context.get() {
            plain_chain(cx, context, out, depth + 1);
            out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
    }
    let mut at = x.traceback.cast::<Traceback>();
    if at.is_some() {
        out.push_str("Traceback (most recent call last):\n");
    }
    while let Some(tb) = at {
        if let Some(code) = tb.frame.cast::<FrameObject>().and_then(|f| cx.frame_code(f)) {
            let line = traceback_line(cx, tb, code);
            let rust = code.rust();
            out.push_str(&format!("  File \"{}\", line {line}, in {}\n", rust.filename, rust.name));
        }
        at = tb.next.cast::<Traceback>();
    }
    let class = cx.class_of(e);
    out.push_str(&cx.full_class_name(class));
    let message = cx.str(e).map(|s| s.to_lossy());
    match message {
        Ok(m) if m.is_empty() => {}
        Ok(m) => {
            out.push_str(": ");
            out.push_str(&m);
        }
        Err(_) => {
            cx.take_pending();
            out.push_str(": <exception str() failed>");
        }
    }
    out.push('\n');
}

fn traceback_line(cx: &Thread, tb: Gc<Traceback>, code: Gc<CodeObject>) -> i64 {
    match tb.lineno.get() {
        n if n >= 0 => n as i64,
        _ => cx.line_of(code, tb.pc as usize) as i64,
    }
}

// ---- exceptions that nobody can catch

/// The VM's hook: calls `sys.unraisablehook`.
fn unraisable(cx: &mut Thread, e: Value, place: &str, of: Value) {
    let pending = cx.take_pending();
    let shown = (|| -> R {
        let [class, value, tb] = exc_triple(cx, e);
        let mut message = format!("Exception ignored {place}");
        if let Some(of) = of.bound() {
            let shown = cx.repr(of).map(|s| s.to_lossy());
            let shown = cx.catch(Exc::Exception, shown)?;
            message.push(' ');
            message.push_str(shown.as_deref().unwrap_or("<object repr() failed>"));
        }
        let message = cx.new_str(&message)?.value();
        let args = structseq::make(cx, &UNRAISABLE, &[class, value, tb, message, Value::NONE])?;
        let hook = get(cx, "unraisablehook")?;
        match hook {
            Some(h) if !h.is_none() => cx.call(h, &[args]),
            _ => Ok(Value::NONE),
        }
    })();
    if shown.is_err() {
        let inner = cx.take_pending();
        let text = format!("Exception ignored in sys.unraisablehook:\n{}", plain_traceback(cx, inner));
        write_stderr(cx, &text);
    }
    cx.pending = pending;
}

fn unraisablehook(cx: &mut Thread, a: Args<'_>) -> R {
    let field = |cx: &mut Thread, name: &str| cx.getattr_str(a[0], name);
    let (value, message, object) = (field(cx, "exc_value")?, field(cx, "err_msg")?, field(cx, "object")?);
    let mut head = match message.as_str() {
        Some(m) => m.to_lossy(),
        None => "Exception ignored in".to_owned(),
    };
    if !object.is_none() {
        let text = match cx.repr(object) {
            Ok(r) => r.to_lossy(),
            Err(_) => {
                cx.take_pending();
                "<object repr() failed>".to_owned()
            }
        };
        head = format!("{head}: {text}");
    } else {
        head.push(':');
    }
    write_stderr(cx, &format!("{head}\n"));
    if !value.is_none() {
        show_exception(cx, value);
    }
    Ok(Value::NONE)
}

// ---- breakpoint

fn breakpoint(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(hook) = get(cx, "breakpointhook")? else {
        return Err(cx.runtime_error("lost sys.breakpointhook"));
    };
    // SAFETY: `*args` is a tuple.
    cx.call_ex(hook, unsafe { a[0].cast_unchecked::<Tuple>() }, a[1])
}

fn breakpointhook(cx: &mut Thread, a: Args<'_>) -> R {
    let setting = std::env::var("PYTHONBREAKPOINT").unwrap_or_default();
    let setting = match setting.as_str() {
        "0" => return Ok(Value::NONE),
        "" => "pdb.set_trace",
        other => other,
    };
    let (module, name) = setting.rsplit_once('.').unwrap_or(("builtins", setting));
    let found = match cx.import(module) {
        Ok(m) => cx.getattr_str(m, name),
        Err(_) if cx.pending_is(Exc::ValueError) => {
            // An empty name is no more importable than one of nothing.
            cx.take_pending();
            Err(cx.error(Exc::ImportError, ""))
        }
        Err(r) => Err(r),
    };
    let hook = match found {
        Ok(f) => f,
        Err(r) if cx.pending_is(Exc::ImportError) || cx.pending_is(Exc::AttributeError) => {
            let _ = r;
            cx.take_pending();
            cx.warn(Exc::RuntimeWarning, &format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{setting}\""))?;
            return Ok(Value::NONE);
        }
        Err(r) => return Err(r),
    };
    // SAFETY: `*args` is a tuple.
    cx.call_ex(hook, unsafe { a[0].cast_unchecked::<Tuple>() }, a[1])
}

// ---- auditing

const AUDIT: &str = "sys.audit hooks";

fn addaudithook(cx: &mut Thread, a: Args<'_>) -> R {
    let event = raise_event(cx, "sys.addaudithook", cx.vm().empty_tuple);
    if let Err(r) = event {
        // A hook may refuse another one by an ordinary exception.
        if cx.pending_is(Exc::RuntimeError) {
            cx.take_pending();
            return Ok(Value::NONE);
        }
        return Err(r);
    }
    let list = match cx.registry(AUDIT).and_then(|v| v.cast::<ferropy_vm::types::List>()) {
        Some(l) => l,
        None => {
            let l = cx.new_list(&[])?;
            cx.set_registry(AUDIT, l.value());
            l
        }
    };
    cx.list_append(list, a[0])?;
    Ok(Value::NONE)
}

fn raise_event(cx: &mut Thread, event: &str, args: Value) -> R<()> {
    let Some(list) = cx.registry(AUDIT).and_then(|v| v.cast::<ferropy_vm::types::List>()) else { return Ok(()) };
    let event = cx.new_str(event)?.value();
    let mut i = 0;
    while let Some(hook) = list.get(i) {
        cx.call(hook, &[event, args])?;
        i += 1;
    }
    Ok(())
}

fn audit(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(event) = a[0].as_str() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("expected str for argument 'event', not {class}")));
    };
    raise_event(cx, &event.to_lossy(), a[1])?;
    Ok(Value::NONE)
}

/// The namespace that a name is looked up in by `-i` and the REPL: `__main__`'s.
pub fn main_dict(cx: &mut Thread) -> R<Option<Gc<Dict>>> {
    let key = cx.name(N::__main__);
    let modules = cx.vm().modules.cast::<Dict>();
    let main = match modules {
        Some(d) => cx.dict_get(d, key)?,
        None => None,
    };
    Ok(main.and_then(|m| m.cast::<ferropy_vm::types::Module>()).and_then(|m| m.dict.cast()))
}
