//! The functions and names of the module `builtins`.
//!
//! Classes that the VM made at start-up are bound here by name; classes of other files bind themselves.

pub mod attributes;
pub mod build_class;
pub mod compile;
pub mod import;
mod iteration;
mod numbers;
pub mod output;
pub mod scopes;
pub mod source;

use ferropy_vm::exc::EXCEPTIONS;
use ferropy_vm::types::Dict;
use ferropy_vm::{Builtin as B, Gc, NativeDef, R, Thread, Value};

/// Classes that are public names of `builtins`.
const CLASSES: &[B] = &[
    B::Object,
    B::Type,
    B::Int,
    B::Float,
    B::Complex,
    B::Bool,
    B::Str,
    B::Bytes,
    B::ByteArray,
    B::Tuple,
    B::List,
    B::Dict,
    B::Set,
    B::FrozenSet,
    B::Range,
    B::Slice,
    B::Property,
    B::StaticMethod,
    B::ClassMethod,
    B::Super,
    B::Reversed,
];

const DOC: &str = "Built-in functions, types, exceptions, and other objects.\n\nThis module provides direct access to \
all 'built-in'\nidentifiers of Python; for example, builtins.len is\nthe full name for the built-in function len().\n\n\
This module is not normally accessed explicitly by most\napplications, but can be useful in modules that provide\n\
objects with the same name as a builtin and in which the\nbuilt-in of that name is also needed.";

/// The namespace of `builtins`.
pub fn namespace(cx: &Thread) -> Gc<Dict> {
    // SAFETY: always a dict.
    unsafe { cx.vm().builtins.cast_unchecked::<Dict>() }
}

fn bind(cx: &mut Thread, name: &str, v: Value) -> R<()> {
    let key = cx.intern(name)?;
    let dict = namespace(cx);
    cx.dict_set_str(dict, key, v)
}

fn bind_functions(cx: &mut Thread, defs: &'static [NativeDef]) -> R<()> {
    let module = cx.intern("builtins")?;
    for def in defs {
        let f = cx.native_function(module, def)?;
        bind(cx, def.name(), f)?;
    }
    Ok(())
}

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let name = cx.intern("builtins")?;
    bind(cx, "__name__", name)?;
    let doc = cx.new_str(DOC)?.value();
    bind(cx, "__doc__", doc)?;
    let package = cx.intern("")?;
    bind(cx, "__package__", package)?;
    for table in [
        output::FUNCTIONS,
        attributes::FUNCTIONS,
        iteration::FUNCTIONS,
        numbers::FUNCTIONS,
        scopes::FUNCTIONS,
        compile::FUNCTIONS,
        build_class::FUNCTIONS,
        import::FUNCTIONS,
    ] {
        bind_functions(cx, table)?;
    }
    for b in CLASSES {
        let class = cx.builtin(*b);
        bind(cx, &class.name(), class.value())?;
    }
    for (i, (name, _)) in EXCEPTIONS.iter().enumerate() {
        let class = cx.vm().exc_classes[i].value();
        bind(cx, name, class)?;
    }
    let os_error = cx.exc_class(ferropy_vm::Exc::OSError).value();
    bind(cx, "EnvironmentError", os_error)?;
    bind(cx, "IOError", os_error)?;
    bind(cx, "None", Value::NONE)?;
    bind(cx, "True", Value::TRUE)?;
    bind(cx, "False", Value::FALSE)?;
    bind(cx, "Ellipsis", Value::ELLIPSIS)?;
    bind(cx, "NotImplemented", Value::NOT_IMPLEMENTED)?;
    let debug = cx.vm().settings.optimize == 0;
    bind(cx, "__debug__", Value::bool(debug))
}
