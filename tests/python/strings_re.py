# Regular expressions.
import re
assert re.match(r"(\w+) (\d+)", "abc 123 x").groups() == ("abc", "123")
assert re.findall(r"\d+", "a1b22c333") == ["1", "22", "333"]
assert re.sub(r"(\w)(\d)", r"\2\1", "a1 b2") == "1a 2b"
assert re.split(r",\s*", "a, b,c") == ["a", "b", "c"]
assert [m.span() for m in re.finditer("é+", "aéébé")] == [(1, 3), (4, 5)]
assert re.sub("x", lambda m: m.group().upper(), "axbx") == "aXbX"
assert repr(re.compile("a(?P<n>b)", re.I)) == "re.compile('a(?P<n>b)', re.IGNORECASE)"
