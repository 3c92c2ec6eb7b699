//! The functions of `sys`.

use super::{hooks, set};
use ferropy_vm::frame::Frame;
use ferropy_vm::types::{Dict, Exception, Function};
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "exc_info()",
        exc_info,
        "Return current exception information: (type, value, traceback).\n\nReturn \
        information about the most recent exception caught by an except\nclause in the current stack frame or in an older \
        stack frame.",
    ),
    NativeDef::function(
        "exception()",
        exception,
        "Return the current exception.\n\nReturn the most recent exception \
        caught by an except clause\nin the current stack frame or in an older stack frame, or None\nif no such clause \
        exists.",
    ),
    NativeDef::function(
        "exit(status=None, /)",
        exit,
        "Exit the interpreter by raising SystemExit(status).\n\nIf the \
        status is omitted or None, it defaults to zero (i.e., success).\nIf the status is an integer, it will be used as \
        the system exit status.\nIf it is another kind of object, it will be printed and the system\nexit status will be \
        one (i.e., failure).",
    ),
    NativeDef::function("_getframe(depth=0, /)", getframe, "Return a frame object from the call stack."),
    NativeDef::function(
        "_getframemodulename(depth=0)",
        getframemodulename,
        "Return the name of the module for a calling \
        frame.",
    ),
    NativeDef::function(
        "_current_frames()",
        current_frames,
        "Return a dict mapping each thread's thread id to its \
        current stack frame.",
    ),
    NativeDef::function(
        "_current_exceptions()",
        current_exceptions,
        "Return a dict mapping each thread's identifier to \
        its current raised exception.",
    ),
    NativeDef::function(
        "intern(string, /)",
        intern,
        "``Intern'' the given string.\n\nThis enters the string in the \
        (global) table of interned strings whose\npurpose is to speed up dictionary lookups. Return the string itself or\n\
        the previously interned string object with the same value.",
    ),
    NativeDef::function("_is_interned(string, /)", is_interned, "Return True if the given string is \"interned\"."),
    NativeDef::function(
        "_is_immortal(op, /)",
        is_immortal,
        "Return True if the given object is \"immortal\" per PEP 683.",
    ),
    NativeDef::function("_is_gil_enabled()", yes, "Return True if the GIL is currently enabled and False otherwise."),
    NativeDef::function(
        "getsizeof(object, default=<unrepresentable>)",
        getsizeof,
        "getsizeof(object [, default]) -> int\n\n\
        Return the size of object in bytes.",
    ),
    NativeDef::function(
        "getrefcount(object, /)",
        getrefcount,
        "Return the reference count of object.\n\nObjects are not \
        counted here: the result is a plausible constant.",
    ),
    NativeDef::function("getallocatedblocks()", zero, "Return the number of memory blocks currently allocated."),
    NativeDef::function(
        "getunicodeinternedsize(*, _only_immortal=False)",
        interned_size,
        "Return the number of elements of \
        the unicode interned dictionary",
    ),
    NativeDef::function("getrecursionlimit()", getrecursionlimit, "Return the current value of the recursion limit."),
    NativeDef::function(
        "setrecursionlimit(limit, /)",
        setrecursionlimit,
        "Set the maximum depth of the Python interpreter \
        stack to n.",
    ),
    NativeDef::function("getswitchinterval()", getswitchinterval, "Return the current thread switch interval."),
    NativeDef::function(
        "setswitchinterval(interval, /)",
        setswitchinterval,
        "Set the ideal thread switching delay inside \
        the Python interpreter.",
    ),
    NativeDef::function(
        "getdefaultencoding()",
        utf8,
        "Return the current default encoding used by the Unicode \
        implementation.",
    ),
    NativeDef::function(
        "getfilesystemencoding()",
        utf8,
        "Return the encoding used to convert Unicode filenames to OS \
        filenames.",
    ),
    NativeDef::function(
        "getfilesystemencodeerrors()",
        surrogateescape,
        "Return the error mode used for Unicode to OS \
        filename conversion.",
    ),
    NativeDef::function(
        "get_int_max_str_digits()",
        get_digits,
        "Return the maximum string digits limit for non-binary \
        int<->str conversions.",
    ),
    NativeDef::function(
        "set_int_max_str_digits(maxdigits)",
        set_digits,
        "Set the maximum string digits limit for \
        non-binary int<->str conversions.",
    ),
    NativeDef::function("is_finalizing()", is_finalizing, "Return True if Python is exiting."),
    NativeDef::function("is_stack_trampoline_active()", no, "Return *True* if a stack profiler trampoline is active."),
    NativeDef::function(
        "is_remote_debug_enabled()",
        no,
        "Return True if remote debugging is enabled, False otherwise.",
    ),
    NativeDef::function("gettrace()", gettrace, "Return the global debug tracing function set with sys.settrace."),
    NativeDef::function("settrace(function, /)", settrace, "Set the global debug tracing function."),
    NativeDef::function("getprofile()", getprofile, "Return the profiling function set with sys.setprofile."),
    NativeDef::function("setprofile(function, /)", setprofile, "Set the profiling function."),
    NativeDef::function(
        "_settraceallthreads(function, /)",
        settrace,
        "Set the global debug tracing function in all \
        running threads belonging to the current interpreter.",
    ),
    NativeDef::function(
        "_setprofileallthreads(function, /)",
        setprofile,
        "Set the profiling function in all running \
        threads belonging to the current interpreter.",
    ),
    NativeDef::function("call_tracing(func, args, /)", call_tracing, "Call func(*args), while tracing is enabled."),
    NativeDef::function("_clear_type_cache()", nothing, "Clear the internal type lookup cache."),
    NativeDef::function("_clear_internal_caches()", nothing, "Clear all internal performance-related caches."),
    NativeDef::function(
        "_clear_type_descriptors(type, /)",
        nothing,
        "Private function for clearing certain descriptors \
        from a type's dictionary",
    ),
    NativeDef::function("_debugmallocstats()", nothing, "Print debug info to stderr about the state of the allocator."),
    NativeDef::function("_get_cpu_count_config()", cpu_count, "Private function for getting PyConfig.cpu_count"),
    NativeDef::function(
        "get_asyncgen_hooks()",
        get_asyncgen_hooks,
        "Return the installed asynchronous generators hooks.",
    ),
    NativeDef::function(
        "set_asyncgen_hooks(firstiter=None, finalizer=None)",
        set_asyncgen_hooks,
        "set_asyncgen_hooks([firstiter] \
        [, finalizer])\n\nSet a finalizer for async generators objects.",
    ),
    NativeDef::function(
        "get_coroutine_origin_tracking_depth()",
        get_origin_depth,
        "Check status of origin tracking for \
        coroutine objects in this thread.",
    ),
    NativeDef::function(
        "set_coroutine_origin_tracking_depth(depth)",
        set_origin_depth,
        "Enable or disable origin tracking \
        for coroutine objects in this thread.",
    ),
    NativeDef::function(
        "getdlopenflags()",
        dlopenflags,
        "Return the current value of the flags that are used for dlopen \
        calls.",
    ),
    NativeDef::function("setdlopenflags(flags, /)", nothing, "Set the flags used by the interpreter for dlopen calls."),
];

