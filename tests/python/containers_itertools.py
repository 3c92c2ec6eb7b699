# itertools, heapq, bisect, operator natively.
import itertools as it
import _heapq, _bisect, _operator

assert list(it.chain([1], "ab", ())) == [1, "a", "b"]
assert list(it.chain.from_iterable([[1], [2, 3]])) == [1, 2, 3]
assert list(it.islice(it.count(5, 2), 3)) == [5, 7, 9]
assert list(it.islice("abcdef", 1, None, 2)) == ["b", "d", "f"]
assert list(it.accumulate([1, 2, 3])) == [1, 3, 6]
assert list(it.accumulate([1, 2, 3], lambda a, b: a * b, initial=2)) == [2, 2, 4, 12]
assert list(it.batched("ABCDE", 2)) == [("A", "B"), ("C", "D"), ("E",)]
assert list(it.combinations("ABC", 2)) == [("A", "B"), ("A", "C"), ("B", "C")]
assert list(it.permutations([1, 2, 3], 2)) == [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]
assert list(it.combinations_with_replacement("AB", 2)) == [("A", "A"), ("A", "B"), ("B", "B")]
assert list(it.product([1, 2], repeat=2)) == [(1, 1), (1, 2), (2, 1), (2, 2)]
assert list(it.product()) == [()] and list(it.permutations([], 0)) == [()]
assert list(it.compress("ABCD", [1, 0, 1, 0])) == ["A", "C"]
assert list(it.dropwhile(lambda x: x < 3, [1, 3, 1])) == [3, 1]
assert list(it.takewhile(lambda x: x < 3, [1, 3, 1])) == [1]
assert list(it.filterfalse(None, [0, 1, 2])) == [0]
assert [(k, list(g)) for k, g in it.groupby("AABC")] == [("A", ["A", "A"]), ("B", ["B"]), ("C", ["C"])]
assert list(it.pairwise([1, 2, 3])) == [(1, 2), (2, 3)]
assert list(it.repeat(1, 2)) == [1, 1] and repr(it.repeat(1, 2)) == "repeat(1, 2)"
assert list(it.starmap(pow, [(2, 3)])) == [8]
a, b = it.tee([1, 2, 3])
assert next(a) == 1 and list(b) == [1, 2, 3] and list(a) == [2, 3]
assert list(it.zip_longest([1], [2, 3], fillvalue=0)) == [(1, 2), (0, 3)]
assert [x for x, _ in zip(it.cycle([1, 2]), range(5))] == [1, 2, 1, 2, 1]

h = [5, 2, 8, 1]
_heapq.heapify(h)
_heapq.heappush(h, 0)
assert [_heapq.heappop(h) for _ in range(5)] == [0, 1, 2, 5, 8]
h = [1, 5, 3]
_heapq.heapify_max(h)
assert _heapq.heappop_max(h) == 5
assert _bisect.bisect_right([1, 2, 2, 3], 2) == 3 and _bisect.bisect_left([1, 2, 2, 3], 2) == 1
l = [1, 3]
_bisect.insort_right(l, 2)
assert l == [1, 2, 3]

assert _operator.itemgetter(1)("abc") == "b" and _operator.itemgetter(0, 2)("abc") == ("a", "c")
assert _operator.attrgetter("__class__.__name__")(1) == "int"
assert _operator.methodcaller("upper")("a") == "A"
assert _operator.add(1, 2) == 3 and _operator.countOf([1, 1], 1) == 2 and _operator.length_hint([1]) == 1
assert repr(_operator.itemgetter(1)) == "operator.itemgetter(1)"
assert list(map(_operator.mul, [1, 2], [3, 4])) == [3, 8]
