# A program without expectations checks itself.
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


assert fib(15) == 610
assert [x * x for x in range(4)] == [0, 1, 4, 9]
assert {"a": 1}["a"] == 1
