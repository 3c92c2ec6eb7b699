//! `int` and `bool`.
//!
//! Terms: a *receiver* is any integer, small, big, bool or of a subclass; operands of other types make a binary method
//! return `NotImplemented`. Invariant: results are plain ints unless the class itself is called.

use dashu_int::IBig;
use ferropy_text::int as tint;
use ferropy_text::{error, format_spec, repr, wtf8};
use ferropy_vm::types::{ByteArray, Bytes, Class, Str};
use ferropy_vm::{Args, BinOp, Builtin, CmpOp, Exc, Gc, N, NativeDef, R, Thread, Value};

/// The class that `__new__` was given, checked to be one whose instances `made` can make.
pub(crate) fn class_for_new(cx: &mut Thread, v: Value, made: Builtin) -> R<Gc<Class>> {
    let base = cx.builtin(made);
    if v == base.value() {
        return Ok(base);
    }
    let name = base.name();
    let Some(c) = v.cast::<Class>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{name}.__new__(X): X is not a type object ({class})")));
    };
    let class = c.name();
    if !c.is_subclass(base) {
        return Err(cx.type_error(format!("{name}.__new__({class}): {class} is not a subtype of {name}")));
    }
    if c == cx.builtin(Builtin::Bool) {
        return Err(cx.type_error(format!("{name}.__new__({class}) is not safe, use {class}.__new__()")));
    }
    Ok(c)
}

/// An integer receiver as a big number.
fn big(cx: &mut Thread, v: Value) -> R<IBig> {
    match v.to_ibig() {
        Some(n) => Ok(n),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 'int' object but received a '{class}'")))
        }
    }
}

/// The plain int equal to a receiver.
fn plain(cx: &mut Thread, v: Value) -> R {
    if v.is_int() || v.shape() == Builtin::Int as u32 {
        return Ok(v);
    }
    let n = big(cx, v)?;
    cx.bigint(&n)
}

/// `a op b` of two integers; `NotImplemented` for other operands.
fn int_op(cx: &mut Thread, op: BinOp, a: Value, b: Value) -> R {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        return cx.int_binary(op, x, y);
    }
    if let (Some(x), Some(y)) = (a.to_ibig(), b.to_ibig()) {
        return cx.ibig_binary(op, &x, &y);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

macro_rules! binary_methods {
    ($($name:ident $reflected:ident $op:ident)*) => {
        $(
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                int_op(cx, BinOp::$op, a[0], a[1])
            }
            fn $reflected(cx: &mut Thread, a: Args<'_>) -> R {
                int_op(cx, BinOp::$op, a[1], a[0])
            }
        )*
    };
}

binary_methods! {
    int_add int_radd Add
    int_sub int_rsub Sub
    int_mul int_rmul Mul
    int_truediv int_rtruediv TrueDiv
    int_floordiv int_rfloordiv FloorDiv
    int_mod int_rmod Mod
    int_divmod int_rdivmod DivMod
    int_lshift int_rlshift Shl
    int_rshift int_rrshift Shr
    int_and int_rand And
    int_or int_ror Or
    int_xor int_rxor Xor
}

macro_rules! comparisons {
    ($($name:ident $op:ident)*) => {
        $(
            fn $name(_cx: &mut Thread, a: Args<'_>) -> R {
                Ok(compare_ints(CmpOp::$op, a[0], a[1]))
            }
        )*
    };
}

comparisons! { int_lt Lt int_le Le int_eq Eq int_ne Ne int_gt Gt int_ge Ge }

fn compare_ints(op: CmpOp, a: Value, b: Value) -> Value {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        return Value::bool(op.of(x.cmp(&y)));
    }
    match (a.to_ibig(), b.to_ibig()) {
        (Some(x), Some(y)) => Value::bool(op.of(x.cmp(&y))),
        _ => Value::NOT_IMPLEMENTED,
    }
}

