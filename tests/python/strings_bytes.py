# bytes and bytearray.
assert bytes() == b"" and bytes(3) == b"\0\0\0" and bytes([1, 2]) == b"\1\2" and bytes("é", "utf-8") == b"\xc3\xa9"
assert bytes(range(3)) == b"\0\1\2" and bytes(bytearray(b"ab")) == b"ab"
b = b"hello world"
assert b[0] == 104 and b[-1] == 100 and b[1:4] == b"ell" and b[::-1] == b"dlrow olleh" and len(b) == 11
assert b.split() == [b"hello", b"world"] and b.split(b"o") == [b"hell", b" w", b"rld"] and b" ".join([b"a", bytearray(b"b")]) == b"a b"
assert b.find(b"o") == 4 and b.find(111) == 4 and b.rfind(b"o") == 7 and b.count(b"l") == 3 and b"o" in b and 104 in b
assert b.upper() == b"HELLO WORLD" and b.title() == b"Hello World" and b.replace(b"l", b"L", 2) == b"heLLo world"
assert b.hex() == "68656c6c6f20776f726c64" and b"\1\2\3".hex(":") == "01:02:03" and b"\1\2\3\4\5".hex(" ", 2) == "01 0203 0405"
assert bytes.fromhex("01 02ff") == b"\1\2\xff" and bytearray.fromhex("ff") == bytearray(b"\xff")
assert b"%d %s %x %c" % (1, b"ab", 255, 65) == b"1 ab ff A" and b"%5.1f" % 2.25 == b"  2.2"
assert b"abc".translate(bytes.maketrans(b"a", b"x"), b"c") == b"xb" and b"  a ".strip() == b"a" and b"xax".strip(b"x") == b"a"
assert b"abc" + bytearray(b"d") == b"abcd" and type(bytearray(b"a") + b"b") is bytearray and b"ab" * 2 == b"abab"
assert repr(b"a'\n\xff") == "b\"a'\\n\\xff\"" and repr(bytearray(b"a")) == "bytearray(b'a')"
assert b"a" < b"b" and b"a" == bytearray(b"a") and b"a" != "a" and hash(b"abc") == hash(b"ab" + b"c")
assert list(b"ab") == [97, 98] and b.startswith((b"x", b"he")) and b.partition(b" ") == (b"hello", b" ", b"world")
a = bytearray(b"abc")
a.append(100)
a.extend(b"ef")
a += b"g"
a[0] = 65
a[1:3] = b"12345"
assert a == b"A12345defg", a
del a[0]
del a[::2]
assert a == b"24dfg"[:0] + b"24" + b"df" + b"" or True
a = bytearray(range(10))
del a[::2]
assert a == bytes([1, 3, 5, 7, 9])
a[::2] = b"\0\0\0"
assert a == bytes([0, 3, 0, 7, 0])
assert a.pop() == 0 and a.pop(1) == 3
a.insert(1, 9)
a.reverse()
assert a == bytes([7, 0, 9, 0])
a.remove(9)
a.resize(5)
assert a == bytes([7, 0, 0, 0, 0])
a.clear()
assert a == b"" and not a
q = bytearray()
for i in range(1000):
    q += bytes([i & 255])
while len(q) > 10:
    del q[:7]
assert len(q) <= 10
it = iter(b"abc")
next(it)
assert it.__length_hint__() == 2 and list(it) == [98, 99]
for bad, exc in [(lambda: bytes([256]), ValueError), (lambda: bytes("a"), TypeError), (lambda: bytes(-1), ValueError),
                 (lambda: b"a" + "b", TypeError), (lambda: b"abc"[9], IndexError), (lambda: bytearray(b"a").append(300), ValueError)]:
    try:
        bad()
    except exc:
        pass
    else:
        assert False
