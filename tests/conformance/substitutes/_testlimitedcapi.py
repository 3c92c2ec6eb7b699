"""Stands in for CPython's module of the same name: those of its functions that test modules outside of test_capi call.

Each does by the language what the C function does by the C interface.
"""


def sequence_getitem(seq, i):
    return seq[i]


def sequence_setitem(seq, i, value):
    seq[i] = value


def sequence_delitem(seq, i):
    del seq[i]
