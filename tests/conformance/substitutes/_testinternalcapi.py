"""Stands in for CPython's module of the same name, as far as test modules outside of test_capi need it."""

import sys


def has_inline_values(obj):
    """Are the attributes kept in CPython's inline values? Nothing here is laid out as CPython does it."""
    return False


def get_recursion_depth():
    """The number of Python frames at the caller."""
    frame = sys._getframe(1)
    depth = 0
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return depth
