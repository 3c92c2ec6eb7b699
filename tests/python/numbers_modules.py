# math, cmath, struct, array, binascii, hashes, zlib, csv, _random.
import _csv
import _md5
import _blake2
import _random
import _sha2
import _sha3
import _struct
import array
import binascii
import cmath
import math
import zlib


def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    assert False, exc


assert math.sqrt(4) == 2 and math.factorial(20) == 2432902008176640000 and math.comb(10, 3) == 120
assert math.gamma(5) == 24 and math.hypot(3, 4) == 5 and math.fsum([0.1] * 10) == 1.0 and math.isqrt(10**40) == 10**20
assert math.sumprod([0.1] * 10, [1] * 10) == 1.0 and math.prod([2, 3], start=4) == 24
assert math.gcd(12, 18, 27) == 3 and math.lcm(4, 6) == 12 and math.perm(5, 2) == 20
assert math.log2(2**5000) == 5000 and math.log(10**400) == 921.0340371976182
assert math.nextafter(1.0, 2.0, steps=2) == 1.0 + 2 * math.ulp(1.0) and math.floor(-1.5) == -2
raises(ValueError, lambda: math.sqrt(-1), "expected a nonnegative input, got -1.0")
raises(OverflowError, lambda: math.exp(1000), "math range error")
assert cmath.sqrt(-1) == 1j and cmath.polar(1j) == (1.0, math.pi / 2)
raises(ValueError, lambda: cmath.log(0), "math domain error")

assert _struct.pack("<bhiq", 1, -2, 3, -4).hex() == "01feff03000000fcffffffffffffff"
assert _struct.unpack(">e2s3p", _struct.pack(">e2s3p", 1.5, b"abc", b"xyz")) == (1.5, b"ab", b"xy")
assert _struct.calcsize("@bq") == 16 and _struct.Struct("<D").unpack(_struct.pack("<D", 1 + 2j)) == (1 + 2j,)
raises(_struct.error, lambda: _struct.pack("b", 200), "'b' format requires -128 <= number <= 127")
assert list(_struct.iter_unpack("<H", b"\1\0\2\0")) == [(1,), (2,)]

a = array.array("i", [3, 1, 2])
a.append(4)
a[1:2] = array.array("i", [7, 8])
assert a.tolist() == [3, 7, 8, 2, 4] and repr(a[::2]) == "array('i', [3, 8, 4])" and bytes(a[:1]) == b"\3\0\0\0"
assert array.array("w", "aé").tounicode() == "aé"
raises(OverflowError, lambda: array.array("b", [200]), "signed char is greater than maximum")

assert binascii.hexlify(b"abcdef", "-", 2) == b"6162-6364-6566" and binascii.unhexlify("6162") == b"ab"
assert binascii.b2a_base64(b"ab") == b"YWI=\n" and binascii.a2b_base64("YWI=") == b"ab"
assert binascii.a2b_uu(binascii.b2a_uu(b"hello")) == b"hello"
assert binascii.crc32(b"abc") == 891568578 and binascii.crc_hqx(b"abc", 1) == 44775
raises(binascii.Error, lambda: binascii.a2b_base64("abc"), "Incorrect padding")

assert _md5.md5(b"").hexdigest() == "d41d8cd98f00b204e9800998ecf8427e"
assert _sha2.sha256(b"abc").hexdigest().startswith("ba7816bf8f01cfea")
assert _sha3.sha3_256(b"").hexdigest().startswith("a7ffc6f8bf1ed766")
assert _sha3.shake_128(b"").hexdigest(4) == "7f9c2ba4"
assert _blake2.blake2b(b"").hexdigest().startswith("786a02f742015903")
assert _blake2.blake2s(b"abc").hexdigest().startswith("508c5e8c327c14e2")

data = b"hello hello hello" * 100
assert zlib.decompress(zlib.compress(data)) == data and zlib.adler32(b"abc") == 38600999
d = zlib.decompressobj()
out = d.decompress(zlib.compress(data) + b"rest", 10)
assert out == data[:10] and out + d.decompress(d.unconsumed_tail) == data and d.unused_data == b"rest" and d.eof
raises(zlib.error, lambda: zlib.decompress(b"abc"), "Error -3 while decompressing data: incorrect header check")
assert zlib.decompress(zlib.compress(data, wbits=31), wbits=47) == data


class Out:
    def __init__(self):
        self.text = ""

    def write(self, s):
        self.text += s
        return len(s)


o = Out()
w = _csv.writer(o)
w.writerow([1, "a", None, 2.5, "a,b", 'q"q'])
assert o.text == '1,a,,2.5,"a,b","q""q"\r\n', o.text
assert list(_csv.reader(['1,"a,b",\n', '"x', 'y"\n'])) == [["1", "a,b", ""], ["xy"]]
raises(_csv.Error, lambda: _csv.get_dialect("none"), "unknown dialect")

r = _random.Random(42)
assert r.getrandbits(64) == 2053695854357871005
assert _random.Random(1).random() == 0.13436424411240122
