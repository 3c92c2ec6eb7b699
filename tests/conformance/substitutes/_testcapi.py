"""Stands in for CPython's module of the same name: what test modules outside of test_capi ask of it.

Functions of every calling convention are the interpreter's own native functions (`_testnative`), exceptions are printed
by its own hook for uncaught ones; the rest does by the language what the C function does by the C interface.
"""

import struct
import sys

import _testnative
from _testnative import MethClass, MethInstance, MethStatic, create_function as create_cfunction
from _testnative import raise_exception, raise_memoryerror, run_in_subinterp, traceback_print


def _limits(code):
    bits = 8 * struct.calcsize(code)
    return -1 << bits - 1, (1 << bits - 1) - 1, (1 << bits) - 1


CHAR_MIN, CHAR_MAX, UCHAR_MAX = _limits("b")
SHRT_MIN, SHRT_MAX, USHRT_MAX = _limits("h")
INT_MIN, INT_MAX, UINT_MAX = _limits("i")
LONG_MIN, LONG_MAX, ULONG_MAX = _limits("l")
LLONG_MIN, LLONG_MAX, ULLONG_MAX = _limits("q")
PY_SSIZE_T_MIN, PY_SSIZE_T_MAX, SIZE_MAX = _limits("n")
SIZEOF_VOID_P = struct.calcsize("P")
SIZEOF_WCHAR_T = 4
SIZEOF_TIME_T = struct.calcsize("l")
FLT_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
FLT_MIN = struct.unpack("<f", b"\x00\x00\x80\x00")[0]
DBL_MAX, DBL_MIN = sys.float_info.max, sys.float_info.min
# On the machines that CPython calls HP PA RISC and old MIPS it is the other way round.
nan_msb_is_signaling = 0
WITH_PYMALLOC = WITH_MIMALLOC = False

_testnative.bind_functions(sys.modules[__name__])


def exception_print(exc, legacy=False):
    """Print an exception as if nobody had caught it."""
    sys.__excepthook__(type(exc), exc, getattr(exc, "__traceback__", None))


def config_get(name):
    """A setting of the interpreter."""
    if name == "code_debug_ranges":
        columns = [position[2] for position in compile("f()", "", "eval").co_positions()]
        return any(column is not None for column in columns)
    raise ValueError(f"unknown config option name: {name}")


def pyobject_vectorcall(func, args, kwnames):
    """Call with positional arguments, the last of which have names."""
    args, kwnames = args or (), kwnames or ()
    plain = len(args) - len(kwnames)
    return func(*args[:plain], **dict(zip(kwnames, args[plain:])))


def pyobject_fastcalldict(func, args, kwargs):
    return func(*(args or ()), **(kwargs or {}))


def pycfunction_call(func, args, kwargs=None):
    return func(*args, **(kwargs or {}))


pyvectorcall_call = pycfunction_call


def make_exception_with_doc(name, doc=None, base=Exception, dict={}):
    """A new exception class, as PyErr_NewExceptionWithDoc() makes it."""
    module, dot, plain = name.rpartition(".")
    if not dot:
        raise SystemError("PyErr_NewException: name must be module.class")
    namespace = {"__module__": module, **dict}
    if doc is not None:
        namespace["__doc__"] = doc
    return type(plain, base if isinstance(base, tuple) else (base,), namespace)
