//! Addresses of sockets: Python's tuples and strings to the system's structures and back.
//!
//! An [`Addr`] is the structure as bytes: what follows the family is written and read field by field, so that no structure
//! of C's is needed. The families that are rarely used are in `families`.

use super::{families, gai_error, object::Info};
use crate::os_util::{self, c_int, c_number, fs_bytes, fs_str};
use ferropy_vm::types::{ByteArray, Bytes, Str, Tuple};
use ferropy_vm::{Exc, R, RootedVec, Thread, Value};
use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of the biggest address.
const SIZE: usize = 128;
/// Offset of what follows the family.
pub const BODY: usize = 2;

/// An address with the alignment that the system wants.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct Addr {
    bytes: [u8; SIZE],
    pub len: libc::socklen_t,
}

impl Addr {
    /// The family, and nothing behind it yet.
    pub fn new(family: i32) -> Addr {
        Addr { bytes: [0; SIZE], len: 0 }.push(&(family as u16).to_ne_bytes())
    }
    /// Room for the system to write an address to.
    pub fn room() -> Addr {
        Addr { bytes: [0; SIZE], len: SIZE as libc::socklen_t }
    }
    /// Adds a field.
    pub fn push(mut self, field: &[u8]) -> Addr {
        let at = self.len as usize;
        let end = (at + field.len()).min(SIZE);
        self.bytes[at..end].copy_from_slice(&field[..end - at]);
        self.len = end as libc::socklen_t;
        self
    }
    /// Adds zeros.
    pub fn skip(mut self, n: usize) -> Addr {
        self.len += n as libc::socklen_t;
        self
    }
    pub fn ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }
    pub fn ptr_mut(&mut self) -> *mut libc::sockaddr {
        self.bytes.as_mut_ptr().cast()
    }
    pub fn family(&self) -> i32 {
        u16::from_ne_bytes(self.at(0)) as i32
    }
    /// The bytes of the field at an offset.
    pub fn at<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[offset..offset + N]);
        out
    }
    /// All that follows an offset.
    pub fn rest(&self, offset: usize) -> &[u8] {
        &self.bytes[offset..(self.len as usize).clamp(offset, SIZE)]
    }
    /// Copies an address of the system's.
    ///
    /// # Safety
    /// `p` points at `len` bytes.
    pub unsafe fn copy(p: *const libc::sockaddr, len: libc::socklen_t) -> Addr {
        let n = (len as usize).min(SIZE);
        let mut out = Addr { bytes: [0; SIZE], len: n as libc::socklen_t };
        std::ptr::copy_nonoverlapping(p.cast::<u8>(), out.bytes.as_mut_ptr(), n);
        out
    }
    pub fn v4(ip: Ipv4Addr, port: u16) -> Addr {
        Addr::new(libc::AF_INET).push(&port.to_be_bytes()).push(&ip.octets()).skip(8)
    }
    pub fn v6(ip: Ipv6Addr, port: u16, flow: u32, scope: u32) -> Addr {
        let head = Addr::new(libc::AF_INET6).push(&port.to_be_bytes()).push(&flow.to_be_bytes());
        head.push(&ip.octets()).push(&scope.to_ne_bytes())
    }
    pub fn ip4(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.at::<4>(4))
    }
    pub fn ip6(&self) -> Ipv6Addr {
        Ipv6Addr::from(self.at::<16>(8))
    }
    pub fn port(&self) -> u16 {
        u16::from_be_bytes(self.at(BODY))
    }
    /// The text of an Internet address.
    pub fn ip_text(&self) -> String {
        if self.family() == libc::AF_INET6 { ip6_text(self.ip6()) } else { self.ip4().to_string() }
    }
}

