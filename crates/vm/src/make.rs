//! Making objects: strings, numbers, containers, instances.

use crate::class::Builtin as B;
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{R, Thread, Value};
use dashu_int::{IBig, Sign, UBig};
use ferropy_gc::Ref;

impl Thread {
    /// A new zeroed object. The payload's size must be computable at once for kinds of variable size: the caller writes
    /// the length before anything else allocates.
    #[inline(always)]
    pub fn alloc_raw(&mut self, kind: u8, shape: u32, base: usize, extra: u8) -> R<Ref> {
        match self.mutator.alloc(kind, shape, base, extra) {
            Ok(r) => Ok(r),
            Err(_) => Err(self.memory_error()),
        }
    }

    /// A new object of fixed size T whose class is a built-in one.
    #[inline(always)]
    pub fn alloc<T: HeapObject>(&mut self, class: B, init: T) -> R<Gc<T>> {
        let extra = self.builtin(class).extra.get();
        let r = self.alloc_raw(T::kind(), class as u32, size_of::<T>(), extra)?;
        // SAFETY: fresh memory for a T; T's fields hold values that `init` kept alive on the stack.
        unsafe {
            std::ptr::write(r.payload() as *mut T, init);
            Ok(Gc::from_raw(r.payload() as *mut T))
        }
    }

    /// The same for any class whose instances have kind T (subclasses included); registers it for dropping or weak
    /// clearing if the kind needs that, and for finalisation if the class has `__del__`.
    pub fn alloc_of<T: HeapObject>(&mut self, class: Gc<Class>, init: T) -> R<Gc<T>> {
        let (shape, extra) = (class.root_shape.get(), class.extra.get());
        let r = self.alloc_raw(T::kind(), shape, size_of::<T>(), extra)?;
        // SAFETY: as above.
        let g = unsafe {
            std::ptr::write(r.payload() as *mut T, init);
            Gc::from_raw(r.payload() as *mut T)
        };
        self.register_new(g.value(), class);
        Ok(g)
    }

    /// Registers a fresh object with the collector as its kind and class demand.
    #[inline]
    pub fn register_new(&mut self, v: Value, class: Gc<Class>) {
        let Some(r) = v.as_ref() else { return };
        let k = r.kind();
        if k.drop.is_some() || k.weak_word.is_some() {
            self.mutator.register(r);
        }
        if class.has(crate::class::flags::HAS_DEL) {
            self.mutator.register_finalizable(r);
        }
    }

    /// A zeroed instance of a class whose kind has a fixed size.
    pub fn alloc_instance(&mut self, class: Gc<Class>) -> R<Value> {
        if class.most_attrs.get() > class.extra.get().saturating_sub(1) && class.kind.get() == Instance::kind() {
            self.grow_inline(class);
        }
        let (kind, shape, extra) = (class.kind.get(), class.root_shape.get(), class.extra.get());
        let size = crate::object_size(kind);
        let r = self.alloc_raw(kind, shape, size, extra)?;
        let v = Value(r.addr() as u64);
        self.register_new(v, class);
        Ok(v)
    }

    /// Earlier instances overflowed: later ones get more inline slots.
    #[cold]
    fn grow_inline(&mut self, class: Gc<Class>) {
        let shape = self.process().shapes.get(class.root_shape.get());
        let (members, has_dict) = (shape.count, shape.has_dict);
        let attrs = class.most_attrs.get();
        if has_dict && class.extra.get() <= crate::shape::MAX_INLINE && !class.has(crate::class::flags::IMMUTABLE) {
            self.new_root_shape(class, members, has_dict, attrs.min(crate::shape::MAX_INLINE));
        }
        class.most_attrs.set(0);
    }

    // ---- numbers

