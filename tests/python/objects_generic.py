# types.GenericAlias and unions.


def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    raise AssertionError("no " + exc.__name__)


a = list[int]
assert repr(a) == "list[int]" and a.__origin__ is list and a.__args__ == (int,)
assert a == list[int] and hash(a) == hash(list[int]) and a != list[str]
assert repr(dict[str, list[int]]) == "dict[str, list[int]]"
assert repr(tuple[()]) == "tuple[()]" and repr(tuple[int, ...]) == "tuple[int, ...]"
assert a((1, 2)) == [1, 2]
assert a.__parameters__ == ()
assert repr(type[int]) == "type[int]"
raises(TypeError, lambda: isinstance([], a), "isinstance() argument 2 cannot be a parameterized generic")
raises(TypeError, lambda: a[int], "list[int] is not a generic class")
assert a.append is list.append


class L(list[int]):
    pass


assert L.__bases__ == (list,) and L.__orig_bases__ == (list[int],)
(star,) = tuple[int, str]
assert repr(star) == "*tuple[int, str]" and star.__unpacked__
assert a.__reduce__() == (type(a), (list, (int,)))

u = int | str
assert repr(u) == "int | str" and u.__args__ == (int, str)
assert u == str | int and hash(u) == hash(str | int)
assert isinstance(1, u) and isinstance("", u) and not isinstance(1.0, u)
assert issubclass(bool, u) and not issubclass(float, u)
assert (int | None).__args__ == (int, type(None)) and repr(int | None) == "int | None"
assert repr(None | int) == "None | int"
assert int | int is int
assert (u | int) == u and repr(u | list[int]) == "int | str | list[int]"
raises(TypeError, lambda: int | 1, "unsupported operand type(s) for |: 'type' and 'int'")
raises(TypeError, lambda: type("X", (u,), {}))

