//! Small helpers of the streams: byte arrays and views for Python-level raw streams.

use ferropy_vm::types::{ByteArray, Dict, StrBuf};
use ferropy_vm::{Builtin, Gc, R, Thread, Value, field, null_field};

/// A new bytearray with this content.
pub fn new_bytearray(cx: &mut Thread, data: &[u8]) -> R {
    let buf = cx.new_strbuf(data.len().max(1))?;
    // SAFETY: the buffer has room for the data.
    unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), buf.bytes(), data.len()) };
    buf.used.set(data.len());
    let b = ByteArray { buf: field(buf), start: 0.into(), len: data.len().into(), exports: 0.into() };
    Ok(cx.alloc(Builtin::ByteArray, b)?.value())
}

/// An empty bytearray.
pub fn empty_bytearray(cx: &mut Thread) -> R {
    let b = ByteArray { buf: null_field(), start: 0.into(), len: 0.into(), exports: 0.into() };
    Ok(cx.alloc(Builtin::ByteArray, b)?.value())
}

/// `memoryview(v)`.
pub fn memoryview(cx: &mut Thread, v: Value) -> R {
    let key = cx.intern("memoryview")?;
    match cx.vm().builtins.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)) {
        Some(class) => cx.call(class, &[v]),
        None => Ok(v),
    }
}

/// The bytes of a bytearray that belongs to a stream. Valid until the next allocation.
pub fn array_bytes<'a>(b: Gc<ByteArray>) -> &'a mut [u8] {
    match b.buf.cast::<StrBuf>() {
        // SAFETY: `len` bytes behind `start` belong to the array.
        Some(s) => unsafe { std::slice::from_raw_parts_mut(s.bytes().add(b.start.get()), b.len.get()) },
        None => &mut [],
    }
}

/// Changes the length; new bytes are zero. The caller has checked that no view exists.
pub fn array_resize(cx: &mut Thread, b: Gc<ByteArray>, len: usize) -> R<()> {
    let old = b.len.get();
    let capacity = b.buf.cast::<StrBuf>().map_or(0, |s| s.capacity - b.start.get());
    if len > capacity {
        let grown = cx.new_strbuf(len.max(old + old / 8 + 64))?;
        let from = array_bytes(b);
        // SAFETY: the new buffer is larger.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), grown.bytes(), old) };
        b.start.set(0);
        b.buf.set(cx, b, grown);
    }
    b.len.set(len);
    if len > old {
        array_bytes(b)[old..].fill(0);
    }
    Ok(())
}
