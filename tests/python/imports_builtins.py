# Functions of the module builtins.
assert len((1, 2)) == 2 and len("äß") == 2
assert min(3, 1, 2) == 1 and max([1, 5, 2]) == 5 and max([], default=7) == 7
assert min(["aa", "b"], key=len) == "b"
assert sum([1, 2, 3]) == 6 and sum([0.1] * 10) == 1.0 and sum([[1], [2]], []) == [1, 2]
assert all([]) and not any([]) and any([0, 1]) and not all([1, 0])
assert sorted([3, 1, 2], reverse=True) == [3, 2, 1]
assert hex(255) == "0xff" and oct(8) == "0o10" and bin(-5) == "-0b101"
assert chr(65) == "A" and ord("A") == 65 and ord(b"a") == 97
assert callable(print) and callable(int) and not callable(1)
assert divmod(7, 2) == (3, 1) and pow(2, 10) == 1024 and pow(2, 10, 7) == 2
assert repr("a") == "'a'" and ascii("ä") == "'\\xe4'"

it = iter([1])
assert next(it) == 1 and next(it, 5) == 5
try:
    next(it)
except StopIteration:
    pass
else:
    assert False


def raises(kind, text, f, *args):
    try:
        f(*args)
    except kind as e:
        assert str(e) == text, str(e)
    else:
        assert False, text


raises(TypeError, "'int' object is not an iterator", next, 1)
raises(TypeError, "ord() expected a character, but string of length 2 found", ord, "ab")
raises(ValueError, "chr() arg not in range(0x110000)", chr, -1)
raises(TypeError, "attribute name must be string, not 'int'", getattr, 1, 2)
raises(ValueError, "max() iterable argument is empty", max, [])
raises(TypeError, "sum() can't sum strings [use ''.join(seq) instead]", sum, ["a"], "")
raises(ValueError, "compile() mode must be 'exec', 'eval' or 'single'", compile, "1", "f", "x")
raises(TypeError, "exec() globals must be a dict, not int", exec, "1", 2)

calls = []
source = iter([1, 2, 0, 3])
assert list(iter(lambda: next(source), 0)) == [1, 2]

# exec, eval, compile
space = {"x": 3}
exec("y = x + 1", space)
assert space["y"] == 4 and "__builtins__" in space
assert eval("x * 2", space) == 6
assert eval(compile("1 + 1", "name", "eval")) == 2
local = {}
exec("z = 1", space, local)
assert local == {"z": 1}
try:
    compile("a b", "file.py", "exec")
except SyntaxError as e:
    assert e.filename == "file.py" and e.lineno == 1 and e.msg == "invalid syntax", (e.filename, e.lineno, e.msg)
else:
    assert False


def names():
    a = 1
    b = 2
    return sorted(locals())


assert names() == ["a", "b"]
assert globals()["names"] is names


# __build_class__
class Meta(type):
    @classmethod
    def __prepare__(meta, name, bases, **kw):
        return {"made_by": name, **kw}

    def __new__(meta, name, bases, ns, **kw):
        return super().__new__(meta, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)


class A(metaclass=Meta, option=1):
    def who(self):
        return __class__


assert A.made_by == "A" and A.option == 1 and A().who() is A


class Entries:
    def __mro_entries__(self, bases):
        return (A,)


class B(Entries()):
    pass


assert B.__bases__ == (A,) and type(B) is Meta and len(B.__orig_bases__) == 1
