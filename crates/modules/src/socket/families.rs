//! Addresses of the families beyond the Internet's and Unix's: those of Linux.
//!
//! Layouts are those of the system's headers; numbers are in the machine's order unless noted.

use super::address::{Addr, BODY, items, ranged};
use super::constants::{AF_QIPCRTR, BTPROTO_HCI, BTPROTO_L2CAP, BTPROTO_RFCOMM, BTPROTO_SCO, CAN_ISOTP, CAN_J1939};
use super::object::Info;
use crate::os_util::{c_int, c_number, c_text, c_u64, fs_bytes, fs_str, last_error};
use ferropy_vm::{Exc, R, RootedVec, Thread, Value};
use std::ffi::CString;

const TIPC_ADDR_NAMESEQ: i64 = 1;
const TIPC_ADDR_NAME: i64 = 2;
const TIPC_ADDR_ID: i64 = 3;

pub fn parse(cx: &mut Thread, s: Info, v: Value, caller: &str) -> R<Addr> {
    match s.family {
        libc::AF_NETLINK => netlink(cx, v, caller),
        libc::AF_PACKET => packet(cx, v, caller),
        libc::AF_VSOCK => vsock(cx, v, caller),
        libc::AF_CAN => can(cx, s, v, caller),
        libc::AF_ALG => alg(cx, v, caller),
        libc::AF_TIPC => tipc(cx, v, caller),
        libc::AF_BLUETOOTH => bluetooth(cx, s, v, caller),
        AF_QIPCRTR => {
            let t = items(cx, v, caller, "AF_QIPCRTR", 2..=2, "a tuple (node, port)")?;
            let (node, port) = (unsigned(cx, t[0])?, unsigned(cx, t[1])?);
            Ok(Addr::new(AF_QIPCRTR).skip(2).push(&node.to_ne_bytes()).push(&port.to_ne_bytes()))
        }
        _ => Err(cx.error(Exc::OSError, format!("{caller}(): bad family"))),
    }
}

/// The lowest 32 bits of an integer.
fn unsigned(cx: &mut Thread, v: Value) -> R<u32> {
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default() & dashu_int::IBig::from(u32::MAX);
    Ok(u32::try_from(&n).unwrap_or(0))
}
/// The number of a network interface; the empty name is 0.
fn interface(cx: &mut Thread, name: Vec<u8>) -> R<i32> {
    if name.is_empty() {
        return Ok(0);
    }
    if name.len() >= libc::IFNAMSIZ {
        return Err(cx.error(Exc::OSError, "AF_CAN interface name too long"));
    }
    let name = CString::new(name).map_err(|_| cx.value_error("embedded null character"))?;
    // SAFETY: a terminated name.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(last_error(cx)),
        n => Ok(n as i32),
    }
}
fn interface_name(cx: &mut Thread, index: i32) -> R {
    let mut buf = [0 as libc::c_char; libc::IFNAMSIZ];
    // SAFETY: the buffer has the size that the system asks for.
    let p = unsafe { libc::if_indextoname(index as u32, buf.as_mut_ptr()) };
    if index == 0 || p.is_null() {
        return Ok(cx.new_str("")?.value());
    }
    // SAFETY: terminated on success.
    unsafe { c_text(cx, buf.as_ptr()) }
}

