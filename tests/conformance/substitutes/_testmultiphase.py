"""Stands in for CPython's module of the same name, which modules of the suite import to learn that they may go on.

It has none of its functions: they make extension modules, which have no meaning here.
"""
