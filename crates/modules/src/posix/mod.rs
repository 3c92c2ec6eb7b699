//! `posix`: the system calls behind `os`.

pub mod files;
pub mod fork;
pub mod ids;
pub mod linux;
pub mod names;
pub mod path;
pub mod process;
pub mod sched;
pub mod spawn;
pub mod stat;
pub mod tty;
pub mod vector;
pub mod wait;

use crate::os_util;
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
    CLD_CONTINUED CLD_DUMPED CLD_EXITED CLD_KILLED CLD_STOPPED CLD_TRAPPED CLONE_FILES CLONE_FS CLONE_NEWCGROUP
    CLONE_NEWIPC CLONE_NEWNET CLONE_NEWNS CLONE_NEWPID CLONE_NEWTIME CLONE_NEWUSER CLONE_NEWUTS CLONE_SIGHAND
    CLONE_SYSVSEM CLONE_THREAD CLONE_VM EFD_CLOEXEC EFD_NONBLOCK EFD_SEMAPHORE F_LOCK F_OK F_TEST F_TLOCK F_ULOCK
    GRND_NONBLOCK GRND_RANDOM MFD_ALLOW_SEALING MFD_CLOEXEC MFD_HUGETLB MFD_HUGE_16GB MFD_HUGE_16MB MFD_HUGE_1GB
    MFD_HUGE_1MB MFD_HUGE_256MB MFD_HUGE_2GB MFD_HUGE_2MB MFD_HUGE_32MB MFD_HUGE_512KB MFD_HUGE_512MB MFD_HUGE_64KB
    MFD_HUGE_8MB MFD_HUGE_MASK MFD_HUGE_SHIFT O_ACCMODE O_APPEND O_ASYNC O_CLOEXEC O_CREAT O_DIRECT O_DIRECTORY
    O_DSYNC O_EXCL O_FSYNC O_LARGEFILE O_NDELAY O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_RDONLY O_RDWR
    O_RSYNC O_SYNC O_TMPFILE O_TRUNC O_WRONLY PIDFD_NONBLOCK POSIX_FADV_DONTNEED POSIX_FADV_NOREUSE POSIX_FADV_NORMAL
    POSIX_FADV_RANDOM POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED PRIO_PGRP PRIO_PROCESS PRIO_USER P_ALL P_PGID P_PID
    P_PIDFD RTLD_DEEPBIND RTLD_GLOBAL RTLD_LAZY RTLD_LOCAL RTLD_NODELETE RTLD_NOLOAD RTLD_NOW RWF_APPEND RWF_DSYNC
    RWF_HIPRI RWF_NOWAIT RWF_SYNC R_OK SCHED_BATCH SCHED_DEADLINE SCHED_FIFO SCHED_IDLE SCHED_NORMAL SCHED_OTHER
    SCHED_RESET_ON_FORK SCHED_RR SEEK_DATA SEEK_HOLE SPLICE_F_MORE SPLICE_F_MOVE SPLICE_F_NONBLOCK ST_APPEND
    ST_MANDLOCK ST_NOATIME ST_NODEV ST_NODIRATIME ST_NOEXEC ST_NOSUID ST_RDONLY ST_RELATIME ST_SYNCHRONOUS ST_WRITE
    TFD_CLOEXEC TFD_NONBLOCK TFD_TIMER_ABSTIME TFD_TIMER_CANCEL_ON_SET TMP_MAX WCONTINUED WEXITED WNOHANG WNOWAIT
    WSTOPPED WUNTRACED W_OK XATTR_CREATE XATTR_REPLACE X_OK
};

/// What os.py looks at to know which functions take descriptors.
static HAVE: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

fn module(cx: &mut Thread) -> R {
    let doc = "This module provides access to operating system functionality that is\nstandardized by the C Standard \
               and the POSIX standard.";
    let m = cx.module_with("posix", doc, path::FUNCTIONS)?;
    let tables = [
        stat::FUNCTIONS,
        files::FUNCTIONS,
        process::FUNCTIONS,
        fork::FUNCTIONS,
        ids::FUNCTIONS,
        sched::FUNCTIONS,
        spawn::FUNCTIONS,
        tty::FUNCTIONS,
        vector::FUNCTIONS,
        wait::FUNCTIONS,
        linux::FUNCTIONS,
    ];
    for table in tables {
        cx.add_functions(m, table)?;
    }
    os_util::set_numbers(cx, m, CONSTANTS)?;
    os_util::set_numbers(cx, m, spawn::CONSTANTS)?;
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
        ("XATTR_SIZE_MAX", 65536),
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
        ("terminal_size", &tty::TERMINAL_SIZE),
        ("statvfs_result", &linux::STATVFS),
        ("waitid_result", &wait::WAITID),
    ] {
        let class = structseq::class_of(cx, def)?;
        cx.module_set(m, name, class.value())?;
    }
    let param = sched::param_class(cx)?;
    cx.module_set(m, "sched_param", param.value())?;
    cx.module_class(m, &stat::DIR_ENTRY)?;
    let tables =
        [("sysconf_names", names::SYSCONF), ("pathconf_names", names::PATHCONF), ("confstr_names", names::CONFSTR)];
    for (name, table) in tables {
        let d = process::name_dict(cx, table)?;
        cx.module_set(m, name, d)?;
    }
    Ok(m.value())
}
