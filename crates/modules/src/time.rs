//! `time`: clocks, calendar times, sleeping.

use crate::os_util;
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, Exc, NativeDef, R, Raised, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("time", module);
}

static STRUCT_TIME: StructSeq = StructSeq::new(
    "time.struct_time",
    &[
        ("tm_year", "year, for example, 1993"),
        ("tm_mon", "month of year, range [1, 12]"),
        ("tm_mday", "day of month, range [1, 31]"),
        ("tm_hour", "hours, range [0, 23]"),
        ("tm_min", "minutes, range [0, 59]"),
        ("tm_sec", "seconds, range [0, 61])"),
        ("tm_wday", "day of week, range [0, 6], Monday is 0"),
        ("tm_yday", "day of year, range [1, 366]"),
        ("tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"),
        ("tm_zone", "abbreviation of timezone name"),
        ("tm_gmtoff", "offset from UTC in seconds"),
    ],
    9,
    "The time value as returned by gmtime(), localtime(), and strptime().",
);

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "time()",
        |cx, _| seconds(cx, libc::CLOCK_REALTIME),
        "Return the current time in seconds since the Epoch.",
    ),
    NativeDef::function("time_ns()", |cx, _| nanos(cx, libc::CLOCK_REALTIME), ""),
    NativeDef::function(
        "monotonic()",
        |cx, _| seconds(cx, libc::CLOCK_MONOTONIC),
        "Monotonic clock, cannot go backward.",
    ),
    NativeDef::function("monotonic_ns()", |cx, _| nanos(cx, libc::CLOCK_MONOTONIC), ""),
    NativeDef::function(
        "perf_counter()",
        |cx, _| seconds(cx, libc::CLOCK_MONOTONIC),
        "Performance counter for benchmarking.",
    ),
    NativeDef::function("perf_counter_ns()", |cx, _| nanos(cx, libc::CLOCK_MONOTONIC), ""),
    NativeDef::function(
        "process_time()",
        |cx, _| seconds(cx, libc::CLOCK_PROCESS_CPUTIME_ID),
        "Process time for profiling.",
    ),
    NativeDef::function("process_time_ns()", |cx, _| nanos(cx, libc::CLOCK_PROCESS_CPUTIME_ID), ""),
    NativeDef::function(
        "thread_time()",
        |cx, _| seconds(cx, libc::CLOCK_THREAD_CPUTIME_ID),
        "Thread time for profiling.",
    ),
    NativeDef::function("thread_time_ns()", |cx, _| nanos(cx, libc::CLOCK_THREAD_CPUTIME_ID), ""),
    NativeDef::function("clock_gettime(clk_id, /)", clock_gettime, ""),
    NativeDef::function("clock_gettime_ns(clk_id, /)", clock_gettime_ns, ""),
    NativeDef::function("clock_getres(clk_id, /)", clock_getres, ""),
    NativeDef::function("get_clock_info(name, /)", get_clock_info, ""),
    NativeDef::function("sleep(seconds, /)", sleep, "Delay execution for a given number of seconds."),
    NativeDef::function("gmtime(seconds=None, /)", gmtime, ""),
    NativeDef::function("localtime(seconds=None, /)", localtime, ""),
    NativeDef::function("mktime(time_tuple, /)", mktime, ""),
    NativeDef::function("asctime(time_tuple=None, /)", asctime, ""),
    NativeDef::function("ctime(seconds=None, /)", ctime, ""),
    NativeDef::function("strftime(format, time_tuple=None, /)", strftime, ""),
    NativeDef::function("strptime(string, format='%a %b %d %H:%M:%S %Y', /)", strptime, ""),
    NativeDef::function("tzset()", tzset, ""),
];

mod c {
    unsafe extern "C" {
        pub fn tzset();
        pub static tzname: [*const libc::c_char; 2];
        pub static timezone: libc::c_long;
        pub static daylight: libc::c_int;
    }
}

