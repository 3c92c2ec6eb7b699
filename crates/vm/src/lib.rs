//! Values, object types, the meaning of every operation, interpreter, frames, exceptions.
//!
//! Start with `value` (the tagged word), `types` (layouts), `thread` (state by lifetime), `native` (how native functions
//! are defined), `machine` and `handlers` (what each instruction means), `ops` (the operations as native code calls them).

// Names like `key` are variants of `N`: matching on them unqualified is not meant to happen, binding them is.
#![allow(bindings_with_variant_name)]

mod attr_cache;
pub mod beside;
pub mod buffer;
mod by_kind;
pub mod class;
pub mod dict;
pub mod exc;
pub mod frame;
pub mod gil;
pub mod handlers;
pub mod interp;
pub mod load;
pub mod machine;
pub mod make;
pub mod module;
pub mod names;
pub mod native;
pub mod object;
pub mod ops;
pub mod shape;
pub mod suggest;
pub mod thread;
pub mod trace;
pub mod types;
pub mod value;

pub use buffer::Buffer;
pub use class::{Builtin, TypeDef};
pub use exc::{Exc, Raised};
pub use ferropy_gc as gc;
pub use make::{field, null_field};
pub use names::N;
pub use native::{Args, Effects, Flavour, NativeDef, NativeImpl};
pub use object::{Field, Gc, HeapObject};
pub use ops::generator::Resumed;
pub use ops::{BinOp, CmpOp, UnaryOp};
pub use thread::{Interpreter, Process, Settings, Thread, interrupt};
pub use types::RootedVec;
pub use value::Value;

/// Outcome of an operation that may raise; the exception is in the thread.
pub type R<T = Value> = Result<T, Raised>;

/// Payload size of a kind of fixed size; the fixed part for others.
pub fn object_size(kind: u8) -> usize {
    ferropy_gc::fixed_size(kind)
}
