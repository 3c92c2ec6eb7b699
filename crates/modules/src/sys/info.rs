//! Facts about the interpreter and the machine: named tuples, version, names of the library.

use super::Config;
use ferropy_builtins::namespace;
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{R, Thread, Value};

pub const VERSION: (i64, i64, i64) = (3, 14, 0);
pub const HEXVERSION: i64 = VERSION.0 << 24 | VERSION.1 << 16 | VERSION.2 << 8 | 0xf0;

pub const COPYRIGHT: &str = "Copyright (c) 2026 the Ferropy developers.\nAll Rights Reserved.\n\nThe standard library: \
Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.";

/// What `sys.version` says.
pub fn version_text() -> String {
    format!(
        "{}.{}.{} (ferropy {}, {}) [Rust]",
        VERSION.0,
        VERSION.1,
        VERSION.2,
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "debug" } else { "release" }
    )
}

static VERSION_INFO: StructSeq = StructSeq::new(
    "sys.version_info",
    &[
        ("major", "Major release number"),
        ("minor", "Minor release number"),
        ("micro", "Patch release number"),
        ("releaselevel", "'alpha', 'beta', 'candidate', or 'final'"),
        ("serial", "Serial release number"),
    ],
    5,
    "sys.version_info\n\nVersion information as a named tuple.",
)
.sealed();

static FLAGS: StructSeq = StructSeq::new(
    "sys.flags",
    &[
        ("debug", "-d"),
        ("inspect", "-i"),
        ("interactive", "-i"),
        ("optimize", "-O or -OO"),
        ("dont_write_bytecode", "-B"),
        ("no_user_site", "-s"),
        ("no_site", "-S"),
        ("ignore_environment", "-E"),
        ("verbose", "-v"),
        ("bytes_warning", "-b"),
        ("quiet", "-q"),
        ("hash_randomization", "-R"),
        ("isolated", "-I"),
        ("dev_mode", "-X dev"),
        ("utf8_mode", "-X utf8"),
        ("warn_default_encoding", "-X warn_default_encoding"),
        ("safe_path", "-P"),
        ("int_max_str_digits", "-X int_max_str_digits"),
        ("gil", "-X gil"),
        ("thread_inherit_context", "-X thread_inherit_context"),
        ("context_aware_warnings", "-X context_aware_warnings"),
    ],
    18,
    "sys.flags\n\nFlags provided through command line arguments or environment vars.",
)
.sealed();

static FLOAT_INFO: StructSeq = StructSeq::new(
    "sys.float_info",
    &[
        ("max", "DBL_MAX -- maximum representable finite float"),
        ("max_exp", "DBL_MAX_EXP -- maximum int e such that radix**(e-1) is representable"),
        ("max_10_exp", "DBL_MAX_10_EXP -- maximum int e such that 10**e is representable"),
        ("min", "DBL_MIN -- Minimum positive normalized float"),
        ("min_exp", "DBL_MIN_EXP -- minimum int e such that radix**(e-1) is a normalized float"),
        ("min_10_exp", "DBL_MIN_10_EXP -- minimum int e such that 10**e is a normalized float"),
        ("dig", "DBL_DIG -- maximum number of decimal digits that can be faithfully represented in a float"),
        ("mant_dig", "DBL_MANT_DIG -- mantissa digits"),
        ("epsilon", "DBL_EPSILON -- Difference between 1 and the next representable float"),
        ("radix", "FLT_RADIX -- radix of exponent"),
        ("rounds", "FLT_ROUNDS -- rounding mode used for arithmetic operations"),
    ],
    11,
    "sys.float_info\n\nA named tuple holding information about the float type.",
);

static INT_INFO: StructSeq = StructSeq::new(
    "sys.int_info",
    &[
        ("bits_per_digit", "size of a digit in bits"),
        ("sizeof_digit", "size in bytes of the C type used to represent a digit"),
        ("default_max_str_digits", "maximum string conversion digits limitation"),
        ("str_digits_check_threshold", "minimum positive value for int_max_str_digits"),
    ],
    4,
    "sys.int_info\n\nA named tuple that holds information about Python's internal representation of integers.",
);

static HASH_INFO: StructSeq = StructSeq::new(
    "sys.hash_info",
    &[
        ("width", "width of the type used for hashing, in bits"),
        ("modulus", "prime number giving the modulus on which the hash function is based"),
        ("inf", "value to be used for hash of a positive infinity"),
        ("nan", "value to be used for hash of a nan"),
        ("imag", "multiplier used for the imaginary part of a complex number"),
        ("algorithm", "name of the algorithm for hashing of str, bytes and memoryviews"),
        ("hash_bits", "internal output size of hash algorithm"),
        ("seed_bits", "seed size of hash algorithm"),
        ("cutoff", "small string optimization cutoff"),
    ],
    9,
    "hash_info\n\nA named tuple providing parameters used for computing hashes.",
);

