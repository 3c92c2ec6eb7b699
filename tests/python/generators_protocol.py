"""Generators, coroutines, async generators: the whole protocol."""


def g():
    x = yield 1
    try:
        y = yield x
    except ValueError:
        y = yield "caught"
    return 5


it = g()
assert (next(it), it.send(3), it.throw(ValueError)) == (1, 3, "caught")
try:
    it.send(1)
except StopIteration as e:
    assert e.value == 5
assert it.gi_frame is None and not it.gi_running and not it.gi_suspended and it.__name__ == "g"


def outer():
    assert (yield from g()) == 5


assert list(outer()) == [1, None]


def closing():
    try:
        yield 1
    except GeneratorExit:
        return 9


it = closing()
next(it)
assert it.close() == 9

try:
    g().send(1)
except TypeError as e:
    assert str(e) == "can't send non-None value to a just-started generator"


async def agen():
    try:
        yield 1
        yield 2
    finally:
        log.append("fin")


async def main():
    async for x in agen():
        log.append(x)
    a = agen()
    log.append((await anext(a), await a.asend(None), await anext(a, "default")))
    a = agen()
    await anext(a)
    await a.aclose()
    a = agen()
    await anext(a)
    try:
        await a.athrow(KeyError(1))
    except KeyError as e:
        log.append(e.args)
    return 7


log = []
try:
    main().send(None)
except StopIteration as e:
    assert e.value == 7
assert log == [1, 2, "fin", "fin", (1, 2, "default"), "fin", "fin", (1,)], log
