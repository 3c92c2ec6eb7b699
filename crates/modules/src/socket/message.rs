//! Messages of several buffers with ancillary data.
//!
//! Terms. The *control block* is the system's form of ancillary data: items of a header (length, level, type) and data,
//! each padded to words.

use super::address::{self, Addr};
use super::io::store;
use super::object::{Info, Way, flags_arg, info, io, size};
use crate::os_util::{c_int, room};
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, Exc, NativeDef, R, RootedVec, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("CMSG_LEN(length, /)", |cx, a| control_size(cx, a, "CMSG_LEN", 0), ""),
    NativeDef::function("CMSG_SPACE(length, /)", |cx, a| control_size(cx, a, "CMSG_SPACE", WORD - 1), ""),
];

const WORD: usize = size_of::<usize>();
/// Bytes of an item's header.
const HEADER: usize = size_of::<libc::cmsghdr>();
/// The most that the system takes for the length of a control block.
const MOST: usize = i32::MAX as usize;

fn padded(n: usize) -> usize {
    (n + WORD - 1) & !(WORD - 1)
}
fn control_size(cx: &mut Thread, a: Args<'_>, name: &str, pad: usize) -> R {
    let n = size(cx, a[0])?;
    match usize::try_from(n) {
        Ok(n) if n <= MOST - HEADER - WORD => Ok(Value::small_int(((HEADER + n + pad) & !pad) as i64)),
        _ => Err(cx.overflow_error(format!("{name}() argument out of range"))),
    }
}

/// The items of an iterable argument.
fn all(cx: &mut Thread, v: Value, what: &str) -> R<RootedVec> {
    let it = cx.iter(v);
    match cx.catch(Exc::TypeError, it)? {
        Some(it) => cx.collect(it),
        None => Err(cx.type_error(format!("{what} must be an iterable"))),
    }
}
/// Copies of the bytes of all buffers.
fn buffers(cx: &mut Thread, v: Value, what: &str) -> R<Vec<Vec<u8>>> {
    let items = all(cx, v, what)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        out.push(cx.bytes_of(items[i])?);
    }
    Ok(out)
}
fn vectors(buffers: &[Vec<u8>]) -> Vec<libc::iovec> {
    buffers.iter().map(|b| libc::iovec { iov_base: b.as_ptr() as *mut libc::c_void, iov_len: b.len() }).collect()
}

/// Words of a control block, so that it is aligned.
struct Control {
    words: Vec<usize>,
    len: usize,
}
impl Control {
    fn new() -> Control {
        Control { words: Vec::new(), len: 0 }
    }
    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let head = libc::cmsghdr { cmsg_len: HEADER + data.len(), cmsg_level: level, cmsg_type: kind };
        self.words.push(head.cmsg_len);
        let numbers = [head.cmsg_level.to_ne_bytes(), head.cmsg_type.to_ne_bytes()].concat();
        for chunk in numbers.chunks(WORD).chain(data.chunks(WORD)) {
            let mut word = [0; WORD];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words.push(usize::from_ne_bytes(word));
        }
        self.len = self.words.len() * WORD;
    }
    fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|w| w.to_ne_bytes()).take(self.len).collect()
    }
}

fn ancillary(cx: &mut Thread, v: Value) -> R<Control> {
    let items = all(cx, v, "sendmsg() argument 2")?;
    let mut out = Control::new();
    for i in 0..items.len() {
        let what = "[sendmsg() ancillary data items]() argument must be";
        let Some(t) = items[i].cast::<Tuple>() else {
            let class = cx.class_name(items[i]);
            return Err(cx.type_error(format!("{what} 3-item tuple, not {class}")));
        };
        if t.len != 3 {
            return Err(cx.type_error(format!("{what} tuple of length 3, not {}", t.len)));
        }
        let (level, kind) = (c_int(cx, t.at(0))?, c_int(cx, t.at(1))?);
        let data = cx.bytes_of(t.at(2))?;
        if data.len() > MOST - HEADER - WORD {
            return Err(cx.error(Exc::OSError, "ancillary data item too large"));
        }
        if out.len + padded(HEADER + data.len()) > MOST {
            return Err(cx.error(Exc::OSError, "too much ancillary data"));
        }
        out.push(level, kind, &data);
    }
    Ok(out)
}

