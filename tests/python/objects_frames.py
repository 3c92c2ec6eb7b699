# Code objects, frames, f_locals, tracebacks.


def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    raise AssertionError("no " + exc.__name__)


def f(a, b, /, c, *args, d=1, **kw):
    x = 1

    def inner():
        return x, c

    return inner


code = f.__code__
assert code.co_name == "f" and code.co_argcount == 3 and code.co_posonlyargcount == 2
assert code.co_kwonlyargcount == 1 and code.co_flags & 12 == 12
assert code.co_varnames == ("a", "b", "c", "d", "args", "kw", "inner"), code.co_varnames
assert code.co_cellvars == ("c", "x") and code.co_freevars == ()
assert f(1, 2, 3).__code__.co_freevars == ("c", "x")
assert code.co_firstlineno == 14 and isinstance(code.co_code, bytes)
assert repr(code).startswith("<code object f at 0x")
assert code == code and code != f(1, 2, 3).__code__ and hash(code) == hash(code)
new = code.replace(co_name="g")
assert new.co_name == "g" and new != code and code.replace() == code
lines = [l for _, _, l in code.co_lines() if l]
assert lines[-1] == 20 and all(len(p) == 4 for p in code.co_positions())


def tb_of():
    def inner():
        y = 5
        raise KeyError("k")

    try:
        inner()
    except KeyError as e:
        return e.__traceback__


tb = tb_of()
assert tb.tb_frame.f_code.co_name == "tb_of" and tb.tb_next.tb_frame.f_code.co_name == "inner"
assert tb.tb_lineno == 44 and tb.tb_next.tb_lineno == 41
fr = tb.tb_next.tb_frame
assert fr.f_locals["y"] == 5 and fr.f_back is tb.tb_frame
assert fr.f_globals is globals()
loc = fr.f_locals
assert dict(loc) == {"y": 5} and len(loc) == 1 and "y" in loc and list(loc) == ["y"]
loc["y"] = 6
loc["other"] = 1
assert fr.f_locals["y"] == 6 and fr.f_locals == {"y": 6, "other": 1}
raises(KeyError, lambda: loc["zzz"])
raises(ValueError, lambda: loc.pop("y"), "cannot remove local variables from FrameLocalsProxy")
assert loc.pop("other") == 1 and loc.get("other") is None
fr.clear()
assert len(fr.f_locals) == 0
tb.tb_next = None
assert tb.tb_next is None
raises(ValueError, lambda: setattr(tb, "tb_next", tb), "traceback loop detected")
Tb = type(tb)
t = Tb(None, fr, 4, 77)
assert t.tb_lineno == 77 and t.tb_lasti == 4 and t.tb_frame is fr


def gen():
    v = 1
    yield v
    yield v


g = gen()
next(g)
assert g.gi_frame.f_locals["v"] == 1
g.gi_frame.f_locals["v"] = 8
assert next(g) == 8 and g.gi_frame.f_back is None and g.gi_frame.f_generator is g
raises(RuntimeError, g.gi_frame.clear, "cannot clear a suspended frame")
