//! Subscripts and slices.

use crate::class::Builtin as B;
use crate::frame::Cont;
use crate::object::Gc;
use crate::types::*;
use crate::{Exc, N, R, Thread, Value};

/// A slice resolved against a length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Indices {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    /// Number of items.
    pub len: usize,
}

impl Thread {
    /// `v[k]`.
    pub fn getitem(&mut self, v: Value, k: Value) -> R {
        let r = self.getitem_step(v, k, Cont::Exit, 0)?;
        self.finish(r)
    }

    /// The step form.
    pub fn getitem_step(&mut self, v: Value, k: Value, cont: Cont, dst: u8) -> R {
        if let Some(r) = self.quick_getitem(v, k)? {
            return Ok(r);
        }
        if let Some(f) = self.lookup_special(v, N::__getitem__) {
            return self.call_unbound_step(f, v, &[k], cont, dst);
        }
        if let Some(c) = v.cast::<Class>() {
            return self.class_getitem(c, k);
        }
        let class = self.class_name(v);
        Err(self.type_error(format!("'{class}' object is not subscriptable")))
    }

    fn class_getitem(&mut self, c: Gc<Class>, k: Value) -> R {
        if c == self.builtin(B::Type) {
            let f = self.vm().registry.get("GenericAlias").copied();
            if let Some(f) = f {
                return self.call(f, &[c.value(), k]);
            }
        }
        let name = self.name(N::__class_getitem__);
        match self.getattr_opt(c.value(), name)? {
            Some(f) => self.call(f, &[k]),
            None => Err(self.type_error(format!("type '{}' is not subscriptable", c.name()))),
        }
    }