    #[inline(always)]
    pub fn int(&mut self, n: i64) -> R {
        match Value::try_int(n) {
            Some(v) => Ok(v),
            None => self.bigint(&IBig::from(n)),
        }
    }
    pub fn uint(&mut self, n: u64) -> R {
        match i64::try_from(n) {
            Ok(n) => self.int(n),
            Err(_) => self.bigint(&IBig::from(n)),
        }
    }
    /// An int of any size, in its one form.
    pub fn bigint(&mut self, n: &IBig) -> R {
        if let Ok(small) = i64::try_from(n)
            && let Some(v) = Value::try_int(small)
        {
            return Ok(v);
        }
        self.heap_int(self.builtin(B::Int), n)
    }
    /// An int object in the heap (for subclasses of int, of any size).
    pub fn heap_int(&mut self, class: Gc<Class>, n: &IBig) -> R {
        let (sign, words) = n.as_sign_words();
        let size = words.len() as isize;
        let (shape, extra) = (class.root_shape.get(), class.extra.get());
        let r = self.alloc_raw(BigInt::kind(), shape, size_of::<BigInt>() + words.len() * 8, extra)?;
        // SAFETY: fresh memory of this size.
        unsafe {
            *(r.payload() as *mut isize) = if sign == Sign::Negative { -size } else { size };
            std::ptr::copy_nonoverlapping(words.as_ptr(), (r.payload() as *mut u64).add(1), words.len());
        }
        let v = Value(r.addr() as u64);
        self.register_new(v, class);
        Ok(v)
    }
    #[inline(always)]
    pub fn float(&mut self, f: f64) -> R {
        match Value::try_float(f) {
            Some(v) => Ok(v),
            None => self.heap_float(f),
        }
    }
    #[inline(never)]
    fn heap_float(&mut self, f: f64) -> R {
        Ok(self.alloc(B::Float, Float { value: f })?.value())
    }
    pub fn complex(&mut self, re: f64, im: f64) -> R {
        Ok(self.alloc(B::Complex, Complex { re, im })?.value())
    }

    // ---- text and bytes

