//! Making views: of exporters, of other views, by `cast`.

use super::{MemoryView, TYPE, View, item, this};
use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{Args, Exc, Gc, N, R, Thread, Value, field, null_field};

/// `memoryview(v)`.
pub fn from_object(cx: &mut Thread, v: Value) -> R {
    from_flags(cx, v, 0x11C)
}

const WRITABLE: i64 = 1;

/// A view that satisfies the flags of `inspect.BufferFlags`.
pub fn from_flags(cx: &mut Thread, v: Value, flags: i64) -> R {
    if v.cast::<MemoryView>().is_some() {
        let m = this(cx, v)?;
        let view = View::of(cx, m)?;
        check_writable(cx, view.readonly, flags)?;
        return build(cx, &view, m.obj.get(), m.inner.get());
    }
    if super::export_counter(cx, v).is_none()
        && !crate::bytes::is_bytes(v)
        && !cx.vm().buffer_kinds.iter().any(|k| k.0 == v.kind())
    {
        return of_python(cx, v, flags);
    }
    let b = cx.buffer(v)?;
    check_writable(cx, b.readonly, flags)?;
    let (format, itemsize) = match cx.buffer_info(v) {
        Some(i) => (i.format)(cx, v),
        None => ("B".to_owned(), 1),
    };
    let itemsize = itemsize.max(1);
    let shape = vec![b.len / itemsize];
    let strides = vec![itemsize as i64];
    let view = View { held: v, format, itemsize, shape, strides, offset: 0, readonly: b.readonly };
    build(cx, &view, v, Value::NULL)
}

fn check_writable(cx: &mut Thread, readonly: bool, flags: i64) -> R<()> {
    if readonly && flags & WRITABLE != 0 {
        return Err(cx.error(Exc::BufferError, "Object is not writable."));
    }
    Ok(())
}

/// Of an object of a Python class.
fn of_python(cx: &mut Thread, v: Value, flags: i64) -> R {
    let Some(f) = cx.lookup_special(v, N::__buffer__) else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("memoryview: a bytes-like object is required, not '{got}'")));
    };
    let inner = cx.call_unbound(f, v, &[Value::small_int(flags)])?;
    if inner.cast::<MemoryView>().is_none() {
        return Err(cx.type_error("__buffer__ returned non-memoryview object"));
    }
    let m = this(cx, inner)?;
    let view = View::of(cx, m)?;
    build(cx, &view, v, inner)
}

/// A memoryview object.
pub(super) fn build(cx: &mut Thread, view: &View, obj: Value, inner: Value) -> R {
    let format = cx.new_str(&view.format)?;
    let mut dims = Vec::with_capacity(view.shape.len() * 16);
    view.shape.iter().for_each(|n| dims.extend((*n as i64).to_le_bytes()));
    view.strides.iter().for_each(|n| dims.extend(n.to_le_bytes()));
    let dims = cx.new_bytes(&dims)?;
    let ticket = super::take_ticket(cx, view.held)?;
    let class = cx.native_class(&TYPE)?;
    let inner_field = null_field();
    inner_field.init(inner);
    let m = MemoryView {
        obj: field(obj),
        held: field(view.held),
        format: field(format),
        dims: field(dims),
        inner: inner_field,
        itemsize: view.itemsize,
        ndim: view.shape.len(),
        offset: view.offset,
        readonly: view.readonly,
        released: false.into(),
        ticket,
        exports: 0.into(),
    };
    Ok(cx.alloc_of(class, m)?.value())
}

/// A view derived from another one.
pub(super) fn derived(cx: &mut Thread, m: Gc<MemoryView>, view: &View) -> R {
    build(cx, view, m.obj.get(), Value::NULL)
}

pub fn new(cx: &mut Thread, a: Args<'_>) -> R {
    from_object(cx, a[1])
}

pub fn from_flags_method(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = cx.index(a[2])?;
    from_flags(cx, a[1], flags)
}

pub fn toreadonly(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let mut view = View::of(cx, m)?;
    view.readonly = true;
    derived(cx, m, &view)
}

fn is_byte(format: &str) -> bool {
    matches!(item::code(format), Some(b'c' | b'b' | b'B'))
}

pub fn cast(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let mut view = View::of(cx, m)?;
    let format = cx.expect_text(a[1], "cast() argument 'format'")?.to_lossy();
    let shape = shape_arg(cx, a.opt(2))?;
    if !view.is_c_contiguous() {
        return Err(cx.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    if (shape.is_some() || view.shape.len() != 1) && view.shape.contains(&0) {
        return Err(cx.type_error("memoryview: cannot cast view with zeros in shape or strides"));
    }
    if shape.as_ref().is_some_and(|s| s.len() != 1) && view.shape.len() > 1 {
        return Err(cx.type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
    }
    let Some(itemsize) = item::code(&format).and_then(item::size) else {
        return Err(cx.value_error(
            "memoryview: destination format must be a native single character format prefixed with an optional '@'",
        ));
    };
    if !is_byte(&view.format) && !is_byte(&format) {
        return Err(cx.type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let total = view.nbytes();
    if !total.is_multiple_of(itemsize) {
        return Err(cx.type_error("memoryview: length is not a multiple of itemsize"));
    }
    let shape = shape.unwrap_or_else(|| vec![total / itemsize]);
    let product = shape.iter().try_fold(itemsize, |n, d| n.checked_mul(*d));
    if product != Some(total) {
        return Err(cx.type_error("memoryview: product(shape) * itemsize != buffer size"));
    }
    view.strides = View::c_strides(&shape, itemsize);
    (view.shape, view.itemsize, view.format) = (shape, itemsize, format);
    derived(cx, m, &view)
}

fn shape_arg(cx: &mut Thread, v: Option<Value>) -> R<Option<Vec<usize>>> {
    let Some(v) = v else { return Ok(None) };
    if v.cast::<List>().is_none() && v.cast::<Tuple>().is_none() {
        return Err(cx.type_error("shape must be a list or a tuple"));
    }
    let items = cx.collect(v)?;
    if items.len() > 64 {
        return Err(cx.value_error("memoryview: number of dimensions must not exceed 64"));
    }
    let mut shape = Vec::new();
    for i in 0..items.len() {
        if !items[i].is_any_int() {
            return Err(cx.type_error("memoryview.cast(): elements of shape must be integers"));
        }
        match cx.index(items[i])? {
            n if n > 0 => shape.push(n as usize),
            _ => return Err(cx.value_error("memoryview.cast(): elements of shape must be integers > 0")),
        }
    }
    Ok(Some(shape))
}
