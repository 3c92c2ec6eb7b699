# Methods of str.
assert repr("a'b\n\u20ac\ud800") == '"a\'b\\n\u20ac\\ud800"'
assert "abc"[1] == "b" and "abc"[-1] == "c" and "abcdef"[1:4] == "bcd" and "abcdef"[::-2] == "fdb"
assert "äöü€😀"[1:3] == "öü" and "äöü€😀"[::-1] == "😀€üöä" and len("äöü€😀") == 5
long = "aé€😀" * 200
assert long[799] == "😀" and long[401] == "é" and long[398:402] == "€😀aé"
assert "abc" * 3 == "abcabcabc" and 2 * "xy" == "xyxy" and "a" * 0 == "" and "é" * 3 == "ééé"
assert "a,b,,c".split(",") == ["a", "b", "", "c"] and " a  b ".split() == ["a", "b"]
assert "a,b,c".rsplit(",", 1) == ["a,b", "c"] and "a b c".split(None, 1) == ["a", "b c"]
assert "-".join(["a", "b", "é"]) == "a-b-é" and "".join(()) == "" and ",".join("abc") == "a,b,c"
assert ",".join(str(i) for i in range(4)) == "0,1,2,3"
assert "hello".find("l") == 2 and "hello".rfind("l") == 3 and "hello".find("z") == -1 and "héllo".find("l") == 2
assert "hello".find("", 5) == 5 and "hello".find("", 6) == -1 and "hello".count("l") == 2 and "aaa".count("") == 4
assert "hello".startswith("he") and "hello".startswith(("x", "h")) and not "hello".endswith("x")
assert "".startswith("", 0) and not "".startswith("", 1) and "abc".startswith("c", 2)
assert "abc".replace("b", "XX") == "aXXc" and "aaa".replace("a", "b", 2) == "bba" and "abc".replace("", "-") == "-a-b-c-"
assert " x ".strip() == "x" and "xxaxx".strip("x") == "a" and "  a".lstrip() == "a" and "a  ".rstrip() == "a"
assert "a-b-c".partition("-") == ("a", "-", "b-c") and "a-b-c".rpartition("-") == ("a-b", "-", "c")
assert "abc".partition("x") == ("abc", "", "") and "abc".rpartition("x") == ("", "", "abc")
assert "abc".center(9, "*") == "***abc***" and "abc".ljust(5) == "abc  " and "abc".rjust(5) == "  abc"
assert "42".zfill(5) == "00042" and "-42".zfill(5) == "-0042" and "a\tb".expandtabs(4) == "a   b"
assert "Straße".upper() == "STRASSE" and "ÀB".lower() == "àb" and "hello world".title() == "Hello World"
assert "ab\ncd\r\nef".splitlines() == ["ab", "cd", "ef"] and "ab\ncd\n".splitlines(True) == ["ab\n", "cd\n"]
assert "abc".translate({97: "X", 98: None}) == "Xc" and "abc".translate(str.maketrans("ab", "xy", "c")) == "xy"
assert "prefix-x".removeprefix("prefix-") == "x" and "x.py".removesuffix(".py") == "x"
assert "abc".isalpha() and "123".isdigit() and "a1".isalnum() and " ".isspace() and "a_1".isidentifier()
assert "a" in "abc" and "z" not in "abc" and "" in ""
assert "a" < "b" <= "b" and "b" > "a" and "é" > "z" and "abc" != "abd"
assert hash("abc") == hash("ab" + "c")

# formatting
assert "%s is %d years, %.2f %r %%" % ("x", 42, 1.5, "q") == "x is 42 years, 1.50 'q' %"
assert "%(a)s-%(b)05d" % {"a": 1, "b": 42} == "1-00042" and "%5s|%-5s|%c" % ("a", "b", 65) == "    a|b    |A"
assert "%x %X %o %#x" % (255, 255, 8, 255) == "ff FF 10 0xff" and "%*d" % (5, 3) == "    3"
assert "%d" % 3.7 == "3"
for bad in [lambda: "%d" % "x", lambda: "%s %s" % (1,), lambda: "%s" % (1, 2), lambda: "%z" % 1, lambda: "a" + 1]:
    try:
        bad()
    except (TypeError, ValueError) as e:
        pass
    else:
        assert False
assert "{} {}".format(1, "b") == "1 b" and "{0}{1}{0}".format("a", "b") == "aba" and "{x!r:>5}".format(x="a") == "  'a'"
assert "{0[1]} {1.real}".format([1, 2], 3) == "2 3" and "{:{}}".format("a", 4) == "a   " and "{{}}".format() == "{}"
assert "{a}".format_map({"a": 1}) == "1" and format("abc", ">6.2") == "    ab" and f"{'x':^5}" == "  x  "
try:
    "{}".format()
except IndexError as e:
    assert str(e) == "Replacement index 0 out of range for positional args tuple", e
else:
    assert False

# construction and codecs
assert str() == "" and str(12) == "12" and str(b"abc", "ascii") == "abc" and str(b"\xc3\xa9", encoding="utf-8") == "é"
class S(str):
    def __str__(self):
        return "S"
s = S("abc")
assert type(s) is S and s == "abc" and str(s) == "S" and type(s.upper()) is str and type(s[:]) is str and s + "d" == "abcd"
assert "é€".encode() == b"\xc3\xa9\xe2\x82\xac" and "é".encode("latin-1") == b"\xe9"
assert "é".encode("ascii", "replace") == b"?" and "é€".encode("ascii", "xmlcharrefreplace") == b"&#233;&#8364;"
assert "é".encode("ascii", "backslashreplace") == b"\\xe9" and "é".encode("ascii", "ignore") == b""
assert "é".encode("ascii", "namereplace") == b"\\N{LATIN SMALL LETTER E WITH ACUTE}"
assert b"a\xffb".decode("utf-8", "replace") == "a\ufffdb" and b"a\xff".decode("utf-8", "surrogateescape") == "a\udcff"
assert "a\udcff".encode("utf-8", "surrogateescape") == b"a\xff" and "\ud800".encode("utf-8", "surrogatepass") == b"\xed\xa0\x80"
assert "ab".encode("utf-16") == b"\xff\xfea\0b\0" and b"\xff\xfea\0".decode("utf-16") == "a"
try:
    "aé€b".encode("ascii")
except UnicodeEncodeError as e:
    assert (e.encoding, e.object, e.start, e.end, e.reason) == ("ascii", "aé€b", 1, 3, "ordinal not in range(128)")
else:
    assert False
try:
    b"a\xff".decode()
except UnicodeDecodeError as e:
    assert (e.encoding, e.object, e.start, e.end, e.reason) == ("utf-8", b"a\xff", 1, 2, "invalid start byte")
else:
    assert False
