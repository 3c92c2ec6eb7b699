"""Where code says that it comes from: offsets, trees that are compiled, frames that an exception left."""

import ast
import sys
import types


def f(x):
    if x:
        y = 1
    else:
        y = [x,
             x]


code = f.__code__
positions = list(code.co_positions())
assert len(positions) == len(code.co_code) // 2
lines = list(code.co_lines())
assert lines[0][0] == 0 and lines[0][2] == code.co_firstlineno and lines[-1][1] == len(code.co_code)
assert all(a[1] == b[0] for a, b in zip(lines, lines[1:]))
assert all(None not in p for p in positions)
assert code.co_names == ()

# Positions can be replaced, by nonsense too.
assert list(code.replace(co_linetable=b"").co_lines()) == [(0, 2, code.co_firstlineno)]
for table in (b"\xff" * 9, b"\xff\xff\xff\xff\x0f\x02\x00\x01\x01", bytes(range(64))):
    assert len(list(code.replace(co_linetable=table).co_positions())) <= len(positions)
try:
    code.replace(co_linetable=1)
except TypeError as e:
    assert str(e) == "replace() argument 'co_linetable' must be bytes, not int"
else:
    raise AssertionError

# tb_lasti is what was given, and an offset into co_positions where it was not.
try:
    1 / 0
except ZeroDivisionError as e:
    tb = e.__traceback__
assert list(tb.tb_frame.f_code.co_positions())[tb.tb_lasti // 2][0] == tb.tb_lineno
for n in (-1, 0, 1, 7, 1 << 30):
    assert types.TracebackType(None, tb.tb_frame, n, 1).tb_lasti == n

# A tree's code has the places of the tree, not those of a text that it might be printed as.
source = '''\
@decorate


def g(a,   b = """
text"""):

    # A comment.
    return (a
            .name
            (b,

             1 / 0))


class  C ( object ):
    x    =    lambda   q: q
    def m(self):
        try :
            pass
        finally  :
            print( self )
'''


def places(code):
    yield code.co_name, code.co_firstlineno, list(code.co_positions())
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            yield from places(c)


plain = compile(source, "x", "exec")
tree = compile(ast.parse(source), "x", "exec")
assert list(places(plain))[1:] == list(places(tree))[1:]
moved = ast.parse(source)
ast.increment_lineno(moved, 100)
assert compile(moved, "x", "exec").co_consts[1].co_firstlineno in (101, 104)
try:
    exec(compile(ast.increment_lineno(ast.parse("a = 1\nb = (a +\n  None)"), 40), "x", "exec"), {})
except TypeError as e:
    assert e.__traceback__.tb_next.tb_lineno == 42
else:
    raise AssertionError
for node, message in (
    (ast.NamedExpr(ast.Constant(1), ast.Constant(2)), "NamedExpr target must be a Name"),
    (ast.Constant(1), None),
):
    try:
        compile(ast.fix_missing_locations(ast.Expression(node)), "x", "eval")
    except TypeError as e:
        assert str(e) == message
    else:
        assert message is None


# A frame that an exception left is shown where that was raised, whatever cleaned up behind it.
def leave_with(manager):
    with manager:
        1 / 0
        pass


class Manager:
    def __enter__(self):
        pass

    def __exit__(self, *args):
        pass


def leave_finally():
    try:
        1 / 0
    finally:
        x = 1


def leave_name():
    try:
        {}[0]
    except KeyError as e:
        1 / 0


def last_line(function, *args):
    try:
        function(*args)
    except ZeroDivisionError as e:
        frame = e.__traceback__.tb_next.tb_frame
        return frame.f_lineno - function.__code__.co_firstlineno


assert last_line(leave_with, Manager()) == 2
assert last_line(leave_name) == 4


# Each value is asked for its truth once.
class Truth:
    def __init__(self, value):
        self.value, self.asked = value, 0

    def __bool__(self):
        self.asked += 1
        return self.value


def check(expression, values, result, asked):
    v = [Truth(bool(x)) for x in values]
    assert eval(expression) is v[result], expression
    assert [t.asked for t in v] == asked, (expression, [t.asked for t in v])


check("v[0] and v[1] or v[2]", (0, 0, 1), 2, [1, 0, 0])
check("v[0] and v[1] or v[2]", (1, 1, 0), 1, [1, 1, 0])
check("(v[0] or v[1]) and (v[2] or v[3]) or v[4]", (0, 1, 0, 0, 0), 4, [1, 1, 1, 1, 0])
check("v[0] and (v[1] and v[2]) and v[3]", (1, 1, 0, 1), 2, [1, 1, 1, 0])
check("v[0] or (v[1] and v[2])", (0, 0, 1), 1, [1, 1, 0])
