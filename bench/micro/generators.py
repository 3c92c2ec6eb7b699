"""Generators: a pipeline, `yield from`, and `send`."""

import pyperf


def numbers(n):
    for i in range(n):
        yield i


def odd(source):
    for number in source:
        if number & 1:
            yield number


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def averager():
    total = count = 0
    while True:
        total += yield total // (count or 1)
        count += 1


def run(n):
    average = averager()
    next(average)
    last = 0
    for i in range(n // 4):
        last = average.send(i)
    return sum(odd(numbers(n))), sum(tree(10)), last


if __name__ == "__main__":
    pyperf.Runner().bench_func("generators", run, 100_000)
