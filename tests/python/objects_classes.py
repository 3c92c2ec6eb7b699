# Classes: creation, layout, slots, hooks, metaclasses, assignment to __class__ and __bases__.


def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    raise AssertionError("no " + exc.__name__)


class A:
    x = 1

    def f(self):
        return self.x


class B(A):
    __slots__ = ("p", "__q")

    def __init__(self):
        self.p = 5


assert A().f() == 1
b = B()
assert b.p == 5
b.z = 3
assert b.z == 3 and b.__dict__ == {"z": 3}
raises(AttributeError, lambda: b._B__q)
assert A.__subclasses__() == [B]
assert B.__mro__ == (B, A, object)
assert repr(A) == "<class '__main__.A'>"
assert type(3) is int and type.__call__(int, "5") == 5
raises(TypeError, lambda: type("X", ()), "type() takes 1 or 3 arguments")
raises(TypeError, lambda: type("X", (bool,), {}), "type 'bool' is not an acceptable base type")
raises(TypeError, lambda: type("X", (int, str), {}), "multiple bases have instance lay-out conflict")
raises(TypeError, lambda: type("X", (1,), {}))
raises(TypeError, lambda: type("X", (), {"__slots__": ["1a"]}), "__slots__ must be identifiers")
raises(ValueError, lambda: type("X", (), {"__slots__": ["a"], "a": 1}), "'a' in __slots__ conflicts with class variable")
raises(TypeError, lambda: type("X", (int,), {"__slots__": ["a"]}), "nonempty __slots__ not supported for subtype of 'int'")
raises(TypeError, lambda: object.__new__(int), "object.__new__(int) is not safe, use int.__new__()")
raises(TypeError, lambda: A(1), "A() takes no arguments")


class S:
    __slots__ = "a", "b"


s = S()
raises(AttributeError, lambda: setattr(s, "c", 1))
s.a = 1
del s.a
raises(AttributeError, lambda: s.a, "'S' object has no attribute 'a'")
assert repr(S.a) == "<member 'a' of 'S' objects>"
assert S.b.__objclass__ is S and S.b.__name__ == "b"
raises(AttributeError, lambda: s.__dict__)


# metaclasses
class Meta(type):
    made = []

    def __new__(mcls, name, bases, ns, **kw):
        mcls.made.append((name, kw))
        return super().__new__(mcls, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)

    def __call__(cls, *args):
        r = super().__call__(*args)
        r.called = True
        return r


class M(metaclass=Meta, flag=3):
    pass


class N(M):
    pass


assert Meta.made == [("M", {"flag": 3}), ("N", {})]
assert type(N) is Meta and N().called
assert type(type("O", (N,), {})) is Meta


class Meta2(type):
    pass


raises(TypeError, lambda: Meta2("X", (N,), {}))


class WithMro(type):
    def mro(cls):
        return [cls, A, object]


class Odd(metaclass=WithMro):
    pass


assert Odd.__mro__ == (Odd, A, object) and Odd().x == 1


# hooks
class Named:
    def __set_name__(self, owner, name):
        self.at = owner.__name__, name


class Owner:
    n = Named()

    def __init_subclass__(cls, tag=None, **kw):
        super().__init_subclass__(**kw)
        cls.tag = tag


class Sub(Owner, tag="t"):
    pass


assert Owner.n.at == ("Owner", "n") and Sub.tag == "t"
raises(TypeError, lambda: type("X", (object,), {}, bad=1))


class Bad:
    def __set_name__(self, o, n):
        raise ValueError("no")


try:
    type("X", (), {"bad": Bad()})
except ValueError as e:
    assert e.__notes__ == ["Error calling __set_name__ on 'Bad' instance 'bad' in 'X'"]


class Eq:
    def __eq__(self, other):
        return True


assert Eq.__hash__ is None and not (Eq() != 3)
raises(TypeError, lambda: hash(Eq()), "unhashable type: 'Eq'")


# __class__ assignment
class P:
    def who(self):
        return "P"


class Q:
    def who(self):
        return "Q"


p = P()
for i in range(40):
    setattr(p, "a%d" % i, i)
p.__class__ = Q
assert p.who() == "Q" and p.a39 == 39 and p.a0 == 0 and len(p.__dict__) == 40
p.new = 1
assert p.new == 1
p.__class__ = P
assert p.who() == "P" and p.new == 1
raises(TypeError, lambda: setattr(p, "__class__", int))
raises(TypeError, lambda: setattr(p, "__class__", S), "__class__ assignment: 'S' object layout differs from 'P'")
raises(TypeError, lambda: setattr(p, "__class__", 1), "__class__ must be set to a class, not 'int' object")


# __bases__
class Base1:
    def m(self):
        return 1


class Base2:
    def m(self):
        return 2


class Derived(Base1):
    pass


class Deeper(Derived):
    pass


d = Deeper()
assert d.m() == 1
Derived.__bases__ = (Base2,)
assert d.m() == 2 and Base1.__subclasses__() == [] and Base2.__subclasses__() == [Derived]
raises(TypeError, lambda: setattr(Base2, "__bases__", (Deeper,)), "a __bases__ item causes an inheritance cycle")
raises(TypeError, lambda: setattr(Derived, "__bases__", ()))

# attributes of classes
A.__name__ = "AA"
assert A.__name__ == "AA" and A.__qualname__ == "A"
A.__doc__ = "text"
assert A().__doc__ == "text"
raises(TypeError, lambda: setattr(int, "x", 1), "cannot set 'x' attribute of immutable type 'int'")
assert int.__module__ == "builtins" and A.__module__ == "__main__"
assert type(A.__dict__).__name__ == "mappingproxy" and "x" in A.__dict__
assert A.__flags__ & (1 << 9) and not int.__flags__ & (1 << 9)


class Ann:
    a: int
    b: Undefined = 3


raises(NameError, lambda: Ann.__annotations__)
Undefined = str
assert Ann.__annotations__ == {"a": int, "b": str}
assert Ann.__annotations__ is Ann.__annotations__
Ann.__annotations__ = {"q": 1}
assert Ann.__annotate__ is None and Ann.__annotations__ == {"q": 1}

o = object()
assert o == o and o != object() and not (o == 1)
assert repr(o).startswith("<object object at 0x")
raises(TypeError, lambda: format(o, "x"), "unsupported format string passed to object.__format__")
raises(TypeError, lambda: o < o)


# reduce
class R:
    def __init__(self):
        self.v = 1


f, args, state, *rest = R().__reduce_ex__(2)
assert f(*args).__class__ is R and state == {"v": 1} and rest == [None, None]


class RS:
    __slots__ = ("u", "w")


r = RS()
r.u = 7
assert r.__getstate__() == (None, {"u": 7})