/// The clock's nanoseconds.
fn read_clock(cx: &mut Thread, clock: i32) -> R<i128> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct is ours.
    if unsafe { libc::clock_gettime(clock, &mut t) } != 0 {
        let e = os_util::errno();
        return Err(cx.os_error(e, None));
    }
    Ok(t.tv_sec as i128 * 1_000_000_000 + t.tv_nsec as i128)
}
fn seconds(cx: &mut Thread, clock: i32) -> R {
    let n = read_clock(cx, clock)?;
    // Seconds and the rest apart lose less.
    cx.float(n.div_euclid(1_000_000_000) as f64 + n.rem_euclid(1_000_000_000) as f64 * 1e-9)
}
fn nanos(cx: &mut Thread, clock: i32) -> R {
    let n = read_clock(cx, clock)?;
    cx.int(n as i64)
}
fn clock_gettime(cx: &mut Thread, a: Args<'_>) -> R {
    let id = cx.index(a[0])? as i32;
    seconds(cx, id)
}
fn clock_gettime_ns(cx: &mut Thread, a: Args<'_>) -> R {
    let id = cx.index(a[0])? as i32;
    nanos(cx, id)
}
fn resolution(clock: i32) -> Option<f64> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct is ours.
    (unsafe { libc::clock_getres(clock, &mut t) } == 0).then_some(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
}
fn clock_getres(cx: &mut Thread, a: Args<'_>) -> R {
    let id = cx.index(a[0])? as i32;
    match resolution(id) {
        Some(f) => cx.float(f),
        None => {
            let e = os_util::errno();
            Err(cx.os_error(e, None))
        }
    }
}
fn get_clock_info(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.expect_text(a[0], "get_clock_info() argument 1")?.to_lossy();
    let (clock, label, adjustable) = match name.as_str() {
        "time" => (libc::CLOCK_REALTIME, "CLOCK_REALTIME", true),
        "monotonic" | "perf_counter" => (libc::CLOCK_MONOTONIC, "CLOCK_MONOTONIC", false),
        "process_time" => (libc::CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID", false),
        "thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID", false),
        _ => return Err(cx.value_error("unknown clock")),
    };
    let types = cx.import("types")?;
    let class = cx.getattr_str(types, "SimpleNamespace")?;
    let implementation = cx.new_str(&format!("clock_gettime({label})"))?.value();
    let res = cx.float(resolution(clock).unwrap_or(1e-9))?;
    let kw = [
        ("implementation", implementation),
        ("monotonic", Value::bool(!adjustable)),
        ("adjustable", Value::bool(adjustable)),
        ("resolution", res),
    ];
    cx.call_kw(class, &[], &kw)
}

fn sleep(cx: &mut Thread, a: Args<'_>) -> R {
    let duration = os_util::nanoseconds(cx, a[0])?;
    if duration < 0 {
        return Err(cx.value_error("sleep length must be non-negative"));
    }
    let end = read_clock(cx, libc::CLOCK_MONOTONIC)? + duration as i128;
    let until =
        libc::timespec { tv_sec: end.div_euclid(1_000_000_000) as i64, tv_nsec: end.rem_euclid(1_000_000_000) as i64 };
    loop {
        // SAFETY: the struct is ours.
        let r = cx.allow_threads(|| unsafe {
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, std::ptr::null_mut())
        });
        match r {
            0 => return Ok(Value::NONE),
            libc::EINTR => cx.safepoint()?,
            e => return Err(cx.os_error(e, None)),
        }
    }
}

