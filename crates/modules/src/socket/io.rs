//! Sending and receiving.
//!
//! Data pass through memory of our own: other threads run meanwhile and may resize the program's buffers.

use super::address::{self, Addr};
use super::object::{Info, Way, flags_arg, info, io, size};
use crate::os_util::room;
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, R, Thread, Value};

/// Receives at most `n` bytes, and the sender's address if it is wanted.
fn receive(cx: &mut Thread, s: Info, n: usize, flags: i32, sender: bool) -> R<(Vec<u8>, Addr)> {
    let mut buf = room(cx, n)?;
    let p = buf.as_mut_ptr();
    let mut addr = Addr::room();
    let got = io(cx, s, Way::In, s.deadline(), || {
        addr = Addr::room();
        // SAFETY: buffer and address are ours and have these sizes.
        unsafe {
            if sender {
                libc::recvfrom(s.fd, p.cast(), n, flags, addr.ptr_mut(), &mut addr.len)
            } else {
                libc::recv(s.fd, p.cast(), n, flags)
            }
        }
    })? as usize;
    // SAFETY: the call wrote so many bytes (with MSG_TRUNC it may tell more than there was room for).
    unsafe { buf.set_len(got.min(n)) };
    Ok((buf, addr))
}
fn buffer_size(cx: &mut Thread, v: Value, name: &str) -> R<usize> {
    match usize::try_from(size(cx, v)?) {
        Ok(n) => Ok(n),
        Err(_) => Err(cx.value_error(format!("negative buffersize in {name}"))),
    }
}
pub fn recv(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let (n, flags) = (buffer_size(cx, a[1], "recv")?, flags_arg(cx, a.opt(2))?);
    let (data, _) = receive(cx, s, n, flags, false)?;
    Ok(cx.new_bytes(&data)?.value())
}
pub fn recvfrom(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let (n, flags) = (buffer_size(cx, a[1], "recvfrom")?, flags_arg(cx, a.opt(2))?);
    let (data, addr) = receive(cx, s, n, flags, true)?;
    let data = cx.new_bytes(&data)?.value();
    let sender = address::value(cx, &addr, s.proto)?;
    Ok(cx.new_tuple(&[data, sender])?.value())
}

/// The length of a writable buffer argument.
fn writable(cx: &mut Thread, v: Value, name: &str) -> R<usize> {
    match cx.buffer_opt(v)? {
        Some(b) if !b.readonly => Ok(b.len),
        _ => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("{name}() argument 1 must be read-write bytes-like object, not {class}")))
        }
    }
}
/// Copies what was received to the program's buffer.
pub fn store(cx: &mut Thread, v: Value, data: &[u8]) -> R<()> {
    let target = cx.buffer_mut(v)?;
    let n = data.len().min(target.len);
    target.bytes_mut()[..n].copy_from_slice(&data[..n]);
    Ok(())
}
fn receive_into(cx: &mut Thread, a: Args<'_>, name: &str, too_small: &str, sender: bool) -> R<(usize, Addr)> {
    let s = info(cx, a[0])?;
    let len = writable(cx, a[1], name)?;
    let n = match a.opt(2) {
        Some(v) => buffer_size(cx, v, name)?,
        None => 0,
    };
    let flags = flags_arg(cx, a.opt(3))?;
    if n > len {
        return Err(cx.value_error(too_small));
    }
    let (data, addr) = receive(cx, s, if n == 0 { len } else { n }, flags, sender)?;
    store(cx, a[1], &data)?;
    Ok((data.len(), addr))
}
pub fn recv_into(cx: &mut Thread, a: Args<'_>) -> R {
    let (n, _) = receive_into(cx, a, "recv_into", "buffer too small for requested bytes", false)?;
    Ok(Value::small_int(n as i64))
}
pub fn recvfrom_into(cx: &mut Thread, a: Args<'_>) -> R {
    let too_small = "nbytes is greater than the length of the buffer";
    let (n, addr) = receive_into(cx, a, "recvfrom_into", too_small, true)?;
    let proto = info(cx, a[0])?.proto;
    let sender = address::value(cx, &addr, proto)?;
    Ok(cx.new_tuple(&[Value::small_int(n as i64), sender])?.value())
}

pub fn send(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let data = cx.bytes_of(a[1])?;
    let flags = flags_arg(cx, a.opt(2))?;
    let n = io(cx, s, Way::Out, s.deadline(), || {
        // SAFETY: the data are ours.
        unsafe { libc::send(s.fd, data.as_ptr().cast(), data.len(), flags) }
    })?;
    Ok(Value::small_int(n as i64))
}
pub fn sendall(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let data = cx.bytes_of(a[1])?;
    let flags = flags_arg(cx, a.opt(2))?;
    // One timeout for all of the data.
    let deadline = s.deadline();
    let mut done = 0;
    loop {
        let rest = &data[done..];
        // SAFETY: as above.
        let n = io(cx, s, Way::Out, deadline, || unsafe { libc::send(s.fd, rest.as_ptr().cast(), rest.len(), flags) })?;
        done += n as usize;
        if done >= data.len() {
            return Ok(Value::NONE);
        }
        cx.safepoint()?;
    }
}
pub fn sendto(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let rest = a[2].cast::<Tuple>().map_or(0, |t| t.len);
    let (flags, to) = match a[2].cast::<Tuple>() {
        Some(t) if t.len == 1 => (None, t.at(0)),
        Some(t) if t.len == 2 => (Some(t.at(0)), t.at(1)),
        _ => return Err(cx.type_error(format!("sendto() takes 2 or 3 arguments ({} given)", rest + 1))),
    };
    let data = cx.bytes_of(a[1])?;
    let flags = flags_arg(cx, flags)?;
    let addr = address::parse(cx, s, to, "sendto")?;
    let n = io(cx, s, Way::Out, s.deadline(), || {
        // SAFETY: data and address are ours.
        unsafe { libc::sendto(s.fd, data.as_ptr().cast(), data.len(), flags, addr.ptr(), addr.len) }
    })?;
    Ok(Value::small_int(n as i64))
}
