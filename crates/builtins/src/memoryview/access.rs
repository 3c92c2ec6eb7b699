//! Subscripts of views, and their contents as lists and bytes.

use super::{View, item, make, this, view_arg};
use ferropy_vm::types::{Slice, Tuple};
use ferropy_vm::{Args, Exc, R, Thread, Value};

impl View {
    /// The value of the item at an offset.
    fn read(&self, cx: &mut Thread, at: i64) -> R {
        let memory = self.memory(cx)?;
        let data = memory.bytes()[at as usize..at as usize + self.itemsize].to_vec();
        item::read(cx, &self.format, &data)
    }

    /// The offset of index `i` in dimension `dim`, beyond `at`.
    fn step(&self, cx: &mut Thread, at: i64, dim: usize, i: Value) -> R<i64> {
        let i = cx.index_or(i, Exc::IndexError)?;
        let n = self.shape[dim] as i64;
        let k = if i < 0 { i + n } else { i };
        if k < 0 || k >= n {
            return Err(cx.index_error(format!("index out of bounds on dimension {}", dim + 1)));
        }
        Ok(at + k * self.strides[dim])
    }

    /// The offset that a key means; None: it is no index of one item.
    fn locate(&self, cx: &mut Thread, key: Value) -> R<Option<i64>> {
        if let Some(t) = key.cast::<Tuple>() {
            for i in 0..t.len {
                if !cx.has_index(t.at(i)) {
                    return Ok(None);
                }
            }
            if t.len < self.shape.len() {
                return Err(cx.error(Exc::NotImplementedError, "sub-views are not implemented"));
            }
            if t.len > self.shape.len() {
                let n = self.shape.len();
                return Err(cx.type_error(format!("cannot index {n}-dimension view with {}-element tuple", t.len)));
            }
            let mut at = self.offset;
            for i in 0..t.len {
                at = self.step(cx, at, i, t.at(i))?;
            }
            return Ok(Some(at));
        }
        if !cx.has_index(key) {
            return Ok(None);
        }
        match self.shape.len() {
            1 => self.step(cx, self.offset, 0, key).map(Some),
            0 => Err(cx.type_error("invalid indexing of 0-dim memory")),
            _ => Err(cx.error(Exc::NotImplementedError, "multi-dimensional sub-views are not implemented")),
        }
    }

    /// The view of a slice of the first dimension.
    fn sliced(&self, cx: &mut Thread, slice: ferropy_vm::Gc<Slice>) -> R<View> {
        if self.shape.is_empty() {
            return Err(cx.type_error("invalid indexing of 0-dim memory"));
        }
        let r = cx.slice_indices(slice, self.shape[0])?;
        let (mut shape, mut strides) = (self.shape.clone(), self.strides.clone());
        let offset = if r.len == 0 { self.offset } else { self.offset + r.start * strides[0] };
        shape[0] = r.len;
        strides[0] = strides[0].saturating_mul(r.step);
        Ok(View { held: self.held, format: self.format.clone(), shape, strides, offset, ..*self })
    }
}

fn invalid_key(cx: &mut Thread, key: Value) -> ferropy_vm::Raised {
    if let Some(t) = key.cast::<Tuple>()
        && t.items().iter().all(|v| v.cast::<Slice>().is_some())
    {
        return cx.error(Exc::NotImplementedError, "multi-dimensional slicing is not implemented");
    }
    cx.type_error("memoryview: invalid slice key")
}

pub fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let view = View::of(cx, m)?;
    let key = a[1];
    if key == Value::ELLIPSIS || (view.shape.is_empty() && key.cast::<Tuple>().is_some_and(|t| t.len == 0)) {
        return if view.shape.is_empty() && key != Value::ELLIPSIS {
            view.read(cx, view.offset)
        } else {
            make::derived(cx, m, &view)
        };
    }
    if let Some(slice) = key.cast::<Slice>() {
        let part = view.sliced(cx, slice)?;
        return make::derived(cx, m, &part);
    }
    match view.locate(cx, key)? {
        Some(at) => {
            this(cx, a[0])?;
            view.read(cx, at)
        }
        None => Err(invalid_key(cx, key)),
    }
}