unsafe extern "C" {
    fn inet_ntop(
        family: i32,
        ip: *const libc::c_void,
        text: *mut libc::c_char,
        size: libc::socklen_t,
    ) -> *const libc::c_char;
}
/// The text as the system writes it, which differs from Rust's for some mapped addresses.
pub fn ip6_text(ip: Ipv6Addr) -> String {
    let mut buf = [0 as libc::c_char; 64];
    let octets = ip.octets();
    // SAFETY: the buffer has room for every address; the result is terminated.
    unsafe {
        inet_ntop(libc::AF_INET6, octets.as_ptr().cast(), buf.as_mut_ptr(), 64);
        std::ffi::CStr::from_ptr(buf.as_ptr()).to_string_lossy().into_owned()
    }
}

// ---- from Python

/// The items of a tuple with so many items; `what` names the family, `shape` is the message for other tuples.
pub fn items(
    cx: &mut Thread,
    v: Value,
    caller: &str,
    what: &str,
    count: std::ops::RangeInclusive<usize>,
    shape: &str,
) -> R<RootedVec> {
    let Some(t) = v.cast::<Tuple>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{caller}(): {what} address must be tuple, not {class}")));
    };
    if !count.contains(&t.len) {
        return Err(cx.type_error(format!("{what} address must be {shape}")));
    }
    let mut out = RootedVec::new(cx);
    for v in t.items() {
        out.push(*v);
    }
    Ok(out)
}
/// A number that has to be in 0..=most.
pub fn ranged(cx: &mut Thread, v: Value, caller: &str, what: &str, most: i64) -> R<i64> {
    let n = c_int(cx, v)? as i64;
    if !(0..=most).contains(&n) {
        return Err(cx.overflow_error(format!("{caller}(): {what} must be 0-{most}.")));
    }
    Ok(n)
}
fn flow_and_scope(cx: &mut Thread, caller: &str, t: &RootedVec) -> R<(u32, u32)> {
    let mut numbers = [0u32; 2];
    for (i, n) in numbers.iter_mut().enumerate().take(t.len() - 2) {
        // The lowest bits count, as C's format `I` has it.
        let v = cx.index_value(t[i + 2])?;
        let low = v.to_ibig().unwrap_or_default() & dashu_int::IBig::from(u32::MAX);
        *n = u32::try_from(&low).unwrap_or(0);
    }
    if numbers[0] > 0xfffff {
        return Err(cx.overflow_error(format!("{caller}(): flowinfo must be 0-1048575.")));
    }
    Ok((numbers[0], numbers[1]))
}

/// A host of an address: the bytes of its name.
fn host_name(cx: &mut Thread, v: Value) -> R<CString> {
    let bytes = if let Some(b) = v.cast::<Bytes>() {
        b.data().to_vec()
    } else if v.cast::<ByteArray>().is_some() {
        cx.bytes_of(v)?
    } else if v.cast::<Str>().is_some() {
        idna(cx, v)?
    } else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("str, bytes or bytearray expected, not {class}")));
    };
    CString::new(bytes).map_err(|_| cx.type_error("host name must not contain null character"))
}
/// A name in the encoding of the domain name system; ASCII stands for itself.
pub fn idna(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if let Some(s) = v.cast::<Str>()
        && s.bytes().is_ascii()
    {
        return Ok(s.bytes().to_vec());
    }
    encode_idna(cx, v)
}
/// The same by the codec in any case, which checks labels.
pub fn encode_idna(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    let name = cx.new_str("idna")?.value();
    let bytes = cx.call_method(v, "encode", &[name])?;
    cx.bytes_of(bytes)
}

