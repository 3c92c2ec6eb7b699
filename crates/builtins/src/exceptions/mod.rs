//! The built-in exception classes: methods, attributes, and the names in `builtins`.
//!
//! Terms. The *data* of an exception is the array behind [`Exception::data`] with the fields that only its class has
//! (`OSError.errno`, `StopIteration.value`); a field is known by its index there, and reads as None while unbound.
//!
//! Invariant: all exceptions have the same layout, so every method accepts any exception whatever its class.

mod base;
mod group;
mod os;
mod simple;
mod syntax;
mod unicode;

use ferropy_vm::class::flags;
use ferropy_vm::exc::EXCEPTIONS;
use ferropy_vm::suggest;
use ferropy_vm::types::{Array, Class, Dict, Exception, Tuple};
use ferropy_vm::{Args, Builtin, Exc, Gc, N, NativeDef, R, Raised, Thread, Value};

/// Adds the exception classes to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let Some(builtins) = cx.vm().builtins.cast::<Dict>() else { return Ok(()) };
    for (i, (name, _)) in EXCEPTIONS.iter().enumerate() {
        let class = cx.vm().exc_classes[i];
        let key = cx.intern(name)?;
        cx.dict_set_str(builtins, key, class.value())?;
        if let Some((_, doc)) = DOCS.iter().find(|d| d.0 == *name) {
            let doc = cx.new_str(doc)?.value();
            cx.dict_set_str(class.dict(), cx.name(N::__doc__), doc)?;
        }
    }
    let os_error = cx.exc_class(Exc::OSError).value();
    for alias in ["EnvironmentError", "IOError"] {
        let key = cx.intern(alias)?;
        cx.dict_set_str(builtins, key, os_error)?;
    }
    base::install(cx)?;
    simple::install(cx)?;
    os::install(cx)?;
    syntax::install(cx)?;
    unicode::install(cx)?;
    group::install(cx)
}

fn add(cx: &mut Thread, e: Exc, defs: &'static [NativeDef]) -> R<()> {
    let class = cx.exc_class(e);
    cx.add_methods(class, defs)
}

/// The exception in a method's first argument.
fn this(cx: &mut Thread, v: Value) -> R<Gc<Exception>> {
    match v.cast::<Exception>() {
        Some(e) => Ok(e),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("an exception is required, got '{got}'")))
        }
    }
}

/// `args` as a tuple: never unbound.
fn args_of(cx: &Thread, e: Gc<Exception>) -> Gc<Tuple> {
    e.args.cast::<Tuple>().unwrap_or_else(|| {
        // SAFETY: the constant is a tuple.
        unsafe { cx.vm().empty_tuple.cast_unchecked() }
    })
}

/// Field `i` of the data, unbound if it was never set.
fn data(e: Gc<Exception>, i: usize) -> Value {
    match e.data.cast::<Array>() {
        Some(d) if i < d.capacity() => d.field(i).get(),
        _ => Value::NULL,
    }
}

fn set_data(cx: &mut Thread, e: Gc<Exception>, i: usize, v: Value) -> R<()> {
    let array = reserve(cx, e, i + 1)?;
    array.field(i).set(cx, array, v);
    Ok(())
}

/// Makes room for `n` fields.
fn reserve(cx: &mut Thread, e: Gc<Exception>, n: usize) -> R<Gc<Array>> {
    let old = e.data.cast::<Array>();
    if let Some(d) = old
        && n <= d.capacity()
    {
        return Ok(d);
    }
    let new = cx.new_array(n)?;
    if let Some(old) = old {
        for i in 0..old.capacity() {
            new.field(i).init(old.field(i).get());
        }
    }
    e.data.set(cx, e, new);
    Ok(new)
}

/// A getter of field I.
fn get_field<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    Ok(data(e, I).bound().unwrap_or(Value::NONE))
}

/// Its setter; deleting makes it None.
fn set_field<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    set_data(cx, e, I, a.or(1, Value::NULL))?;
    Ok(Value::NONE)
}

