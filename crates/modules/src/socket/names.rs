//! Hosts: names to addresses and back.

use super::address::{self, Addr, encode_idna, hints, host_address, idna, resolve};
use super::{gai_error, host_error};
use crate::os_util::{self, c_int, check, filled, fs_bytes, fs_str, fspath};
use ferropy_vm::types::{ByteArray, Bytes, Str};
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};
use std::ffi::{CStr, CString};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getaddrinfo(host, port, family=0, type=0, proto=0, flags=0)", getaddrinfo, ""),
    NativeDef::function("getnameinfo(sockaddr, flags, /)", getnameinfo, ""),
    NativeDef::function("gethostname()", gethostname, "Return the current host name."),
    NativeDef::function("sethostname(name, /)", sethostname, "Sets the hostname to name."),
    NativeDef::function("gethostbyname(host, /)", gethostbyname, "Return the IP address for a host."),
    NativeDef::function("gethostbyname_ex(host, /)", gethostbyname_ex, ""),
    NativeDef::function("gethostbyaddr(host, /)", gethostbyaddr, ""),
];

fn number(cx: &mut Thread, v: Option<Value>) -> R<i32> {
    match v {
        Some(v) => c_int(cx, v),
        None => Ok(0),
    }
}
/// Host or service: text up to the first zero byte, as C reads it.
fn c_string(cx: &mut Thread, bytes: Vec<u8>) -> R<CString> {
    CString::new(bytes).map_err(|_| cx.value_error("embedded null character"))
}
fn service_arg(cx: &mut Thread, v: Value) -> R<Option<CString>> {
    let bytes = if v.is_none() {
        return Ok(None);
    } else if v.is_any_int() {
        let n = cx.index_value(v)?;
        cx.str(n)?.bytes().to_vec()
    } else if let Some(s) = v.cast::<Str>() {
        s.bytes().to_vec()
    } else if let Some(b) = v.cast::<Bytes>() {
        b.data().to_vec()
    } else {
        return Err(cx.error(Exc::OSError, "Int or String expected"));
    };
    c_string(cx, bytes).map(Some)
}
fn getaddrinfo(cx: &mut Thread, a: Args<'_>) -> R {
    let host = if a[0].is_none() {
        None
    } else if a[0].cast::<Str>().is_some() {
        let name = encode_idna(cx, a[0])?;
        Some(c_string(cx, name)?)
    } else if let Some(b) = a[0].cast::<Bytes>() {
        Some(c_string(cx, b.data().to_vec())?)
    } else {
        return Err(cx.type_error("getaddrinfo() argument 1 must be string or None"));
    };
    let service = service_arg(cx, a[1])?;
    let (family, kind) = (number(cx, a.opt(2))?, number(cx, a.opt(3))?);
    let (proto, flags) = (number(cx, a.opt(4))?, number(cx, a.opt(5))?);
    let hints = hints(family, kind, proto, flags);
    let found = resolve(cx, host.as_ref(), service.as_ref(), &hints).map_err(|(code, e)| gai_error(cx, code, e))?;
    let out = cx.new_list(&[])?;
    for f in found {
        let canonical = fs_str(cx, f.canonical.as_ref().map_or(b"", |c| c.to_bytes()))?;
        let addr = address::value(cx, &f.addr, proto)?;
        let n = [f.family, f.kind, f.proto].map(|n| Value::small_int(n as i64));
        let item = cx.new_tuple(&[n[0], n[1], n[2], canonical, addr])?;
        cx.list_append(out, item.value())?;
    }
    Ok(out.value())
}

