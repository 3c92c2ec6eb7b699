"""Stands in for CPython's module of the same name: those of its functions that test modules outside of test_capi call.

Each does by the language what the C function does by the C interface.
"""


def sequence_getitem(seq, i):
    return seq[i]


def sequence_setitem(seq, i, value):
    seq[i] = value


def sequence_delitem(seq, i):
    del seq[i]


def object_hasattrstring(obj, name):
    return int(hasattr(obj, name.decode()))


def call_vectorcall(callable):
    return callable("foo", baz="bar")


def call_vectorcall_method(obj):
    return obj.f("foo", baz="bar")