/// Parameters of an `__init__(self, /, *args, **kwargs)`.
fn init_args(a: Args<'_>) -> (Gc<Tuple>, Gc<Dict>) {
    // SAFETY: the binder made a tuple and a dict.
    unsafe { (a[1].cast_unchecked(), a[2].cast_unchecked()) }
}

/// `ValueError takes no keyword arguments`.
fn no_keywords(cx: &mut Thread, class: &str, kw: Gc<Dict>) -> R<()> {
    if kw.is_empty() {
        return Ok(());
    }
    Err(cx.type_error(format!("{class}() takes no keyword arguments")))
}

/// Values of the allowed keyword arguments, unbound where not given; TypeError for others.
fn keywords<const COUNT: usize>(
    cx: &mut Thread,
    function: &str,
    kw: Gc<Dict>,
    names: [&str; COUNT],
) -> R<[Value; COUNT]> {
    let mut out = [Value::NULL; COUNT];
    if kw.len() > COUNT {
        let (s, given) = (if COUNT == 1 { "" } else { "s" }, kw.len());
        return Err(cx.type_error(format!("{function}() takes at most {COUNT} keyword argument{s} ({given} given)")));
    }
    let mut i = 0;
    while let Some((next, _, k, v)) = kw.next_entry(i) {
        let text = cx.str(k)?;
        match names.iter().position(|n| n.as_bytes() == text.bytes()) {
            Some(at) => out[at] = v,
            None => {
                let text = text.to_lossy();
                let hint = suggest::hint(&text, names);
                return Err(cx.type_error(format!("{function}() got an unexpected keyword argument '{text}'{hint}")));
            }
        }
        i = next;
    }
    Ok(out)
}

/// The class argument of a `__new__`.
fn class_arg(cx: &mut Thread, v: Value, base: &str) -> R<Gc<Class>> {
    match v.cast::<Class>() {
        Some(c) if c.has(flags::EXCEPTION) => Ok(c),
        Some(c) => {
            let name = c.name();
            Err(cx.type_error(format!("{base}.__new__({name}): {name} is not a subtype of {base}")))
        }
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("{base}.__new__(X): X is not a type object ({got})")))
        }
    }
}

/// An exception object with `args`, its `__init__` not called.
fn allocate(cx: &mut Thread, class: Gc<Class>, args: Value) -> R<Gc<Exception>> {
    let v = cx.alloc_instance(class)?;
    // SAFETY: instances of exception classes have this layout.
    let e = unsafe { v.cast_unchecked::<Exception>() };
    e.args.set(cx, e, args);
    Ok(e)
}

/// A tuple `(type(e), args)` or `(type(e), args, state)`.
fn reduced(cx: &mut Thread, e: Gc<Exception>, args: Value, state: Option<Value>) -> R {
    let class = cx.class_of(e.value()).value();
    Ok(match state {
        Some(s) => cx.new_tuple(&[class, args, s])?.value(),
        None => cx.new_tuple(&[class, args])?.value(),
    })
}

/// The instance's `__dict__` if there is anything in it.
fn state_of(cx: &mut Thread, e: Gc<Exception>) -> R<Option<Gc<Dict>>> {
    let d = cx.instance_dict(e.value())?;
    Ok(d.cast::<Dict>().filter(|d| !d.is_empty()))
}

fn deleted(cx: &mut Thread, name: &str) -> Raised {
    cx.type_error(format!("{name} may not be deleted"))
}

fn is_traceback(v: Value) -> bool {
    v.shape() == Builtin::Traceback as u32
}

