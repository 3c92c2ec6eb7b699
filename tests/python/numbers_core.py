# int, float, complex, bool, range, slice.
def raises(exc, f, text=None):
    try:
        f()
    except exc as e:
        if text is not None:
            assert str(e) == text, str(e)
        return
    assert False, exc


assert repr(10**30) == "1" + "0" * 30
assert int("0x1f", 16) == 31 and int("  12_3 ") == 123 and int(3.9) == 3 and int(b"12") == 12
assert int("0b101", 0) == 5 and int("-7f", 16) == -127
assert 7 // -2 == -4 and 7 % -2 == -1 and divmod(-7, 2) == (-4, 1)
assert 2**100 == 1267650600228229401496703205376 and 2**-1 == 0.5
assert (255).to_bytes(2) == b"\x00\xff" and int.from_bytes(b"\xff", signed=True) == -1
assert (5).__add__("x") is NotImplemented and (2.0).__add__("x") is NotImplemented
assert round(12345, -2) == 12300 and round(2.5) == 2 and round(2.675, 2) == 2.67
assert pow(3, -1, 7) == 5 and pow(2, 10, 1000) == 24
raises(ValueError, lambda: int("x"), "invalid literal for int() with base 10: 'x'")
raises(ValueError, lambda: int("x", 99), "int() base must be >= 2 and <= 36, or 0")
raises(TypeError, lambda: int([]), "int() argument must be a string, a bytes-like object or a real number, not 'list'")
raises(ValueError, lambda: str(10**5000))
raises(ValueError, lambda: float("1_"), "could not convert string to float: '1_'")


class I(int):
    pass


class F(float):
    pass


x = I(5)
assert x + 1 == 6 and type(x + 1) is int and isinstance(x, int) and repr(x) == "5" and hash(x) == 5
assert F("1.5") * 2 == 3.0 and repr(F(2)) == "2.0"

assert (2.5).hex() == "0x1.4000000000000p+1" and float.fromhex("0x1.4p+1") == 2.5
assert (0.1).as_integer_ratio() == (3602879701896397, 36028797018963968)
assert float.from_number(3) == 3.0
assert 2**60 + 1 > float(2**60) and float(2**53) == 2**53 and float(2**53) != 2**53 + 1

assert complex("1+2j") * 2 == 2 + 4j and repr(1j) == "1j" and abs(3 + 4j) == 5.0
assert repr(complex(1, -0.0)) == "(1-0j)" and repr(1 - complex(0.0, 0.0)) == "(1-0j)"
assert (1j) ** 2 == -1 and hash(3 + 0j) == hash(3)
assert repr(float("inf") * 1j) == "(nan+infj)"
raises(ZeroDivisionError, lambda: 1j / 0, "division by zero")
raises(ZeroDivisionError, lambda: 0j**-1, "zero to a negative or complex power")

r = range(0, 10, 3)
assert list(r) == [0, 3, 6, 9] and r[-1] == 9 and 6 in r and len(r) == 4 and list(reversed(r)) == [9, 6, 3, 0]
assert range(10**30)[10**29] == 10**29 and repr(r[1:]) == "range(3, 12, 3)"
assert range(0) == range(5, 5) and hash(range(1)) == hash(range(0, 1, 7)) and r.index(6) == 2 and r.count(7) == 0
raises(ValueError, lambda: range(1, 2, 0), "range() arg 3 must not be zero")
it = iter(range(10**30))
assert next(it) == 0 and next(it) == 1 and it.__length_hint__() == 10**30 - 2
assert slice(1, 5).indices(3) == (1, 3, 1) and hash(slice(1)) == hash(slice(1)) and slice(1) < slice(2)
assert slice(None, None, -1).indices(4) == (3, -1, -1)
assert repr(True) == "True" and True + 1 == 2 and (True & False) is False and bool([]) is False
assert format(1234567, ",") == "1,234,567" and format(3.14159, ".2f") == "3.14" and format(True, "d") == "1"