fn getnameinfo(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = c_int(cx, a[1])?;
    let (host, port, flow, scope, items) = address::name_info_address(cx, a[0])?;
    let service = CString::new(port.to_string()).unwrap_or_default();
    // The kind keeps the system from giving each address several times.
    let hints = hints(libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST);
    let found = resolve(cx, Some(&host), Some(&service), &hints).map_err(|(code, e)| gai_error(cx, code, e))?;
    let [one] = found.as_slice() else {
        return Err(cx.error(Exc::OSError, "sockaddr resolved to multiple addresses"));
    };
    let addr = match one.family {
        libc::AF_INET if items != 2 => return Err(cx.error(Exc::OSError, "IPv4 sockaddr must be 2 tuple")),
        libc::AF_INET6 => Addr::v6(one.addr.ip6(), port, flow, scope),
        _ => one.addr,
    };
    let (mut name, mut service) = ([0 as libc::c_char; 1025], [0 as libc::c_char; 32]);
    let (code, e) = cx.allow_threads(|| {
        let (n, s) = (name.len() as libc::socklen_t, service.len() as libc::socklen_t);
        // SAFETY: address and buffers are ours and have these sizes.
        let code =
            unsafe { libc::getnameinfo(addr.ptr(), addr.len, name.as_mut_ptr(), n, service.as_mut_ptr(), s, flags) };
        (code, os_util::errno())
    });
    if code != 0 {
        return Err(gai_error(cx, code, e));
    }
    // SAFETY: terminated on success.
    let (name, service) = unsafe { (os_util::c_text(cx, name.as_ptr())?, os_util::c_text(cx, service.as_ptr())?) };
    Ok(cx.new_tuple(&[name, service])?.value())
}

fn gethostname(cx: &mut Thread, _a: Args<'_>) -> R {
    let name = filled(cx, 1024, |p, n| {
        // SAFETY: the buffer has this size.
        unsafe { if libc::gethostname(p.cast(), n) < 0 { -1 } else { libc::strnlen(p.cast(), n) as isize } }
    })?;
    fs_str(cx, &name)
}
fn sethostname(cx: &mut Thread, a: Args<'_>) -> R {
    let name = if let Some(b) = a[0].cast::<Bytes>() {
        b.data().to_vec()
    } else {
        let p = fspath(cx, a[0])?;
        fs_bytes(cx, p)?
    };
    // SAFETY: the name is ours.
    check(cx, || unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) as isize })?;
    Ok(Value::NONE)
}

/// A host of the old functions.
fn host_arg(cx: &mut Thread, v: Value, function: &str) -> R<CString> {
    let bytes = if v.cast::<Str>().is_some() {
        idna(cx, v)?
    } else if v.cast::<Bytes>().is_some() || v.cast::<ByteArray>().is_some() {
        cx.bytes_of(v)?
    } else {
        let class = cx.class_name(v);
        let text = format!("{function}() argument 1 must be str, bytes or bytearray, not {class}");
        return Err(cx.type_error(text));
    };
    match CString::new(bytes) {
        Ok(c) => Ok(c),
        Err(_) => {
            let class = cx.class_name(v);
            let text = format!("{function}() argument 1 must be encoded string without null bytes, not {class}");
            Err(cx.type_error(text))
        }
    }
}
fn gethostbyname(cx: &mut Thread, a: Args<'_>) -> R {
    let host = host_arg(cx, a[0], "gethostbyname")?;
    let addr = host_address(cx, &host, libc::AF_INET)?;
    Ok(cx.new_str(&addr.ip_text())?.value())
}

