"""Lists: append, index, store, slice, sort, comprehension."""

import pyperf


def run(n):
    numbers = []
    for i in range(n):
        numbers.append((i * 7919) % n)
    for i in range(1, n):
        numbers[i] = numbers[i] + numbers[i - 1] % 7
    halves = [number // 2 for number in numbers[: n // 2]]
    halves.sort()
    return sum(halves), numbers[-1]


if __name__ == "__main__":
    pyperf.Runner().bench_func("lists", run, 100_000)