    /// Exact built-in containers.
    #[inline]
    pub fn quick_getitem(&mut self, v: Value, k: Value) -> R<Option<Value>> {
        let s = v.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            if s == B::Dict as u32 {
                let d = v.cast_unchecked::<Dict>();
                return match self.dict_get(d, k)? {
                    Some(x) => Ok(Some(x)),
                    None => Err(self.key_error(k)),
                };
            }
            let Some(i) = k.as_int() else { return Ok(None) };
            if s == B::List as u32 {
                let l = v.cast_unchecked::<List>();
                let at = if i < 0 { i + l.len() as i64 } else { i };
                return match l.get(at as usize) {
                    Some(x) => Ok(Some(x)),
                    None => Err(self.index_error("list index out of range")),
                };
            }
            if s == B::Tuple as u32 {
                let t = v.cast_unchecked::<Tuple>();
                let at = if i < 0 { i + t.len as i64 } else { i };
                return match t.items().get(at as usize) {
                    Some(x) => Ok(Some(*x)),
                    None => Err(self.index_error("tuple index out of range")),
                };
            }
            if s == B::Str as u32 {
                return self.str_index(v.cast_unchecked(), i).map(Some);
            }
        }
        Ok(None)
    }

    /// `s[i]`.
    pub fn str_index(&mut self, s: Gc<Str>, i: i64) -> R {
        let len = s.len() as i64;
        let at = if i < 0 { i + len } else { i };
        if at < 0 || at >= len {
            return Err(self.index_error("string index out of range"));
        }
        if s.is_ascii() {
            let c = s.bytes()[at as usize];
            return Ok(self.vm().chars[c as usize]);
        }
        let byte = self.str_offset(s, at as usize)?;
        let (c, _) = ferropy_text::wtf8::decode_at(s.bytes(), byte);
        Ok(self.char_str(c)?.value())
    }

    /// Byte offset of character `n` (at most the length). Long strings that are not ASCII get an index of every 64th.
    pub fn str_offset(&mut self, s: Gc<Str>, n: usize) -> R<usize> {
        if s.is_ascii() {
            return Ok(n);
        }
        if s.len() < 256 || s.aux.cast::<StrBuf>().is_some() && s.bytes().len() < 256 {
            return Ok(char_offset(s.bytes(), n));
        }
        // An external string's aux is its buffer: no place for an index there.
        // SAFETY: the private byte of the header.
        let external = unsafe { *(s.as_ptr() as *const u8).sub(1) } & Str::EXTERNAL != 0;
        if external {
            return Ok(char_offset(s.bytes(), n));
        }
        if s.aux.cast::<Bytes>().is_none() {
            let mut table = Vec::new();
            for (i, (at, _)) in ferropy_text::wtf8::char_indices(s.bytes()).enumerate() {
                if i % 64 == 0 {
                    table.extend_from_slice(&(at as u32).to_le_bytes());
                }
            }
            let b = self.new_bytes(&table)?;
            s.aux.set(self, s, b);
        }
        let Some(table) = s.aux.cast::<Bytes>() else { return Ok(0) };
        if n >= s.len() {
            return Ok(s.bytes().len());
        }
        let e = &table.data()[n / 64 * 4..n / 64 * 4 + 4];
        let base = u32::from_le_bytes([e[0], e[1], e[2], e[3]]) as usize;
        Ok(base + char_offset(&s.bytes()[base..], n % 64))
    }

    /// `v[k] = x`.
    pub fn setitem(&mut self, v: Value, k: Value, x: Value) -> R<()> {
        let r = self.setitem_step(v, k, x, Cont::Exit)?;
        self.finish(r)?;
        Ok(())
    }

    /// The step form; the result has no meaning.
    pub fn setitem_step(&mut self, v: Value, k: Value, x: Value, cont: Cont) -> R {
        let s = v.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            if s == B::Dict as u32 {
                self.dict_set(v.cast_unchecked(), k, x)?;
                return Ok(Value::NONE);
            }
            if s == B::List as u32
                && let Some(i) = k.as_int()
            {
                let l = v.cast_unchecked::<List>();
                let at = if i < 0 { i + l.len() as i64 } else { i };
                if at < 0 || at as usize >= l.len() {
                    return Err(self.index_error("list assignment index out of range"));
                }
                l.set(self, at as usize, x);
                return Ok(Value::NONE);
            }
        }
        match self.lookup_special(v, N::__setitem__) {
            Some(f) => self.call_unbound_step(f, v, &[k, x], cont, 0),
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("'{class}' object does not support item assignment")))
            }
        }
    }

    /// `del v[k]`.
    pub fn delitem(&mut self, v: Value, k: Value) -> R<()> {
        let r = self.delitem_step(v, k, Cont::Exit)?;
        self.finish(r)?;
        Ok(())
    }

    pub fn delitem_step(&mut self, v: Value, k: Value, cont: Cont) -> R {
        if v.shape() == B::Dict as u32 {
            // SAFETY: the shape tells the exact class.
            return match self.dict_remove(unsafe { v.cast_unchecked() }, k)? {
                Some(_) => Ok(Value::NONE),
                None => Err(self.key_error(k)),
            };
        }
        match self.lookup_special(v, N::__delitem__) {
            Some(f) => self.call_unbound_step(f, v, &[k], cont, 0),
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("'{class}' object doesn't support item deletion")))
            }
        }
    }

    /// Resolves a slice object against a length.
    pub fn slice_indices(&mut self, slice: Gc<Slice>, len: usize) -> R<Indices> {
        let step = match slice.step.get() {
            Value::NONE => 1,
            v => self.slice_part(v)?.max(-i64::MAX),
        };
        if step == 0 {
            return Err(self.value_error("slice step cannot be zero"));
        }
        let start = match slice.start.get() {
            Value::NONE => None,
            v => Some(self.slice_part(v)?),
        };
        let stop = match slice.stop.get() {
            Value::NONE => None,
            v => Some(self.slice_part(v)?),
        };
        Ok(Indices::new(start, stop, step, len))
    }

    fn slice_part(&mut self, v: Value) -> R<i64> {
        if !self.has_index(v) {
            return Err(self.type_error("slice indices must be integers or None or have an __index__ method"));
        }
        self.index_clamped(v)
    }

    /// An index argument of a sequence: an integer, made non-negative by the length; IndexError with `message`.
    pub fn sequence_index(&mut self, k: Value, len: usize, message: &str) -> R<usize> {
        let i = self.index_or(k, Exc::IndexError)?;
        let at = if i < 0 { i.saturating_add(len as i64) } else { i };
        if at < 0 || at as usize >= len {
            return Err(self.index_error(message));
        }
        Ok(at as usize)
    }
}

impl Indices {
    pub fn new(start: Option<i64>, stop: Option<i64>, step: i64, len: usize) -> Indices {
        let len = len as i64;
        let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let clamp = |i: i64| if i < 0 { i.saturating_add(len).max(low) } else { i.min(high) };
        let start = start.map_or(if step > 0 { 0 } else { len - 1 }, clamp);
        let stop = stop.map_or(if step > 0 { len } else { -1 }, clamp);
        let n = if step > 0 {
            if start < stop { (stop - start - 1) / step + 1 } else { 0 }
        } else if stop < start {
            (start - stop - 1) / -step + 1
        } else {
            0
        };
        Indices { start, stop, step, len: n as usize }
    }
    /// The indices in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..self.len).map(move |i| (self.start + i as i64 * self.step) as usize)
    }
}

/// Byte offset of character `n`, at most the length.
fn char_offset(bytes: &[u8], n: usize) -> usize {
    ferropy_text::wtf8::offset_of(bytes, n).unwrap_or(bytes.len())
}
