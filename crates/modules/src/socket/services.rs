//! Names of services, protocols and network interfaces.

use super::convert::{text_arg, unsigned};
use crate::os_util::{c_int, c_path, c_text, fs_str, last_error};
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};
use std::ffi::{CStr, CString};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getservbyname(servicename, protocolname=<unrepresentable>, /)", getservbyname, ""),
    NativeDef::function("getservbyport(port, protocolname=<unrepresentable>, /)", getservbyport, ""),
    NativeDef::function("getprotobyname(name, /)", getprotobyname, ""),
    NativeDef::function("if_nameindex()", if_nameindex, ""),
    NativeDef::function("if_nametoindex(oname, /)", if_nametoindex, ""),
    NativeDef::function("if_indextoname(index, /)", if_indextoname, ""),
];

fn protocol(cx: &mut Thread, v: Option<Value>, what: &str) -> R<Option<CString>> {
    match v {
        Some(v) => text_arg(cx, v, what).map(Some),
        None => Ok(None),
    }
}
fn pointer(s: &Option<CString>) -> *const libc::c_char {
    s.as_ref().map_or(std::ptr::null(), |s| s.as_ptr())
}
fn getservbyname(cx: &mut Thread, a: Args<'_>) -> R {
    let name = text_arg(cx, a[0], "getservbyname() argument 1")?;
    let proto = protocol(cx, a.opt(1), "getservbyname() argument 2")?;
    // SAFETY: terminated texts; the entry is read while the interpreter lock is held.
    match unsafe { libc::getservbyname(name.as_ptr(), pointer(&proto)).as_ref() } {
        Some(e) => Ok(Value::small_int(u16::from_be(e.s_port as u16) as i64)),
        None => Err(cx.error(Exc::OSError, "service/proto not found")),
    }
}
fn getservbyport(cx: &mut Thread, a: Args<'_>) -> R {
    let port = c_int(cx, a[0])?;
    let proto = protocol(cx, a.opt(1), "getservbyport() argument 2")?;
    let Ok(port) = u16::try_from(port) else {
        return Err(cx.overflow_error("getservbyport: port must be 0-65535."));
    };
    // SAFETY: as above.
    unsafe {
        match libc::getservbyport(port.to_be() as i32, pointer(&proto)).as_ref() {
            Some(e) => c_text(cx, e.s_name),
            None => Err(cx.error(Exc::OSError, "port/proto not found")),
        }
    }
}
fn getprotobyname(cx: &mut Thread, a: Args<'_>) -> R {
    let name = text_arg(cx, a[0], "getprotobyname() argument")?;
    // SAFETY: as above.
    match unsafe { libc::getprotobyname(name.as_ptr()).as_ref() } {
        Some(e) => Ok(Value::small_int(e.p_proto as i64)),
        None => Err(cx.error(Exc::OSError, "protocol not found")),
    }
}
fn if_nameindex(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut found: Vec<(u32, CString)> = Vec::new();
    // SAFETY: the list ends with a zero index and is read before it is freed.
    unsafe {
        let list = libc::if_nameindex();
        if list.is_null() {
            return Err(last_error(cx));
        }
        let mut p = list;
        while (*p).if_index != 0 {
            found.push(((*p).if_index, CStr::from_ptr((*p).if_name).to_owned()));
            p = p.add(1);
        }
        libc::if_freenameindex(list);
    }
    let out = cx.new_list(&[])?;
    for (n, name) in found {
        let name = fs_str(cx, name.to_bytes())?;
        let item = cx.new_tuple(&[Value::small_int(n as i64), name])?;
        cx.list_append(out, item.value())?;
    }
    Ok(out.value())
}
fn if_nametoindex(cx: &mut Thread, a: Args<'_>) -> R {
    let name = c_path(cx, a[0])?;
    // SAFETY: a terminated name.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(last_error(cx)),
        n => Ok(Value::small_int(n as i64)),
    }
}
fn if_indextoname(cx: &mut Thread, a: Args<'_>) -> R {
    let n = unsigned::<u32>(cx, a[0], "unsigned int")?;
    let mut buf = [0 as libc::c_char; libc::IFNAMSIZ];
    // SAFETY: the buffer has the size that the system asks for, and is terminated on success.
    unsafe {
        if libc::if_indextoname(n, buf.as_mut_ptr()).is_null() {
            return Err(last_error(cx));
        }
        c_text(cx, buf.as_ptr())
    }
}
