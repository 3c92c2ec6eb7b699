# deque, defaultdict, functools, weak references, json.
import _collections, _functools, _weakref, _json

D = _collections.deque
d = D([1, 2, 3], maxlen=3)
d.append(4)
assert list(d) == [2, 3, 4] and repr(d) == "deque([2, 3, 4], maxlen=3)"
d.appendleft(1)
assert list(d) == [1, 2, 3] and d[-1] == 3
d.rotate(1)
assert list(d) == [3, 1, 2] and d.pop() == 2 and d.popleft() == 3
e = D(range(20))
del e[3]
e.insert(2, "x")
assert e[2] == "x" and len(e) == 20 and e.index(19) == 19 and list(reversed(e))[0] == 19
try:
    for x in e:
        e.append(1)
    assert False
except RuntimeError as exc:
    assert str(exc) == "deque mutated during iteration"

dd = _collections.defaultdict(list)
dd["a"].append(1)
assert dd == {"a": [1]} and repr(dd) == "defaultdict(<class 'list'>, {'a': [1]})"
c = {}
_collections._count_elements(c, "abca")
assert c == {"a": 2, "b": 1, "c": 1}

p = _functools.partial(int, base=2)
assert p("101") == 5 and p.keywords == {"base": 2}
P = _functools.Placeholder
assert _functools.partial(pow, P, 2)(5) == 25
assert _functools.reduce(lambda a, b: a + b, [1, 2, 3], 10) == 16
assert sorted([3, 1, 2], key=_functools.cmp_to_key(lambda a, b: b - a)) == [3, 2, 1]
calls = []
f = _functools._lru_cache_wrapper(lambda x: calls.append(x) or x * 2, 2, False, lambda *a: a)
assert [f(1), f(2), f(1), f(3), f(1), f(2)] == [2, 4, 2, 6, 2, 4]
assert calls == [1, 2, 3, 2] and f.cache_info() == (2, 4, 2, 2)

class C:
    def __len__(self):
        return 7
o = C()
r = _weakref.ref(o)
assert r() is o and _weakref.ref(o) is r and r == _weakref.ref(o, print)
q = _weakref.proxy(o)
q.x = 1
assert o.x == 1 and len(q) == 7
assert _weakref.getweakrefcount(o) >= 2
try:
    _weakref.ref(1)
    assert False
except TypeError as exc:
    assert str(exc) == "cannot create weak reference to 'int' object"

assert _json.encode_basestring_ascii('a"\n\u20ac\U0001f600') == '"a\\"\\n\\u20ac\\ud83d\\ude00"'
assert _json.scanstring('x\\u0041y" z', 0) == ("xAy", 9)
class Ctx:
    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = None
s = _json.make_scanner(Ctx)
assert s('{"a": [1, -2.5e3, "\u00e9", null, true], "b": {}}', 0) == ({"a": [1, -2500.0, "\u00e9", None, True], "b": {}}, 44)
