//! Byte order and text of addresses.

use super::address::ip6_text;
use crate::os_util::c_int;
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};
use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("htons(x, /)", swap16, "Convert a 16-bit unsigned integer from host to network byte order."),
    NativeDef::function("ntohs(x, /)", swap16, "Convert a 16-bit unsigned integer from network to host byte order."),
    NativeDef::function("htonl(x, /)", swap32, "Convert a 32-bit unsigned integer from host to network byte order."),
    NativeDef::function("ntohl(x, /)", swap32, "Convert a 32-bit unsigned integer from network to host byte order."),
    NativeDef::function("inet_aton(ip_addr, /)", py_inet_aton, ""),
    NativeDef::function("inet_ntoa(packed_ip, /)", inet_ntoa, ""),
    NativeDef::function("inet_pton(address_family, ip_string, /)", inet_pton, ""),
    NativeDef::function("inet_ntop(address_family, packed_ip, /)", inet_ntop, ""),
];

/// An unsigned argument of a C type.
pub fn unsigned<T: TryFrom<u64>>(cx: &mut Thread, v: Value, name: &str) -> R<T> {
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    if n < dashu_int::IBig::ZERO {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    match u64::try_from(&n).ok().and_then(|n| T::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => Err(cx.overflow_error(format!("Python int too large for C {name}"))),
    }
}
fn swap16(cx: &mut Thread, a: Args<'_>) -> R {
    let n = unsigned::<u16>(cx, a[0], "uint16_t")?;
    Ok(Value::small_int(n.to_be() as i64))
}
fn swap32(cx: &mut Thread, a: Args<'_>) -> R {
    let n = unsigned::<u32>(cx, a[0], "uint32_t")?;
    Ok(Value::small_int(n.to_be() as i64))
}

/// A str argument as a terminated text.
pub fn text_arg(cx: &mut Thread, v: Value, what: &str) -> R<CString> {
    let Some(s) = v.as_str() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{what} must be str, not {class}")));
    };
    CString::new(s.bytes()).map_err(|_| cx.value_error("embedded null character"))
}
unsafe extern "C" {
    fn inet_aton(text: *const libc::c_char, out: *mut libc::in_addr) -> libc::c_int;
}
fn inet_aton_text(text: &CString) -> Option<[u8; 4]> {
    let mut out = libc::in_addr { s_addr: 0 };
    // SAFETY: a terminated text; the structure is ours.
    (unsafe { inet_aton(text.as_ptr(), &mut out) } != 0).then(|| out.s_addr.to_ne_bytes())
}
fn py_inet_aton(cx: &mut Thread, a: Args<'_>) -> R {
    let text = text_arg(cx, a[0], "inet_aton() argument")?;
    match inet_aton_text(&text) {
        Some(b) => Ok(cx.new_bytes(&b)?.value()),
        None => Err(cx.error(Exc::OSError, "illegal IP address string passed to inet_aton")),
    }
}
fn inet_ntoa(cx: &mut Thread, a: Args<'_>) -> R {
    let packed = cx.bytes_of(a[0])?;
    match <[u8; 4]>::try_from(packed) {
        Ok(b) => Ok(cx.new_str(&Ipv4Addr::from(b).to_string())?.value()),
        Err(_) => Err(cx.error(Exc::OSError, "packed IP wrong length for inet_ntoa")),
    }
}
fn inet_pton(cx: &mut Thread, a: Args<'_>) -> R {
    let family = c_int(cx, a[0])?;
    let text = text_arg(cx, a[1], "inet_pton() argument 2")?;
    let text = text.to_string_lossy();
    let packed = match family {
        libc::AF_INET => text.parse::<Ipv4Addr>().ok().map(|ip| ip.octets().to_vec()),
        libc::AF_INET6 => text.parse::<Ipv6Addr>().ok().map(|ip| ip.octets().to_vec()),
        _ => return Err(cx.os_error(libc::EAFNOSUPPORT, None)),
    };
    match packed {
        Some(b) => Ok(cx.new_bytes(&b)?.value()),
        None => Err(cx.error(Exc::OSError, "illegal IP address string passed to inet_pton")),
    }
}
fn inet_ntop(cx: &mut Thread, a: Args<'_>) -> R {
    let family = c_int(cx, a[0])?;
    let packed = cx.bytes_of(a[1])?;
    let text = match family {
        libc::AF_INET => <[u8; 4]>::try_from(packed).map(|b| Ipv4Addr::from(b).to_string()),
        libc::AF_INET6 => <[u8; 16]>::try_from(packed).map(|b| ip6_text(Ipv6Addr::from(b))),
        _ => return Err(cx.value_error(format!("unknown address family {family}"))),
    };
    match text {
        Ok(t) => Ok(cx.new_str(&t)?.value()),
        Err(_) => Err(cx.value_error("invalid length of packed IP address string")),
    }
}