fn pow_of(cx: &mut Thread, base: Value, exponent: Value, modulus: Option<Value>) -> R {
    let Some(modulus) = modulus else { return int_op(cx, BinOp::Pow, base, exponent) };
    let (Some(b), Some(e), Some(m)) = (base.to_ibig(), exponent.to_ibig(), modulus.to_ibig()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    match tint::pow_mod(&b, &e, &m) {
        Ok(n) => cx.bigint(&n),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn int_pow(cx: &mut Thread, a: Args<'_>) -> R {
    pow_of(cx, a[0], a[1], a.some(2))
}

fn int_rpow(cx: &mut Thread, a: Args<'_>) -> R {
    pow_of(cx, a[1], a[0], a.some(2))
}

fn int_neg(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return cx.int(-n);
    }
    let n = big(cx, a[0])?;
    cx.bigint(&-n)
}

fn int_pos(cx: &mut Thread, a: Args<'_>) -> R {
    plain(cx, a[0])
}

fn int_abs(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return cx.int(n.abs());
    }
    let n = big(cx, a[0])?;
    if tint::is_negative(&n) { cx.bigint(&-n) } else { plain(cx, a[0]) }
}

fn int_invert(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return Ok(Value::small_int(!n));
    }
    let n = big(cx, a[0])?;
    cx.bigint(&!n)
}

fn int_bool(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return Ok(Value::bool(n != 0));
    }
    Ok(Value::bool(big(cx, a[0])? != IBig::ZERO))
}

fn int_hash(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return cx.int(tint::hash_i64(n));
    }
    let n = big(cx, a[0])?;
    cx.int(tint::hash(&n))
}

fn int_float(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return cx.float(n as f64);
    }
    let f = cx.number_to_f64(a[0])?;
    cx.float(f)
}

fn decimal(cx: &mut Thread, v: Value) -> R<String> {
    let n = big(cx, v)?;
    tint::to_decimal(&n, cx.vm().settings.max_str_digits).map_err(|e| cx.text_error(e))
}

fn int_repr(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].is_int() {
        return Ok(cx.str(a[0])?.value());
    }
    let text = decimal(cx, a[0])?;
    Ok(cx.new_str(&text)?.value())
}

fn int_format(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(spec) = a[1].cast::<Str>() else { return Err(bad_format_spec(cx, a[1])) };
    if spec.is_empty() {
        return Ok(cx.str(a[0])?.value());
    }
    if let Some(n) = a[0].as_int() {
        let text = format_spec::Spec::parse(spec.bytes(), format_spec::INT);
        return formatted(cx, text.and_then(|s| format_spec::format_small_int(n, &s)));
    }
    let n = big(cx, a[0])?;
    let name = cx.class_name(a[0]);
    let limit = cx.vm().settings.max_str_digits;
    let target = format_spec::Target { type_name: &name, ..format_spec::INT };
    let text = format_spec::Spec::parse(spec.bytes(), target).and_then(|s| format_spec::format_int(&n, &s, limit));
    formatted(cx, text)
}

/// The error for a format specification that is no str.
pub(crate) fn bad_format_spec(cx: &mut Thread, spec: Value) -> ferropy_vm::Raised {
    let class = cx.class_name(spec);
    cx.type_error(format!("__format__() argument must be str, not {class}"))
}

/// The outcome of a formatting function as a str object.
pub(crate) fn formatted(cx: &mut Thread, text: error::Result<Vec<u8>>) -> R {
    match text {
        Ok(t) => Ok(cx.new_wtf8(&t)?.value()),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn int_round(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(digits) = a.some(1) else { return plain(cx, a[0]) };
    let digits = cx.index_value(digits)?;
    let Some(digits) = digits.to_i64() else {
        let negative = digits.to_ibig().is_some_and(|d| tint::is_negative(&d));
        return if negative { Ok(Value::small_int(0)) } else { plain(cx, a[0]) };
    };
    if digits >= 0 {
        return plain(cx, a[0]);
    }
    let n = big(cx, a[0])?;
    let places = digits.unsigned_abs();
    // A power of ten that has more bits than twice the number rounds it to zero.
    if places > tint::bit_length(&n) as u64 + 2 {
        return Ok(Value::small_int(0));
    }
    let unit = tint::pow(&IBig::from(10), places as usize);
    let rounded = round_half_even(cx, &n, &unit)?;
    cx.bigint(&rounded)
}

/// The multiple of `unit` nearest to `n`, the even one of two.
fn round_half_even(cx: &mut Thread, n: &IBig, unit: &IBig) -> R<IBig> {
    let (q, r) = tint::div_mod(n, unit).map_err(|e| cx.text_error(e))?;
    let twice = &r * IBig::from(2);
    let odd = &q & IBig::ONE == IBig::ONE;
    let up = twice > *unit || (twice == *unit && odd);
    Ok((if up { q + IBig::ONE } else { q }) * unit)
}

fn int_as_integer_ratio(cx: &mut Thread, a: Args<'_>) -> R {
    let n = plain(cx, a[0])?;
    Ok(cx.new_tuple(&[n, Value::small_int(1)])?.value())
}

fn int_bit_length(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return Ok(Value::small_int(64 - n.unsigned_abs().leading_zeros() as i64));
    }
    let n = big(cx, a[0])?;
    cx.uint(tint::bit_length(&n) as u64)
}

fn int_bit_count(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return Ok(Value::small_int(n.unsigned_abs().count_ones() as i64));
    }
    let n = big(cx, a[0])?;
    cx.uint(tint::bit_count(&n) as u64)
}