/// An entry of the database of hosts, copied.
struct Host {
    name: CString,
    aliases: Vec<CString>,
    addresses: Vec<Vec<u8>>,
    family: i32,
}
impl Host {
    /// # Safety
    /// The entry is one of the system's.
    unsafe fn copy(h: &libc::hostent) -> Host {
        let mut host = Host {
            name: CStr::from_ptr(h.h_name).to_owned(),
            aliases: Vec::new(),
            addresses: Vec::new(),
            family: h.h_addrtype,
        };
        let mut p = h.h_aliases;
        while !p.is_null() && !(*p).is_null() {
            host.aliases.push(CStr::from_ptr(*p).to_owned());
            p = p.add(1);
        }
        let mut p = h.h_addr_list;
        while !p.is_null() && !(*p).is_null() {
            host.addresses.push(std::slice::from_raw_parts((*p).cast::<u8>(), h.h_length as usize).to_vec());
            p = p.add(1);
        }
        host
    }
    fn value(&self, cx: &mut Thread, family: i32) -> R {
        if self.family != family {
            return Err(cx.os_error(libc::EAFNOSUPPORT, None));
        }
        let name = fs_str(cx, self.name.to_bytes())?;
        let (aliases, addresses) = (cx.new_list(&[])?, cx.new_list(&[])?);
        for alias in &self.aliases {
            let alias = fs_str(cx, alias.to_bytes())?;
            cx.list_append(aliases, alias)?;
        }
        for raw in &self.addresses {
            let head = Addr::new(family).skip(if family == libc::AF_INET6 { 6 } else { 2 });
            let text = cx.new_str(&head.push(raw).ip_text())?.value();
            cx.list_append(addresses, text)?;
        }
        Ok(cx.new_tuple(&[name, aliases.value(), addresses.value()])?.value())
    }
}
mod c {
    use libc::{c_char, c_int, c_void, hostent, socklen_t};
    unsafe extern "C" {
        pub fn gethostbyname_r(
            name: *const c_char,
            entry: *mut hostent,
            buf: *mut c_char,
            len: usize,
            found: *mut *mut hostent,
            error: *mut c_int,
        ) -> c_int;
        pub fn gethostbyaddr_r(
            addr: *const c_void,
            addr_len: socklen_t,
            family: c_int,
            entry: *mut hostent,
            buf: *mut c_char,
            len: usize,
            found: *mut *mut hostent,
            error: *mut c_int,
        ) -> c_int;
    }
}
type Call<'a> = dyn Fn(*mut libc::hostent, *mut libc::c_char, usize, *mut *mut libc::hostent, *mut i32) -> i32 + 'a;
/// Asks with growing buffers.
fn look_up(cx: &mut Thread, f: &Call<'_>) -> R<Host> {
    let mut size = 16384;
    loop {
        let found = cx.allow_threads(|| {
            let mut buf = vec![0 as libc::c_char; size];
            // SAFETY: zero is valid; the entry's pointers lead into the buffer.
            unsafe {
                let mut entry: libc::hostent = std::mem::zeroed();
                let (mut found, mut error) = (std::ptr::null_mut(), 0);
                let r = f(&mut entry, buf.as_mut_ptr(), size, &mut found, &mut error);
                if found.is_null() { Err((r, error)) } else { Ok(Host::copy(&*found)) }
            }
        });
        match found {
            Ok(h) => return Ok(h),
            Err((libc::ERANGE, _)) if size < 1 << 22 => size *= 2,
            Err((_, error)) => return Err(host_error(cx, error)),
        }
    }
}
fn gethostbyname_ex(cx: &mut Thread, a: Args<'_>) -> R {
    let host = host_arg(cx, a[0], "gethostbyname_ex")?;
    let addr = host_address(cx, &host, libc::AF_INET)?;
    // SAFETY: a terminated name; the memory is `look_up`'s.
    let found = look_up(cx, &|entry, buf, n, found, error| unsafe {
        c::gethostbyname_r(host.as_ptr(), entry, buf, n, found, error)
    })?;
    found.value(cx, addr.family())
}
fn gethostbyaddr(cx: &mut Thread, a: Args<'_>) -> R {
    let host = host_arg(cx, a[0], "gethostbyaddr")?;
    let addr = host_address(cx, &host, libc::AF_UNSPEC)?;
    let family = addr.family();
    let raw = if family == libc::AF_INET6 { addr.ip6().octets().to_vec() } else { addr.ip4().octets().to_vec() };
    // SAFETY: the address is ours; the memory is `look_up`'s.
    let found = look_up(cx, &|entry, buf, n, found, error| unsafe {
        c::gethostbyaddr_r(raw.as_ptr().cast(), raw.len() as u32, family, entry, buf, n, found, error)
    })?;
    found.value(cx, family)
}