static DOCS: &[(&str, &str)] = &[
    ("BaseException", "Common base class for all exceptions."),
    ("Exception", "Common base class for all non-exit exceptions."),
    ("BaseExceptionGroup", "A combination of multiple unrelated exceptions."),
    ("GeneratorExit", "Request that a generator exit."),
    ("KeyboardInterrupt", "Program interrupted by user."),
    ("SystemExit", "Request to exit from the interpreter."),
    ("ArithmeticError", "Base class for arithmetic errors."),
    ("FloatingPointError", "Floating-point operation failed."),
    ("OverflowError", "Result too large to be represented."),
    ("ZeroDivisionError", "Second argument to a division or modulo operation was zero."),
    ("AssertionError", "Assertion failed."),
    ("AttributeError", "Attribute not found."),
    ("BufferError", "Buffer error."),
    ("EOFError", "Read beyond end of file."),
    ("ImportError", "Import can't find module, or can't find name in module."),
    ("ModuleNotFoundError", "Module not found."),
    ("LookupError", "Base class for lookup errors."),
    ("IndexError", "Sequence index out of range."),
    ("KeyError", "Mapping key not found."),
    ("MemoryError", "Out of memory."),
    ("NameError", "Name not found globally."),
    ("UnboundLocalError", "Local name referenced but not bound to a value."),
    ("OSError", "Base class for I/O related errors."),
    ("BlockingIOError", "I/O operation would block."),
    ("ChildProcessError", "Child process error."),
    ("ConnectionError", "Connection error."),
    ("BrokenPipeError", "Broken pipe."),
    ("ConnectionAbortedError", "Connection aborted."),
    ("ConnectionRefusedError", "Connection refused."),
    ("ConnectionResetError", "Connection reset."),
    ("FileExistsError", "File already exists."),
    ("FileNotFoundError", "File not found."),
    ("InterruptedError", "Interrupted by signal."),
    ("IsADirectoryError", "Operation doesn't work on directories."),
    ("NotADirectoryError", "Operation only works on directories."),
    ("PermissionError", "Not enough permissions."),
    ("ProcessLookupError", "Process not found."),
    ("TimeoutError", "Timeout expired."),
    ("ReferenceError", "Weak ref proxy used after referent went away."),
    ("RuntimeError", "Unspecified run-time error."),
    ("NotImplementedError", "Method or function hasn't been implemented yet."),
    ("PythonFinalizationError", "Operation blocked during Python finalization."),
    ("RecursionError", "Recursion limit exceeded."),
    ("StopAsyncIteration", "Signal the end from iterator.__anext__()."),
    ("StopIteration", "Signal the end from iterator.__next__()."),
    ("SyntaxError", "Invalid syntax."),
    ("IndentationError", "Improper indentation."),
    ("_IncompleteInputError", "incomplete input."),
    ("TabError", "Improper mixture of spaces and tabs."),
    (
        "SystemError",
        "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the \
         traceback,\nthe Python version, and the hardware/OS platform and version.",
    ),
    ("TypeError", "Inappropriate argument type."),
    ("ValueError", "Inappropriate argument value (of correct type)."),
    ("UnicodeError", "Unicode related error."),
    ("UnicodeDecodeError", "Unicode decoding error."),
    ("UnicodeEncodeError", "Unicode encoding error."),
    ("UnicodeTranslateError", "Unicode translation error."),
    ("Warning", "Base class for warning categories."),
    (
        "BytesWarning",
        "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from \
                      str or comparing to str.",
    ),
    ("DeprecationWarning", "Base class for warnings about deprecated features."),
    ("EncodingWarning", "Base class for warnings about encodings."),
    ("FutureWarning", "Base class for warnings about constructs that will change semantically\nin the future."),
    ("ImportWarning", "Base class for warnings about probable mistakes in module imports."),
    ("PendingDeprecationWarning", "Base class for warnings about features which will be deprecated\nin the future."),
    ("ResourceWarning", "Base class for warnings about resource usage."),
    ("RuntimeWarning", "Base class for warnings about dubious runtime behavior."),
    ("SyntaxWarning", "Base class for warnings about dubious syntax."),
    (
        "UnicodeWarning",
        "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.",
    ),
    ("UserWarning", "Base class for warnings generated by user code."),
];