fn int_is_integer(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::TRUE)
}

fn get_zero(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::small_int(0))
}

fn get_one(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::small_int(1))
}

fn int_getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let n = plain(cx, a[0])?;
    Ok(cx.new_tuple(&[n])?.value())
}

fn int_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let n = big(cx, a[0])?;
    // CPython's layout: a header of 24 bytes and digits of 30 bits, at least one.
    cx.uint(24 + 4 * tint::bit_length(&n).div_ceil(30).max(1) as u64)
}

fn byte_order(cx: &mut Thread, v: Option<Value>) -> R<tint::Endian> {
    let Some(v) = v else { return Ok(tint::Endian::Big) };
    let text = match v.cast::<Str>() {
        Some(s) => s,
        None => {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("argument 'byteorder' must be str, not {class}")));
        }
    };
    match text.bytes() {
        b"little" => Ok(tint::Endian::Little),
        b"big" => Ok(tint::Endian::Big),
        _ => Err(cx.value_error("byteorder must be either 'little' or 'big'")),
    }
}

fn int_to_bytes(cx: &mut Thread, a: Args<'_>) -> R {
    let n = big(cx, a[0])?;
    let length = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => 1,
    };
    let order = match a.opt(2) {
        Some(_) => byte_order(cx, a.opt(2))?,
        None => tint::Endian::Big,
    };
    let signed = match a.opt(3) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    if length < 0 {
        return Err(cx.value_error("length argument must be non-negative"));
    }
    if length as u64 >= 1 << 40 {
        return Err(cx.memory_error());
    }
    match tint::to_bytes(&n, length as usize, order, signed) {
        Ok(b) => Ok(cx.new_bytes(&b)?.value()),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn int_from_bytes(cx: &mut Thread, a: Args<'_>) -> R {
    let order = byte_order(cx, a.opt(2))?;
    let signed = match a.opt(3) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let n = match a[1].cast::<Bytes>() {
        Some(b) => tint::from_bytes(b.data(), order, signed),
        None => {
            let data = to_bytes_object(cx, a[1])?;
            tint::from_bytes(&data, order, signed)
        }
    };
    let n = cx.bigint(&n)?;
    if a[0] == cx.builtin(Builtin::Int).value() { Ok(n) } else { cx.call(a[0], &[n]) }
}

/// What `bytes(v)` gives, for what CPython's `PyObject_Bytes` takes.
fn to_bytes_object(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if cx.lookup_special(v, N::__bytes__).is_none() {
        if let Some(b) = cx.buffer_opt(v)? {
            return Ok(b.bytes().to_vec());
        }
        let iterable = cx.lookup_special(v, N::__iter__).is_some() || cx.lookup_special(v, N::__getitem__).is_some();
        if v.cast::<Str>().is_some() || !iterable {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("cannot convert '{class}' object to bytes")));
        }
    }
    let class = cx.builtin(Builtin::Bytes).value();
    let b = cx.call(class, &[v])?;
    cx.bytes_of(b)
}

fn invalid_literal(cx: &mut Thread, base: i64, literal: Value) -> ferropy_vm::Raised {
    let text = match cx.repr(literal) {
        Ok(t) => t,
        Err(r) => return r,
    };
    let shown: Vec<u32> = wtf8::chars(text.bytes()).take(200).collect();
    let shown = wtf8::to_string_lossy(&wtf8::from_code_points(shown));
    cx.value_error(format!("invalid literal for int() with base {base}: {shown}"))
}

