//! Attributes of views, and the method table.

use super::{access, compare, make, release, this, view_arg};
use ferropy_vm::{Args, NativeDef, R, RootedVec, Thread, Value};

fn obj(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.obj.get())
}
fn nbytes(cx: &mut Thread, a: Args<'_>) -> R {
    let n = view_arg(cx, a)?.nbytes();
    cx.int(n as i64)
}
fn readonly(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.readonly))
}
fn itemsize(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.itemsize;
    cx.int(n as i64)
}
fn format(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.format.get())
}
fn ndim(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?.ndim;
    cx.int(n as i64)
}
fn ints(cx: &mut Thread, items: &[i64]) -> R {
    let mut out = RootedVec::new(cx);
    for n in items {
        out.push(cx.int(*n)?);
    }
    Ok(cx.new_tuple(&out)?.value())
}
fn shape(cx: &mut Thread, a: Args<'_>) -> R {
    let shape: Vec<i64> = view_arg(cx, a)?.shape.iter().map(|n| *n as i64).collect();
    ints(cx, &shape)
}
fn strides(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    ints(cx, &view.strides)
}
fn suboffsets(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(cx.vm().empty_tuple)
}
fn c_contiguous(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(view_arg(cx, a)?.is_c_contiguous()))
}
fn f_contiguous(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(view_arg(cx, a)?.is_f_contiguous()))
}
fn contiguous(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    Ok(Value::bool(view.is_c_contiguous() || view.is_f_contiguous()))
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let released = a[0].cast::<super::MemoryView>().is_some_and(|m| m.released.get());
    let id = cx.id(a[0]);
    let what = if released { "<released memory at" } else { "<memory at" };
    Ok(cx.new_str(&format!("{what} {id:#x}>"))?.value())
}

fn release_method(cx: &mut Thread, a: Args<'_>) -> R {
    release(cx, a[0])
}
fn enter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(a[0])
}
fn buffer(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = cx.index(a[1])?;
    make::from_flags(cx, a[0], flags)
}
fn release_buffer(cx: &mut Thread, a: Args<'_>) -> R {
    release(cx, a[1])
}
fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    match cx.registry("GenericAlias") {
        Some(f) => cx.call(f, &[a[0], a[1]]),
        None => Ok(a[0]),
    }
}

pub static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, object)", make::new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", compare::hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", compare::eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", compare::ne, "Return self!=value."),
    NativeDef::method("__iter__(self, /)", access::iter, "Implement iter(self)."),
    NativeDef::method(
        "__buffer__(self, flags, /)",
        buffer,
        "Return a buffer object that exposes the underlying memory of the object.",
    ),
    NativeDef::method(
        "__release_buffer__(self, buffer, /)",
        release_buffer,
        "Release the buffer object that exposes the underlying memory of the object.",
    ),
    NativeDef::method("__len__(self, /)", access::len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", access::getitem, "Return self[key]."),
    NativeDef::method("__setitem__(self, key, value, /)", access::setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", access::delitem, "Delete self[key]."),
    NativeDef::method(
        "release(self, /)",
        release_method,
        "Release the underlying buffer exposed by the memoryview object.",
    ),
    NativeDef::method(
        "tobytes(self, /, order='C')",
        access::tobytes,
        "Return the data in the buffer as a byte string.",
    ),
    NativeDef::method(
        "hex(self, /, sep=<unrepresentable>, bytes_per_sep=1)",
        access::hex,
        "Return the data in the buffer as a str of hexadecimal numbers.\n\n\
         sep\n    What stands between bytes: a str or bytes of length 1.\n\
         bytes_per_sep\n    How many bytes stand together: counted from the right, or if negative from the left.\n\n\
         >>> data = memoryview(b'\\n\\x0b\\xff')\n>>> data.hex()\n'0a0bff'\n>>> data.hex('-', 2)\n'0a-0bff'\n>>> data.hex('-', -2)\n'0a0b-ff'",
    ),
    NativeDef::method("tolist(self, /)", access::tolist, "Return the data in the buffer as a list of elements."),
    NativeDef::method(
        "cast(self, /, format, shape=<unrepresentable>)",
        make::cast,
        "Cast a memoryview to a new format or shape.",
    ),
    NativeDef::method("toreadonly(self, /)", make::toreadonly, "Return a readonly version of the memoryview."),
    NativeDef::class_method(
        "_from_flags(cls, /, object, flags)",
        make::from_flags_method,
        "Create a new memoryview object which references the given object.",
    ),
    NativeDef::method("count(self, value, /)", compare::count, "Count the number of occurrences of a value."),
    NativeDef::method(
        "index(self, value, start=0, stop=sys.maxsize, /)",
        compare::index,
        "Return the index of the first occurrence of a value.",
    ),
    NativeDef::method("__enter__(self, /)", enter, ""),
    NativeDef::method(
        "__exit__(self, /, *exc_info)",
        release_method,
        "Release the underlying buffer exposed by the memoryview object.",
    ),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
    NativeDef::getter("obj", obj, "The underlying object of the memoryview."),
    NativeDef::getter(
        "nbytes",
        nbytes,
        "The amount of space in bytes that the array would use in a contiguous representation.",
    ),
    NativeDef::getter("readonly", readonly, "A bool indicating whether the memory is read only."),
    NativeDef::getter("itemsize", itemsize, "The size in bytes of each element of the memoryview."),
    NativeDef::getter(
        "format",
        format,
        "A string containing the format (in struct module style) for each element in the view.",
    ),
    NativeDef::getter(
        "ndim",
        ndim,
        "An integer indicating how many dimensions of a multi-dimensional array the memory represents.",
    ),
    NativeDef::getter(
        "shape",
        shape,
        "A tuple of ndim integers giving the shape of the memory as an N-dimensional array.",
    ),
    NativeDef::getter(
        "strides",
        strides,
        "A tuple of ndim integers giving the size in bytes to access each element for each dimension of the array.",
    ),
    NativeDef::getter("suboffsets", suboffsets, "A tuple of integers used internally for PIL-style arrays."),
    NativeDef::getter("c_contiguous", c_contiguous, "A bool indicating whether the memory is C contiguous."),
    NativeDef::getter("f_contiguous", f_contiguous, "A bool indicating whether the memory is Fortran contiguous."),
    NativeDef::getter("contiguous", contiguous, "A bool indicating whether the memory is contiguous."),
];
