//! Equality, truth, hash, length, repr, str, type tests, conversions to machine numbers.

use crate::class::{Builtin as B, facts, flags};
use crate::object::{Gc, HeapObject};
use crate::ops::CmpOp;
use crate::types::*;
use crate::{Exc, N, R, Thread, Value};
use ferropy_text::{float as tfloat, int as tint};

impl Thread {
    /// `a is b or a == b`: the equality of containers.
    #[inline]
    pub fn eq(&mut self, a: Value, b: Value) -> R<bool> {
        if a == b {
            return Ok(true);
        }
        if let Some(same) = quick_eq(a, b) {
            return Ok(same);
        }
        self.compare_bool(CmpOp::Eq, a, b)
    }

    /// `bool(v)`.
    #[inline]
    pub fn truth(&mut self, v: Value) -> R<bool> {
        match quick_truth(v) {
            Some(b) => Ok(b),
            None => self.truth_slow(v),
        }
    }

    #[inline(never)]
    fn truth_slow(&mut self, v: Value) -> R<bool> {
        if self.class_fact(self.class_of(v), facts::ALWAYS_TRUE) {
            return Ok(true);
        }
        if let Some(f) = self.lookup_special(v, N::__bool__) {
            let r = self.call_unbound(f, v, &[])?;
            return match r.as_bool() {
                Some(b) => Ok(b),
                None => {
                    let class = self.class_name(r);
                    Err(self.type_error(format!("__bool__ should return bool, returned {class}")))
                }
            };
        }
        match self.lookup_special(v, N::__len__) {
            Some(f) => {
                let n = self.call_unbound(f, v, &[])?;
                Ok(self.length_result(n)? != 0)
            }
            None => Ok(true),
        }
    }

    /// Checks what `__len__` returned.
    pub fn length_result(&mut self, n: Value) -> R<usize> {
        let n = self.index_value(n)?;
        match n.to_i64() {
            Some(n) if n >= 0 => Ok(n as usize),
            Some(_) => Err(self.value_error("__len__() should return >= 0")),
            None if n.cast::<BigInt>().is_some_and(|b| b.is_negative()) => {
                Err(self.value_error("__len__() should return >= 0"))
            }
            None => Err(self.overflow_error("cannot fit 'int' into an index-sized integer")),
        }
    }

