//! `memoryview`.
//!
//! Terms: a view's *obj* is the object it was made of, its *held* object the one whose memory it looks at (different for
//! views of views and of Python classes with `__buffer__`). A *ticket* numbers a view that forbids its held object to
//! change size; a dictionary from tickets to held objects lets a view that died without `release()` be accounted for
//! ([`settle`]). Invariant: pointers are never kept; memory is looked up, and checked, at each access.

mod access;
mod attributes;
mod compare;
mod item;
mod make;

pub use make::{from_flags, from_object};

use ferropy_vm::types::{ByteArray, Bytes, Dict, Str};
use ferropy_vm::{Args, Buffer, Exc, Field, Gc, HeapObject, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;
use std::sync::Mutex;

/// A view.
#[repr(C)]
pub struct MemoryView {
    pub obj: Field,
    pub held: Field,
    /// The items' format, a str.
    pub format: Field,
    /// Shape and strides: a bytes object with 2 * ndim i64.
    pub dims: Field,
    /// The view that a Python class's `__buffer__` returned.
    pub inner: Field,
    pub itemsize: usize,
    pub ndim: usize,
    /// Offset of the first item.
    pub offset: i64,
    pub readonly: bool,
    pub released: Cell<bool>,
    /// 0: holds nothing that could change size.
    pub ticket: usize,
    /// Views of this view that forbid its release.
    pub exports: Cell<usize>,
}
heap_kind!(MemoryView, "memoryview", 5, drop);

/// Tickets of views that died unreleased.
static DEAD: Mutex<Vec<usize>> = Mutex::new(Vec::new());

impl Drop for MemoryView {
    fn drop(&mut self) {
        if self.ticket != 0
            && !self.released.get()
            && let Ok(mut dead) = DEAD.lock()
        {
            dead.push(self.ticket);
        }
    }
}

static TYPE: TypeDef = TypeDef::new::<MemoryView>(
    "memoryview",
    attributes::METHODS,
    "Create a new memoryview object which references the given object.",
)
.flags(ferropy_vm::class::flags::IMMUTABLE | ferropy_vm::class::flags::SEQUENCE | ferropy_vm::class::flags::WEAKREF);

const TICKETS: &str = "memoryview.tickets";

/// Adds `memoryview` to builtins.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.native_class(&TYPE)?;
    let name = cx.intern("memoryview")?;
    if let Some(builtins) = cx.vm().builtins.cast::<Dict>() {
        cx.dict_set_str(builtins, name, class.value())?;
    }
    let tickets = cx.new_dict()?;
    cx.set_registry(TICKETS, tickets.value());
    cx.register_buffer_kind(MemoryView::kind(), export);
    Ok(())
}

/// The view's memory as one piece.
fn export(cx: &mut Thread, v: Value) -> R<Buffer> {
    let m = this(cx, v)?;
    let view = View::of(cx, m)?;
    if !view.is_c_contiguous() {
        return Err(cx.error(Exc::BufferError, "memoryview: underlying buffer is not C-contiguous"));
    }
    let memory = view.memory(cx)?;
    let len = view.nbytes();
    // SAFETY: `memory` checked that the view lies inside.
    let first = if len == 0 { memory.first } else { unsafe { memory.first.offset(view.offset as isize) } };
    Ok(Buffer { first, len, readonly: view.readonly, owner: v })
}

/// The view, which must not be released.
pub(crate) fn this(cx: &mut Thread, v: Value) -> R<Gc<MemoryView>> {
    match v.cast::<MemoryView>() {
        Some(m) if m.released.get() => Err(cx.value_error("operation forbidden on released memoryview object")),
        Some(m) => Ok(m),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 'memoryview' object but received '{got}'")))
        }
    }
}

/// The counter of exports of an object whose size can change.
fn export_counter(cx: &Thread, held: Value) -> Option<*const Cell<usize>> {
    if let Some(b) = held.cast::<ByteArray>() {
        return Some(&raw const b.exports);
    }
    cx.buffer_info(held).and_then(|i| i.exports).map(|f| f(held))
}

fn count_export(cx: &Thread, held: Value, change: isize) {
    if let Some(c) = export_counter(cx, held) {
        // SAFETY: the counter lies in the object, which `held` keeps in place.
        let c = unsafe { &*c };
        c.set(c.get().saturating_add_signed(change));
    }
}

/// Forbids `held` to change size; the ticket to give back.
fn take_ticket(cx: &mut Thread, held: Value) -> R<usize> {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    settle(cx)?;
    if export_counter(cx, held).is_none() {
        return Ok(0);
    }
    let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    if let Some(d) = cx.registry(TICKETS).and_then(|v| v.cast::<Dict>()) {
        cx.dict_set(d, Value::small_int(n as i64), held)?;
    }
    count_export(cx, held, 1);
    Ok(n)
}

fn return_ticket(cx: &mut Thread, n: usize) -> R<()> {
    if n == 0 {
        return Ok(());
    }
    let Some(d) = cx.registry(TICKETS).and_then(|v| v.cast::<Dict>()) else { return Ok(()) };
    if let Some(held) = cx.dict_remove(d, Value::small_int(n as i64))? {
        count_export(cx, held, -1);
    }
    Ok(())
}