pub fn setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    if view.readonly {
        return Err(cx.type_error("cannot modify read-only memory"));
    }
    let key = a[1];
    if let Some(slice) = key.cast::<Slice>() {
        if view.shape.len() > 1 {
            return Err(
                cx.error(Exc::NotImplementedError, "memoryview slice assignments are currently restricted to ndim = 1")
            );
        }
        let part = view.sliced(cx, slice)?;
        return copy_into(cx, &part, a[2]);
    }
    let at = if view.shape.is_empty() && (key == Value::ELLIPSIS || key.cast::<Tuple>().is_some_and(|t| t.len == 0)) {
        view.offset
    } else {
        match view.locate(cx, key)? {
            Some(at) => at,
            None => return Err(invalid_key(cx, key)),
        }
    };
    let data = item::write(cx, &view.format, a[2])?;
    // Making the item's bytes may have run Python code.
    this(cx, a[0])?;
    let memory = view.memory(cx)?;
    memory.bytes_mut()[at as usize..at as usize + data.len()].copy_from_slice(&data);
    Ok(Value::NONE)
}

/// Copies an exporter's items over those of a view.
fn copy_into(cx: &mut Thread, to: &View, from: Value) -> R {
    let source = make::from_object(cx, from)?;
    let m = this(cx, source)?;
    let from = View::of(cx, m)?;
    let plain = |f: &str| f.strip_prefix('@').unwrap_or(f).to_owned();
    if plain(&from.format) != plain(&to.format) || from.shape != to.shape || from.itemsize != to.itemsize {
        super::release(cx, source)?;
        return Err(cx.value_error("memoryview assignment: lvalue and rvalue have different structures"));
    }
    let data = from.gather(cx)?;
    super::release(cx, source)?;
    let memory = to.memory(cx)?;
    let bytes = memory.bytes_mut();
    for (at, piece) in to.offsets().into_iter().zip(data.chunks_exact(to.itemsize)) {
        bytes[at as usize..at as usize + to.itemsize].copy_from_slice(piece);
    }
    Ok(Value::NONE)
}

pub fn delitem(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Err(cx.type_error("cannot delete memory"))
}

pub fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    match view.shape.first() {
        Some(n) => cx.int(*n as i64),
        None => Err(cx.type_error("0-dim memory has no length")),
    }
}

/// Nested lists of the dimensions from `dim` on.
fn list(cx: &mut Thread, view: &View, data: &mut std::slice::ChunksExact<'_, u8>, dim: usize) -> R {
    if dim == view.shape.len() {
        let piece = data.next().unwrap_or(&[]);
        return item::read(cx, &view.format, piece);
    }
    let out = cx.new_list(&[])?;
    for _ in 0..view.shape[dim] {
        let v = list(cx, view, data, dim + 1)?;
        cx.list_append(out, v)?;
    }
    Ok(out.value())
}

pub fn tolist(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    if item::code(&view.format).is_none() {
        return item::read(cx, &view.format, &[]);
    }
    let data = view.gather(cx)?;
    list(cx, &view, &mut data.chunks_exact(view.itemsize), 0)
}

pub fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    match view.shape.len() {
        0 => Err(cx.type_error("invalid indexing of 0-dim memory")),
        1 => cx.seq_iter(ferropy_vm::Builtin::SequenceIterator, a[0]),
        _ => Err(cx.error(Exc::NotImplementedError, "multi-dimensional sub-views are not implemented")),
    }
}

pub fn tobytes(cx: &mut Thread, a: Args<'_>) -> R {
    let mut view = view_arg(cx, a)?;
    let order = match a.some(1) {
        Some(v) => cx.expect_text(v, "tobytes() argument 'order'")?.to_lossy(),
        None => "C".to_owned(),
    };
    match &*order {
        "C" => {}
        "A" if !view.is_f_contiguous() || view.is_c_contiguous() => {}
        "F" | "A" => {
            view.shape.reverse();
            view.strides.reverse();
        }
        _ => return Err(cx.value_error("order must be 'C', 'F' or 'A'")),
    }
    let data = view.gather(cx)?;
    Ok(cx.new_bytes(&data)?.value())
}

pub fn hex(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    let data = view.gather(cx)?;
    crate::bytes::hex_of(cx, &data, a.opt(1), a.opt(2))
}
