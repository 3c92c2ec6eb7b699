# What is left at exit is finalised while the modules still work; a traceback is printed even if `traceback` fails.
# expect: Traceback (most recent call last):
# expect:     recurse(depth - 1)
# expect:     recurse(depth - 1)
# expect:     recurse(depth - 1)
# expect:   [Previous line repeated 3 more times]
# expect:     raise ValueError(depth)
# expect: ValueError: 0
# expect: first finalised
# expect: second finalised

import io
import sys
import traceback


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print(self.name, "finalised")


first = Noisy("first")
second = Noisy("second")
# A cycle through the module does not matter.
second.module = sys.modules[__name__]


def recurse(depth):
    if depth:
        recurse(depth - 1)
    raise ValueError(depth)


def shown(error):
    """What the hook prints when the module that it would use is broken."""
    saved = sys.stderr, traceback._print_exception_bltin, sys.unraisablehook
    sys.stderr, traceback._print_exception_bltin, sys.unraisablehook = io.StringIO(), lambda *a: 1 / 0, lambda a: None
    sys.__excepthook__(type(error), error, error.__traceback__)
    text = sys.stderr.getvalue()
    sys.stderr, traceback._print_exception_bltin, sys.unraisablehook = saved
    return text


try:
    recurse(6)
except ValueError as e:
    for line in shown(e).splitlines():
        if not line.startswith("  File") and "recurse(6)" not in line:
            print(line)

# Module-level native functions in calls that go wrong.
for call, message in [
    (lambda: "a b".split(maxsplt=1), "split() got an unexpected keyword argument 'maxsplt'. Did you mean 'maxsplit'?"),
    (lambda: len(x=1), "len() takes no keyword arguments"),
    (lambda: io(), "'module' object is not callable"),
]:
    try:
        call()
    except TypeError as e:
        assert str(e) == message, e
    else:
        raise AssertionError(message)
