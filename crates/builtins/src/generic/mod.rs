//! `list[int]` (types.GenericAlias) and `int | str` (typing.Union).

use ferropy_vm::types::Class;
use ferropy_vm::{Args, Builtin as B, N, NativeDef, R, Thread, Value};

pub mod alias;
mod params;
mod repr;
pub mod union;

pub use alias::new_alias;

/// `__class_getitem__` of native generic classes.
pub fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    new_alias(cx, a[0], a[1])
}

static CLASS_GETITEM: &[NativeDef] =
    &[NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585")];

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let alias = cx.native_class(&alias::TYPE)?;
    cx.compute_hooks(alias);
    cx.set_registry("GenericAlias", alias.value());
    let union = cx.native_class(&union::TYPE)?;
    cx.set_registry("Union", union.value());
    for b in [B::MappingProxy, B::StaticMethod, B::ClassMethod, B::Slice, B::WeakRef] {
        let class = cx.builtin(b);
        cx.add_methods(class, CLASS_GETITEM)?;
    }
    Ok(())
}

/// An attribute by well-known name; None if it is not there.
fn attribute(cx: &mut Thread, v: Value, n: N) -> R<Option<Value>> {
    let key = cx.name(n);
    cx.getattr_opt(v, key)
}

/// The same by any name.
fn attribute_str(cx: &mut Thread, v: Value, name: &str) -> R<Option<Value>> {
    let key = cx.intern(name)?;
    cx.getattr_opt(v, key)
}

fn is_class(v: Value) -> bool {
    v.cast::<Class>().is_some()
}
