//! The methods of the built-in types and the functions of the module builtins.
//!
//! A file a type or family of types; each has an `install` that fills the classes which the VM made at start-up.

pub mod bytes;
pub mod class_docs;
pub mod complex_;
pub mod descriptors;
pub mod dict;
pub mod exceptions;
pub mod float;
pub mod frames;
pub mod function;
pub mod functions;
mod functions_support;
pub mod generators;
pub mod generic;
pub mod int;
pub mod iterators;
pub mod list;
pub mod memoryview;
pub mod namespace;
pub mod object;
pub mod range_slice;
pub mod set;
pub mod str_;
pub mod structseq;
pub mod tuple;
pub mod type_;

use ferropy_vm::{R, Thread};

/// Fills all built-in classes and the namespace of `builtins`.
pub fn install(cx: &mut Thread) -> R<()> {
    object::install(cx)?;
    type_::install(cx)?;
    function::install(cx)?;
    descriptors::install(cx)?;
    exceptions::install(cx)?;
    frames::install(cx)?;
    generators::install(cx)?;
    int::install(cx)?;
    float::install(cx)?;
    complex_::install(cx)?;
    str_::install(cx)?;
    bytes::install(cx)?;
    memoryview::install(cx)?;
    list::install(cx)?;
    tuple::install(cx)?;
    dict::install(cx)?;
    set::install(cx)?;
    range_slice::install(cx)?;
    iterators::install(cx)?;
    functions::install(cx)?;
    class_docs::install(cx)?;
    Ok(())
}
