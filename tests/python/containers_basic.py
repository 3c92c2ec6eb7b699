# Methods of list, tuple, dict and set that need nothing else.
l = [3, 1, 2]
l.sort()
assert l == [1, 2, 3]
l.sort(reverse=True)
assert l == [3, 2, 1]
l.sort(key=lambda x: (x == 2, x))
assert l == [1, 3, 2]
l.insert(1, 9)
l.append(4)
assert l == [1, 9, 3, 2, 4] and l.pop(0) == 1 and l.pop() == 4 and l == [9, 3, 2]
l[1:2] = "abc"
assert l == [9, "a", "b", "c", 2], l
del l[::2]
assert l == ["a", "c"]
l[::2] = [7]
assert l == [7, "c"] and l[::-1] == ["c", 7]
assert l.__repr__() == "[7, 'c']"
assert [1, 2] + [3] == [1, 2, 3] and [0] * 3 == [0, 0, 0] and 2 * [1] == [1, 1]
assert [1, 2] < [1, 3] and not [1, 2] < [1] and [1] <= [1]
assert [1, 2, 1].count(1) == 2 and [1, 2, 1].index(1, 1) == 2
big = []
for i in [5, 3, 8, 1, 9, 2] * 50:
    big.append((i, "x"))
big.sort()
assert big[0] == (1, "x") and big[-1] == (9, "x") and big[50] == (2, "x")

d = {"a": 1, "b": 2}
assert d.get("a") == 1 and d.get("z") is None and d.pop("a") == 1 and d == {"b": 2}
d.update([("x", 1), ["y", 2]], z=3)
assert d == {"b": 2, "x": 1, "y": 2, "z": 3}
assert d.setdefault("q", 5) == 5 and d.popitem() == ("q", 5)
assert d | {"b": 0} == {"b": 0, "x": 1, "y": 2, "z": 3}
assert [*d.keys()] == ["b", "x", "y", "z"] and [*d.items()][0] == ("b", 2)
assert d.keys() & {"x", "n"} == {"x"} and ("x", 1) in d.items()
assert [*d.__reversed__()] == ["z", "y", "x", "b"]
assert d.__repr__() == "{'b': 2, 'x': 1, 'y': 2, 'z': 3}"
try:
    for k in d:
        d[k + "1"] = 0
    assert False
except RuntimeError:
    pass
try:
    d[[]] = 1
    assert False
except TypeError:
    pass

s = {1, 2, 3}
assert s & {2, 9} == {2} and s | {4} == {1, 2, 3, 4} and s - {1} == {2, 3} and s ^ {1, 7} == {2, 3, 7}
assert {1, 2} < s and s >= {3} and not s.isdisjoint([3])
s.add(5)
s.discard(1)
assert s == {2, 3, 5} and s.union([9], [8]) == {2, 3, 5, 8, 9}
assert (1, 2).__hash__() == -3550055125485641917
t = (1, 2, 3)
assert t[1:] == (2, 3) and t + (4,) == (1, 2, 3, 4) and t * 2 == (1, 2, 3, 1, 2, 3) and 2 in t
assert t.__repr__() == "(1, 2, 3)" and (1,).__repr__() == "(1,)" and t.index(3) == 2
