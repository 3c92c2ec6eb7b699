"""Stands in for CPython's module of the same name, as far as test modules outside of test_capi need it."""

import sys

from _testnative import has_inline_values

# So often does code run before all that an interpreter may adapt to what it sees has been adapted.
SPECIALIZATION_THRESHOLD = 100


def get_recursion_depth():
    """The number of Python frames at the caller."""
    frame = sys._getframe(1)
    depth = 0
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return depth