static THREAD_INFO: StructSeq = StructSeq::new(
    "sys.thread_info",
    &[
        ("name", "name of the thread implementation"),
        ("lock", "name of the lock implementation"),
        ("version", "name and version of the thread library"),
    ],
    3,
    "sys.thread_info\n\nA named tuple holding information about the thread implementation.",
);

fn n(n: i64) -> Value {
    Value::small_int(n)
}

pub fn version_info(cx: &mut Thread) -> R {
    if let Some(v) = cx.registry("sys.version_info value") {
        return Ok(v);
    }
    let level = cx.intern("final")?;
    let v = structseq::make(cx, &VERSION_INFO, &[n(VERSION.0), n(VERSION.1), n(VERSION.2), level, n(0)])?;
    cx.set_registry("sys.version_info value", v);
    Ok(v)
}

pub fn implementation(cx: &mut Thread) -> R {
    let name = cx.intern("ferropy")?;
    let tag = cx.intern("ferropy-314")?;
    let arch = cx.intern(if cfg!(target_arch = "x86_64") { "x86_64-linux-gnu" } else { "aarch64-linux-gnu" })?;
    let version = version_info(cx)?;
    namespace::make(
        cx,
        &[
            ("name", name),
            ("cache_tag", tag),
            ("version", version),
            ("hexversion", n(HEXVERSION)),
            ("_multiarch", arch),
            ("supports_isolated_interpreters", Value::FALSE),
        ],
    )
}

pub fn flags(cx: &mut Thread, c: &Config) -> R {
    let b = |b: bool| n(b as i64);
    let digits = cx.int(c.max_str_digits as i64)?;
    let values = [
        n(c.debug as i64),
        b(c.inspect),
        b(c.interactive),
        n(c.optimize as i64),
        b(c.dont_write_bytecode),
        b(c.no_user_site),
        b(c.no_site),
        b(c.ignore_environment),
        n(c.verbose as i64),
        n(c.bytes_warning as i64),
        b(c.quiet),
        b(c.hash_randomization),
        b(c.isolated),
        Value::bool(c.dev_mode),
        b(c.utf8_mode),
        b(c.warn_default_encoding),
        Value::bool(c.safe_path),
        digits,
        n(1),
        n(0),
        n(0),
    ];
    structseq::make(cx, &FLAGS, &values)
}

/// The named tuples that never change, by name.
pub fn tuples(cx: &mut Thread) -> R<[(&'static str, Value); 4]> {
    let (max, min, eps) = (cx.float(f64::MAX)?, cx.float(f64::MIN_POSITIVE)?, cx.float(f64::EPSILON)?);
    let float = structseq::make(
        cx,
        &FLOAT_INFO,
        &[max, n(1024), n(308), min, n(-1021), n(-307), n(15), n(53), eps, n(2), n(1)],
    )?;
    let int = structseq::make(cx, &INT_INFO, &[n(30), n(4), n(4300), n(640)])?;
    let algorithm = cx.intern("siphash13")?;
    let hash = structseq::make(
        cx,
        &HASH_INFO,
        &[n(64), n((1 << 61) - 1), n(314159), n(0), n(1000003), algorithm, n(64), n(128), n(0)],
    )?;
    let (pthread, lock) = (cx.intern("pthread")?, cx.intern("pymutex")?);
    let thread = structseq::make(cx, &THREAD_INFO, &[pthread, lock, Value::NONE])?;
    Ok([("float_info", float), ("int_info", int), ("hash_info", hash), ("thread_info", thread)])
}

/// `sys.stdlib_module_names`.
pub const LIBRARY: &str = "__future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect \
_blake2 _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections \
_collections_abc _colorize _compat_pickle _contextvars _csv _ctypes _curses _curses_panel _datetime _dbm _decimal \
_elementtree _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _imp _interpchannels \
_interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 _multibytecodec \
_multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem _posixsubprocess \
_py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy _sha1 _sha2 \
_sha3 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _suggestions \
_symtable _sysconfig _thread _threading_local _tkinter _tokenize _tracemalloc _types _typing _uuid _warnings _weakref \
_weakrefset _winapi _wmi _zoneinfo _zstd abc annotationlib antigravity argparse array ast asyncio atexit base64 bdb \
binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs codeop collections colorsys compileall compression \
concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime dbm decimal difflib \
dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools \
gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib importlib \
inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap \
modulefinder msvcrt multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle \
pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc \
pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors \
shelve shlex shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat \
statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap \
this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing \
unicodedata unittest urllib uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xml xmlrpc zipapp zipfile \
zipimport zlib zoneinfo";
