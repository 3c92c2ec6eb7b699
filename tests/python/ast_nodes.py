# Node classes of ast.
import ast

n = ast.Name("x")
assert n.id == "x" and isinstance(n.ctx, ast.Load)
assert ast.Name._fields == ("id", "ctx") and ast.Name.__match_args__ == ("id", "ctx")
assert n.end_lineno is None
f = ast.FunctionDef("f", ast.arguments())
assert f.body == [] and f.returns is None and f.args.args == []
assert isinstance(f, ast.stmt) and issubclass(ast.Add, ast.operator)
try:
    ast.Name("a", ast.Load(), 3)
except TypeError as e:
    assert str(e) == "Name constructor takes at most 2 positional arguments", e
else:
    raise AssertionError
assert ast.dump(ast.Constant(1)) == "Constant(value=1)"
assert ast.unparse(ast.BinOp(ast.Name("a"), ast.Add(), ast.Constant(2))) == "a + 2"
