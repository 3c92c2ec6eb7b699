//! `_testnative`: native functions of every calling convention, for tests of calls.
//!
//! CPython's suite looks for such functions in its `_testcapi`, which is C; what they must do is be native, take
//! parameters of one kind each, and return what reached them.

use crate::sys::traceback_text;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Instance, Traceback};
use ferropy_vm::{Args, Exc, HeapObject, NativeDef, R, Thread, TypeDef, Value};

const MOST_ARGUMENTS: usize = 8;

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "bind_functions(module, /)",
        bind_functions,
        "Give the module functions of every calling convention, with itself as their receiver.",
    ),
    NativeDef::function("raise_memoryerror()", |cx, _| Err(cx.memory_error()), "Raise MemoryError."),
    NativeDef::function(
        "raise_exception(class, count, /)",
        raise_exception,
        "Raise an exception made with as many zeros as arguments.",
    ),
    NativeDef::function(
        "has_inline_values(obj, /)",
        has_inline_values,
        "Tell whether all attributes of an object are kept inside of it.",
    ),
    NativeDef::function(
        "run_in_subinterp(code, /)",
        run_in_subinterp,
        "Run a program in a new interpreter: 0, or -1 if an exception ended it.",
    ),
    NativeDef::function("create_function()", create_function, "Return a new native function with a new receiver."),
    NativeDef::function(
        "traceback_print(traceback, file, /)",
        traceback_print,
        "Write a traceback to a file without help of Python code.",
    ),
];

/// What bound functions and methods are made of, by the constructor for the flavour and the receiver's parameter.
macro_rules! conventions {
    ($make:path, $this:literal, $first:expr) => {
        &[
            $make(concat!("meth_varargs(", $this, "*args)"), |cx, a| pack(cx, a, $first), ""),
            $make(concat!("meth_varargs_keywords(", $this, "*args, **kwargs)"), |cx, a| pack(cx, a, $first), ""),
            $make(concat!("meth_fastcall(", $this, "*args)"), |cx, a| pack(cx, a, $first), ""),
            $make(concat!("meth_fastcall_keywords(", $this, "*args, **kwargs)"), |cx, a| pack(cx, a, $first), ""),
            $make(concat!("meth_o(", $this, "arg, /)"), |cx, a| pack(cx, a, $first), ""),
            $make(concat!("meth_noargs(", $this, ")"), |cx, a| pack(cx, a, $first), ""),
        ]
    };
}

static METHODS: &[NativeDef] = conventions!(NativeDef::method, "self, /, ", 1);
static CLASS_METHODS: &[NativeDef] = conventions!(NativeDef::class_method, "cls, /, ", 1);
static STATIC_METHODS: &[NativeDef] = conventions!(NativeDef::static_method, "", 0);

static INSTANCE: TypeDef =
    TypeDef::new::<Instance>("_testnative.MethInstance", METHODS, "Has methods of every calling convention.")
        .flags(flags::BASE);
static CLASS: TypeDef =
    TypeDef::new::<Instance>("_testnative.MethClass", CLASS_METHODS, "Has class methods of every calling convention.")
        .flags(flags::BASE);
static STATIC: TypeDef = TypeDef::new::<Instance>(
    "_testnative.MethStatic",
    STATIC_METHODS,
    "Has static methods of every calling convention.",
)
.flags(flags::BASE);

/// Registers the module.
pub fn register(cx: &mut Thread) {
    cx.register_module("_testnative", |cx| {
        let module = cx.module_with("_testnative", "Native functions for tests of calls.", FUNCTIONS)?;
        for def in [&INSTANCE, &CLASS, &STATIC] {
            cx.module_class(module, def)?;
        }
        Ok(module.value())
    });
}

/// A tuple of the receiver (None if there is none) and the arguments; the receiver alone if there are none.
fn pack(cx: &mut Thread, a: Args<'_>, first: usize) -> R {
    let this = if first == 1 { a[0] } else { Value::NONE };
    match a.len() - first {
        0 => Ok(this),
        1 => Ok(cx.new_tuple(&[this, a[first]])?.value()),
        _ => Ok(cx.new_tuple(&[this, a[first], a[first + 1]])?.value()),
    }
}

fn bind_functions(cx: &mut Thread, a: Args<'_>) -> R {
    let module_name = cx.getattr_str(a[0], "__name__")?;
    for def in METHODS {
        let plain = cx.native_function(module_name, def)?;
        let bound = cx.bind_first(plain, a[0])?;
        let name = cx.intern(def.name())?;
        cx.setattr(a[0], name, bound)?;
    }
    Ok(Value::NONE)
}

fn create_function(cx: &mut Thread, _a: Args<'_>) -> R {
    let module = cx.intern("_testnative")?;
    let plain = cx.native_function(module, &METHODS[0])?;
    let receiver = cx.new_dict()?.value();
    cx.bind_first(plain, receiver)
}

fn run_in_subinterp(cx: &mut Thread, a: Args<'_>) -> R {
    let text = cx.expect_text(a[0], "run_in_subinterp() argument")?.to_lossy();
    let Some(run) = cx.vm().hooks.run_beside else {
        return Err(cx.runtime_error("this program cannot have more than one interpreter"));
    };
    Ok(Value::small_int(if run(cx, &text)? { 0 } else { -1 }))
}

fn raise_exception(cx: &mut Thread, a: Args<'_>) -> R {
    if !a[0].cast::<Class>().is_some_and(|c| c.has(flags::EXCEPTION)) {
        let shown = cx.repr(a[0])?.to_lossy();
        return Err(cx.error(Exc::SystemError, format!("exception {shown} is not a BaseException subclass")));
    }
    let count = usize::try_from(cx.index(a[1])?).unwrap_or(0).min(MOST_ARGUMENTS);
    let e = cx.call(a[0], &[Value::small_int(0); MOST_ARGUMENTS][..count])?;
    Err(cx.raise_value(e))
}

fn has_inline_values(cx: &mut Thread, a: Args<'_>) -> R {
    let shape = cx.process().shapes.get(a[0].shape());
    let inside = a[0].kind() == Instance::kind() && shape.has_dict && !shape.dict_mode;
    Ok(Value::bool(inside && shape.count <= shape.inline as u32))
}

fn traceback_print(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<Traceback>().is_none() {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("a traceback is expected, not {class}")));
    }
    let text = traceback_text::of_traceback(cx, a[0]);
    let text = cx.new_str(&text)?.value();
    cx.call_method(a[1], "write", &[text])?;
    Ok(Value::NONE)
}
