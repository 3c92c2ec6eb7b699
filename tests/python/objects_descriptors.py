# property, staticmethod, classmethod, super, functions, methods, native functions, mapping proxies, cells.


def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    raise AssertionError("no " + exc.__name__)


class C:
    @property
    def x(self):
        "the doc"
        return self._x

    @x.setter
    def x(self, v):
        self._x = v

    @property
    def ro(self):
        return 1

    @staticmethod
    def s(a):
        "sdoc"
        return a

    @classmethod
    def c(cls, a):
        return cls, a

    def m(self):
        return __class__, super().__repr__()


c = C()
c.x = 4
assert c.x == 4 and C.x.__doc__ == "the doc" and C.x.__name__ == "x"
raises(AttributeError, lambda: setattr(c, "ro", 1), "property 'ro' of 'C' object has no setter")
raises(AttributeError, lambda: delattr(c, "x"), "property 'x' of 'C' object has no deleter")
assert C.s(1) == c.s(1) == 1 and C.c(2) == (C, 2) == c.c(2)
assert C.__dict__["s"].__wrapped__ is C.s and C.__dict__["s"].__name__ == "s" and C.__dict__["s"](3) == 3
assert C.__dict__["s"].__doc__ == "sdoc"
assert repr(C.__dict__["s"]).startswith("<staticmethod(<function C.s at 0x")
assert c.m()[0] is C and c.m()[1].startswith("<__main__.C object at")
assert super(C, c).__thisclass__ is C and super(C, c).__self__ is c
raises(TypeError, lambda: super(C, 1), "super(type, obj): obj (instance of int) is not an instance or subtype of type (C).")


def no_super():
    super()


raises(RuntimeError, no_super, "super(): no arguments")


class PropSub(property):
    pass


class D:
    @PropSub
    def y(self):
        "ydoc"
        return 9


assert D().y == 9 and D.y.__doc__ == "ydoc"


# functions
def f(a, b=2, *args, k=3, **kw) -> "r":
    "fdoc"
    return a, b, k


assert f.__defaults__ == (2,) and f.__kwdefaults__ == {"k": 3} and f.__doc__ == "fdoc"
f.__defaults__ = (1, 7)
assert f() == (1, 7, 3)
f.__kwdefaults__ = {"k": 9}
assert f() == (1, 7, 9)
f.attr = 1
assert f.__dict__ == {"attr": 1}
assert f.__annotations__ == {"return": "r"}
raises(TypeError, lambda: setattr(f, "__name__", 1), "__name__ must be set to a string object")


def g(a=0, b=0):
    return "g"


f.__code__ = g.__code__
assert f() == "g"
FunctionType = type(f)
h = FunctionType(g.__code__, {}, "h", (1, 2))
assert h.__name__ == "h" and h() == "g"


def outer():
    n = 5

    def inner():
        return n

    return inner


i = outer()
assert i.__closure__[0].cell_contents == 5
i.__closure__[0].cell_contents = 6
assert i() == 6
raises(ValueError, lambda: setattr(i, "__code__", g.__code__), "inner() requires a code object with 1 free vars, not 0")
CellType = type(i.__closure__[0])
assert CellType(1) == CellType(1) and CellType() < CellType(1)
raises(ValueError, lambda: CellType().cell_contents, "Cell is empty")

m = c.m
assert m.__self__ is c and m.__func__ is C.m and m == c.m and hash(m) == hash(c.m) and m.__name__ == "m"
assert repr(m).startswith("<bound method C.m of <__main__.C object at")
MethodType = type(m)
assert MethodType(len, "abc")() == 3
raises(TypeError, lambda: MethodType(1, 2), "first argument must be callable")

# native functions
assert len.__name__ == "len" and repr(len) == "<built-in function len>"
assert [].append.__self__ == [] and [].append.__qualname__ == "list.append"
assert repr(list.append) == "<method 'append' of 'list' objects>"
assert repr(int.__add__) == "<slot wrapper '__add__' of 'int' objects>"
assert list.append.__objclass__ is list and list.append.__get__([1]).__name__ == "append"
assert dict.fromkeys.__self__ is dict
assert repr(type.__dict__["__dict__"]) == "<attribute '__dict__' of 'type' objects>"
l = [1]
assert l.append == l.append and l.append != [1].append
assert int.__new__.__self__ is int

# proxies
p = C.__dict__
assert p["s"] is not None and "x" in p and len(p) > 3 and p.get("nope", 1) == 1
Proxy = type(p)
q = Proxy({"a": 1})
assert q == {"a": 1} and repr(q) == "mappingproxy({'a': 1})" and (q | {"b": 2}) == {"a": 1, "b": 2}
assert list(q) == ["a"] and list(q.items()) == [("a", 1)] and q.copy() == {"a": 1}
raises(TypeError, lambda: Proxy([]), "mappingproxy() argument must be a mapping, not list")

# constants
assert type(None)() is None and type(...)() is ... and type(NotImplemented)() is NotImplemented
assert repr(None) == "None" and repr(...) == "Ellipsis" and not None
raises(TypeError, lambda: bool(NotImplemented), "NotImplemented should not be used in a boolean context")
raises(TypeError, lambda: type(None)(1), "NoneType takes no arguments")


# A slot that is not set is asked for, then set.
class Slotted:
    __slots__ = ("late",)


def late(s):
    try:
        return s.late
    except AttributeError:
        return hasattr(s, "late")


for i in range(3):
    s = Slotted()
    assert late(s) is False
    s.late = i
    assert late(s) is i and hasattr(s, "late") and getattr(s, "late", None) is i