/// Makes all functions and hooks of the module.
pub fn install(cx: &mut Thread) -> R<()> {
    let module = cx.intern("sys")?;
    for def in FUNCTIONS {
        let f = cx.native_function(module, def)?;
        set(cx, def.name(), f)?;
    }
    hooks::bind(cx)
}

fn yes(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::TRUE)
}
fn no(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::FALSE)
}
fn nothing(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn zero(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(0))
}
fn cpu_count(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(-1))
}
fn utf8(cx: &mut Thread, _: Args<'_>) -> R {
    cx.intern("utf-8")
}
fn surrogateescape(cx: &mut Thread, _: Args<'_>) -> R {
    cx.intern("surrogateescape")
}
fn dlopenflags(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(libc::RTLD_NOW as i64))
}

/// (type, value, traceback) of an exception object.
pub fn exc_triple(cx: &mut Thread, e: Value) -> [Value; 3] {
    let tb = e.cast::<Exception>().and_then(|x| x.traceback.get().bound()).unwrap_or(Value::NONE);
    [cx.class_of(e).value(), e, tb]
}

fn exc_info(cx: &mut Thread, _: Args<'_>) -> R {
    let e = cx.handled_exception();
    let parts = match e.bound().filter(|e| !e.is_none()) {
        Some(e) => exc_triple(cx, e),
        None => [Value::NONE; 3],
    };
    Ok(cx.new_tuple(&parts)?.value())
}

fn exception(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.handled_exception().bound().unwrap_or(Value::NONE))
}

