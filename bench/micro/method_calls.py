"""Method calls through inheritance, `super`, properties and several receiver types at one place."""

import pyperf


class Shape:
    def __init__(self, size):
        self._size = size

    @property
    def size(self):
        return self._size

    def area(self):
        return 0

    def grown(self, by):
        return self.area() + by


class Square(Shape):
    def area(self):
        return self.size * self.size


class Bar(Shape):
    def area(self):
        return self.size * 3

    def grown(self, by):
        return super().grown(by) + 1


def run(n):
    shapes = [Square(3), Bar(4), Square(5), Shape(6)]
    total = 0
    for i in range(n):
        for shape in shapes:
            total += shape.grown(i & 3)
    return total


if __name__ == "__main__":
    pyperf.Runner().bench_func("method_calls", run, 30_000)