    /// A string from UTF-8 text.
    pub fn new_str(&mut self, s: &str) -> R<Gc<Str>> {
        self.new_wtf8(s.as_bytes())
    }
    /// A string from WTF-8. `bytes` must not lie in the heap's nursery unless the object is held in a local.
    pub fn new_wtf8(&mut self, bytes: &[u8]) -> R<Gc<Str>> {
        let chars = ferropy_text::wtf8::count(bytes);
        self.new_str_counted(bytes, chars)
    }
    /// The same when the number of characters is known.
    pub fn new_str_counted(&mut self, bytes: &[u8], chars: usize) -> R<Gc<Str>> {
        if chars <= 1 {
            if bytes.is_empty() {
                // SAFETY: the constant is a str.
                return Ok(unsafe { self.vm().empty_str.cast_unchecked() });
            }
            if let Some(v) = self.single_char(bytes) {
                return Ok(v);
            }
        }
        self.alloc_str(bytes, chars)
    }
    fn single_char(&self, bytes: &[u8]) -> Option<Gc<Str>> {
        let c = match *bytes {
            [b] => b as usize,
            [a, b] if a < 0xc4 => (a as usize & 0x1f) << 6 | b as usize & 0x3f,
            _ => return None,
        };
        self.vm().chars.get(c)?.cast()
    }
    /// A string of one code point.
    pub fn char_str(&mut self, c: u32) -> R<Gc<Str>> {
        if let Some(v) = self.vm().chars.get(c as usize) {
            // SAFETY: the table holds strings.
            return Ok(unsafe { v.cast_unchecked() });
        }
        let mut buf = Vec::with_capacity(4);
        ferropy_text::wtf8::push(&mut buf, c);
        self.alloc_str(&buf, 1)
    }
    pub(crate) fn alloc_str(&mut self, bytes: &[u8], chars: usize) -> R<Gc<Str>> {
        self.alloc_str_of(B::Str as u32, 0, bytes, chars)
    }
    /// A string of known size (at least 1) filled in place. `fill` must not touch the heap, and must write WTF-8.
    pub fn str_with(&mut self, len: usize, chars: usize, fill: impl FnOnce(&mut [u8])) -> R<Gc<Str>> {
        if len >= u32::MAX as usize {
            return Err(self.memory_error());
        }
        let r = self.alloc_raw(Str::kind(), B::Str as u32, size_of::<Str>() + len, 0)?;
        // SAFETY: fresh memory of this size.
        unsafe {
            let s = Gc::<Str>::from_raw(r.payload() as *mut Str);
            s.len.set(len as u32);
            s.chars.set(chars as u32);
            fill(std::slice::from_raw_parts_mut(r.payload().add(size_of::<Str>()), len));
            Ok(s)
        }
    }
    /// A string object of a class (a subclass of str).
    pub fn new_str_of(&mut self, class: Gc<Class>, bytes: &[u8]) -> R {
        let chars = ferropy_text::wtf8::count(bytes);
        let s = self.alloc_str_of(class.root_shape.get(), class.extra.get(), bytes, chars)?;
        self.register_new(s.value(), class);
        Ok(s.value())
    }
    fn alloc_str_of(&mut self, shape: u32, extra: u8, bytes: &[u8], chars: usize) -> R<Gc<Str>> {
        if bytes.len() >= u32::MAX as usize {
            return Err(self.memory_error());
        }
        let r = self.alloc_raw(Str::kind(), shape, size_of::<Str>() + bytes.len(), extra)?;
        // SAFETY: fresh memory of this size.
        unsafe {
            let s = Gc::<Str>::from_raw(r.payload() as *mut Str);
            s.len.set(bytes.len() as u32);
            s.chars.set(chars as u32);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), r.payload().add(size_of::<Str>()), bytes.len());
            Ok(s)
        }
    }

    /// `a + b`. Appends in place to the buffer behind `a` when `a` is the string that was appended to last, so that
    /// building a string piece by piece is linear.
    pub fn concat(&mut self, a: Gc<Str>, b: Gc<Str>) -> R<Gc<Str>> {
        if a.is_empty() && b.shape() == B::Str as u32 {
            return Ok(b);
        }
        if b.is_empty() && a.shape() == B::Str as u32 {
            return Ok(a);
        }
        let (alen, blen) = (a.bytes().len(), b.bytes().len());
        let total = alen + blen;
        if total >= u32::MAX as usize {
            return Err(self.memory_error());
        }
        // A surrogate pair must not arise at the seam as two halves.
        let chars = a.len() + b.len();
        if total < 256 {
            return self.concat_inline(a, b, chars);
        }
        let buf = match self.appendable(a, blen) {
            Some(buf) => buf,
            None => {
                let buf = self.new_strbuf((total * 2).max(512))?;
                // SAFETY: the buffer has room for both.
                unsafe { std::ptr::copy_nonoverlapping(a.bytes().as_ptr(), buf.bytes(), alen) };
                buf
            }
        };
        // SAFETY: room was checked; bytes past `used` belong to nobody.
        unsafe { std::ptr::copy_nonoverlapping(b.bytes().as_ptr(), buf.bytes().add(alen), blen) };
        buf.used.set(total);
        self.external_str(buf, total, chars)
    }

    fn concat_inline(&mut self, a: Gc<Str>, b: Gc<Str>, chars: usize) -> R<Gc<Str>> {
        let (alen, blen) = (a.bytes().len(), b.bytes().len());
        let r = self.alloc_raw(Str::kind(), B::Str as u32, size_of::<Str>() + alen + blen, 0)?;
        // SAFETY: fresh memory of this size; a and b are pinned by these locals.
        unsafe {
            let s = Gc::<Str>::from_raw(r.payload() as *mut Str);
            s.len.set((alen + blen) as u32);
            s.chars.set(chars as u32);
            let to = r.payload().add(size_of::<Str>());
            std::ptr::copy_nonoverlapping(a.bytes().as_ptr(), to, alen);
            std::ptr::copy_nonoverlapping(b.bytes().as_ptr(), to.add(alen), blen);
            Ok(s)
        }
    }

    fn appendable(&self, a: Gc<Str>, more: usize) -> Option<Gc<StrBuf>> {
        // SAFETY: the private byte of the header.
        let external = unsafe { *(a.as_ptr() as *const u8).sub(1) } & Str::EXTERNAL != 0;
        let buf = if external { a.aux.cast::<StrBuf>()? } else { return None };
        (buf.used.get() == a.bytes().len() && buf.used.get() + more <= buf.capacity).then_some(buf)
    }

    pub fn new_strbuf(&mut self, capacity: usize) -> R<Gc<StrBuf>> {
        let r = self.alloc_raw(StrBuf::kind(), B::Object as u32, size_of::<StrBuf>() + capacity, 0)?;
        // SAFETY: fresh memory.
        unsafe {
            let b = r.payload() as *mut StrBuf;
            (*b).capacity = capacity;
            Ok(Gc::from_raw(b))
        }
    }

    fn external_str(&mut self, buf: Gc<StrBuf>, len: usize, chars: usize) -> R<Gc<Str>> {
        let r = self.alloc_raw(Str::kind(), B::Str as u32, size_of::<Str>(), 0)?;
        // SAFETY: fresh memory; the flag tells size and form.
        unsafe {
            let s = Gc::<Str>::from_raw(r.payload() as *mut Str);
            *(r.payload().sub(1)) = Str::EXTERNAL;
            s.aux.init(buf);
            s.len.set(len as u32);
            s.chars.set(chars as u32);
            Ok(s)
        }
    }

    pub(crate) fn alloc_bytes(&mut self, len: usize) -> R<Gc<Bytes>> {
        let r = self.alloc_raw(Bytes::kind(), B::Bytes as u32, size_of::<Bytes>() + len, 0)?;
        // SAFETY: fresh memory.
        unsafe {
            let b = r.payload() as *mut Bytes;
            (*b).len = len;
            Ok(Gc::from_raw(b))
        }
    }
    pub fn new_bytes(&mut self, data: &[u8]) -> R<Gc<Bytes>> {
        if data.is_empty() {
            // SAFETY: the constant is a bytes object.
            return Ok(unsafe { self.vm().empty_bytes.cast_unchecked() });
        }
        self.bytes_with(data.len(), |to| to.copy_from_slice(data))
    }
    /// Bytes filled in place. `fill` must not touch the heap.
    pub fn bytes_with(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> R<Gc<Bytes>> {
        let b = self.alloc_bytes(len)?;
        // SAFETY: the data follow the struct.
        fill(unsafe { std::slice::from_raw_parts_mut((b.as_ptr() as *mut u8).add(size_of::<Bytes>()), len) });
        Ok(b)
    }
    /// A bytes object of a subclass.
    pub fn new_bytes_of(&mut self, class: Gc<Class>, data: &[u8]) -> R {
        let (shape, extra) = (class.root_shape.get(), class.extra.get());
        let r = self.alloc_raw(Bytes::kind(), shape, size_of::<Bytes>() + data.len(), extra)?;
        // SAFETY: fresh memory.
        unsafe {
            (*(r.payload() as *mut Bytes)).len = data.len();
            std::ptr::copy_nonoverlapping(data.as_ptr(), r.payload().add(size_of::<Bytes>()), data.len());
        }
        let v = Value(r.addr() as u64);
        self.register_new(v, class);
        Ok(v)
    }

    /// Hash of bytes.
    pub fn hash_bytes(&self, data: &[u8]) -> u64 {
        if data.is_empty() { 0 } else { cached_hash(self.process().hash_key.bytes(data)) }
    }
    /// Hash of a str's text.
    pub fn hash_text(&self, text: &[u8]) -> u64 {
        if text.is_empty() { 0 } else { cached_hash(self.process().hash_key.text(text)) }
    }
    #[inline(always)]
    pub fn str_hash(&self, s: Gc<Str>) -> u64 {
        match s.hash.get() {
            0 if !s.is_empty() => {
                let h = self.hash_text(s.bytes());
                s.hash.set(h);
                h
            }
            h => h,
        }
    }

    /// The one string object with this text. Never moves.
    pub fn intern(&mut self, s: &str) -> R {
        self.intern_wtf8(s.as_bytes())
    }
    pub fn intern_wtf8(&mut self, bytes: &[u8]) -> R {
        let h = self.hash_text(bytes);
        if let Some(v) = self.find_interned(bytes, h) {
            return Ok(v);
        }
        let size = size_of::<Str>() + bytes.len();
        let Ok(r) = self.mutator.alloc_old(Str::kind(), B::Str as u32, size, 0) else {
            return Err(self.memory_error());
        };
        // SAFETY: fresh memory of this size.
        unsafe {
            let s = Gc::<Str>::from_raw(r.payload() as *mut Str);
            s.len.set(bytes.len() as u32);
            s.chars.set(ferropy_text::wtf8::count(bytes) as u32);
            s.hash.set(h);
            *(r.payload().sub(1)) = Str::INTERNED;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), r.payload().add(size_of::<Str>()), bytes.len());
        }
        let word = r.addr() as u64;
        let hasher = |w: &u64| unsafe { Value(*w).cast_unchecked::<Str>().hash.get() };
        self.process_mut().interned.insert_unique(h, word, hasher);
        Ok(Value(word))
    }
    /// The interned string equal to a str object of any class.
    #[inline(always)]
    pub fn intern_str(&mut self, s: Gc<Str>) -> R {
        if s.is_interned() { Ok(s.value()) } else { self.intern_slow(s) }
    }
    #[inline(never)]
    fn intern_slow(&mut self, s: Gc<Str>) -> R {
        let h = self.str_hash(s);
        match self.find_interned(s.bytes(), h) {
            Some(v) => Ok(v),
            None => self.intern_wtf8(s.bytes()),
        }
    }
    /// An interned string if it exists already: a name nobody interned is no attribute.
    pub fn find_interned(&self, bytes: &[u8], h: u64) -> Option<Value> {
        // SAFETY: the table holds live strings.
        self.process()
            .interned
            .find(h, |w| unsafe { Value(*w).cast_unchecked::<Str>().bytes() == bytes })
            .map(|w| Value(*w))
    }

    // ---- containers

    pub(crate) fn alloc_tuple(&mut self, len: usize) -> R<Gc<Tuple>> {
        let r = self.alloc_raw(Tuple::kind(), B::Tuple as u32, size_of::<Tuple>() + len * 8, 0)?;
        // SAFETY: fresh memory.
        unsafe {
            let t = r.payload() as *mut Tuple;
            (*t).len = len;
            Ok(Gc::from_raw(t))
        }
    }
    /// A tuple of the values (which lie on the native stack, in registers, or in rooted memory).
    #[inline]
    pub fn new_tuple(&mut self, items: &[Value]) -> R<Gc<Tuple>> {
        if items.is_empty() && !self.vm().empty_tuple.is_null() {
            // SAFETY: the constant is a tuple.
            return Ok(unsafe { self.vm().empty_tuple.cast_unchecked() });
        }
        let t = self.alloc_tuple(items.len())?;
        for (i, v) in items.iter().enumerate() {
            t.field(i).init(*v);
        }
        Ok(t)
    }
    /// A tuple object of a subclass of tuple.
    pub fn new_tuple_of(&mut self, class: Gc<Class>, items: &[Value]) -> R {
        let (shape, extra) = (class.root_shape.get(), class.extra.get());
        let r = self.alloc_raw(Tuple::kind(), shape, size_of::<Tuple>() + items.len() * 8, extra)?;
        // SAFETY: fresh memory.
        let t = unsafe {
            (*(r.payload() as *mut Tuple)).len = items.len();
            Gc::<Tuple>::from_raw(r.payload() as *mut Tuple)
        };
        for (i, v) in items.iter().enumerate() {
            t.field(i).init(*v);
        }
        self.register_new(t.value(), class);
        Ok(t.value())
    }
    pub fn new_array(&mut self, len: usize) -> R<Gc<Array>> {
        let r = self.alloc_raw(Array::kind(), B::Object as u32, 8 + len * 8, 0)?;
        // SAFETY: fresh memory.
        unsafe {
            *(r.payload() as *mut u64) = (len as u64) << 1 | 1;
            Ok(Gc::from_raw(r.payload() as *mut Array))
        }
    }
    /// A list of the values (on the native stack, in registers, or rooted).
    pub fn new_list(&mut self, items: &[Value]) -> R<Gc<List>> {
        self.list_with(items.len(), |to| to.copy_from_slice(items))
    }
    /// A list of `len` items filled in place (they begin unbound). `fill` must not touch the heap.
    #[inline]
    pub fn list_with(&mut self, len: usize, fill: impl FnOnce(&mut [Value])) -> R<Gc<List>> {
        if len == 0 {
            return self.alloc(B::List, List { items: null_field(), len: 0.into() });
        }
        let array = self.new_array(len)?;
        // SAFETY: `len` words follow the fresh array's length.
        fill(unsafe { std::slice::from_raw_parts_mut((array.as_ptr() as *mut Value).add(1), len) });
        self.alloc(B::List, List { items: field(array), len: len.into() })
    }
    /// `x + y`.
    pub fn list_joined(&mut self, x: Gc<List>, y: Gc<List>) -> R<Gc<List>> {
        let n = x.len();
        self.list_with(n + y.len(), |to| {
            let (left, right) = to.split_at_mut(n);
            left.copy_from_slice(x.items());
            right.copy_from_slice(y.items());
        })
    }
    /// A tuple of `len` items (at least one) filled in place. `fill` must not touch the heap.
    #[inline]
    pub fn tuple_with(&mut self, len: usize, fill: impl FnOnce(&mut [Value])) -> R<Gc<Tuple>> {
        let t = self.alloc_tuple(len)?;
        // SAFETY: `len` words follow the fresh tuple's length.
        fill(unsafe { std::slice::from_raw_parts_mut((t.as_ptr() as *mut Value).add(Tuple::HEAD), len) });
        Ok(t)
    }
    #[inline(always)]
    pub fn list_append(&mut self, list: Gc<List>, v: Value) -> R<()> {
        let len = list.len.get();
        if let Some(array) = list.items.cast::<Array>()
            && len < array.capacity()
        {
            array.field(len).set(self, array, v);
            list.len.set(len + 1);
            return Ok(());
        }
        self.list_reserve(list, len + 1)?;
        // SAFETY: reserving makes an array.
        let array = unsafe { list.items.as_gc::<Array>() };
        array.field(len).set(self, array, v);
        list.len.set(len + 1);
        Ok(())
    }
    /// Makes room for `need` items in all, with slack for growth.
    #[inline(never)]
    pub fn list_reserve(&mut self, list: Gc<List>, need: usize) -> R<()> {
        let old = list.items.cast::<Array>();
        if old.is_some_and(|a| a.capacity() >= need) {
            return Ok(());
        }
        // By half while small, because each growth copies and clears; an eighth later, for the memory.
        let slack = (need >> 3).max((need >> 1).min(8192)) + 6;
        let grow = if list.len.get() == 0 { need } else { need + slack };
        let grow = if need <= 4 { 4 } else { (grow + 3) & !3 };
        let array = self.new_array(grow.max(need))?;
        let len = list.len.get();
        if let Some(old) = list.items.cast::<Array>() {
            // The new array is young (or in the log), so its words are written without barriers.
            // SAFETY: both arrays have at least `len` words behind their length.
            unsafe {
                let (from, to) = (old.as_ptr() as *const u64, array.as_ptr() as *mut u64);
                std::ptr::copy_nonoverlapping(from.add(1), to.add(1), len);
            }
        }
        list.items.set(self, list, array);
        Ok(())
    }
    /// Replaces all items.
    pub fn list_assign(&mut self, list: Gc<List>, items: &[Value]) -> R<()> {
        let array = self.new_array(items.len())?;
        for (i, v) in items.iter().enumerate() {
            array.field(i).set(self, array, *v);
        }
        list.items.set(self, list, array);
        list.len.set(items.len());
        Ok(())
    }
    /// The items, copied to a vector that the collector sees.
    pub fn list_to_rooted(&mut self, list: Gc<List>) -> RootedVec {
        let mut out = RootedVec::new(self);
        for i in 0..list.len() {
            out.push(list.get(i).unwrap_or(Value::NONE));
        }
        out
    }
    pub fn new_cell(&mut self, content: Value) -> R<Gc<CellObject>> {
        let f = null_field();
        f.init(content);
        self.alloc(B::Cell, CellObject { content: f })
    }
    pub fn new_slice(&mut self, start: Value, stop: Value, step: Value) -> R {
        Ok(self.alloc(B::Slice, Slice { start: field(start), stop: field(stop), step: field(step) })?.value())
    }
    pub fn new_bound_method(&mut self, func: Value, this: Value) -> R {
        Ok(self.alloc(B::Method, BoundMethod { func: field(func), this: field(this) })?.value())
    }
}