/// Sends the buffers with what belongs to them.
fn send_message(cx: &mut Thread, s: Info, data: &[Vec<u8>], control: &Control, flags: i32, to: Option<Addr>) -> R {
    let vectors = vectors(data);
    let n = io(cx, s, Way::Out, s.deadline(), || {
        // SAFETY: zero is valid; all memory is ours and lives through the call.
        unsafe {
            let mut m: libc::msghdr = std::mem::zeroed();
            m.msg_iov = vectors.as_ptr() as *mut libc::iovec;
            m.msg_iovlen = vectors.len() as _;
            if control.len > 0 {
                m.msg_control = control.words.as_ptr() as *mut libc::c_void;
                m.msg_controllen = control.len as _;
            }
            if let Some(to) = &to {
                m.msg_name = to.ptr() as *mut libc::c_void;
                m.msg_namelen = to.len;
            }
            libc::sendmsg(s.fd, &m, flags)
        }
    })?;
    Ok(Value::small_int(n as i64))
}
pub fn sendmsg(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let flags = flags_arg(cx, a.opt(3))?;
    let to = match a.some(4) {
        Some(v) => Some(address::parse(cx, s, v, "sendmsg")?),
        None => None,
    };
    let data = buffers(cx, a[1], "sendmsg() argument 1")?;
    let control = match a.opt(2) {
        Some(v) => ancillary(cx, v)?,
        None => Control::new(),
    };
    send_message(cx, s, &data, &control, flags, to)
}
/// The same for the system's encryption: operation, initial vector and so on are ancillary data.
pub fn sendmsg_afalg(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    if s.family != libc::AF_ALG {
        return Err(cx.error(Exc::OSError, "algset is only supported for AF_ALG"));
    }
    let op = c_int(cx, a[2])?;
    if op < 0 {
        return Err(cx.value_error("Invalid or missing argument 'op'"));
    }
    let mut control = Control::new();
    control.push(libc::SOL_ALG, libc::ALG_SET_OP, &(op as u32).to_ne_bytes());
    if let Some(iv) = a.some(3) {
        let iv = cx.bytes_of(iv)?;
        let data = [&(iv.len() as u32).to_ne_bytes()[..], &iv].concat();
        control.push(libc::SOL_ALG, libc::ALG_SET_IV, &data);
    }
    if let Some(v) = a.opt(4) {
        let n = c_int(cx, v)?;
        if n < 0 {
            return Err(cx.type_error("assoclen must be positive"));
        }
        control.push(libc::SOL_ALG, libc::ALG_SET_AEAD_ASSOCLEN, &(n as u32).to_ne_bytes());
    }
    let flags = flags_arg(cx, a.opt(5))?;
    let data = match a.opt(1) {
        Some(v) => buffers(cx, v, "sendmsg_afalg() argument 1")?,
        None => Vec::new(),
    };
    send_message(cx, s, &data, &control, flags, None)
}

// ---- receiving