fn exit(cx: &mut Thread, a: Args<'_>) -> R {
    match a.some(0) {
        None => Err(cx.error_with(Exc::SystemExit, &[])),
        Some(v) => {
            let class = cx.exc_class(Exc::SystemExit).value();
            let e = match v.cast::<ferropy_vm::types::Tuple>() {
                Some(t) => cx.call_ex(class, t, Value::NULL)?,
                None => cx.call(class, &[v])?,
            };
            Err(cx.raise_value(e))
        }
    }
}

/// The frame `depth` levels out from the running one.
pub fn frame_at(cx: &Thread, depth: i64) -> Option<*mut Frame> {
    let top = cx.current_frame()?;
    let depth = usize::try_from(depth.max(0)).ok()?;
    // Record 0 is the sentinel.
    if cx.stacks.depth(top) <= depth {
        return None;
    }
    // SAFETY: within the stack of records.
    Some(unsafe { top.sub(depth) })
}

fn getframe(cx: &mut Thread, a: Args<'_>) -> R {
    let depth = match a.opt(0) {
        Some(d) => cx.index(d)?,
        None => 0,
    };
    match frame_at(cx, depth) {
        Some(f) => Ok(cx.frame_object(f)?.value()),
        None => Err(cx.value_error("call stack is not deep enough")),
    }
}

fn getframemodulename(cx: &mut Thread, a: Args<'_>) -> R {
    let depth = match a.opt(0) {
        Some(d) => cx.index(d)?,
        None => 0,
    };
    let Some(f) = frame_at(cx, depth) else { return Ok(Value::NONE) };
    // SAFETY: a live record.
    let func = unsafe { (*f).func };
    let Some(globals) = func.cast::<Function>().and_then(|f| f.globals.cast::<Dict>()) else { return Ok(Value::NONE) };
    let key = cx.name(N::__name__);
    Ok(cx.dict_get_str(globals, key).unwrap_or(Value::NONE))
}

fn current_frames(cx: &mut Thread, _: Args<'_>) -> R {
    let d = cx.new_dict()?;
    let threads = cx.vm().threads.clone();
    for t in threads {
        // SAFETY: threads leave the list before they are freed, and the interpreter lock is held.
        let (ident, frame) = unsafe { ((*t).ident, (*t).current_frame()) };
        if let Some(f) = frame {
            let key = cx.uint(ident)?;
            let frame = cx.frame_object(f)?.value();
            cx.dict_set(d, key, frame)?;
        }
    }
    Ok(d.value())
}

fn current_exceptions(cx: &mut Thread, _: Args<'_>) -> R {
    let d = cx.new_dict()?;
    let threads = cx.vm().threads.clone();
    for t in threads {
        // SAFETY: as above.
        let (ident, e) = unsafe { ((*t).ident, (*t).handled_exception()) };
        let key = cx.uint(ident)?;
        cx.dict_set(d, key, e.bound().unwrap_or(Value::NONE))?;
    }
    Ok(d.value())
}

fn exact_str(cx: &mut Thread, v: Value, func: &str) -> R<Gc<ferropy_vm::types::Str>> {
    match v.as_str() {
        Some(s) => Ok(s),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("{func}() argument must be str, not {class}")))
        }
    }
}

fn intern(cx: &mut Thread, a: Args<'_>) -> R {
    let s = exact_str(cx, a[0], "intern")?;
    if a[0].shape() != ferropy_vm::Builtin::Str as u32 {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("can't intern {class}")));
    }
    cx.intern_str(s)
}

fn is_interned(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(exact_str(cx, a[0], "_is_interned")?.is_interned()))
}

fn is_immortal(_: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(!a[0].is_ref()))
}

fn getsizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let found = cx.call_special(a[0], N::__sizeof__, &[]);
    let n = match found {
        Ok(Some(v)) => v,
        Ok(None) => cx.int(a[0].as_ref().map_or(8, |r| r.base_size() as i64 + 8))?,
        Err(r) if a.opt(1).is_some() && cx.pending_is(Exc::TypeError) => {
            let _ = r;
            cx.take_pending();
            return Ok(a[1]);
        }
        Err(r) => return Err(r),
    };
    let size = cx.index(n)?;
    if size < 0 {
        return Err(cx.value_error("__sizeof__() should return >= 0"));
    }
    cx.int(size)
}

fn getrefcount(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(2))
}

fn interned_size(cx: &mut Thread, _: Args<'_>) -> R {
    let n = cx.process().interned.len();
    cx.int(n as i64)
}