fn netlink(cx: &mut Thread, v: Value, caller: &str) -> R<Addr> {
    let t = items(cx, v, caller, "AF_NETLINK", 2..=2, "a pair (pid, groups)")?;
    let (pid, groups) = (unsigned(cx, t[0])?, unsigned(cx, t[1])?);
    Ok(Addr::new(libc::AF_NETLINK).skip(2).push(&pid.to_ne_bytes()).push(&groups.to_ne_bytes()))
}
fn packet(cx: &mut Thread, v: Value, caller: &str) -> R<Addr> {
    let shape = "a tuple of two to five elements";
    let t = items(cx, v, caller, "AF_PACKET", 2..=5, shape)?;
    let name = cx.expect_text(t[0], "argument 1")?.bytes().to_vec();
    let proto = c_int(cx, t[1])?;
    let kind = if t.len() > 2 { c_int(cx, t[2])? } else { 0 };
    let hardware = if t.len() > 3 { c_int(cx, t[3])? } else { 0 };
    let address = if t.len() > 4 { cx.bytes_of(t[4])? } else { Vec::new() };
    if address.len() > 8 {
        return Err(cx.value_error("hardware address must be 8 bytes or less"));
    }
    let Ok(proto) = u16::try_from(proto) else {
        return Err(cx.overflow_error(format!("{caller}(): proto must be 0-65535.")));
    };
    let index = interface(cx, name)?;
    let head = Addr::new(libc::AF_PACKET).push(&proto.to_be_bytes()).push(&index.to_ne_bytes());
    let head = head.push(&(hardware as u16).to_ne_bytes()).push(&[kind as u8, address.len() as u8]);
    Ok(head.push(&address).skip(8 - address.len()))
}
fn vsock(cx: &mut Thread, v: Value, caller: &str) -> R<Addr> {
    let t = items(cx, v, caller, "AF_VSOCK", 2..=2, "a tuple (CID, port)")?;
    let (cid, port) = (unsigned(cx, t[0])?, unsigned(cx, t[1])?);
    Ok(Addr::new(libc::AF_VSOCK).skip(2).push(&port.to_ne_bytes()).push(&cid.to_ne_bytes()).skip(4))
}
fn can(cx: &mut Thread, s: Info, v: Value, caller: &str) -> R<Addr> {
    let (count, shape) = match s.proto {
        CAN_ISOTP => (3..=3, "a tuple (interface, rx_addr, tx_addr)"),
        CAN_J1939 => (4..=4, "a tuple (interface, name, pgn, addr)"),
        _ => (1..=1, "a tuple (interface, )"),
    };
    let t = items(cx, v, caller, "AF_CAN", count, shape)?;
    let name = fs_bytes(cx, t[0])?;
    let index = interface(cx, name)?;
    let head = Addr::new(libc::AF_CAN).skip(2).push(&index.to_ne_bytes());
    Ok(match s.proto {
        CAN_ISOTP => {
            let (rx, tx) = (unsigned(cx, t[1])?, unsigned(cx, t[2])?);
            head.push(&rx.to_ne_bytes()).push(&tx.to_ne_bytes()).skip(8)
        }
        CAN_J1939 => {
            let (name, pgn) = (c_u64(cx, t[1], "unsigned long long")?, unsigned(cx, t[2])?);
            let addr = c_number::<u8>(cx, t[3], "unsigned char")?;
            head.push(&name.to_ne_bytes()).push(&pgn.to_ne_bytes()).push(&[addr]).skip(3)
        }
        _ => head.skip(16),
    })
}
fn alg(cx: &mut Thread, v: Value, caller: &str) -> R<Addr> {
    let t = items(cx, v, caller, "AF_ALG", 2..=4, "a tuple (type, name[, feat[, mask]])")?;
    let mut names = [Vec::new(), Vec::new()];
    for (i, (name, room)) in names.iter_mut().zip([14, 64]).enumerate() {
        *name = cx.expect_text(t[i], "AF_ALG name")?.bytes().to_vec();
        if name.len() >= room {
            let what = if i == 0 { "type" } else { "name" };
            return Err(cx.value_error(format!("AF_ALG {what} too long.")));
        }
        name.resize(room, 0);
    }
    let feature = if t.len() > 2 { unsigned(cx, t[2])? } else { 0 };
    let mask = if t.len() > 3 { unsigned(cx, t[3])? } else { 0 };
    let head = Addr::new(libc::AF_ALG).push(&names[0]).push(&feature.to_ne_bytes());
    Ok(head.push(&mask.to_ne_bytes()).push(&names[1]))
}
fn tipc(cx: &mut Thread, v: Value, caller: &str) -> R<Addr> {
    let t = items(cx, v, caller, "AF_TIPC", 4..=5, "a tuple (addr_type, v1, v2, v3[, scope])")?;
    let kind = unsigned(cx, t[0])? as i64;
    let mut numbers = [0u32; 3];
    for (i, n) in numbers.iter_mut().enumerate() {
        *n = unsigned(cx, t[1 + i])?;
    }
    let scope = if t.len() > 4 { unsigned(cx, t[4])? } else { 2 };
    let [a, b, c] = numbers.map(u32::to_ne_bytes);
    let head = Addr::new(libc::AF_TIPC).push(&[kind as u8, scope as u8]);
    match kind {
        TIPC_ADDR_NAMESEQ => Ok(head.push(&a).push(&b).push(&c)),
        TIPC_ADDR_NAME => Ok(head.push(&a).push(&b).skip(4)),
        TIPC_ADDR_ID => Ok(head.push(&b).push(&a).skip(4)),
        _ => Err(cx.type_error("Invalid address type")),
    }
}