    /// `len(v)`.
    pub fn len(&mut self, v: Value) -> R<usize> {
        if let Some(n) = self.quick_len(v) {
            return Ok(n);
        }
        match self.lookup_special(v, N::__len__) {
            Some(f) => {
                let n = self.call_unbound(f, v, &[])?;
                self.length_result(n)
            }
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("object of type '{class}' has no len()")))
            }
        }
    }

    /// Length of the exact built-in containers.
    #[inline]
    pub fn quick_len(&self, v: Value) -> Option<usize> {
        let s = v.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            Some(match s {
                s if s == B::List as u32 => v.cast_unchecked::<List>().len.get(),
                s if s == B::Tuple as u32 => v.cast_unchecked::<Tuple>().len,
                s if s == B::Str as u32 => v.cast_unchecked::<Str>().chars.get() as usize,
                s if s == B::Dict as u32 => v.cast_unchecked::<Dict>().len.get() as usize,
                s if s == B::Set as u32 || s == B::FrozenSet as u32 => v.cast_unchecked::<Set>().len.get() as usize,
                s if s == B::Bytes as u32 => v.cast_unchecked::<Bytes>().len,
                _ => return None,
            })
        }
    }

    /// `hash(v)` as the 64 bits of Python's signed hash.
    #[inline]
    pub fn hash(&mut self, v: Value) -> R<u64> {
        if v.shape() == B::Str as u32 {
            // SAFETY: an exact str.
            return Ok(self.str_hash(unsafe { v.cast_unchecked() }));
        }
        if let Some(n) = v.as_int() {
            return Ok(crate::dict::small_int_hash(n).unwrap_or_else(|| tint::hash_i64(n) as u64));
        }
        self.hash_slow(v)
    }

    #[inline(never)]
    fn hash_slow(&mut self, v: Value) -> R<u64> {
        if v.is_flonum() {
            return Ok(tfloat::hash(v.flonum()).unwrap_or(0) as u64);
        }
        if let Some(b) = v.as_bool() {
            return Ok(b as u64);
        }
        if v.shape() == B::Int as u32
            && let Some(n) = v.to_ibig()
        {
            return Ok(tint::hash(&n) as u64);
        }
        if v.shape() == B::Tuple as u32 {
            // SAFETY: the shape tells the exact class.
            return self.tuple_hash(unsafe { v.cast_unchecked() });
        }
        if self.class_fact(self.class_of(v), facts::IDENTITY_HASH) {
            return Ok(self.identity_hash(v));
        }
        let f = self.lookup_special(v, N::__hash__);
        match f {
            // A subclass without a `__hash__` of its own, such as a named tuple.
            Some(f) if v.kind() == Tuple::kind() && self.is_native_of(f, B::Tuple) => {
                // SAFETY: the kind was tested.
                self.tuple_hash(unsafe { v.cast_unchecked() })
            }
            Some(f) if !f.is_none() => {
                let r = self.call_unbound(f, v, &[])?;
                if let Some(n) = r.as_int() {
                    return Ok(if n == -1 { -2i64 as u64 } else { n as u64 });
                }
                match r.to_ibig() {
                    Some(n) => Ok(i64::try_from(&n).unwrap_or_else(|_| tint::hash(&n)) as u64),
                    None => Err(self.type_error("__hash__ method should return an integer")),
                }
            }
            _ => {
                let class = self.class_name(v);
                Err(self.type_error(format!("unhashable type: '{class}'")))
            }
        }
    }

    /// Is it a native method of that class?
    pub(crate) fn is_native_of(&self, f: Value, class: B) -> bool {
        f.cast::<NativeFn>().is_some_and(|n| n.owner.get() == self.builtin(class).value())
    }

    /// The hash of a tuple, from those of its items: xxHash's mixing, as CPython uses it.
    pub fn tuple_hash(&mut self, t: Gc<Tuple>) -> R<u64> {
        const P1: u64 = 11400714785074694791;
        const P2: u64 = 14029467366897019727;
        const P5: u64 = 2870177450012600261;
        if t.hash.get() != 0 {
            return Ok(t.hash.get());
        }
        self.check_recursion(" while hashing")?;
        let mut acc = P5;
        for i in 0..t.len {
            let h = self.hash(t.at(i))?;
            acc = acc.wrapping_add(h.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
        }
        acc = acc.wrapping_add(t.len as u64 ^ (P5 ^ 3527539));
        if acc == u64::MAX {
            acc = 1546275796;
        }
        t.hash.set(acc);
        Ok(acc)
    }

    /// The hash that `object.__hash__` gives: by identity. Objects lie at multiples of 8; what is left is a small int.
    pub fn identity_hash(&mut self, v: Value) -> u64 {
        self.id(v) as u64 >> 3
    }

    /// `id(v)`.
    pub fn id(&mut self, v: Value) -> usize {
        match v.as_ref() {
            Some(r) => self.mutator.identity(r),
            None => v.0 as usize,
        }
    }

    /// `repr(v)`.
    pub fn repr(&mut self, v: Value) -> R<Gc<Str>> {
        self.check_recursion(" while getting the repr of an object")?;
        let Some(f) = self.lookup_special(v, N::__repr__) else {
            let text = format!("<{} object at {:#x}>", self.class_name(v), self.id(v));
            return self.new_str(&text);
        };
        let r = self.call_unbound(f, v, &[])?;
        self.expect_str(r, "__repr__")
    }

    /// `str(v)`.
    pub fn str(&mut self, v: Value) -> R<Gc<Str>> {
        if v.shape() == B::Str as u32 {
            // SAFETY: an exact str.
            return Ok(unsafe { v.cast_unchecked() });
        }
        if let Some(n) = v.as_int() {
            let mut buf = [0u8; 24];
            return self.digits(format_i64(n, &mut buf));
        }
        self.check_recursion(" while getting the str of an object")?;
        let Some(f) = self.lookup_special(v, N::__str__) else { return self.repr(v) };
        let r = self.call_unbound(f, v, &[])?;
        self.expect_str(r, "__str__")
    }

    /// A string of ASCII bytes.
    fn digits(&mut self, text: &[u8]) -> R<Gc<Str>> {
        self.new_str_counted(text, text.len())
    }

    fn expect_str(&mut self, r: Value, method: &str) -> R<Gc<Str>> {
        match r.cast::<Str>() {
            Some(s) => Ok(s),
            None => {
                let class = self.class_name(r);
                Err(self.type_error(format!("{method} returned non-string (type {class})")))
            }
        }
    }

    /// `ascii(v)`.
    pub fn ascii(&mut self, v: Value) -> R<Gc<Str>> {
        let s = self.repr(v)?;
        if s.is_ascii() {
            return Ok(s);
        }
        let text = ferropy_text::repr::to_ascii(s.bytes());
        self.new_str(&text)
    }

    /// `format(v, spec)`.
    pub fn format(&mut self, v: Value, spec: Value) -> R<Gc<Str>> {
        let empty = spec.is_null() || spec.cast::<Str>().is_some_and(|s| s.is_empty());
        if empty && (v.shape() == B::Str as u32 || v.is_int()) {
            return self.str(v);
        }
        let spec = spec.bound().unwrap_or(self.vm().empty_str);
        if spec.cast::<Str>().is_none() {
            let class = self.class_name(spec);
            return Err(self.type_error(format!("format() argument 2 must be str, not {class}")));
        }
        let Some(f) = self.lookup_special(v, N::__format__) else {
            let class = self.class_name(v);
            return Err(self.type_error(format!("Type {class} doesn't define __format__")));
        };
        let r = self.call_unbound(f, v, &[spec])?;
        match r.cast::<Str>() {
            Some(s) => Ok(s),
            None => {
                let class = self.class_name(r);
                Err(self.type_error(format!("__format__ must return a str, not {class}")))
            }
        }
    }

    /// `isinstance(v, class_or_tuple)` with all hooks.
    pub fn isinstance(&mut self, v: Value, of: Value) -> R<bool> {
        if let Some(c) = of.cast::<Class>() {
            if self.class_of(v) == c {
                return Ok(true);
            }
            if self.class_of(of) == self.builtin(B::Type) {
                return self.isinstance_default(v, c);
            }
        }
        if let Some(t) = of.cast::<Tuple>() {
            self.check_recursion(" in __instancecheck__")?;
            for i in 0..t.len {
                if self.isinstance(v, t.at(i))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(f) = self.lookup_special(of, N::__instancecheck__) {
            let r = self.call_unbound(f, of, &[v])?;
            return self.truth(r);
        }
        match of.cast::<Class>() {
            Some(c) => self.isinstance_default(v, c),
            None => self.isinstance_by_bases(v, of),
        }
    }

    /// What `type.__instancecheck__` does: the type, or `__class__` if it says something else.
    pub fn isinstance_default(&mut self, v: Value, c: Gc<Class>) -> R<bool> {
        if self.class_of(v).is_subclass(c) {
            return Ok(true);
        }
        // Only objects with an own idea of `__class__` can still be one.
        let class = self.class_of(v);
        if !class.has(flags::HEAP) && !class.has(flags::GETATTR_HOOK) {
            return Ok(false);
        }
        let name = self.name(N::__class__);
        match self.getattr_opt(v, name)? {
            Some(k) => match k.cast::<Class>() {
                Some(k) => Ok(k != class && k.is_subclass(c)),
                None => Ok(false),
            },
            None => Ok(false),
        }
    }

    fn isinstance_by_bases(&mut self, v: Value, of: Value) -> R<bool> {
        self.check_has_bases(of, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
        let name = self.name(N::__class__);
        match self.getattr_opt(v, name)? {
            Some(k) => self.abstract_subclass(k, of),
            None => Ok(false),
        }
    }

    fn check_has_bases(&mut self, of: Value, message: &str) -> R<()> {
        let name = self.name(N::__bases__);
        match self.getattr_opt(of, name)? {
            Some(b) if b.kind() == Tuple::kind() => Ok(()),
            _ => Err(self.type_error(message)),
        }
    }

    fn abstract_subclass(&mut self, c: Value, of: Value) -> R<bool> {
        if c == of {
            return Ok(true);
        }
        self.check_recursion(" in __subclasscheck__")?;
        let name = self.name(N::__bases__);
        let Some(bases) = self.getattr_opt(c, name)?.and_then(|b| b.cast::<Tuple>()) else { return Ok(false) };
        for i in 0..bases.len {
            if self.abstract_subclass(bases.at(i), of)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `issubclass(c, class_or_tuple)` with all hooks.
    pub fn issubclass(&mut self, c: Value, of: Value) -> R<bool> {
        if let (Some(a), Some(b)) = (c.cast::<Class>(), of.cast::<Class>())
            && (a == b || self.class_of(of) == self.builtin(B::Type))
        {
            return Ok(a.is_subclass(b));
        }
        if let Some(t) = of.cast::<Tuple>() {
            self.check_recursion(" in __subclasscheck__")?;
            for i in 0..t.len {
                if self.issubclass(c, t.at(i))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(f) = self.lookup_special(of, N::__subclasscheck__) {
            let r = self.call_unbound(f, of, &[c])?;
            return self.truth(r);
        }
        self.issubclass_default(c, of)
    }

    /// What `type.__subclasscheck__` does.
    pub fn issubclass_default(&mut self, c: Value, of: Value) -> R<bool> {
        if let (Some(a), Some(b)) = (c.cast::<Class>(), of.cast::<Class>()) {
            return Ok(a.is_subclass(b));
        }
        self.check_has_bases(c, "issubclass() arg 1 must be a class")?;
        self.check_has_bases(of, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
        self.abstract_subclass(c, of)
    }

    /// `operator.index(v)`: an int (exact int form; bool and subclasses become plain).
    pub fn index_value(&mut self, v: Value) -> R {
        if v.is_int() || v.shape() == B::Int as u32 {
            return Ok(v);
        }
        if let Some(n) = v.to_ibig() {
            return self.bigint(&n);
        }
        let Some(f) = self.lookup_special(v, N::__index__) else {
            let class = self.class_name(v);
            return Err(self.type_error(format!("'{class}' object cannot be interpreted as an integer")));
        };
        let r = self.call_unbound(f, v, &[])?;
        match r.to_ibig() {
            Some(n) => {
                if !r.is_int() && r.shape() != B::Int as u32 {
                    let class = self.class_name(r);
                    self.warn(
                        Exc::DeprecationWarning,
                        &format!(
                            "__index__ returned non-int (type {class}).  The ability to return an instance of a strict \
                             subclass of int is deprecated, and may not be supported in a future version of Python."
                        ),
                    )?;
                }
                self.bigint(&n)
            }
            None => {
                let class = self.class_name(r);
                Err(self.type_error(format!("__index__ returned non-int (type {class})")))
            }
        }
    }

    /// Has it an `__index__`?
    pub fn has_index(&mut self, v: Value) -> bool {
        v.is_any_int() || self.lookup_special(v, N::__index__).is_some()
    }

    /// An index as a machine integer; OverflowError (class `e`) if it does not fit.
    pub fn index_or(&mut self, v: Value, e: Exc) -> R<i64> {
        if let Some(n) = v.as_int() {
            return Ok(n);
        }
        let n = self.index_value(v)?;
        match n.to_i64() {
            Some(n) => Ok(n),
            None => {
                let class = self.class_name(v);
                Err(self.error(e, format!("cannot fit '{class}' into an index-sized integer")))
            }
        }
    }
    pub fn index(&mut self, v: Value) -> R<i64> {
        self.index_or(v, Exc::OverflowError)
    }
    /// The same, cut to the range instead of an error (slices).
    pub fn index_clamped(&mut self, v: Value) -> R<i64> {
        let n = self.index_value(v)?;
        Ok(n.to_i64()
            .unwrap_or_else(|| if n.cast::<BigInt>().is_some_and(|b| b.is_negative()) { i64::MIN } else { i64::MAX }))
    }

    /// `float(v)` for a number or an object with `__float__` or `__index__`.
    pub fn to_f64(&mut self, v: Value) -> R<f64> {
        if let Some(f) = v.as_float() {
            return Ok(f);
        }
        if v.is_any_int() {
            return self.number_to_f64(v);
        }
        if let Some(f) = self.lookup_special(v, N::__float__) {
            let r = self.call_unbound(f, v, &[])?;
            return match r.as_float() {
                Some(f) => Ok(f),
                None => {
                    let (class, got) = (self.class_name(v), self.class_name(r));
                    Err(self.type_error(format!("{class}.__float__() must return a float, not {got}")))
                }
            };
        }
        if self.lookup_special(v, N::__index__).is_some() {
            let n = self.index_value(v)?;
            return self.number_to_f64(n);
        }
        let class = self.class_name(v);
        Err(self.type_error(format!("must be real number, not {class}")))
    }

    /// The text of a str argument; TypeError naming what it was for.
    pub fn expect_text(&mut self, v: Value, what: &str) -> R<Gc<Str>> {
        match v.cast::<Str>() {
            Some(s) => Ok(s),
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("{what} must be str, not {class}")))
            }
        }
    }

    /// True (and remembered) unless the object's repr is already being computed: `...` then.
    pub fn repr_enter(&mut self, v: Value) -> bool {
        if self.repr_stack.contains(&v) {
            return false;
        }
        self.repr_stack.push(v);
        true
    }
    pub fn repr_leave(&mut self) {
        self.repr_stack.pop();
    }
}

/// Equality that needs no dispatch.
#[inline(always)]
pub fn quick_eq(a: Value, b: Value) -> Option<bool> {
    if a.is_int() && b.is_int() {
        return Some(a == b);
    }
    let s = B::Str as u32;
    if a.shape() == s && b.shape() == s {
        // SAFETY: both are strings.
        return Some(unsafe { a.cast_unchecked::<Str>().bytes() == b.cast_unchecked::<Str>().bytes() });
    }
    None
}

/// Truth that needs no dispatch.
#[inline(always)]
pub fn quick_truth(v: Value) -> Option<bool> {
    match v {
        Value::TRUE => return Some(true),
        Value::FALSE | Value::NONE => return Some(false),
        _ => {}
    }
    if v.is_int() {
        return Some(v.0 != 1);
    }
    if v.is_flonum() {
        return Some(v.flonum() != 0.0);
    }
    let s = v.shape();
    // SAFETY: the shape tells the exact class.
    unsafe {
        if s == B::List as u32 {
            return Some(v.cast_unchecked::<List>().len.get() != 0);
        }
        if s == B::Str as u32 {
            return Some(v.cast_unchecked::<Str>().len.get() != 0);
        }
        if s == B::Tuple as u32 {
            return Some(v.cast_unchecked::<Tuple>().len != 0);
        }
        if s == B::Dict as u32 {
            return Some(v.cast_unchecked::<Dict>().len.get() != 0);
        }
        if s == B::Float as u32 {
            return Some(v.cast_unchecked::<Float>().value != 0.0);
        }
        if s == B::Int as u32 {
            return Some(v.cast_unchecked::<BigInt>().size != 0);
        }
    }
    None
}

/// Decimal digits of an integer.
pub fn format_i64(n: i64, buf: &mut [u8; 24]) -> &[u8] {
    let mut at = buf.len();
    let mut m = n.unsigned_abs();
    loop {
        at -= 1;
        buf[at] = b'0' + (m % 10) as u8;
        m /= 10;
        if m == 0 {
            break;
        }
    }
    if n < 0 {
        at -= 1;
        buf[at] = b'-';
    }
    &buf[at..]
}