/// What `getaddrinfo` says, copied.
pub struct Found {
    pub family: i32,
    pub kind: i32,
    pub proto: i32,
    pub canonical: Option<CString>,
    pub addr: Addr,
}
/// Asks `getaddrinfo` without the interpreter lock; the error is its code and errno.
pub fn resolve(
    cx: &mut Thread,
    host: Option<&CString>,
    service: Option<&CString>,
    hints: &libc::addrinfo,
) -> Result<Vec<Found>, (i32, i32)> {
    let text = |s: Option<&CString>| s.map_or(std::ptr::null(), |s| s.as_ptr());
    // The structure has pointers, which are null in hints.
    let (flags, family, kind, proto) = (hints.ai_flags, hints.ai_family, hints.ai_socktype, hints.ai_protocol);
    cx.allow_threads(|| {
        // SAFETY: terminated strings; the list is read before it is freed.
        unsafe {
            let mut hints: libc::addrinfo = std::mem::zeroed();
            (hints.ai_flags, hints.ai_family, hints.ai_socktype, hints.ai_protocol) = (flags, family, kind, proto);
            let mut list = std::ptr::null_mut();
            let code = libc::getaddrinfo(text(host), text(service), &hints, &mut list);
            if code != 0 {
                return Err((code, os_util::errno()));
            }
            let mut out = Vec::new();
            let mut next: *const libc::addrinfo = list;
            while let Some(i) = next.as_ref() {
                let canonical =
                    (!i.ai_canonname.is_null()).then(|| std::ffi::CStr::from_ptr(i.ai_canonname).to_owned());
                let addr = Addr::copy(i.ai_addr, i.ai_addrlen);
                out.push(Found { family: i.ai_family, kind: i.ai_socktype, proto: i.ai_protocol, canonical, addr });
                next = i.ai_next;
            }
            libc::freeaddrinfo(list);
            Ok(out)
        }
    })
}
/// Hints for `resolve`.
pub fn hints(family: i32, kind: i32, proto: i32, flags: i32) -> libc::addrinfo {
    // SAFETY: zero is valid.
    let mut h: libc::addrinfo = unsafe { std::mem::zeroed() };
    (h.ai_family, h.ai_socktype, h.ai_protocol, h.ai_flags) = (family, kind, proto, flags);
    h
}

/// The address (without port) of a host: the empty name is the wildcard.
pub fn host_address(cx: &mut Thread, name: &CString, family: i32) -> R<Addr> {
    let bytes = name.to_bytes();
    if bytes.is_empty() {
        let service = c"0".to_owned();
        let hints = hints(family, libc::SOCK_DGRAM, 0, libc::AI_PASSIVE);
        let found = resolve(cx, None, Some(&service), &hints).map_err(|(code, e)| gai_error(cx, code, e))?;
        return match found.as_slice() {
            [one] => Ok(one.addr),
            _ => Err(cx.error(Exc::OSError, "wildcard resolved to multiple address")),
        };
    }
    if bytes == b"255.255.255.255" || bytes == b"<broadcast>" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return Err(cx.error(Exc::OSError, "address family mismatched"));
        }
        return Ok(Addr::v4(Ipv4Addr::BROADCAST, 0));
    }
    let text = std::str::from_utf8(bytes).unwrap_or("");
    if family != libc::AF_INET6
        && let Ok(ip) = text.parse::<Ipv4Addr>()
    {
        return Ok(Addr::v4(ip, 0));
    }
    if family != libc::AF_INET
        && let Ok(ip) = text.parse::<Ipv6Addr>()
    {
        return Ok(Addr::v6(ip, 0, 0, 0));
    }
    let found = resolve(cx, Some(name), None, &hints(family, 0, 0, 0)).map_err(|(code, e)| gai_error(cx, code, e))?;
    match found.first() {
        Some(f) => Ok(f.addr),
        None => Err(gai_error(cx, libc::EAI_NONAME, 0)),
    }
}

fn unix_address(cx: &mut Thread, v: Value) -> R<Addr> {
    let path = if v.cast::<Str>().is_some() { fs_bytes(cx, v)? } else { cx.bytes_of(v)? };
    // An abstract name begins with a zero byte and has no terminator.
    let is_abstract = path.first().is_none_or(|b| *b == 0);
    let room = size_of::<libc::sockaddr_un>() - BODY;
    if path.len() > room || !is_abstract && path.len() == room {
        return Err(cx.error(Exc::OSError, "AF_UNIX path too long"));
    }
    let addr = Addr::new(libc::AF_UNIX).push(&path);
    Ok(if is_abstract { addr } else { addr.skip(1) })
}