/// `int(literal, base)` of text or bytes.
fn parse(cx: &mut Thread, literal: Value, data: &[u8], is_text: bool, base: i64) -> R<IBig> {
    let limit = cx.vm().settings.max_str_digits;
    let parsed =
        if is_text { tint::parse_wtf8(data, base as u32, limit) } else { tint::parse(data, base as u32, limit) };
    match parsed {
        Ok(n) => Ok(n),
        Err(tint::ParseError::Invalid) if is_text || literal.cast::<Bytes>().is_some() => {
            Err(invalid_literal(cx, base, literal))
        }
        Err(tint::ParseError::Invalid) => {
            let shown = repr::repr_bytes(data);
            Err(cx.value_error(format!("invalid literal for int() with base {base}: {shown}")))
        }
        Err(tint::ParseError::Other(e)) => Err(cx.text_error(e)),
    }
}

/// Checks what `__int__` returned.
fn int_result(cx: &mut Thread, r: Value) -> R<IBig> {
    let Some(n) = r.to_ibig() else {
        let class = cx.class_name(r);
        return Err(cx.type_error(format!("__int__ returned non-int (type {class})")));
    };
    if !r.is_int() && r.shape() != Builtin::Int as u32 {
        let class = cx.class_name(r);
        let text = format!(
            "__int__ returned non-int (type {class}).  The ability to return an instance of a strict subclass of int \
             is deprecated, and may be removed in a future version of Python."
        );
        cx.warn(Exc::DeprecationWarning, &text)?;
    }
    Ok(n)
}

/// `int(v)` for what is commonest: machine integers, floats of their size, short decimal text.
#[inline]
fn quick_convert(v: Value) -> Option<i64> {
    if v.is_int() {
        return v.as_int();
    }
    if v.is_flonum() {
        let f = v.flonum();
        return (f.abs() < 4e18).then_some(f as i64);
    }
    if v.shape() == Builtin::Str as u32 {
        return tint::parse_short(v.cast::<Str>()?.bytes());
    }
    None
}

/// `int(v)`.
fn convert(cx: &mut Thread, v: Value) -> R<IBig> {
    if v.is_int() || v.is_bool() || v.shape() == Builtin::Int as u32 {
        return big(cx, v);
    }
    if let Some(f) = cx.lookup_special(v, N::__int__) {
        let r = cx.call_unbound(f, v, &[])?;
        return int_result(cx, r);
    }
    if cx.lookup_special(v, N::__index__).is_some() {
        let n = cx.index_value(v)?;
        return big(cx, n);
    }
    if let Some(s) = v.cast::<Str>() {
        return parse(cx, v, s.bytes(), true, 10);
    }
    if let Some(b) = cx.buffer_opt(v)? {
        let data = b.bytes().to_vec();
        return parse(cx, v, &data, false, 10);
    }
    let class = cx.class_name(v);
    Err(cx.type_error(format!("int() argument must be a string, a bytes-like object or a real number, not '{class}'")))
}

/// `int(v, base)`.
fn convert_based(cx: &mut Thread, v: Value, base: Value) -> R<IBig> {
    let base = cx.index_clamped(base)?;
    if base != 0 && !(2..=36).contains(&base) {
        return Err(cx.value_error("int() base must be >= 2 and <= 36, or 0"));
    }
    if let Some(s) = v.cast::<Str>() {
        return parse(cx, v, s.bytes(), true, base);
    }
    if v.cast::<Bytes>().is_some() || v.cast::<ByteArray>().is_some() {
        let data = cx.bytes_of(v)?;
        return parse(cx, v, &data, false, base);
    }
    Err(cx.type_error("int() can't convert non-string with explicit base"))
}

fn int_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_for_new(cx, a[0], Builtin::Int)?;
    let exact = class == cx.builtin(Builtin::Int);
    if exact
        && a.opt(2).is_none()
        && let Some(v) = a.opt(1)
        && let Some(n) = quick_convert(v)
    {
        return cx.int(n);
    }
    let n = match (a.opt(1), a.opt(2)) {
        (None, None) => IBig::ZERO,
        (None, Some(_)) => return Err(cx.type_error("int() missing string argument")),
        (Some(v), None) if exact && (v.is_int() || v.shape() == Builtin::Int as u32) => return Ok(v),
        (Some(v), None) => convert(cx, v)?,
        (Some(v), Some(base)) => convert_based(cx, v, base)?,
    };
    if exact { cx.bigint(&n) } else { cx.heap_int(class, &n) }
}

