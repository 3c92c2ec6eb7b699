"""Closures, nonlocal variables, lambdas and functions as values."""

import pyperf


def counter():
    count = 0

    def step(by):
        nonlocal count
        count += by
        return count

    return step


def compose(f, g):
    return lambda x: f(g(x))


def run(n):
    step = counter()
    both = compose(lambda x: x + 1, lambda x: x * 2)
    total = 0
    for i in range(n):
        total += both(i) + step(1)
    return total, sum(map(both, range(100)))


if __name__ == "__main__":
    pyperf.Runner().bench_func("closures", run, 100_000)
