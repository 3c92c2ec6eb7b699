//! What the modules that talk to the operating system share: system calls that can be interrupted, file-system text.

use ferropy_text::wtf8;
use ferropy_vm::types::{Bytes, Module, Str};
use ferropy_vm::{Exc, Gc, N, R, Raised, Thread, Value};
use std::time::{Duration, Instant};

/// errno of the calling thread.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Runs a system call without the lock, again when a signal interrupts it (after the signal's handlers ran). The outer
/// result is a handler's exception, the inner one the call's value or errno.
pub fn call(cx: &mut Thread, mut f: impl FnMut() -> isize) -> R<Result<isize, i32>> {
    loop {
        let (r, e) = cx.allow_threads(|| {
            let r = f();
            (r, errno())
        });
        if r >= 0 {
            return Ok(Ok(r));
        }
        if e != libc::EINTR {
            return Ok(Err(e));
        }
        cx.safepoint()?;
    }
}

/// The same where any failure is an OSError.
pub fn check(cx: &mut Thread, f: impl FnMut() -> isize) -> R<isize> {
    match call(cx, f)? {
        Ok(n) => Ok(n),
        Err(e) => Err(cx.os_error(e, None)),
    }
}

/// The errno of the call before as an OSError.
pub fn last_error(cx: &mut Thread) -> Raised {
    let e = errno();
    cx.os_error(e, None)
}

/// The system's text for an errno.
pub fn error_text(cx: &mut Thread, e: i32) -> R {
    // SAFETY: strerror gives a string that is valid until the next call in this thread.
    unsafe { c_text(cx, libc::strerror(e)) }
}

/// An integer argument of C's type int.
pub fn c_int(cx: &mut Thread, v: Value) -> R<i32> {
    c_number(cx, v, "int")
}
/// An integer argument of a C type, which the error names.
pub fn c_number<T: TryFrom<i64>>(cx: &mut Thread, v: Value, name: &str) -> R<T> {
    let n = cx.index_value(v)?;
    match n.to_i64().and_then(|n| T::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => Err(cx.overflow_error(format!("Python int too large to convert to C {name}"))),
    }
}
/// An unsigned 64-bit argument of a C type, which the error names.
pub fn c_u64(cx: &mut Thread, v: Value, name: &str) -> R<u64> {
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    match u64::try_from(&n) {
        Ok(n) => Ok(n),
        Err(_) if n < dashu_int::IBig::ZERO => {
            Err(cx.overflow_error(format!("can't convert negative value to {name}")))
        }
        Err(_) => Err(cx.overflow_error(format!("Python int too large to convert to C {name}"))),
    }
}

/// A descriptor: an int, or an object with `fileno()`.
pub fn fildes(cx: &mut Thread, v: Value) -> R<i32> {
    let n = if v.is_any_int() {
        if v.is_bool() {
            cx.warn(Exc::RuntimeWarning, "bool is used as a file descriptor")?;
        }
        c_int(cx, v)?
    } else {
        let name = cx.intern("fileno")?;
        let Some(f) = cx.getattr_opt(v, name)? else {
            return Err(cx.type_error("argument must be an int, or have a fileno() method."));
        };
        let n = cx.call(f, &[])?;
        if !n.is_any_int() {
            return Err(cx.type_error("fileno() returned a non-integer"));
        }
        c_int(cx, n)?
    };
    if n < 0 {
        return Err(cx.value_error(format!("file descriptor cannot be a negative integer ({n})")));
    }
    Ok(n)
}

/// A user or group number; -1 stands for "no change". `what` is "uid" or "gid".
pub fn owner_id(cx: &mut Thread, v: Value, what: &str) -> R<u32> {
    if !cx.has_index(v) {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{what} should be integer, not {class}")));
    }
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    if n == dashu_int::IBig::NEG_ONE {
        return Ok(u32::MAX);
    }
    match u32::try_from(&n) {
        Ok(n) if n != u32::MAX => Ok(n),
        _ if n < dashu_int::IBig::ZERO => Err(cx.overflow_error(format!("{what} is less than minimum"))),
        _ => Err(cx.overflow_error(format!("{what} is greater than maximum"))),
    }
}
/// The number as Python shows it.
pub fn owner_value(n: u32) -> Value {
    Value::small_int(if n == u32::MAX { -1 } else { n as i64 })
}

/// An empty vector with room for `n` bytes, which the system is to fill.
pub fn room(cx: &mut Thread, n: usize) -> R<Vec<u8>> {
    let mut buf = Vec::new();
    match buf.try_reserve_exact(n) {
        Ok(()) => Ok(buf),
        Err(_) => Err(cx.memory_error()),
    }
}
/// Runs a call that writes at most `n` bytes to the address given to it and returns how many; these bytes.
pub fn filled(cx: &mut Thread, n: usize, mut f: impl FnMut(*mut libc::c_void, usize) -> isize) -> R<Vec<u8>> {
    let mut buf = room(cx, n)?;
    let p = buf.as_mut_ptr() as usize;
    let got = check(cx, || f(p as *mut libc::c_void, n))? as usize;
    // SAFETY: the call wrote so many bytes.
    unsafe { buf.set_len(got.min(n)) };
    Ok(buf)
}

