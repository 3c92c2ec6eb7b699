# The import system, sys, marshal, warnings.
import importlib
import json
import marshal
import os.path
import pkgutil
import sys
import warnings

assert sys.version_info[:2] == (3, 14) and sys.maxsize == 2**63 - 1
assert sys.modules["os.path"] is os.path and sys.modules["json"] is json
assert importlib.import_module("json.decoder") is json.decoder
assert json.__file__.endswith("json/__init__.py") and json.__path__
assert "json.decoder" in [m.name for m in pkgutil.iter_modules(json.__path__, "json.")]
assert "def dumps(" in json.__loader__.get_source("json")
try:
    import no_such_module
except ModuleNotFoundError as e:
    assert e.name == "no_such_module" and str(e) == "No module named 'no_such_module'"
else:
    assert False
try:
    from json import nothing
except ImportError as e:
    assert str(e).startswith("cannot import name 'nothing' from 'json' ("), e
else:
    assert False

# marshal
values = [None, True, ..., 1, -1, 2**100, -(2**31), 1.5, 2j, "a", "ä\ud800", b"x", (1, (2,)), [1, [2]], {"k": [1]}, {1, 2}]
for v in values + [frozenset([1]), slice(1, 2, None), values]:
    for version in range(6):
        if version < 5 and isinstance(v, slice):
            continue
        assert marshal.loads(marshal.dumps(v, version)) == v, (v, version)
code = compile("x = 6 * 7", "f", "exec")
space = {}
exec(marshal.loads(marshal.dumps(code)), space)
assert space["x"] == 42
try:
    marshal.loads(b"")
except EOFError:
    pass
else:
    assert False

# warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("careful")
assert len(caught) == 1 and str(caught[0].message) == "careful" and caught[0].category is UserWarning
assert caught[0].filename == __file__
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        warnings.warn("bad", RuntimeWarning)
    except RuntimeWarning as e:
        assert str(e) == "bad"
    else:
        assert False

# frames and exceptions
assert sys._getframe().f_code.co_name == "<module>"
try:
    1 / 0
except ZeroDivisionError as e:
    assert sys.exc_info()[1] is e and sys.exception() is e
assert sys.exc_info() == (None, None, None)
try:
    sys.exit(3)
except SystemExit as e:
    assert e.code == 3
