# Streams in memory.
import io

b = io.BytesIO(b"one\ntwo\nthree")
assert b.readline() == b"one\n"
assert b.tell() == 4
assert list(b) == [b"two\n", b"three"]
assert b.seek(0) == 0
assert b.read(3) == b"one"
b.seek(0, 2)
assert b.write(b"!") == 1
assert b.getvalue() == b"one\ntwo\nthree!"
b.seek(20)
b.write(b"x")
assert b.getvalue() == b"one\ntwo\nthree!" + b"\0" * 6 + b"x"
assert b.truncate(3) == 3 and b.getvalue() == b"one"
b.close()
try:
    b.read()
except ValueError as e:
    assert str(e) == "I/O operation on closed file.", e
else:
    raise AssertionError

s = io.StringIO("ä\nbc\r\nd", newline=None)
assert s.read() == "ä\nbc\nd"
s = io.StringIO()
print("x", 1, file=s)
s.write("ÿ€")
assert s.getvalue() == "x 1\nÿ€"
s.seek(4)
s.write("a")
assert s.getvalue() == "x 1\na€"
assert s.tell() == 5 and s.read() == "€"
s.seek(0)
assert [line for line in s] == ["x 1\n", "a€"]

t = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\r\n")
t.write("a\nb")
t.flush()
assert t.buffer.getvalue() == b"a\r\nb"
t = io.TextIOWrapper(io.BytesIO("äöü\nline2\nline3".encode()), encoding="utf-8")
assert t.readline() == "äöü\n"
here = t.tell()
assert t.read(3) == "lin"
t.seek(here)
assert t.readline() == "line2\n"
assert t.read() == "line3"


class Raw(io.RawIOBase):
    def __init__(self, data):
        self.data = data

    def readable(self):
        return True

    def readinto(self, b):
        n = min(len(b), len(self.data), 2)
        b[:n] = self.data[:n]
        self.data = self.data[n:]
        return n


r = io.BufferedReader(Raw(b"hello\nworld"))
assert r.peek()[:1] == b"h"
assert r.readline() == b"hello\n"
assert r.read() == b"world"