static INT: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, x=<unrepresentable>, /, base=<unrepresentable>)",
        int_new,
        "Create and return a new object.",
    ),
    NativeDef::method("__repr__(self, /)", int_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", int_hash, "Return hash(self)."),
    NativeDef::method("__lt__(self, value, /)", int_lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", int_le, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", int_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", int_ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", int_gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", int_ge, "Return self>=value."),
    NativeDef::method("__add__(self, value, /)", int_add, "Return self+value."),
    NativeDef::method("__radd__(self, value, /)", int_radd, "Return value+self."),
    NativeDef::method("__sub__(self, value, /)", int_sub, "Return self-value."),
    NativeDef::method("__rsub__(self, value, /)", int_rsub, "Return value-self."),
    NativeDef::method("__mul__(self, value, /)", int_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", int_rmul, "Return value*self."),
    NativeDef::method("__mod__(self, value, /)", int_mod, "Return self%value."),
    NativeDef::method("__rmod__(self, value, /)", int_rmod, "Return value%self."),
    NativeDef::method("__divmod__(self, value, /)", int_divmod, "Return divmod(self, value)."),
    NativeDef::method("__rdivmod__(self, value, /)", int_rdivmod, "Return divmod(value, self)."),
    NativeDef::method("__pow__(self, value, mod=None, /)", int_pow, "Return pow(self, value, mod)."),
    NativeDef::method("__rpow__(self, value, mod=None, /)", int_rpow, "Return pow(value, self, mod)."),
    NativeDef::method("__neg__(self, /)", int_neg, "-self"),
    NativeDef::method("__pos__(self, /)", int_pos, "+self"),
    NativeDef::method("__abs__(self, /)", int_abs, "abs(self)"),
    NativeDef::method("__bool__(self, /)", int_bool, "True if self else False"),
    NativeDef::method("__invert__(self, /)", int_invert, "~self"),
    NativeDef::method("__lshift__(self, value, /)", int_lshift, "Return self<<value."),
    NativeDef::method("__rlshift__(self, value, /)", int_rlshift, "Return value<<self."),
    NativeDef::method("__rshift__(self, value, /)", int_rshift, "Return self>>value."),
    NativeDef::method("__rrshift__(self, value, /)", int_rrshift, "Return value>>self."),
    NativeDef::method("__and__(self, value, /)", int_and, "Return self&value."),
    NativeDef::method("__rand__(self, value, /)", int_rand, "Return value&self."),
    NativeDef::method("__xor__(self, value, /)", int_xor, "Return self^value."),
    NativeDef::method("__rxor__(self, value, /)", int_rxor, "Return value^self."),
    NativeDef::method("__or__(self, value, /)", int_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", int_ror, "Return value|self."),
    NativeDef::method("__int__(self, /)", int_pos, "int(self)"),
    NativeDef::method("__float__(self, /)", int_float, "float(self)"),
    NativeDef::method("__floordiv__(self, value, /)", int_floordiv, "Return self//value."),
    NativeDef::method("__rfloordiv__(self, value, /)", int_rfloordiv, "Return value//self."),
    NativeDef::method("__truediv__(self, value, /)", int_truediv, "Return self/value."),
    NativeDef::method("__rtruediv__(self, value, /)", int_rtruediv, "Return value/self."),
    NativeDef::method(
        "__index__(self, /)",
        int_pos,
        "Return self converted to an integer, if self is suitable for use as an index into a list.",
    ),
    NativeDef::method("conjugate(self, /)", int_pos, "Returns self, the complex conjugate of any int."),
    NativeDef::method(
        "bit_length(self, /)",
        int_bit_length,
        "Number of bits necessary to represent self in binary.\n\n>>> bin(37)\n'0b100101'\n>>> (37).bit_length()\n6",
    ),
    NativeDef::method(
        "bit_count(self, /)",
        int_bit_count,
        "Number of ones in the binary representation of the absolute value of self.\n\nAlso known as the population count.\n\n>>> bin(13)\n'0b1101'\n>>> (13).bit_count()\n3",
    ),
    NativeDef::method(
        "to_bytes(self, /, length=1, byteorder='big', *, signed=False)",
        int_to_bytes,
        "Return an array of bytes representing an integer.",
    ),
    NativeDef::class_method(
        "from_bytes(cls, /, bytes, byteorder='big', *, signed=False)",
        int_from_bytes,
        "Return the integer represented by the given array of bytes.",
    ),
    NativeDef::method(
        "as_integer_ratio(self, /)",
        int_as_integer_ratio,
        "Return a pair of integers, whose ratio is equal to the original int.\n\nThe ratio is in lowest terms and has a \
         positive denominator.\n\n>>> (12).as_integer_ratio()\n(12, 1)\n>>> (-7).as_integer_ratio()\n(-7, 1)",
    ),
    NativeDef::method(
        "is_integer(self, /)",
        int_is_integer,
        "Returns True. Exists for duck type compatibility with float.is_integer.",
    ),
    NativeDef::method("__trunc__(self, /)", int_pos, "Truncating an Integral returns itself."),
    NativeDef::method("__floor__(self, /)", int_pos, "Flooring an Integral returns itself."),
    NativeDef::method("__ceil__(self, /)", int_pos, "Ceiling of an Integral returns itself."),
    NativeDef::method(
        "__round__(self, ndigits=None, /)",
        int_round,
        "Rounding an Integral returns itself.\n\nRounding with an ndigits argument also returns an integer.",
    ),
    NativeDef::method("__getnewargs__(self, /)", int_getnewargs, ""),
    NativeDef::method("__format__(self, format_spec, /)", int_format, "Convert to a string according to format_spec."),
    NativeDef::method("__sizeof__(self, /)", int_sizeof, "Returns size in memory, in bytes."),
    NativeDef::getter("real", int_pos, "the real part of a complex number"),
    NativeDef::getter("imag", get_zero, "the imaginary part of a complex number"),
    NativeDef::getter("numerator", int_pos, "the numerator of a rational number in lowest terms"),
    NativeDef::getter("denominator", get_one, "the denominator of a rational number in lowest terms"),
];

fn bool_new(cx: &mut Thread, a: Args<'_>) -> R {
    let bool_class = cx.builtin(Builtin::Bool);
    match a[0].cast::<Class>() {
        Some(c) if c == bool_class => {}
        Some(c) => {
            let class = c.name();
            return Err(cx.type_error(format!("bool.__new__({class}): {class} is not a subtype of bool")));
        }
        None => {
            let class = cx.class_name(a[0]);
            return Err(cx.type_error(format!("bool.__new__(X): X is not a type object ({class})")));
        }
    }
    match a.opt(1) {
        Some(v) => Ok(Value::bool(cx.truth(v)?)),
        None => Ok(Value::FALSE),
    }
}

fn bool_repr(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.new_str(if a[0] == Value::TRUE { "True" } else { "False" })?.value())
}

fn bool_op(cx: &mut Thread, op: BinOp, a: Value, b: Value) -> R {
    match (a.as_bool(), b.as_bool()) {
        (Some(x), Some(y)) => Ok(Value::bool(match op {
            BinOp::And => x & y,
            BinOp::Or => x | y,
            _ => x ^ y,
        })),
        _ => int_op(cx, op, a, b),
    }
}

fn bool_and(cx: &mut Thread, a: Args<'_>) -> R {
    bool_op(cx, BinOp::And, a[0], a[1])
}
fn bool_or(cx: &mut Thread, a: Args<'_>) -> R {
    bool_op(cx, BinOp::Or, a[0], a[1])
}
fn bool_xor(cx: &mut Thread, a: Args<'_>) -> R {
    bool_op(cx, BinOp::Xor, a[0], a[1])
}

fn bool_invert(cx: &mut Thread, a: Args<'_>) -> R {
    cx.warn(
        Exc::DeprecationWarning,
        "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise \
         inversion of the underlying int object and is usually not what you expect from the negation of a bool object. \
         Use the 'not' operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
    )?;
    int_invert(cx, a)
}

static BOOL: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, object=False, /)", bool_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", bool_repr, "Return repr(self)."),
    NativeDef::method("__invert__(self, /)", bool_invert, "~self"),
    NativeDef::method("__and__(self, value, /)", bool_and, "Return self&value."),
    NativeDef::method("__rand__(self, value, /)", bool_and, "Return value&self."),
    NativeDef::method("__xor__(self, value, /)", bool_xor, "Return self^value."),
    NativeDef::method("__rxor__(self, value, /)", bool_xor, "Return value^self."),
    NativeDef::method("__or__(self, value, /)", bool_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", bool_or, "Return value|self."),
];

/// Adds the methods of `int` and `bool`.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(Builtin::Int);
    cx.add_methods(class, INT)?;
    let class = cx.builtin(Builtin::Bool);
    cx.add_methods(class, BOOL)
}
