"""Reading and writing attributes of instances."""

import pyperf


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def run(n):
    point = Point(1, 2)
    for _ in range(n):
        point.x = point.x + point.y
        point.y = point.x - point.y
        if point.x > 1_000_000:
            point.x = 1
            point.y = 2
    return point.x, point.y


if __name__ == "__main__":
    pyperf.Runner().bench_func("attributes", run, 200_000)