fn getrecursionlimit(cx: &mut Thread, _: Args<'_>) -> R {
    let n = cx.recursion_limit;
    cx.int(n as i64)
}

fn setrecursionlimit(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    if n < 1 {
        return Err(cx.value_error("recursion limit must be greater or equal than 1"));
    }
    if n > i32::MAX as i64 {
        return Err(cx.overflow_error("Python int too large to convert to C int"));
    }
    let depth = cx.current_frame().map_or(0, |f| cx.stacks.depth(f));
    if depth as i64 >= n {
        return Err(cx.error(
            Exc::RecursionError,
            format!("cannot set the recursion limit to {n} at the recursion depth {depth}: the limit is too low"),
        ));
    }
    cx.set_recursion_limit(n as usize);
    Ok(Value::NONE)
}

fn getswitchinterval(cx: &mut Thread, _: Args<'_>) -> R {
    match cx.registry("sys.switchinterval") {
        Some(v) => Ok(v),
        None => cx.float(0.005),
    }
}

fn setswitchinterval(cx: &mut Thread, a: Args<'_>) -> R {
    let f = cx.to_f64(a[0])?;
    if f <= 0.0 || f.is_nan() {
        return Err(cx.value_error("switch interval must be strictly positive"));
    }
    let v = cx.float(f)?;
    cx.set_registry("sys.switchinterval", v);
    Ok(Value::NONE)
}

fn get_digits(cx: &mut Thread, _: Args<'_>) -> R {
    let n = cx.vm().settings.max_str_digits;
    cx.int(n as i64)
}

fn set_digits(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    if n != 0 && !(640..=i32::MAX as i64).contains(&n) {
        return Err(cx.value_error("maxdigits must be >= 640 or 0 for unlimited"));
    }
    cx.vm_mut().settings.max_str_digits = n as usize;
    Ok(Value::NONE)
}

fn is_finalizing(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::bool(cx.vm().finalizing.get()))
}

// ---- tracing: the functions are kept; the interpreter reports no events to them

fn local(cx: &Thread, key: &'static str) -> Value {
    cx.locals.get(key).copied().unwrap_or(Value::NONE)
}

fn gettrace(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(local(cx, "trace"))
}
fn settrace(cx: &mut Thread, a: Args<'_>) -> R {
    cx.locals.insert("trace", a[0]);
    Ok(Value::NONE)
}
fn getprofile(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(local(cx, "profile"))
}
fn setprofile(cx: &mut Thread, a: Args<'_>) -> R {
    cx.locals.insert("profile", a[0]);
    Ok(Value::NONE)
}

fn call_tracing(cx: &mut Thread, a: Args<'_>) -> R {
    match a[1].cast::<ferropy_vm::types::Tuple>() {
        Some(args) => cx.call_ex(a[0], args, Value::NULL),
        None => Err(cx.type_error("call_tracing() argument 2 must be tuple")),
    }
}

// ---- hooks of asynchronous generators and coroutines

static HOOKS: ferropy_builtins::structseq::StructSeq = ferropy_builtins::structseq::StructSeq::new(
    "sys.asyncgen_hooks",
    &[("firstiter", ""), ("finalizer", "")],
    2,
    "asyncgen_hooks",
)
.sealed();

fn get_asyncgen_hooks(cx: &mut Thread, _: Args<'_>) -> R {
    let hooks = [local(cx, "asyncgen_firstiter"), local(cx, "asyncgen_finalizer")];
    ferropy_builtins::structseq::make(cx, &HOOKS, &hooks)
}

fn set_asyncgen_hooks(cx: &mut Thread, a: Args<'_>) -> R {
    for (i, name) in [(1, "finalizer"), (0, "firstiter")] {
        if let Some(v) = a.some(i)
            && cx.lookup_special(v, N::__call__).is_none()
            && !ferropy_vm::ops::call::is_plain_method(v)
        {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("callable {name} expected, got {class}")));
        }
    }
    for (i, key) in [(0, "asyncgen_firstiter"), (1, "asyncgen_finalizer")] {
        if let Some(v) = a.opt(i) {
            cx.locals.insert(key, v);
        }
    }
    Ok(Value::NONE)
}

fn get_origin_depth(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.locals.get("coroutine_origin_depth").copied().unwrap_or(Value::small_int(0)))
}

fn set_origin_depth(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    if n < 0 {
        return Err(cx.value_error("depth must be >= 0"));
    }
    cx.locals.insert("coroutine_origin_depth", Value::small_int(n));
    Ok(Value::NONE)
}
