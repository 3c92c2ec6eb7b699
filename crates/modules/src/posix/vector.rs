//! Reading and writing with several buffers, and data that the system moves by itself.

use crate::os_util::{c_int, c_number, check, fildes, room};
use ferropy_vm::{Args, NativeDef, R, RootedVec, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("readv(fd, buffers, /)", readv, "Read from a file descriptor fd into an iterable of buffers."),
    NativeDef::function("preadv(fd, buffers, offset, flags=0, /)", preadv, ""),
    NativeDef::function("writev(fd, buffers, /)", writev, ""),
    NativeDef::function("pwritev(fd, buffers, offset, flags=0, /)", pwritev, ""),
    NativeDef::function("sendfile(out_fd, in_fd, offset, count)", sendfile, ""),
    NativeDef::function("copy_file_range(src, dst, count, offset_src=None, offset_dst=None)", copy_file_range, ""),
    NativeDef::function("splice(src, dst, count, offset_src=None, offset_dst=None, flags=0)", splice, ""),
];

/// Room for what is read into a program's buffers.
struct Reading {
    targets: RootedVec,
    data: Vec<Vec<u8>>,
    vectors: Vec<libc::iovec>,
}
impl Reading {
    fn new(cx: &mut Thread, v: Value, name: &str) -> R<Reading> {
        let targets = sequence(cx, v, name)?;
        let mut data = Vec::new();
        for i in 0..targets.len() {
            let len = cx.buffer_mut(targets[i])?.len;
            data.push(room(cx, len)?);
        }
        let vectors = data.iter_mut().map(|b| vector(b.as_ptr(), b.capacity())).collect();
        Ok(Reading { targets, data, vectors })
    }
    /// Hands what was read over to the program.
    fn finish(mut self, cx: &mut Thread, count: isize) -> R {
        let mut left = count as usize;
        for (i, buf) in self.data.iter_mut().enumerate() {
            let n = left.min(buf.capacity());
            left -= n;
            // SAFETY: the system fills the buffers in turn.
            unsafe { buf.set_len(n) };
            let target = cx.buffer_mut(self.targets[i])?;
            let n = n.min(target.len);
            target.bytes_mut()[..n].copy_from_slice(&buf[..n]);
        }
        Ok(Value::small_int(count as i64))
    }
}
fn vector(p: *const u8, len: usize) -> libc::iovec {
    libc::iovec { iov_base: p as *mut libc::c_void, iov_len: len }
}
fn sequence(cx: &mut Thread, v: Value, name: &str) -> R<RootedVec> {
    if cx.quick_len(v).is_none() && cx.lookup_special(v, ferropy_vm::N::__getitem__).is_none() {
        return Err(cx.type_error(format!("{name}() arg 2 must be a sequence")));
    }
    cx.collect(v)
}
fn written(cx: &mut Thread, v: Value, name: &str) -> R<Vec<Vec<u8>>> {
    let items = sequence(cx, v, name)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        out.push(cx.bytes_of(items[i])?);
    }
    Ok(out)
}
fn vectors(data: &[Vec<u8>]) -> Vec<libc::iovec> {
    data.iter().map(|b| vector(b.as_ptr(), b.len())).collect()
}
fn flags(cx: &mut Thread, v: Option<Value>) -> R<i32> {
    match v {
        Some(v) => c_int(cx, v),
        None => Ok(0),
    }
}

fn readv(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let r = Reading::new(cx, a[1], "readv")?;
    // SAFETY: the vectors describe memory of ours.
    let n = check(cx, || unsafe { libc::readv(fd, r.vectors.as_ptr(), r.vectors.len() as i32) })?;
    r.finish(cx, n)
}
fn preadv(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let r = Reading::new(cx, a[1], "preadv2")?;
    let (offset, flags) = (c_number::<i64>(cx, a[2], "long")?, flags(cx, a.opt(3))?);
    // SAFETY: as above.
    let n = check(cx, || unsafe { libc::preadv2(fd, r.vectors.as_ptr(), r.vectors.len() as i32, offset, flags) })?;
    r.finish(cx, n)
}
fn writev(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let data = written(cx, a[1], "writev")?;
    let vectors = vectors(&data);
    // SAFETY: as above.
    let n = check(cx, || unsafe { libc::writev(fd, vectors.as_ptr(), vectors.len() as i32) })?;
    Ok(Value::small_int(n as i64))
}
fn pwritev(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let data = written(cx, a[1], "pwritev")?;
    let vectors = vectors(&data);
    let (offset, flags) = (c_number::<i64>(cx, a[2], "long")?, flags(cx, a.opt(3))?);
    // SAFETY: as above.
    let n = check(cx, || unsafe { libc::pwritev2(fd, vectors.as_ptr(), vectors.len() as i32, offset, flags) })?;
    Ok(Value::small_int(n as i64))
}

/// An offset that may be None.
fn offset(cx: &mut Thread, v: Option<Value>) -> R<Option<i64>> {
    match v {
        Some(v) => c_number::<i64>(cx, v, "long").map(Some),
        None => Ok(None),
    }
}
fn pointer(offset: &mut Option<i64>) -> *mut i64 {
    offset.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64)
}
fn count(cx: &mut Thread, v: Value) -> R<usize> {
    match usize::try_from(c_number::<i64>(cx, v, "ssize_t")?) {
        Ok(n) => Ok(n),
        Err(_) => Err(cx.value_error("negative value for 'count' not allowed")),
    }
}
fn sendfile(cx: &mut Thread, a: Args<'_>) -> R {
    let (out, from) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    let mut at = offset(cx, a.some(2))?;
    let n = c_number::<i64>(cx, a[3], "ssize_t")? as usize;
    // SAFETY: the offset is ours.
    let n = check(cx, || unsafe { libc::sendfile(out, from, pointer(&mut at), n) })?;
    Ok(Value::small_int(n as i64))
}
fn copy_file_range(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to, n) = (c_int(cx, a[0])?, c_int(cx, a[1])?, count(cx, a[2])?);
    let (mut src, mut dst) = (offset(cx, a.some(3))?, offset(cx, a.some(4))?);
    // SAFETY: the offsets are ours.
    let n = check(cx, || unsafe { libc::copy_file_range(from, pointer(&mut src), to, pointer(&mut dst), n, 0) })?;
    Ok(Value::small_int(n as i64))
}
fn splice(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to, n) = (fildes(cx, a[0])?, fildes(cx, a[1])?, count(cx, a[2])?);
    let (mut src, mut dst) = (offset(cx, a.some(3))?, offset(cx, a.some(4))?);
    let flags = match a.opt(5) {
        Some(v) => c_number::<u32>(cx, v, "unsigned int")?,
        None => 0,
    };
    // SAFETY: the offsets are ours.
    let n = check(cx, || unsafe { libc::splice(from, pointer(&mut src), to, pointer(&mut dst), n, flags) })?;
    Ok(Value::small_int(n as i64))
}