/// A hash that is kept in its object: -1 is an error mark in Python's own API, and 0 means "not computed".
fn cached_hash(h: u64) -> u64 {
    match h {
        u64::MAX => -2i64 as u64,
        0 => 0x5bd1e995,
        h => h,
    }
}

/// A field for a struct literal.
#[inline(always)]
pub fn field(v: impl Into<Value>) -> crate::Field {
    let f = null_field();
    f.init(v);
    f
}

#[inline(always)]
pub fn null_field() -> crate::Field {
    // SAFETY: a zero word is an unbound field.
    unsafe { std::mem::zeroed() }
}

impl Gc<BigInt> {
    pub fn limbs(&self) -> &[u64] {
        // SAFETY: the limbs follow the struct.
        unsafe { std::slice::from_raw_parts((self.as_ptr() as *const u64).add(1), self.size.unsigned_abs()) }
    }
    pub fn to_ibig(self) -> IBig {
        let u = UBig::from_words(self.limbs());
        if self.size < 0 { -IBig::from(u) } else { IBig::from(u) }
    }
    pub fn is_negative(self) -> bool {
        self.size < 0
    }
    pub fn is_zero(self) -> bool {
        self.size == 0
    }
}

impl Value {
    /// Is it an int in either form, or a bool?
    #[inline(always)]
    pub fn is_any_int(self) -> bool {
        self.is_int() || self.is_bool() || self.kind() == BigInt::kind()
    }
    /// The integer of an int, bool or instance of a subclass.
    pub fn to_ibig(self) -> Option<IBig> {
        if let Some(n) = self.as_int() {
            return Some(IBig::from(n));
        }
        if let Some(b) = self.as_bool() {
            return Some(IBig::from(b as i64));
        }
        self.cast::<BigInt>().map(|b| b.to_ibig())
    }
    /// The same if it fits an i64.
    pub fn to_i64(self) -> Option<i64> {
        if let Some(n) = self.as_int() {
            return Some(n);
        }
        if let Some(b) = self.as_bool() {
            return Some(b as i64);
        }
        i64::try_from(self.cast::<BigInt>()?.to_ibig()).ok()
    }
    #[inline(always)]
    pub fn as_str(self) -> Option<Gc<Str>> {
        self.cast::<Str>()
    }
}
