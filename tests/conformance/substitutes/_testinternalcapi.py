"""Stands in for CPython's module of the same name, as far as test modules outside of test_capi need it."""

import sys

from _testnative import has_inline_values, run_in_subinterp

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


def run_in_subinterp_with_config(code, config):
    """Run a program in a new interpreter. Those of one process share a lock; what else is configured is allowed."""
    if config.gil not in ("default", "shared", "own"):
        raise ValueError(f"invalid interpreter config: unsupported gil {config.gil!r}")
    return run_in_subinterp(code)
