"""Dictionaries with string and integer keys: store, look up, count, iterate."""

import pyperf


def run(n):
    words = ["word%d" % (i % 1000) for i in range(n)]
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    squares = {i: i * i for i in range(n)}
    total = 0
    for key, value in squares.items():
        if key in squares:
            total += value & 15
    return total, counts["word7"], len(counts)


if __name__ == "__main__":
    pyperf.Runner().bench_func("dicts", run, 50_000)
