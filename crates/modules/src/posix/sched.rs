//! Scheduling of processes.

use crate::os_util::{c_int, c_number, check};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::types::{Class, Tuple};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("sched_yield()", sched_yield, "Voluntarily relinquish the CPU."),
    NativeDef::function("sched_getaffinity(pid, /)", sched_getaffinity, ""),
    NativeDef::function("sched_setaffinity(pid, mask, /)", sched_setaffinity, ""),
    NativeDef::function(
        "sched_get_priority_max(policy)",
        // SAFETY: plain call.
        |cx, a| limit(cx, a, |n| unsafe { libc::sched_get_priority_max(n) }),
        "Get the maximum scheduling priority for policy.",
    ),
    NativeDef::function(
        "sched_get_priority_min(policy)",
        // SAFETY: plain call.
        |cx, a| limit(cx, a, |n| unsafe { libc::sched_get_priority_min(n) }),
        "Get the minimum scheduling priority for policy.",
    ),
    NativeDef::function(
        "sched_getscheduler(pid, /)",
        // SAFETY: plain call.
        |cx, a| limit(cx, a, |n| unsafe { libc::sched_getscheduler(n) }),
        "Get the scheduling policy for the process identified by pid.",
    ),
    NativeDef::function("sched_setscheduler(pid, policy, param, /)", sched_setscheduler, ""),
    NativeDef::function("sched_getparam(pid, /)", sched_getparam, ""),
    NativeDef::function("sched_setparam(pid, param, /)", sched_setparam, ""),
    NativeDef::function("sched_rr_get_interval(pid, /)", sched_rr_get_interval, ""),
];

static PARAM: StructSeq = StructSeq::new(
    "posix.sched_param",
    &[("sched_priority", "the scheduling priority")],
    1,
    "Currently has only one field: sched_priority\n\n  sched_priority\n    A scheduling parameter.",
);
/// Unlike other structures it is made from the value itself.
static PARAM_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, sched_priority)", param_new, ""),
    NativeDef::method("__reduce__(self, /)", param_reduce, ""),
];

/// The class `sched_param`, complete; to be called once.
pub fn param_class(cx: &mut Thread) -> R<Gc<Class>> {
    let class = structseq::class_of(cx, &PARAM)?;
    cx.add_methods(class, PARAM_METHODS)?;
    Ok(class)
}
fn param_new(cx: &mut Thread, a: Args<'_>) -> R {
    match a[0].cast::<Class>() {
        Some(class) => cx.new_tuple_of(class, &[a[1]]),
        None => Err(cx.type_error("a class is expected")),
    }
}
fn param_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]).value();
    let args = cx.tuple_from(a[0])?.value();
    Ok(cx.new_tuple(&[class, args])?.value())
}
/// The structure of a `sched_param`.
pub fn param_arg(cx: &mut Thread, v: Value) -> R<libc::sched_param> {
    let class = structseq::class_of(cx, &PARAM)?;
    let Some(t) = v.cast::<Tuple>().filter(|_| cx.is_instance(v, class)) else {
        return Err(cx.type_error("must have a sched_param object"));
    };
    let n = c_number::<i64>(cx, t.at(0), "long")?;
    match i32::try_from(n) {
        Ok(sched_priority) => Ok(libc::sched_param { sched_priority }),
        Err(_) => Err(cx.overflow_error("sched_priority out of range")),
    }
}

fn limit(cx: &mut Thread, a: Args<'_>, f: impl Fn(i32) -> i32) -> R {
    let n = c_int(cx, a[0])?;
    let r = check(cx, || f(n) as isize)?;
    Ok(Value::small_int(r as i64))
}
fn sched_yield(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain call.
    check(cx, || unsafe { libc::sched_yield() as isize })?;
    Ok(Value::NONE)
}
/// Most processors that are asked about.
const MOST: usize = 1 << 16;
fn sched_getaffinity(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let mut words = vec![0u64; MOST / 64];
    // SAFETY: the array has this size.
    check(cx, || unsafe { libc::sched_getaffinity(pid, words.len() * 8, words.as_mut_ptr().cast()) as isize })?;
    let out = cx.new_set()?;
    for (i, word) in words.iter().enumerate() {
        for bit in (0..64).filter(|b| word >> b & 1 != 0) {
            cx.set_add(out, Value::small_int((i * 64 + bit) as i64))?;
        }
    }
    Ok(out.value())
}
fn sched_setaffinity(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let it = cx.iter(a[1])?;
    let mut words = vec![0u64; 16];
    while let Some(v) = cx.next(it)? {
        if !v.is_any_int() {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("expected an iterator of ints, but iterator yielded <class '{class}'>")));
        }
        let n = c_number::<i64>(cx, v, "long")?;
        if n < 0 {
            return Err(cx.value_error("negative CPU number"));
        }
        if n > i32::MAX as i64 - 1 {
            return Err(cx.overflow_error("CPU number too large"));
        }
        let word = n as usize / 64;
        // The system takes no notice of what is beyond its own limit.
        if word < MOST / 64 {
            words.resize(words.len().max(word + 1), 0);
            words[word] |= 1 << (n % 64);
        }
    }
    // SAFETY: the array has this size.
    check(cx, || unsafe { libc::sched_setaffinity(pid, words.len() * 8, words.as_ptr().cast()) as isize })?;
    Ok(Value::NONE)
}
fn sched_setscheduler(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, policy) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    let param = param_arg(cx, a[2])?;
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::sched_setscheduler(pid, policy, &param) as isize })?;
    Ok(Value::NONE)
}
fn sched_getparam(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let mut param = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::sched_getparam(pid, &mut param) as isize })?;
    structseq::make(cx, &PARAM, &[Value::small_int(param.sched_priority as i64)])
}
fn sched_setparam(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let param = param_arg(cx, a[1])?;
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::sched_setparam(pid, &param) as isize })?;
    Ok(Value::NONE)
}
fn sched_rr_get_interval(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::sched_rr_get_interval(pid, &mut t) as isize })?;
    cx.float(t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64)
}