/// The structure for a Python address of the socket's family; `caller` is the method's name.
pub fn parse(cx: &mut Thread, s: Info, v: Value, caller: &str) -> R<Addr> {
    match s.family {
        libc::AF_UNIX => unix_address(cx, v),
        libc::AF_INET => {
            let t = items(cx, v, caller, "AF_INET", 2..=2, "a pair (host, port)")?;
            let host = host_name(cx, t[0])?;
            let port = c_int(cx, t[1])?;
            let addr = host_address(cx, &host, libc::AF_INET)?;
            let port = port_number(cx, port, caller)?;
            Ok(Addr::v4(addr.ip4(), port))
        }
        libc::AF_INET6 => {
            let shape = "a tuple (host, port[, flowinfo[, scopeid]])";
            let t = items(cx, v, caller, "AF_INET6", 2..=4, shape)?;
            let host = host_name(cx, t[0])?;
            let port = c_int(cx, t[1])?;
            let (flow, scope) = flow_and_scope(cx, caller, &t)?;
            let addr = host_address(cx, &host, libc::AF_INET6)?;
            let port = port_number(cx, port, caller)?;
            Ok(Addr::v6(addr.ip6(), port, flow, scope))
        }
        _ => families::parse(cx, s, v, caller),
    }
}
fn port_number(cx: &mut Thread, port: i32, caller: &str) -> R<u16> {
    match u16::try_from(port) {
        Ok(p) => Ok(p),
        Err(_) => Err(cx.overflow_error(format!("{caller}(): port must be 0-65535."))),
    }
}

// ---- to Python

/// The Python address of a structure; `proto` is the socket's.
pub fn value(cx: &mut Thread, a: &Addr, proto: i32) -> R {
    if a.len == 0 {
        return Ok(Value::NONE);
    }
    match a.family() {
        libc::AF_INET => {
            let ip = cx.new_str(&a.ip_text())?.value();
            Ok(cx.new_tuple(&[ip, Value::small_int(a.port() as i64)])?.value())
        }
        libc::AF_INET6 => {
            let ip = cx.new_str(&a.ip_text())?.value();
            let (flow, scope) = (u32::from_be_bytes(a.at(4)), u32::from_ne_bytes(a.at(24)));
            let numbers = [a.port() as i64, flow as i64, scope as i64].map(Value::small_int);
            Ok(cx.new_tuple(&[ip, numbers[0], numbers[1], numbers[2]])?.value())
        }
        libc::AF_UNIX => {
            let path = a.rest(BODY);
            if path.first() == Some(&0) {
                return Ok(cx.new_bytes(path)?.value());
            }
            let end = path.iter().position(|b| *b == 0).unwrap_or(path.len());
            fs_str(cx, &path[..end])
        }
        family => families::value(cx, a, family, proto),
    }
}

/// A port of `getnameinfo`, an address of the tuple's host: (host, port, flow, scope).
pub fn name_info_address(cx: &mut Thread, v: Value) -> R<(CString, u16, u32, u32, usize)> {
    let Some(t) = v.cast::<Tuple>() else {
        return Err(cx.type_error("getnameinfo() argument 1 must be a tuple"));
    };
    let host = t.items().first().and_then(|h| h.as_str()).map(|h| h.bytes().to_vec());
    let (Some(host), 2..=4) = (host, t.len) else {
        return Err(cx.type_error("getnameinfo(): illegal sockaddr argument"));
    };
    let Ok(host) = CString::new(host) else { return Err(cx.value_error("embedded null character")) };
    let port = c_number::<i32>(cx, t.at(1), "int")?;
    let mut rooted = RootedVec::new(cx);
    for v in t.items() {
        rooted.push(*v);
    }
    let (flow, scope) = flow_and_scope(cx, "getnameinfo", &rooted)?;
    Ok((host, port as u16, flow, scope, t.len))
}
