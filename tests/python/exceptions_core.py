"""Exceptions: arguments, fields, texts, groups."""


def raises(kind, f, text=None):
    try:
        f()
    except kind as e:
        assert text is None or str(e) == text, str(e)
        return e
    raise AssertionError(f"{kind} expected")


x = ValueError("a", 1)
assert x.args == ("a", 1) and str(x) == "('a', 1)" and repr(x) == "ValueError('a', 1)"
assert str(KeyError("k")) == "'k'" and str(KeyError()) == ""
assert StopIteration(3).value == 3 and StopIteration().value is None
assert SystemExit(1, 2).code == (1, 2)
assert type(OSError(2, "x")) is FileNotFoundError
e = OSError(13, "no", "f", None, "g")
assert type(e) is PermissionError and e.args == (13, "no") and (e.filename, e.filename2) == ("f", "g")
assert str(e) == "[Errno 13] no: 'f' -> 'g'"
assert e.__reduce__()[1] == (13, "no", "f", None, "g")
raises(TypeError, lambda: ValueError(a=1), "ValueError() takes no keyword arguments")
raises(TypeError, lambda: AttributeError(a=1), "AttributeError() got an unexpected keyword argument 'a'")
assert ImportError("m", name="n", path="p").path == "p"
assert str(SyntaxError("m", ("/d/f.py", 3, 1, "x"))) == "m (f.py, line 3)"
assert str(UnicodeEncodeError("ascii", "a\xe9", 1, 2, "r")) == "'ascii' codec can't encode character '\\xe9' in position 1: r"
assert str(UnicodeDecodeError("ascii", b"a\xe9", 1, 2, "r")) == "'ascii' codec can't decode byte 0xe9 in position 1: r"


class Own(ValueError):
    def __init__(self, a, *, k):
        super().__init__(a)
        self.k = k


o = Own(1, k=2)
assert o.args == (1,) and o.k == 2 and o.__reduce__() == (Own, (1,), {"k": 2})
o.add_note("n")
assert o.__notes__ == ["n"]
raises(TypeError, lambda: o.add_note(1), "note must be a str, not 'int'")
assert o.with_traceback(None) is o

try:
    try:
        1 / 0
    except ZeroDivisionError as inner:
        raise KeyError(1) from inner
except KeyError as e:
    assert isinstance(e.__cause__, ZeroDivisionError) and e.__context__ is e.__cause__ and e.__suppress_context__

g = ExceptionGroup("m", [ValueError(1), ExceptionGroup("n", [KeyError(2), ValueError(3)])])
assert str(g) == "m (2 sub-exceptions)"
a, b = g.split(ValueError)
assert repr(a) == "ExceptionGroup('m', [ValueError(1), ExceptionGroup('n', [ValueError(3)])])", repr(a)
assert repr(b) == "ExceptionGroup('m', [ExceptionGroup('n', [KeyError(2)])])", repr(b)
assert g.subgroup(lambda e: isinstance(e, OSError)) is None
assert type(BaseExceptionGroup("m", [KeyboardInterrupt()])) is BaseExceptionGroup
raises(TypeError, lambda: ExceptionGroup("m", [KeyboardInterrupt()]), "Cannot nest BaseExceptions in an ExceptionGroup")
raises(ValueError, lambda: ExceptionGroup("m", []), "second argument (exceptions) must be a non-empty sequence")

seen = []
try:
    try:
        raise g
    except* KeyError as e:
        seen.append(e.exceptions[0].exceptions[0].args)
except ExceptionGroup as rest:
    seen.append(len(rest.exceptions))
assert seen == [(2,), 2], seen
