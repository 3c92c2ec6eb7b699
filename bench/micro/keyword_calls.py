"""Calls with defaults, keywords, *args and **kwargs."""

import pyperf


def plain(a, b=2, *, c=3):
    return a + b + c


def collecting(*args, **kwargs):
    return len(args) + len(kwargs)


def run(n):
    total = 0
    pair = (1, 2)
    names = {"x": 1, "y": 2}
    for i in range(n):
        total += plain(i)
        total += plain(i, c=1)
        total += plain(a=i, b=1, c=2)
        total += collecting(i, *pair, z=3, **names)
    return total


if __name__ == "__main__":
    pyperf.Runner().bench_func("keyword_calls", run, 50_000)