/// Seconds of an argument, now if there is none.
fn when(cx: &mut Thread, v: Option<Value>) -> R<i64> {
    let Some(v) = v else { return Ok(read_clock(cx, libc::CLOCK_REALTIME)?.div_euclid(1_000_000_000) as i64) };
    if v.is_any_int() {
        return match v.to_i64() {
            Some(n) => Ok(n),
            None => Err(cx.overflow_error("timestamp out of range for platform time_t")),
        };
    }
    let f = match v.as_float() {
        Some(f) => f,
        None => {
            return cx.index(v);
        }
    };
    if f.is_nan() {
        return Err(cx.value_error("Invalid value NaN (not a number)"));
    }
    if !(-9.3e18..9.2e18).contains(&f) {
        return Err(cx.overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(f.floor() as i64)
}

fn tm_value(cx: &mut Thread, t: &libc::tm) -> R {
    let mut v = ferropy_vm::RootedVec::new(cx);
    let fields = [
        t.tm_year as i64 + 1900,
        t.tm_mon as i64 + 1,
        t.tm_mday as i64,
        t.tm_hour as i64,
        t.tm_min as i64,
        t.tm_sec as i64,
        (t.tm_wday as i64 + 6) % 7,
        t.tm_yday as i64 + 1,
        t.tm_isdst as i64,
    ];
    for n in fields {
        v.push(Value::small_int(n));
    }
    // SAFETY: the zone is a static string of the C library.
    let zone = unsafe { std::ffi::CStr::from_ptr(t.tm_zone) }.to_bytes().to_vec();
    let zone = os_util::fs_str(cx, &zone)?;
    v.push(zone);
    v.push(Value::small_int(t.tm_gmtoff));
    structseq::make(cx, &STRUCT_TIME, &v)
}
fn broken_down(cx: &mut Thread, v: Option<Value>, local: bool) -> R<libc::tm> {
    let s = when(cx, v)?;
    // SAFETY: zero is valid; the structs are ours.
    let mut t: libc::tm = unsafe { std::mem::zeroed() };
    let ok = unsafe { if local { libc::localtime_r(&s, &mut t) } else { libc::gmtime_r(&s, &mut t) } };
    if ok.is_null() {
        let e = os_util::errno();
        return Err(if e == libc::EOVERFLOW {
            cx.overflow_error("timestamp out of range for platform time_t")
        } else {
            cx.os_error(e, None)
        });
    }
    if !local {
        t.tm_zone = c"UTC".as_ptr();
        t.tm_gmtoff = 0;
    }
    Ok(t)
}
fn gmtime(cx: &mut Thread, a: Args<'_>) -> R {
    let t = broken_down(cx, a.some(0), false)?;
    tm_value(cx, &t)
}
fn localtime(cx: &mut Thread, a: Args<'_>) -> R {
    let t = broken_down(cx, a.some(0), true)?;
    tm_value(cx, &t)
}

/// The C struct of a tuple of nine integers.
fn parse_tuple(cx: &mut Thread, v: Value, who: &str) -> R<libc::tm> {
    let Some(tuple) = v.cast::<Tuple>() else { return Err(cx.type_error("Tuple or struct_time argument required")) };
    if tuple.len < 9 {
        return Err(cx.type_error(format!("{who}(): illegal time tuple argument")));
    }
    let mut f = [0i64; 9];
    for (i, x) in f.iter_mut().enumerate() {
        *x = cx.index(tuple.at(i))?;
        if i32::try_from(*x).is_err() {
            return Err(cx.overflow_error("Python int too large to convert to C int"));
        }
    }
    if f[0] < i32::MIN as i64 + 1900 {
        return Err(cx.overflow_error("year out of range"));
    }
    // SAFETY: zero is valid.
    let mut t: libc::tm = unsafe { std::mem::zeroed() };
    t.tm_year = (f[0] - 1900) as i32;
    t.tm_mon = f[1] as i32 - 1;
    t.tm_mday = f[2] as i32;
    t.tm_hour = f[3] as i32;
    t.tm_min = f[4] as i32;
    t.tm_sec = f[5] as i32;
    t.tm_wday = ((f[6] + 1) % 7) as i32;
    t.tm_yday = f[7] as i32 - 1;
    t.tm_isdst = f[8] as i32;
    let is_time = structseq::class_of(cx, &STRUCT_TIME)? == cx.class_of(v);
    if is_time {
        if let Some(off) = cx.read_slot(v, 1).and_then(|o| o.as_int()) {
            t.tm_gmtoff = off;
        }
        if let Some(zone) = cx.read_slot(v, 0).and_then(|z| z.as_str()) {
            // Interned for good: zone names are few.
            t.tm_zone = zone_pointer(&zone.to_lossy());
        }
    }
    Ok(t)
}
/// A terminated copy that lives on, one for each name.
fn zone_pointer(name: &str) -> *const libc::c_char {
    use std::ffi::CString;
    static ZONES: std::sync::Mutex<Vec<CString>> = std::sync::Mutex::new(Vec::new());
    let mut zones = ZONES.lock().unwrap_or_else(|e| e.into_inner());
    let Ok(text) = CString::new(name) else { return c"".as_ptr() };
    if let Some(z) = zones.iter().find(|z| **z == text) {
        return z.as_ptr();
    }
    let p = text.as_ptr();
    zones.push(text);
    p
}
/// Ranges that strftime and asctime insist on; zeros that mean the first are corrected.
fn check_tm(cx: &mut Thread, t: &mut libc::tm) -> R<()> {
    t.tm_mon = if t.tm_mon == -1 { 0 } else { t.tm_mon };
    t.tm_mday = if t.tm_mday == 0 { 1 } else { t.tm_mday };
    t.tm_yday = if t.tm_yday == -1 { 0 } else { t.tm_yday };
    let bad = |cx: &mut Thread, what: &str| -> Raised { cx.value_error(format!("{what} out of range")) };
    if !(0..=11).contains(&t.tm_mon) {
        return Err(bad(cx, "month"));
    }
    if !(0..=31).contains(&t.tm_mday) {
        return Err(bad(cx, "day of month"));
    }
    if !(0..=23).contains(&t.tm_hour) {
        return Err(bad(cx, "hour"));
    }
    if !(0..=59).contains(&t.tm_min) {
        return Err(bad(cx, "minute"));
    }
    if !(0..=61).contains(&t.tm_sec) {
        return Err(bad(cx, "seconds"));
    }
    if t.tm_wday < 0 {
        return Err(bad(cx, "day of week"));
    }
    if !(0..=365).contains(&t.tm_yday) {
        return Err(bad(cx, "day of year"));
    }
    Ok(())
}
fn mktime(cx: &mut Thread, a: Args<'_>) -> R {
    let mut t = parse_tuple(cx, a[0], "mktime")?;
    t.tm_wday = -1;
    // SAFETY: the struct is ours.
    let s = unsafe { libc::mktime(&mut t) };
    if s == -1 && t.tm_wday == -1 {
        return Err(cx.overflow_error("mktime argument out of range"));
    }
    cx.float(s as f64)
}
fn format_asctime(cx: &mut Thread, t: &libc::tm) -> R {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = format!(
        "{} {}{:3} {:02}:{:02}:{:02} {}",
        DAYS[t.tm_wday.rem_euclid(7) as usize],
        MONTHS[t.tm_mon.rem_euclid(12) as usize],
        t.tm_mday,
        t.tm_hour,
        t.tm_min,
        t.tm_sec,
        1900 + t.tm_year as i64
    );
    Ok(cx.new_str(&text)?.value())
}
fn asctime(cx: &mut Thread, a: Args<'_>) -> R {
    let t = match a.opt(0) {
        Some(v) => {
            let mut t = parse_tuple(cx, v, "asctime")?;
            check_tm(cx, &mut t)?;
            t
        }
        None => broken_down(cx, None, true)?,
    };
    format_asctime(cx, &t)
}
fn ctime(cx: &mut Thread, a: Args<'_>) -> R {
    let t = broken_down(cx, a.some(0), true)?;
    format_asctime(cx, &t)
}
fn strftime(cx: &mut Thread, a: Args<'_>) -> R {
    let format = cx.expect_text(a[0], "strftime() argument 1")?;
    let t = match a.opt(1) {
        Some(v) => {
            let mut t = parse_tuple(cx, v, "strftime")?;
            check_tm(cx, &mut t)?;
            t
        }
        None => broken_down(cx, None, true)?,
    };
    let bytes = format.bytes().to_vec();
    let mut out = Vec::new();
    // The C function ends at a zero byte: pieces between them.
    for (i, piece) in bytes.split(|b| *b == 0).enumerate() {
        if i > 0 {
            out.push(0);
        }
        out.extend(strftime_piece(piece, &t));
    }
    Ok(cx.new_wtf8(&os_util::fs_decode(&out))?.value())
}
fn strftime_piece(format: &[u8], t: &libc::tm) -> Vec<u8> {
    // A leading mark tells an empty result from a full buffer.
    let mut text = vec![b'x'];
    text.extend_from_slice(format);
    let Ok(text) = std::ffi::CString::new(text) else { return Vec::new() };
    let mut size = 256 + format.len() * 4;
    loop {
        let mut buf = vec![0u8; size];
        // SAFETY: buffer, format and struct are ours.
        let n = unsafe { libc::strftime(buf.as_mut_ptr().cast(), size, text.as_ptr(), t) };
        if n > 0 || size > 1 << 24 {
            return buf.get(1..n).map_or(Vec::new(), |b| b.to_vec());
        }
        size *= 4;
    }
}
fn strptime(cx: &mut Thread, a: Args<'_>) -> R {
    let m = cx.import("_strptime")?;
    match a.opt(1) {
        Some(f) => cx.call_method(m, "_strptime_time", &[a[0], f]),
        None => cx.call_method(m, "_strptime_time", &[a[0]]),
    }
}

/// The zone's names and offsets, as module attributes.
fn zone_constants(cx: &mut Thread) -> R<[(&'static str, Value); 4]> {
    // SAFETY: the variables are set by tzset; the lock is held.
    let (names, west, has_dst) = unsafe {
        c::tzset();
        let text = |p: *const libc::c_char| std::ffi::CStr::from_ptr(p).to_bytes().to_vec();
        ([text(c::tzname[0]), text(c::tzname[1])], c::timezone, c::daylight)
    };
    let (std, dst) = (os_util::fs_str(cx, &names[0])?, os_util::fs_str(cx, &names[1])?);
    let pair = cx.new_tuple(&[std, dst])?.value();
    let alt = if has_dst != 0 { west - 3600 } else { west };
    Ok([
        ("timezone", Value::small_int(west)),
        ("altzone", Value::small_int(alt)),
        ("daylight", Value::small_int(has_dst as i64)),
        ("tzname", pair),
    ])
}
fn tzset(cx: &mut Thread, _a: Args<'_>) -> R {
    let m = cx.import("time")?;
    let Some(m) = m.cast::<ferropy_vm::types::Module>() else {
        return Err(cx.error(Exc::SystemError, "module time is gone"));
    };
    for (name, v) in zone_constants(cx)? {
        cx.module_set(m, name, v)?;
    }
    Ok(Value::NONE)
}

fn module(cx: &mut Thread) -> R {
    let doc = "This module provides various functions to manipulate time values.";
    let m = cx.module_with("time", doc, FUNCTIONS)?;
    let class = structseq::class_of(cx, &STRUCT_TIME)?;
    cx.module_set(m, "struct_time", class.value())?;
    cx.module_set(m, "_STRUCT_TM_ITEMS", Value::small_int(11))?;
    for (name, n) in [
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
        ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
        ("CLOCK_TAI", libc::CLOCK_TAI),
    ] {
        cx.module_set(m, name, Value::small_int(n as i64))?;
    }
    for (name, v) in zone_constants(cx)? {
        cx.module_set(m, name, v)?;
    }
    Ok(m.value())
}