/// The six bytes of `XX:XX:XX:XX:XX:XX`, lowest first.
fn device(cx: &mut Thread, v: Value) -> R<[u8; 6]> {
    let text = cx.expect_text(v, "bluetooth address")?.to_lossy();
    let mut out = [0; 6];
    let mut n = 0;
    for part in text.split(':') {
        match u8::from_str_radix(part, 16) {
            Ok(b) if n < 6 && !part.starts_with('+') => out[5 - n] = b,
            _ => return Err(cx.error(Exc::OSError, "bad bluetooth address")),
        }
        n += 1;
    }
    if n != 6 {
        return Err(cx.error(Exc::OSError, "bad bluetooth address"));
    }
    Ok(out)
}
fn bluetooth(cx: &mut Thread, s: Info, v: Value, caller: &str) -> R<Addr> {
    let head = Addr::new(libc::AF_BLUETOOTH);
    let wrong = |cx: &mut Thread| cx.error(Exc::OSError, format!("{caller}(): wrong format"));
    let tuple = v.cast::<ferropy_vm::types::Tuple>();
    match s.proto {
        BTPROTO_L2CAP => {
            let Some(t) = tuple.filter(|t| (2..=4).contains(&t.len)) else { return Err(wrong(cx)) };
            let (device, psm) = (device(cx, t.at(0))?, c_number::<u16>(cx, t.at(1), "unsigned short")?);
            let cid = if t.len > 2 { c_number::<u16>(cx, t.at(2), "unsigned short")? } else { 0 };
            let kind = if t.len > 3 { c_number::<u8>(cx, t.at(3), "unsigned char")? } else { 0 };
            let head = head.push(&psm.to_le_bytes()).push(&device).push(&cid.to_le_bytes());
            Ok(head.push(&[kind]).skip(1))
        }
        BTPROTO_RFCOMM => {
            let Some(t) = tuple.filter(|t| t.len == 2) else { return Err(wrong(cx)) };
            let (device, channel) = (device(cx, t.at(0))?, c_number::<u8>(cx, t.at(1), "unsigned char")?);
            Ok(head.push(&device).push(&[channel]).skip(1))
        }
        BTPROTO_HCI => {
            let (number, channel) = match tuple {
                Some(t) if (1..=2).contains(&t.len) => {
                    (t.at(0), if t.len > 1 { ranged(cx, t.at(1), caller, "channel", 65535)? } else { 0 })
                }
                None if v.is_any_int() => (v, 0),
                _ => return Err(wrong(cx)),
            };
            let number = c_number::<u16>(cx, number, "unsigned short")?;
            Ok(head.push(&number.to_ne_bytes()).push(&(channel as u16).to_ne_bytes()))
        }
        BTPROTO_SCO => {
            let text = match v.cast::<ferropy_vm::types::Bytes>() {
                Some(b) => cx.new_wtf8(b.data())?.value(),
                None => v,
            };
            let device = device(cx, text)?;
            Ok(head.push(&device))
        }
        _ => Err(cx.error(Exc::OSError, format!("{caller}(): unknown Bluetooth protocol"))),
    }
}
fn device_value(cx: &mut Thread, b: [u8; 6]) -> R {
    let text: Vec<String> = b.iter().rev().map(|b| format!("{b:02X}")).collect();
    Ok(cx.new_str(&text.join(":"))?.value())
}

/// A tuple of numbers.
fn numbers(cx: &mut Thread, all: &[i64]) -> R {
    let mut v = RootedVec::new(cx);
    for n in all {
        v.push(Value::small_int(*n));
    }
    Ok(cx.new_tuple(&v)?.value())
}
fn u32_at(a: &Addr, offset: usize) -> i64 {
    u32::from_ne_bytes(a.at(offset)) as i64
}