/// What was received beside the data.
struct Received {
    count: usize,
    control: Control,
    flags: i32,
    sender: Addr,
}
/// Receives to the buffers, whose lengths are kept.
fn receive(cx: &mut Thread, s: Info, data: &mut [Vec<u8>], control: usize, flags: i32) -> R<Received> {
    let vectors: Vec<libc::iovec> =
        data.iter_mut().map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: b.capacity() }).collect();
    let mut words = vec![0usize; control.div_ceil(WORD)];
    let mut sender = Addr::room();
    let (mut control_len, mut out_flags) = (0, 0);
    let count = io(cx, s, Way::In, s.deadline(), || {
        sender = Addr::room();
        // SAFETY: zero is valid; all memory is ours and lives through the call.
        unsafe {
            let mut m: libc::msghdr = std::mem::zeroed();
            m.msg_name = sender.ptr_mut().cast();
            m.msg_namelen = sender.len;
            m.msg_iov = vectors.as_ptr() as *mut libc::iovec;
            m.msg_iovlen = vectors.len() as _;
            m.msg_control = if control == 0 { std::ptr::null_mut() } else { words.as_mut_ptr().cast() };
            m.msg_controllen = control as _;
            let n = libc::recvmsg(s.fd, &mut m, flags);
            (sender.len, control_len, out_flags) = (m.msg_namelen, m.msg_controllen as usize, m.msg_flags);
            n
        }
    })?;
    let control = Control { words, len: control_len };
    Ok(Received { count: count as usize, control, flags: out_flags, sender })
}
/// The ancillary data, then flags and address: the last three items of a result.
fn described(cx: &mut Thread, s: Info, first: Value, r: &Received) -> R {
    let list = cx.new_list(&[])?;
    let bytes = r.control.bytes();
    let mut at = 0;
    while at + HEADER <= bytes.len() {
        let field = |o: usize| i32::from_ne_bytes([bytes[o], bytes[o + 1], bytes[o + 2], bytes[o + 3]]);
        let mut len = [0; WORD];
        len.copy_from_slice(&bytes[at..at + WORD]);
        let len = usize::from_ne_bytes(len);
        if len < HEADER {
            let text = "received malformed or improperly-truncated ancillary data";
            cx.warn(Exc::RuntimeWarning, text)?;
            break;
        }
        // The last item may be cut off.
        let end = at.saturating_add(len).min(bytes.len());
        let (level, kind) = (field(at + WORD), field(at + WORD + 4));
        let data = cx.new_bytes(&bytes[at + HEADER..end])?.value();
        let item = cx.new_tuple(&[Value::small_int(level as i64), Value::small_int(kind as i64), data])?;
        cx.list_append(list, item.value())?;
        at = at.saturating_add(padded(len));
    }
    let sender = address::value(cx, &r.sender, s.proto)?;
    Ok(cx.new_tuple(&[first, list.value(), Value::small_int(r.flags as i64), sender])?.value())
}
fn control_arg(cx: &mut Thread, v: Option<Value>) -> R<usize> {
    let n = match v {
        Some(v) => size(cx, v)?,
        None => 0,
    };
    match usize::try_from(n) {
        Ok(n) if n <= MOST => Ok(n),
        _ => Err(cx.value_error("invalid ancillary data buffer length")),
    }
}
pub fn recvmsg(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let Ok(n) = usize::try_from(size(cx, a[1])?) else {
        return Err(cx.value_error("negative buffer size in recvmsg()"));
    };
    let (control, flags) = (control_arg(cx, a.opt(2))?, flags_arg(cx, a.opt(3))?);
    let mut data = [room(cx, n)?];
    let r = receive(cx, s, &mut data, control, flags)?;
    // SAFETY: so many bytes were written.
    unsafe { data[0].set_len(r.count.min(n)) };
    let first = cx.new_bytes(&data[0])?.value();
    described(cx, s, first, &r)
}
pub fn recvmsg_into(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let targets = all(cx, a[1], "recvmsg_into() argument 1")?;
    let mut data = Vec::new();
    let mut lengths = Vec::new();
    for i in 0..targets.len() {
        let Some(b) = cx.buffer_opt(targets[i])?.filter(|b| !b.readonly) else {
            let text = "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers";
            return Err(cx.type_error(text));
        };
        data.push(room(cx, b.len)?);
        lengths.push(b.len);
    }
    let (control, flags) = (control_arg(cx, a.opt(2))?, flags_arg(cx, a.opt(3))?);
    let r = receive(cx, s, &mut data, control, flags)?;
    let mut left = r.count;
    for (i, buf) in data.iter_mut().enumerate() {
        let n = left.min(lengths[i]);
        // SAFETY: the system fills the buffers in turn.
        unsafe { buf.set_len(n) };
        store(cx, targets[i], buf)?;
        left -= n;
    }
    described(cx, s, Value::small_int(r.count as i64), &r)
}
