//! `resource`: limits of the process and what it used.

use crate::os_util::{self, c_int, check};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("resource", module);
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getrusage(who, /)", getrusage, ""),
    NativeDef::function("getrlimit(resource, /)", getrlimit, ""),
    NativeDef::function("setrlimit(resource, limits, /)", setrlimit, ""),
    NativeDef::function("prlimit(pid, resource, limits=None, /)", prlimit, ""),
    NativeDef::function("getpagesize()", getpagesize, ""),
];

static RUSAGE: StructSeq = StructSeq::new(
    "resource.struct_rusage",
    &[
        ("ru_utime", "user time used"),
        ("ru_stime", "system time used"),
        ("ru_maxrss", "max. resident set size"),
        ("ru_ixrss", "shared memory size"),
        ("ru_idrss", "unshared data size"),
        ("ru_isrss", "unshared stack size"),
        ("ru_minflt", "page faults not requiring I/O"),
        ("ru_majflt", "page faults requiring I/O"),
        ("ru_nswap", "number of swap outs"),
        ("ru_inblock", "block input operations"),
        ("ru_oublock", "block output operations"),
        ("ru_msgsnd", "IPC messages sent"),
        ("ru_msgrcv", "IPC messages received"),
        ("ru_nsignals", "signals received"),
        ("ru_nvcsw", "voluntary context switches"),
        ("ru_nivcsw", "involuntary context switches"),
    ],
    16,
    "struct_rusage: Result from getrusage.",
);

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_NOFILE
    RLIMIT_NPROC RLIMIT_RSS RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING RLIMIT_STACK RLIM_INFINITY RUSAGE_CHILDREN
    RUSAGE_SELF RUSAGE_THREAD
};
const LIMITS: i32 = 16;

/// The `struct_rusage` of a system's structure.
pub fn rusage_value(cx: &mut Thread, r: &libc::rusage) -> R {
    let mut v = ferropy_vm::RootedVec::new(cx);
    for t in [r.ru_utime, r.ru_stime] {
        let f = cx.float(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6)?;
        v.push(f);
    }
    let counts = [
        r.ru_maxrss,
        r.ru_ixrss,
        r.ru_idrss,
        r.ru_isrss,
        r.ru_minflt,
        r.ru_majflt,
        r.ru_nswap,
        r.ru_inblock,
        r.ru_oublock,
        r.ru_msgsnd,
        r.ru_msgrcv,
        r.ru_nsignals,
        r.ru_nvcsw,
        r.ru_nivcsw,
    ];
    for n in counts {
        let n = cx.int(n)?;
        v.push(n);
    }
    structseq::make(cx, &RUSAGE, &v)
}

fn getrusage(cx: &mut Thread, a: Args<'_>) -> R {
    let who = c_int(cx, a[0])?;
    // SAFETY: zero is valid, the structure is ours.
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    match os_util::call(cx, || unsafe { libc::getrusage(who as _, &mut r) as isize })? {
        Ok(_) => rusage_value(cx, &r),
        Err(libc::EINVAL) => Err(cx.value_error("invalid who parameter")),
        Err(e) => Err(cx.os_error(e, None)),
    }
}

fn resource_arg(cx: &mut Thread, v: Value) -> R<i32> {
    let n = c_int(cx, v)?;
    if !(0..LIMITS).contains(&n) {
        return Err(cx.value_error("invalid resource specified"));
    }
    Ok(n)
}
fn limit(cx: &mut Thread, v: Value) -> R<libc::rlim_t> {
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    // RLIM_INFINITY is -1.
    if n == dashu_int::IBig::NEG_ONE {
        return Ok(libc::RLIM_INFINITY);
    }
    if n < dashu_int::IBig::ZERO {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    match u64::try_from(&n) {
        Ok(n) => Ok(n),
        Err(_) => Err(cx.overflow_error("Python int too large to convert to C rlim_t")),
    }
}
fn limits(cx: &mut Thread, v: Value) -> R<libc::rlimit> {
    let pair = cx.collect(v)?;
    if pair.len() != 2 {
        return Err(cx.value_error("expected a tuple of 2 integers"));
    }
    Ok(libc::rlimit { rlim_cur: limit(cx, pair[0])?, rlim_max: limit(cx, pair[1])? })
}
fn limits_value(cx: &mut Thread, l: &libc::rlimit) -> R {
    let shown = |cx: &mut Thread, n| if n == libc::RLIM_INFINITY { Ok(Value::small_int(-1)) } else { cx.uint(n) };
    let (now, most) = (shown(cx, l.rlim_cur)?, shown(cx, l.rlim_max)?);
    Ok(cx.new_tuple(&[now, most])?.value())
}
const NONE: libc::rlimit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };

fn getrlimit(cx: &mut Thread, a: Args<'_>) -> R {
    let which = resource_arg(cx, a[0])?;
    let mut l = NONE;
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::getrlimit(which as _, &mut l) as isize })?;
    limits_value(cx, &l)
}
fn setrlimit(cx: &mut Thread, a: Args<'_>) -> R {
    let which = resource_arg(cx, a[0])?;
    let new = limits(cx, a[1])?;
    // SAFETY: the structure is ours.
    match os_util::call(cx, || unsafe { libc::setrlimit(which as _, &new) as isize })? {
        Ok(_) => Ok(Value::NONE),
        Err(libc::EINVAL) => Err(cx.value_error("current limit exceeds maximum limit")),
        Err(libc::EPERM) => Err(cx.value_error("not allowed to raise maximum limit")),
        Err(e) => Err(cx.os_error(e, None)),
    }
}
fn prlimit(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let which = resource_arg(cx, a[1])?;
    let new = match a.some(2) {
        Some(v) => Some(limits(cx, v)?),
        None => None,
    };
    let p = new.as_ref().map_or(std::ptr::null(), |n| n as *const libc::rlimit);
    let mut old = NONE;
    // SAFETY: the structures are ours.
    match os_util::call(cx, || unsafe { libc::prlimit(pid, which as _, p, &mut old) as isize })? {
        Ok(_) => limits_value(cx, &old),
        Err(libc::EINVAL) => Err(cx.value_error("current limit exceeds maximum limit")),
        Err(e) => Err(cx.os_error(e, None)),
    }
}
fn getpagesize(_cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain query.
    Ok(Value::small_int(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }))
}

fn module(cx: &mut Thread) -> R {
    let m = cx.module_with("resource", "", FUNCTIONS)?;
    os_util::set_numbers(cx, m, CONSTANTS)?;
    os_util::set_numbers(cx, m, &[("RLIMIT_OFILE", libc::RLIMIT_NOFILE as i64)])?;
    let rusage = structseq::class_of(cx, &RUSAGE)?;
    cx.module_set(m, "struct_rusage", rusage.value())?;
    let error = cx.exc_class(Exc::OSError);
    cx.module_set(m, "error", error.value())?;
    Ok(m.value())
}