pub fn value(cx: &mut Thread, a: &Addr, family: i32, proto: i32) -> R {
    match family {
        libc::AF_NETLINK => numbers(cx, &[u32_at(a, 4), u32_at(a, 8)]),
        libc::AF_VSOCK => numbers(cx, &[u32_at(a, 8), u32_at(a, 4)]),
        AF_QIPCRTR => numbers(cx, &[u32_at(a, 4), u32_at(a, 8)]),
        libc::AF_PACKET => packet_value(cx, a),
        libc::AF_CAN => can_value(cx, a, proto),
        libc::AF_ALG => {
            let text = |cx: &mut Thread, raw: &[u8]| {
                let end = raw.iter().position(|b| *b == 0).unwrap_or(raw.len());
                fs_str(cx, &raw[..end])
            };
            let (kind, name) = (text(cx, &a.at::<14>(2))?, text(cx, &a.at::<64>(24))?);
            let (feature, mask) = (Value::small_int(u32_at(a, 16)), Value::small_int(u32_at(a, 20)));
            Ok(cx.new_tuple(&[kind, name, feature, mask])?.value())
        }
        libc::AF_TIPC => {
            let [kind, scope] = a.at::<2>(2);
            let (x, y, z, scope) = (u32_at(a, 4), u32_at(a, 8), u32_at(a, 12), scope as i8 as i64);
            match kind as i64 {
                TIPC_ADDR_NAMESEQ => numbers(cx, &[kind as i64, x, y, z, scope]),
                TIPC_ADDR_NAME => numbers(cx, &[kind as i64, x, y, y, scope]),
                TIPC_ADDR_ID => numbers(cx, &[kind as i64, y, x, 0, scope]),
                _ => Err(cx.value_error("Invalid address type")),
            }
        }
        libc::AF_BLUETOOTH => bluetooth_value(cx, a, proto),
        _ => {
            let rest = cx.new_bytes(a.rest(BODY))?.value();
            Ok(cx.new_tuple(&[Value::small_int(family as i64), rest])?.value())
        }
    }
}
fn packet_value(cx: &mut Thread, a: &Addr) -> R {
    let name = interface_name(cx, i32::from_ne_bytes(a.at(4)))?;
    let [kind, len] = a.at::<2>(10);
    let address = cx.new_bytes(&a.at::<8>(12)[..(len as usize).min(8)])?.value();
    let (proto, hardware) = (u16::from_be_bytes(a.at(2)), u16::from_ne_bytes(a.at(8)));
    let n = [proto as i64, kind as i64, hardware as i64].map(Value::small_int);
    Ok(cx.new_tuple(&[name, n[0], n[1], n[2], address])?.value())
}
fn can_value(cx: &mut Thread, a: &Addr, proto: i32) -> R {
    let name = interface_name(cx, i32::from_ne_bytes(a.at(4)))?;
    match proto {
        CAN_ISOTP => {
            let (rx, tx) = (Value::small_int(u32_at(a, 8)), Value::small_int(u32_at(a, 12)));
            Ok(cx.new_tuple(&[name, rx, tx])?.value())
        }
        CAN_J1939 => {
            let number = cx.uint(u64::from_ne_bytes(a.at(8)))?;
            let (pgn, addr) = (Value::small_int(u32_at(a, 16)), Value::small_int(a.at::<1>(20)[0] as i64));
            Ok(cx.new_tuple(&[name, number, pgn, addr])?.value())
        }
        _ => Ok(cx.new_tuple(&[name])?.value()),
    }
}
fn bluetooth_value(cx: &mut Thread, a: &Addr, proto: i32) -> R {
    match proto {
        BTPROTO_L2CAP => {
            let device = device_value(cx, a.at(4))?;
            let n = [u16::from_le_bytes(a.at(2)) as i64, u16::from_le_bytes(a.at(10)) as i64, a.at::<1>(12)[0] as i64];
            let n = n.map(Value::small_int);
            // The kind is shown unless it is the usual one.
            let all = [device, n[0], n[1], n[2]];
            let count = if n[2] != Value::small_int(0) { 4 } else { 2 };
            Ok(cx.new_tuple(&all[..count])?.value())
        }
        BTPROTO_RFCOMM => {
            let device = device_value(cx, a.at(2))?;
            Ok(cx.new_tuple(&[device, Value::small_int(a.at::<1>(8)[0] as i64)])?.value())
        }
        BTPROTO_HCI => numbers(cx, &[u16::from_ne_bytes(a.at(2)) as i64]),
        BTPROTO_SCO => device_value(cx, a.at(2)),
        _ => Err(cx.value_error("Unknown Bluetooth protocol")),
    }
}