/// Takes account of the views that died.
pub(crate) fn settle(cx: &mut Thread) -> R<()> {
    let dead = DEAD.lock().map_or(Vec::new(), |mut d| std::mem::take(&mut *d));
    for n in dead {
        return_ticket(cx, n)?;
    }
    Ok(())
}

/// Releases a view; a second time does nothing.
pub(crate) fn release(cx: &mut Thread, v: Value) -> R {
    let Some(m) = v.cast::<MemoryView>() else { return Ok(Value::NONE) };
    if m.released.get() {
        return Ok(Value::NONE);
    }
    if m.exports.get() > 0 {
        let n = m.exports.get();
        let s = if n == 1 { "" } else { "s" };
        return Err(cx.error(Exc::BufferError, format!("memoryview has {n} exported buffer{s}")));
    }
    m.released.set(true);
    return_ticket(cx, m.ticket)?;
    if let Some(inner) = m.inner.get().bound() {
        let obj = m.obj.get();
        cx.call_special(obj, ferropy_vm::N::__release_buffer__, &[inner])?;
        release(cx, inner)?;
    }
    Ok(Value::NONE)
}

/// A view in Rust's terms.
pub(crate) struct View {
    pub held: Value,
    pub format: String,
    pub itemsize: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<i64>,
    pub offset: i64,
    pub readonly: bool,
}

impl View {
    pub(crate) fn of(cx: &mut Thread, m: Gc<MemoryView>) -> R<View> {
        let format = m.format.cast::<Str>().map_or(String::new(), |s| s.to_lossy());
        let words: Vec<i64> = m.dims.cast::<Bytes>().map_or(Vec::new(), |d| {
            d.data().chunks_exact(8).map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default())).collect()
        });
        if words.len() != m.ndim * 2 {
            return Err(cx.value_error("memoryview: invalid dimensions"));
        }
        Ok(View {
            held: m.held.get(),
            format,
            itemsize: m.itemsize,
            shape: words[..m.ndim].iter().map(|n| *n as usize).collect(),
            strides: words[m.ndim..].to_vec(),
            offset: m.offset,
            readonly: m.readonly,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }
    pub(crate) fn nbytes(&self) -> usize {
        self.count() * self.itemsize
    }

    /// The strides of items without gaps, last index fastest.
    pub(crate) fn c_strides(shape: &[usize], itemsize: usize) -> Vec<i64> {
        let mut strides = vec![itemsize as i64; shape.len()];
        for i in (0..shape.len().saturating_sub(1)).rev() {
            strides[i] = strides[i + 1] * shape[i + 1] as i64;
        }
        strides
    }

    pub(crate) fn is_c_contiguous(&self) -> bool {
        self.is_dense(&View::c_strides(&self.shape, self.itemsize))
    }
    pub(crate) fn is_f_contiguous(&self) -> bool {
        let mut strides = vec![self.itemsize as i64; self.shape.len()];
        for i in 1..self.shape.len() {
            strides[i] = strides[i - 1] * self.shape[i - 1] as i64;
        }
        self.is_dense(&strides)
    }
    fn is_dense(&self, wanted: &[i64]) -> bool {
        self.count() == 0 || (0..self.shape.len()).all(|i| self.shape[i] == 1 || self.strides[i] == wanted[i])
    }

    /// The held object's memory, which is big enough for the view.
    pub(crate) fn memory(&self, cx: &mut Thread) -> R<Buffer> {
        let b = cx.buffer(self.held)?;
        let (mut low, mut high) = (self.offset, self.offset + self.itemsize as i64);
        for (n, s) in self.shape.iter().zip(&self.strides) {
            let reach = (*n as i64 - 1).max(0) * s;
            if reach < 0 { low += reach } else { high += reach }
        }
        if self.count() > 0 && (low < 0 || high > b.len as i64) {
            return Err(cx.value_error("memoryview: the underlying buffer is too small"));
        }
        Ok(b)
    }

    /// The offsets of all items, last index fastest.
    pub(crate) fn offsets(&self) -> Vec<i64> {
        let mut all = vec![self.offset];
        for (n, s) in self.shape.iter().zip(&self.strides) {
            all = all.iter().flat_map(|at| (0..*n as i64).map(move |i| at + i * s)).collect();
        }
        all
    }

    /// A copy of the items' bytes in C order.
    pub(crate) fn gather(&self, cx: &mut Thread) -> R<Vec<u8>> {
        let memory = self.memory(cx)?;
        let bytes = memory.bytes();
        if self.is_c_contiguous() {
            let from = if self.count() == 0 { 0 } else { self.offset as usize };
            return Ok(bytes[from..from + self.nbytes()].to_vec());
        }
        let mut out = Vec::with_capacity(self.nbytes());
        for at in self.offsets() {
            out.extend_from_slice(&bytes[at as usize..at as usize + self.itemsize]);
        }
        Ok(out)
    }
}

/// A copy of the bytes of a view, of any layout; None: it is no memoryview.
pub(crate) fn copy_of(cx: &mut Thread, v: Value) -> R<Option<Vec<u8>>> {
    if v.cast::<MemoryView>().is_none() {
        return Ok(None);
    }
    let m = this(cx, v)?;
    let view = View::of(cx, m)?;
    view.gather(cx).map(Some)
}

pub(crate) fn view_arg(cx: &mut Thread, a: Args<'_>) -> R<View> {
    let m = this(cx, a[0])?;
    View::of(cx, m)
}
