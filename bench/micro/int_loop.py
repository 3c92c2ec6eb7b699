"""A loop over small integers: arithmetic, comparison, branches."""

import pyperf


def run(n):
    total = 0
    i = 0
    while i < n:
        if i % 3 == 0:
            total += i * 2
        else:
            total ^= i
        i += 1
    return total


if __name__ == "__main__":
    pyperf.Runner().bench_func("int_loop", run, 300_000)