/// A number of seconds (int or float) in nanoseconds, rounded up.
pub fn nanoseconds(cx: &mut Thread, v: Value) -> R<i64> {
    const SECOND: i64 = 1_000_000_000;
    let ns = if v.is_any_int() {
        v.to_i64().and_then(|n| n.checked_mul(SECOND))
    } else if let Some(f) = v.as_float() {
        if f.is_nan() {
            return Err(cx.value_error("Invalid value NaN (not a number)"));
        }
        let ns = (f * SECOND as f64).ceil();
        (-9.223_372_036_854e18..=9.223_372_036_854e18).contains(&ns).then_some(ns as i64)
    } else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("'{class}' object cannot be interpreted as an integer or float")));
    };
    ns.ok_or_else(|| cx.overflow_error("timestamp out of range for C PyTime_t"))
}
/// The time so many nanoseconds from now.
pub fn deadline(ns: i64) -> Instant {
    Instant::now() + Duration::from_nanos(ns.max(0) as u64)
}
/// What is left until then in milliseconds, as `poll` wants it: -1 for ever, else rounded up.
pub fn millis(deadline: Option<Instant>) -> i32 {
    match deadline {
        None => -1,
        Some(d) => {
            let left = d.saturating_duration_since(Instant::now());
            left.as_micros().div_ceil(1000).min(i32::MAX as u128) as i32
        }
    }
}

/// Binds numbers in a module.
pub fn set_numbers(cx: &mut Thread, m: Gc<Module>, table: &[(&str, i64)]) -> R<()> {
    for (name, n) in table {
        let v = cx.int(*n)?;
        cx.module_set(m, name, v)?;
    }
    Ok(())
}

/// Bytes of a str (UTF-8) or of a bytes-like object; None for anything else.
pub fn text_or_bytes(cx: &mut Thread, v: Value) -> R<Option<Vec<u8>>> {
    match v.cast::<Str>() {
        Some(s) => Ok(Some(s.bytes().to_vec())),
        None => Ok(cx.buffer_opt(v)?.map(|b| b.bytes().to_vec())),
    }
}

/// A zero-terminated text from the system, which may be null.
///
/// # Safety
/// `p` is null or points at a terminated string.
pub unsafe fn c_text(cx: &mut Thread, p: *const libc::c_char) -> R {
    if p.is_null() {
        return Ok(Value::NONE);
    }
    fs_str(cx, std::ffi::CStr::from_ptr(p).to_bytes())
}

/// Text of a file name from the system: UTF-8, other bytes as lone surrogates (`surrogateescape`).
pub fn fs_decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for b in chunk.invalid() {
            wtf8::push(&mut out, 0xdc00 + *b as u32);
        }
    }
    out
}

/// The inverse; None if there are other surrogates.
pub fn fs_encode(text: &[u8]) -> Option<Vec<u8>> {
    if std::str::from_utf8(text).is_ok() {
        return Some(text.to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        // A surrogate in WTF-8 is ED A0..BF xx; U+DC80..U+DCFF are ED B2 80 to ED B3 BF.
        if text[i] == 0xed && i + 2 < text.len() && text[i + 1] >= 0xa0 {
            let c = 0xd000 | (text[i + 1] as u32 & 0x3f) << 6 | text[i + 2] as u32 & 0x3f;
            if !(0xdc80..=0xdcff).contains(&c) {
                return None;
            }
            out.push((c - 0xdc00) as u8);
            i += 3;
        } else {
            out.push(text[i]);
            i += 1;
        }
    }
    Some(out)
}

pub fn fs_str(cx: &mut Thread, bytes: &[u8]) -> R {
    Ok(cx.new_wtf8(&fs_decode(bytes))?.value())
}

/// `os.fspath(v)`: str or bytes.
pub fn fspath(cx: &mut Thread, v: Value) -> R {
    if v.cast::<Str>().is_some() || v.cast::<Bytes>().is_some() {
        return Ok(v);
    }
    let class = cx.class_name(v);
    let Some(r) = cx.call_special(v, N::__fspath__, &[])? else {
        return Err(cx.type_error(format!("expected str, bytes or os.PathLike object, not {class}")));
    };
    if r.cast::<Str>().is_some() || r.cast::<Bytes>().is_some() {
        return Ok(r);
    }
    let got = cx.class_name(r);
    Err(cx.type_error(format!("expected {class}.__fspath__() to return str or bytes, not {got}")))
}

/// The bytes of a str (encoded for the file system) or bytes object.
pub fn fs_bytes(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if let Some(b) = v.cast::<Bytes>() {
        return Ok(b.data().to_vec());
    }
    let s: Gc<Str> = cx.expect_text(v, "path")?;
    match fs_encode(s.bytes()) {
        Some(b) => Ok(b),
        None => {
            // The codec words the error.
            let (enc, errors) = (cx.new_str("utf-8")?.value(), cx.new_str("surrogateescape")?.value());
            let r = cx.call_method(v, "encode", &[enc, errors])?;
            cx.bytes_of(r)
        }
    }
}

/// A zero-terminated file name.
pub fn c_path(cx: &mut Thread, v: Value) -> R<std::ffi::CString> {
    let v = fspath(cx, v)?;
    let bytes = fs_bytes(cx, v)?;
    match std::ffi::CString::new(bytes) {
        Ok(c) => Ok(c),
        Err(_) => Err(cx.value_error("embedded null byte")),
    }
}
