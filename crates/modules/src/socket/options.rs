//! Options of sockets.

use super::object::info;
use crate::os_util::{c_int, check, filled};
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, Exc, R, Thread, Value};

/// The longest value of an option.
const MOST: i32 = 1024;

pub fn getsockopt(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let (level, name) = (c_int(cx, a[1])?, c_int(cx, a[2])?);
    let size = match a.opt(3) {
        Some(v) => c_int(cx, v)?,
        None => 0,
    };
    if size == 0 {
        if s.family == libc::AF_VSOCK {
            return number::<8>(cx, s.fd, level, name);
        }
        return number::<4>(cx, s.fd, level, name);
    }
    if !(1..=MOST).contains(&size) {
        return Err(cx.error(Exc::OSError, "getsockopt buflen out of range"));
    }
    let bytes = filled(cx, size as usize, |p, n| {
        let mut len = n as libc::socklen_t;
        // SAFETY: the buffer has this size.
        let r = unsafe { libc::getsockopt(s.fd, level, name, p, &mut len) };
        if r < 0 { -1 } else { len as isize }
    })?;
    Ok(cx.new_bytes(&bytes)?.value())
}
/// An option of N bytes: 4 are signed, 8 are not.
fn number<const N: usize>(cx: &mut Thread, fd: i32, level: i32, name: i32) -> R {
    let mut bytes = [0u8; 8];
    let mut len = N as libc::socklen_t;
    // SAFETY: the buffer is ours.
    check(cx, || unsafe { libc::getsockopt(fd, level, name, bytes.as_mut_ptr().cast(), &mut len) as isize })?;
    let n = u64::from_ne_bytes(bytes);
    if N == 8 { cx.uint(n) } else { Ok(Value::small_int(n as u32 as i32 as i64)) }
}

pub fn setsockopt(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let given = a[1].cast::<Tuple>();
    let count = given.map_or(0, |t| t.len);
    let wrong = |cx: &mut Thread| {
        let text = format!("setsockopt() takes exactly 3 arguments ({count} given)");
        Err(cx.type_error(text))
    };
    let Some(t) = given.filter(|t| (3..=4).contains(&t.len)) else { return wrong(cx) };
    if count == 4 && !t.at(2).is_none() {
        return wrong(cx);
    }
    let (level, name, value) = (c_int(cx, t.at(0))?, c_int(cx, t.at(1))?, t.at(2));
    if count == 4 {
        let len = c_int(cx, t.at(3))? as libc::socklen_t;
        // SAFETY: no memory is passed.
        check(cx, || unsafe { libc::setsockopt(s.fd, level, name, std::ptr::null(), len) as isize })?;
        return Ok(Value::NONE);
    }
    let bytes = option_bytes(cx, s.family, value)?;
    check(cx, || {
        // SAFETY: the bytes are ours.
        unsafe { libc::setsockopt(s.fd, level, name, bytes.as_ptr().cast(), bytes.len() as libc::socklen_t) as isize }
    })?;
    Ok(Value::NONE)
}
fn option_bytes(cx: &mut Thread, family: i32, v: Value) -> R<Vec<u8>> {
    if v.is_any_int() {
        if family == libc::AF_VSOCK
            && let Some(n) = v.to_ibig().and_then(|n| u64::try_from(&n).ok())
        {
            return Ok(n.to_ne_bytes().to_vec());
        }
        if let Some(n) = v.to_i64().and_then(|n| i32::try_from(n).ok()) {
            return Ok(n.to_ne_bytes().to_vec());
        }
    }
    cx.bytes_of(v)
}
