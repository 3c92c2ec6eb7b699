# memoryview.
b = bytearray(b"abcdefgh")
m = memoryview(b)
assert len(m) == 8 and m[0] == 97 and m[-1] == 104 and m.format == "B" and m.shape == (8,) and m.strides == (1,)
assert m[1:4].tobytes() == b"bcd" and m[::-2].tolist() == [104, 102, 100, 98] and bytes(m[::2]) == b"aceg"
m[0] = 65
m[2:4] = b"XY"
assert b == b"AbXYefgh" and m == b and m[1:] == b"bXYefgh" and m.obj is b and not m.readonly
try:
    b.append(1)
except BufferError:
    pass
else:
    assert False
c = m.cast("I")
assert c.itemsize == 4 and len(c) == 2 and c.nbytes == 8 and c[0] == int.from_bytes(b"AbXY", "little")
d = m.cast("B", [2, 4])
assert d.ndim == 2 and d.tolist() == [list(b"AbXY"), list(b"efgh")] and d[1, 2] == ord("g") and d.c_contiguous
assert m.toreadonly().readonly and hash(memoryview(b"abc")) == hash(b"abc") and m.hex() == b.hex()
c.release(); d.release()
with memoryview(b) as n:
    assert n.contiguous
m.release()
try:
    m[0]
except ValueError:
    pass
else:
    assert False
class E:
    def __buffer__(self, flags):
        return memoryview(b"xyz")
assert bytes(memoryview(E())) == b"xyz" and bytes(E()) == b"xyz"
