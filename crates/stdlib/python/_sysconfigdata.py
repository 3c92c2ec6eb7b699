"""What `sysconfig` tells about the build; packed under the name that it looks for on this platform.

There is no C compiler behind this interpreter, no header and no extension module, so there is not much to tell.
"""

import sys

_VERSION = "%d.%d" % sys.version_info[:2]

build_time_vars = {
    "ABIFLAGS": sys.abiflags,
    "BINDIR": f"{sys.prefix}/bin",
    "BINLIBDEST": f"{sys.prefix}/{sys.platlibdir}/python{_VERSION}",
    "CFLAGS": "",
    "CONFIG_ARGS": "",
    "EXE": "",
    "HAVE_GETRANDOM": 1,
    "HAVE_GETRANDOM_SYSCALL": 1,
    "LIBDEST": f"{sys.prefix}/{sys.platlibdir}/python{_VERSION}",
    "LIBDIR": f"{sys.prefix}/{sys.platlibdir}",
    "MULTIARCH": sys.implementation._multiarch,
    "PLATLIBDIR": sys.platlibdir,
    "PY_CFLAGS": "",
    "PY_CFLAGS_NODIST": "",
    "Py_DEBUG": 0,
    "Py_ENABLE_SHARED": 0,
    "Py_GIL_DISABLED": 0,
    "Py_HASH_ALGORITHM": 0,
    "Py_TRACE_REFS": 0,
    "SIZEOF_DOUBLE": 8,
    "SIZEOF_FLOAT": 4,
    "SIZEOF_INT": 4,
    "SIZEOF_LONG": 8,
    "SIZEOF_LONG_LONG": 8,
    "SIZEOF_OFF_T": 8,
    "SIZEOF_PID_T": 4,
    "SIZEOF_SHORT": 2,
    "SIZEOF_SIZE_T": 8,
    "SIZEOF_TIME_T": 8,
    "SIZEOF_UINTPTR_T": 8,
    "SIZEOF_VOID_P": 8,
    "SIZEOF_WCHAR_T": 4,
    "SIZEOF__BOOL": 1,
    "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    "VERSION": _VERSION,
    "WITH_DOC_STRINGS": 1,
    "WITH_DTRACE": 0,
    "prefix": sys.prefix,
    "exec_prefix": sys.exec_prefix,
}
