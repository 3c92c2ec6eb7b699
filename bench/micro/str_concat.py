"""Building a string with `s += x`, as programs do."""

import pyperf


def run(n):
    text = ""
    for i in range(n):
        text += "ab"
        if i % 100 == 0:
            text += "\n"
    return len(text)


class Holder:
    def __init__(self):
        self.text = ""


def run_attribute(n):
    holder = Holder()
    for _ in range(n):
        holder.text += "xy"
    return len(holder.text)


if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_func("str_concat", run, 100_000)
    runner.bench_func("str_concat_attribute", run_attribute, 10_000)
