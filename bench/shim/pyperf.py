"""Stands in for the package `pyperf` when benchmarks are compared across interpreters.

It has the part of pyperf's interface that benchmark programs use, needs almost nothing from the standard library, and
times everything inside the process: the first iteration on its own, then iterations until both a time and a number of
them have been reached. Times are per iteration.

Environment: FERROPYD_BENCH_OUT names the file for the results (stdout without it), FERROPYD_BENCH_SECONDS the time for
each benchmark, FERROPYD_BENCH_LEAST the least number of samples. The results are lines:
  B name          a benchmark begins
  V text          what its first iteration returned, if that has a plain value
  T seconds ...   the time of each sample, in order, per iteration; the first one is the first iteration ever
"""

import os
import sys
from time import perf_counter

VERSION = (2, 0, 0)
__version__ = "2.0.0"

SECONDS = float(os.environ.get("FERROPYD_BENCH_SECONDS", "3"))
LEAST = int(os.environ.get("FERROPYD_BENCH_LEAST", "5"))
OUT = os.environ.get("FERROPYD_BENCH_OUT")

# A sample shorter than this is measured as several iterations in a row.
SHORTEST_SAMPLE = 0.005


def python_implementation():
    return sys.implementation.name


def plain(value):
    """The text of a value that is the same everywhere, or None."""
    if value is None:
        return None
    if isinstance(value, (bool, int, str, float, bytes)):
        return repr(value)[:200]
    if isinstance(value, (tuple, list)) and len(value) <= 16:
        parts = [plain(item) for item in value]
        if None not in parts:
            return "[" + ", ".join(parts) + "]"
    return None


class Namespace:
    pass


class Arguments:
    """An argument parser for programs that are always run without arguments: it only knows the defaults."""

    def __init__(self):
        self.namespace = Namespace()

    def add_argument(self, *names, **settings):
        name = settings.get("dest")
        if name is None:
            long_names = [word for word in names if word.startswith("--")] or list(names)
            name = long_names[0].lstrip("-").replace("-", "_")
        default = settings.get("default")
        action = settings.get("action", "store")
        if default is None and action in ("store_true", "store_false"):
            default = action == "store_false"
        if isinstance(default, str) and "type" in settings:
            default = settings["type"](default)
        if default is not None or not hasattr(self.namespace, name):
            setattr(self.namespace, name, default)

    def add_argument_group(self, *words, **settings):
        return self

    add_mutually_exclusive_group = add_argument_group

    def set_defaults(self, **defaults):
        for name, value in defaults.items():
            setattr(self.namespace, name, value)

    def parse_args(self, argv=None):
        return self.namespace


class Runner:
    def __init__(self, **settings):
        self.metadata = {}
        self.argparser = Arguments()
        self.args = self.argparser.namespace

    def parse_args(self, argv=None):
        return self.args

    def bench_func(self, name, func, *args, inner_loops=None, metadata=None):
        results = []

        def timed(loops):
            if loops == 1:
                start = perf_counter()
                value = func(*args)
                elapsed = perf_counter() - start
                if not results:
                    results.append(plain(value))
                return elapsed
            numbers = range(loops)
            start = perf_counter()
            for _ in numbers:
                func(*args)
            return perf_counter() - start

        measure(name, timed, inner_loops, results)

    def bench_time_func(self, name, func, *args, inner_loops=None, metadata=None):
        measure(name, lambda loops: func(loops, *args), inner_loops, [])

    def bench_async_func(self, name, func, *args, inner_loops=None, metadata=None, loop_factory=None):
        import asyncio

        async def iterate(loops):
            start = perf_counter()
            for _ in range(loops):
                await func(*args)
            return perf_counter() - start

        def timed(loops):
            loop = (loop_factory or asyncio.new_event_loop)()
            try:
                return loop.run_until_complete(iterate(loops))
            finally:
                loop.close()

        measure(name, timed, inner_loops, [])


def measure(name, timed, inner_loops, results):
    scale = 1.0 / (inner_loops or 1)
    loops = 1
    times = []
    total = 0.0
    while total < SECONDS or len(times) < LEAST:
        elapsed = timed(loops)
        times.append(elapsed / loops * scale)
        total += elapsed
        # The first two samples are single iterations; after that, short ones are put together.
        if len(times) > 1 and elapsed < SHORTEST_SAMPLE:
            loops *= 2
    lines = ["B " + name]
    if results and results[0] is not None:
        lines.append("V " + results[0])
    lines.append("T " + " ".join([repr(time) for time in times]))
    text = "\n".join(lines) + "\n"
    if OUT is None:
        sys.stdout.write(text)
    else:
        with open(OUT, "a") as file:
            file.write(text)
