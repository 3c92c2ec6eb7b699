"""Raising, catching and cleaning up."""

import pyperf


class Oops(Exception):
    pass


def risky(i):
    if i % 3 == 0:
        raise Oops(i)
    if i % 5 == 0:
        return {}["missing"]
    return i


def run(n):
    total = cleaned = 0
    for i in range(n):
        try:
            total += risky(i)
        except Oops as oops:
            total += oops.args[0] & 7
        except KeyError:
            total -= 1
        finally:
            cleaned += 1
    return total, cleaned


if __name__ == "__main__":
    pyperf.Runner().bench_func("exceptions", run, 50_000)
