//! Bytes-like objects for native code.
//!
//! [`Thread::buffer`] gives the memory of any object that exports one. Kinds outside of the VM register how with
//! [`Thread::register_buffer_kind`]; objects of Python classes with `__buffer__` are asked for a memoryview.

use crate::types::{ByteArray, Bytes, StrBuf};
use crate::{Exc, N, R, Thread, Value};

/// An exporter's contiguous memory. Valid while `owner` is held in a local and is not resized.
#[derive(Clone, Copy)]
pub struct Buffer {
    pub first: *mut u8,
    pub len: usize,
    pub readonly: bool,
    pub owner: Value,
}

impl Buffer {
    /// The bytes. Do not run Python code or resize the owner while the slice is in use.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: see the struct; an empty buffer may have no memory.
        if self.len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.first, self.len) } }
    }
    #[allow(clippy::mut_from_ref)]
    pub fn bytes_mut(&self) -> &mut [u8] {
        // SAFETY: as above; the interpreter lock is held.
        if self.len == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(self.first, self.len) } }
    }
}

/// See [`Thread::export`]. It must stay on the native stack: what it refers to is pinned by that.
pub struct Export {
    _owner: Value,
    count: Option<*const std::cell::Cell<usize>>,
}

impl Drop for Export {
    fn drop(&mut self) {
        if let Some(count) = self.count {
            // SAFETY: as in `export`; the exporter has not moved, since its address lies on the stack.
            unsafe { (*count).set((*count).get() - 1) };
        }
    }
}

/// Finds the memory of an object of a registered kind.
pub type BufferFn = fn(&mut Thread, Value) -> R<Buffer>;

/// More about the exporters of a kind, for memoryviews of them. Without it: unsigned bytes, and nothing to count.
#[derive(Clone, Copy)]
pub struct BufferInfo {
    /// The items' format in the notation of `struct`, and their size.
    pub format: fn(&mut Thread, Value) -> (String, usize),
    /// The counter of views that forbid a change of size.
    pub exports: Option<fn(Value) -> *const std::cell::Cell<usize>>,
}

impl Thread {
    pub fn register_buffer_kind(&mut self, kind: u8, f: BufferFn) {
        self.vm_mut().buffer_kinds.push((kind, f));
    }
    pub fn register_buffer_info(&mut self, kind: u8, info: BufferInfo) {
        self.vm_mut().buffer_infos.push((kind, info));
    }
    /// What was registered about the kind of an exporter.
    pub fn buffer_info(&self, v: Value) -> Option<BufferInfo> {
        self.vm().buffer_infos.iter().find(|k| k.0 == v.kind()).map(|k| k.1)
    }

    /// The memory of a bytes-like object; None if it is none.
    pub fn buffer_opt(&mut self, v: Value) -> R<Option<Buffer>> {
        if let Some(b) = v.cast::<Bytes>() {
            let first = b.data().as_ptr() as *mut u8;
            return Ok(Some(Buffer { first, len: b.len, readonly: true, owner: v }));
        }
        if let Some(b) = v.cast::<ByteArray>() {
            let first = b.buf.cast::<StrBuf>().map_or(std::ptr::null_mut(), |s| s.bytes().wrapping_add(b.start.get()));
            return Ok(Some(Buffer { first, len: b.len.get(), readonly: false, owner: v }));
        }
        let kind = v.kind();
        let f = self.vm().buffer_kinds.iter().find(|k| k.0 == kind).map(|k| k.1);
        if let Some(f) = f {
            return f(self, v).map(Some);
        }
        if let Some(f) = self.lookup_special(v, N::__buffer__) {
            let view = self.call_unbound(f, v, &[Value::small_int(0)])?;
            if view.kind() != kind {
                return self.buffer_opt(view);
            }
        }
        Ok(None)
    }

    /// The memory of a bytes-like object; TypeError if it is none.
    pub fn buffer(&mut self, v: Value) -> R<Buffer> {
        match self.buffer_opt(v)? {
            Some(b) => Ok(b),
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("a bytes-like object is required, not '{class}'")))
            }
        }
    }

    /// The same, writable.
    pub fn buffer_mut(&mut self, v: Value) -> R<Buffer> {
        let b = self.buffer(v);
        match self.catch(Exc::BufferError, b)? {
            Some(b) if !b.readonly => Ok(b),
            _ => {
                let class = self.class_name(v);
                Err(self.type_error(format!("read-write bytes-like object expected, not '{class}'")))
            }
        }
    }

    /// Forbids the exporter to change its size until the guard is dropped.
    pub fn export(&mut self, v: Value) -> Export {
        let count = match v.cast::<ByteArray>() {
            Some(b) => Some(&raw const b.exports),
            None => self.buffer_info(v).and_then(|info| info.exports).map(|exports| exports(v)),
        };
        if let Some(count) = count {
            // SAFETY: the counter lies in the exporter, which `v` keeps.
            unsafe { (*count).set((*count).get() + 1) };
        }
        Export { _owner: v, count }
    }

    /// A copy of a bytes-like object's bytes.
    pub fn bytes_of(&mut self, v: Value) -> R<Vec<u8>> {
        Ok(self.buffer(v)?.bytes().to_vec())
    }
}
