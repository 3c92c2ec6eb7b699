//! `posix`: the system calls behind `os`.

pub mod files;
pub mod fork;
pub mod path;
pub mod process;
pub mod stat;

use ferropy_builtins::structseq;
use ferropy_vm::{Args, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("posix", module);
}

/// `cls[item]` of classes that only pretend to be generic.
pub fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    F_OK R_OK W_OK X_OK
    O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK O_NDELAY O_SYNC O_DSYNC O_RSYNC O_CLOEXEC
    O_NOCTTY O_DIRECTORY O_NOFOLLOW O_PATH O_TMPFILE O_ASYNC O_DIRECT O_NOATIME O_LARGEFILE O_ACCMODE
    WNOHANG WUNTRACED WCONTINUED WEXITED WSTOPPED WNOWAIT P_ALL P_PID P_PGID P_PIDFD
    CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED
    F_LOCK F_TLOCK F_ULOCK F_TEST SEEK_DATA SEEK_HOLE
    SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE
    GRND_RANDOM GRND_NONBLOCK PRIO_PROCESS PRIO_PGRP PRIO_USER
    RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL RTLD_NODELETE RTLD_NOLOAD
    ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC
    POSIX_FADV_NORMAL POSIX_FADV_SEQUENTIAL POSIX_FADV_RANDOM POSIX_FADV_NOREUSE POSIX_FADV_WILLNEED
    POSIX_FADV_DONTNEED
};

/// What os.py looks at to know which functions take descriptors.
static HAVE: &[&str] = &[
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FDOPENDIR",
    "HAVE_FEXECVE",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
];

fn module(cx: &mut Thread) -> R {
    let doc = "This module provides access to operating system functionality that is\nstandardized by the C Standard \
               and the POSIX standard.";
    let m = cx.module_with("posix", doc, path::FUNCTIONS)?;
    for table in [stat::FUNCTIONS, files::FUNCTIONS, process::FUNCTIONS, fork::FUNCTIONS] {
        cx.add_functions(m, table)?;
    }
    for (name, n) in CONSTANTS {
        let v = cx.int(*n)?;
        cx.module_set(m, name, v)?;
    }
    for (name, n) in [
        ("EX_OK", 0),
        ("EX_USAGE", 64),
        ("EX_DATAERR", 65),
        ("EX_NOINPUT", 66),
        ("EX_NOUSER", 67),
        ("EX_NOHOST", 68),
        ("EX_UNAVAILABLE", 69),
        ("EX_SOFTWARE", 70),
        ("EX_OSERR", 71),
        ("EX_OSFILE", 72),
        ("EX_CANTCREAT", 73),
        ("EX_IOERR", 74),
        ("EX_TEMPFAIL", 75),
        ("EX_PROTOCOL", 76),
        ("EX_NOPERM", 77),
        ("EX_CONFIG", 78),
        ("NGROUPS_MAX", 65536),
        ("TMP_MAX", 238328),
        ("P_NOWAIT", 1),
        ("P_NOWAITO", 1),
        ("P_WAIT", 0),
    ] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    let environ = process::environ(cx)?;
    cx.module_set(m, "environ", environ)?;
    let have = cx.new_list(&[])?;
    for name in HAVE {
        let s = cx.intern(name)?;
        cx.list_append(have, s)?;
    }
    cx.module_set(m, "_have_functions", have.value())?;
    let error = cx.exc_class(ferropy_vm::Exc::OSError);
    cx.module_set(m, "error", error.value())?;
    for (name, def) in [
        ("stat_result", &stat::STAT_RESULT),
        ("uname_result", &process::UNAME),
        ("times_result", &process::TIMES),
        ("terminal_size", &process::TERMINAL_SIZE),
    ] {
        let class = structseq::class_of(cx, def)?;
        cx.module_set(m, name, class.value())?;
    }
    cx.module_class(m, &stat::DIR_ENTRY)?;
    for (name, table) in [("sysconf_names", process::SYSCONF), ("pathconf_names", process::PATHCONF)] {
        let d = process::name_dict(cx, table)?;
        cx.module_set(m, name, d)?;
    }
    Ok(m.value())
}
