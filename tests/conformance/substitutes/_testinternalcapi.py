"""Stands in for CPython's module of the same name, as far as test modules outside of test_capi need it to be importable."""


def has_inline_values(obj):
    """Are the attributes kept in CPython's inline values? Nothing here is laid out as CPython does it."""
    return False
