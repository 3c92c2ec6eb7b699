//! Iteration.

use crate::by_kind::ByKind;
use crate::class::{Builtin as B, flags};
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{Exc, N, R, Thread, Value, field};

/// Advances an iterator; unbound at the end.
pub type NextFn = fn(&mut Thread, Value) -> R;

/// By kind: how iterators of other crates are advanced without a look-up of `__next__`.
static NEXT: ByKind<NextFn> = ByKind::new();

/// From now on `f` advances instances of kind T whose class is a native one; it does what their `__next__` does.
pub fn register_next<T: HeapObject>(f: NextFn) {
    NEXT.set(T::kind() as usize, f);
}

/// Advances an iterator of pairs without making a tuple; both unbound at the end. None, and not advanced: its items are no
/// pairs.
pub type PairFn = fn(&mut Thread, Value) -> R<Option<[Value; 2]>>;

/// By kind: how iterators of other crates that give pairs are advanced where a loop takes the pair apart.
static NEXT_PAIR: ByKind<PairFn> = ByKind::new();

/// From now on `f` takes the items of instances of kind T apart, if their class is a native one.
pub fn register_next_pair<T: HeapObject>(f: PairFn) {
    NEXT_PAIR.set(T::kind() as usize, f);
}

/// Sends a value into what `await` waits for: what it yields, or the result that it ends with (`Err`). Spares the
/// StopIteration that `send` and `__next__` would have to make of the result.
pub type SendFn = fn(&mut Thread, Value, Value) -> R<Result<Value, Value>>;

/// By shape of a built-in class: how its awaitable iterators are sent into.
static SEND: ByKind<SendFn> = ByKind::new();

/// From now on `f` sends into instances of the class; it does what their `send` does.
pub fn register_send(class: B, f: SendFn) {
    SEND.set(class as usize, f);
}

/// Shapes of the built-in iterators, as constants that a `match` makes a table of.
mod shapes {
    use crate::Builtin as B;
    pub const LIST: u32 = B::ListIterator as u32;
    pub const RANGE: u32 = B::RangeIterator as u32;
    pub const TUPLE: u32 = B::TupleIterator as u32;
    pub const DICT_KEYS: u32 = B::DictKeyIterator as u32;
    pub const DICT_VALUES: u32 = B::DictValueIterator as u32;
    pub const DICT_ITEMS: u32 = B::DictItemIterator as u32;
    pub const SET: u32 = B::SetIterator as u32;
    pub const STR: u32 = B::StrIterator as u32;
}

impl Thread {
    /// `iter(v)`.
    pub fn iter(&mut self, v: Value) -> R {
        if let Some(it) = self.quick_iter(v)? {
            return Ok(it);
        }
        match self.lookup_special(v, N::__iter__) {
            Some(f) if !f.is_none() => {
                let it = self.call_unbound(f, v, &[])?;
                self.check_iterator(it)
            }
            Some(_) => Err(self.not_iterable(v)),
            None if self.lookup_special(v, N::__getitem__).is_some() => self.seq_iter(B::SequenceIterator, v),
            None => Err(self.not_iterable(v)),
        }
    }

    fn not_iterable(&mut self, v: Value) -> crate::Raised {
        let class = self.class_name(v);
        self.type_error(format!("'{class}' object is not iterable"))
    }

    /// Checks what `__iter__` returned.
    pub fn check_iterator(&mut self, it: Value) -> R {
        if it.kind() == Generator::kind() || self.lookup_special(it, N::__next__).is_some_and(|f| !f.is_none()) {
            return Ok(it);
        }
        let class = self.class_name(it);
        Err(self.type_error(format!("iter() returned non-iterator of type '{class}'")))
    }

    pub fn seq_iter(&mut self, class: B, v: Value) -> R {
        Ok(self.alloc(class, SeqIter { seq: field(v), at: 0.into(), reverse: false })?.value())
    }

    /// Iterators of the exact built-in types, without dispatch.
    #[inline]
    pub fn quick_iter(&mut self, v: Value) -> R<Option<Value>> {
        let s = v.shape();
        Ok(Some(match s {
            s if s == B::List as u32 => self.seq_iter(B::ListIterator, v)?,
            s if s == B::Tuple as u32 => self.seq_iter(B::TupleIterator, v)?,
            s if s == B::Range as u32 => self.range_iter(v)?,
            s if s == B::Str as u32 => self.seq_iter(B::StrIterator, v)?,
            s if s == B::Dict as u32 => self.dict_iter(v, v, 0, B::DictKeyIterator)?,
            s if s == B::Set as u32 || s == B::FrozenSet as u32 => self.set_iter(v)?,
            s if s == B::DictKeys as u32 => self.view_iter(v, 0, B::DictKeyIterator)?,
            s if s == B::DictValues as u32 => self.view_iter(v, 1, B::DictValueIterator)?,
            s if s == B::DictItems as u32 => self.view_iter(v, 2, B::DictItemIterator)?,
            s if s == B::Generator as u32 || s == B::ListIterator as u32 || s == B::RangeIterator as u32 => v,
            // What has a function to advance it is an iterator, whose `__iter__` gives itself.
            _ if self.next_fn(v).is_some() => v,
            _ => return Ok(None),
        }))
    }

    pub fn range_iter(&mut self, v: Value) -> R {
        // SAFETY: callers checked the class.
        let r = unsafe { v.cast_unchecked::<Range>() };
        if let (Some(start), Some(step), Some(len), Some(_)) =
            (r.start.get().as_int(), r.step.get().as_int(), r.len.get().as_int(), r.stop.get().as_int())
        {
            return Ok(self
                .alloc(B::RangeIterator, RangeIter { next: start.into(), step, left: (len as u64).into() })?
                .value());
        }
        let (next, step, left) = (field(r.start.get()), field(r.step.get()), field(r.len.get()));
        Ok(self.alloc(B::LongRangeIterator, LongRangeIter { next, step, left })?.value())
    }

    pub fn dict_iter(&mut self, owner: Value, dict: Value, what: u8, class: B) -> R {
        let _ = owner;
        // SAFETY: callers pass dicts.
        let len = unsafe { dict.cast_unchecked::<Dict>() }.len.get();
        Ok(self.alloc(class, DictIter::new(dict, len, what))?.value())
    }

    pub fn set_iter(&mut self, set: Value) -> R {
        // SAFETY: callers pass sets.
        let len = unsafe { set.cast_unchecked::<Set>() }.len.get();
        Ok(self.alloc(B::SetIterator, DictIter::new(set, len, 3))?.value())
    }

    fn view_iter(&mut self, view: Value, what: u8, class: B) -> R {
        // SAFETY: callers checked the class.
        let dict = unsafe { view.cast_unchecked::<DictView>() }.dict.get();
        self.dict_iter(dict, dict, what, class)
    }

    /// `next(it)`, None at the end.
    pub fn next(&mut self, it: Value) -> R<Option<Value>> {
        if it.shape() == B::Generator as u32 {
            // SAFETY: the shape tells the exact class.
            return self.generator_next(unsafe { it.cast_unchecked() });
        }
        if let Some(r) = self.quick_next(it)? {
            return Ok(r.bound());
        }
        let Some(f) = self.lookup_special(it, N::__next__) else {
            let class = self.class_name(it);
            return Err(self.type_error(format!("'{class}' object is not an iterator")));
        };
        let r = self.call_unbound(f, it, &[]);
        self.catch(Exc::StopIteration, r)
    }

    /// The same for loops in native code: the built-in iterators are advanced in place.
    #[inline(always)]
    pub fn next_inline(&mut self, it: Value) -> R<Option<Value>> {
        match self.core_next(it)? {
            Some(v) => Ok(v.bound()),
            None => self.next(it),
        }
    }

    /// Next item of the built-in iterators: unbound at the end; None: another kind of iterator.
    #[inline]
    pub fn quick_next(&mut self, it: Value) -> R<Option<Value>> {
        match self.core_next(it)? {
            None => self.native_next(it),
            v => Ok(v),
        }
    }

    /// The same for those whose classes the VM has itself.
    #[inline(always)]
    pub fn core_next(&mut self, it: Value) -> R<Option<Value>> {
        // SAFETY: the shape tells the exact class.
        unsafe {
            Ok(Some(match it.shape() {
                shapes::LIST => list_next(it.cast_unchecked()),
                shapes::RANGE => range_next(it.cast_unchecked()),
                shapes::TUPLE => tuple_next(it.cast_unchecked()),
                shapes::DICT_KEYS | shapes::DICT_VALUES | shapes::DICT_ITEMS => self.dict_next(it.cast_unchecked())?,
                shapes::SET => self.set_next(it.cast_unchecked())?,
                shapes::STR => self.str_next(it.cast_unchecked())?,
                _ => return Ok(None),
            }))
        }
    }

    /// Next item of an iterator whose kind has a [`NextFn`]; StopIteration from what it calls is an end, too.
    fn native_next(&mut self, it: Value) -> R<Option<Value>> {
        let Some(f) = self.next_fn(it) else { return Ok(None) };
        match f(self, it) {
            Ok(v) => Ok(Some(v)),
            r => Ok(Some(self.catch(Exc::StopIteration, r)?.unwrap_or(Value::NULL))),
        }
    }

    /// The next two values for `for a, b in it`, if the iterator gives pairs by itself: both unbound at the end. None:
    /// another kind of iterator.
    pub fn next_pair(&mut self, it: Value) -> R<Option<[Value; 2]>> {
        if it.shape() == shapes::DICT_ITEMS {
            // SAFETY: the shape tells the exact class.
            return Ok(Some(self.dict_step(unsafe { it.cast_unchecked() })?));
        }
        let Some(f) = NEXT_PAIR.get(it.kind() as usize).filter(|_| !self.class_of(it).has(flags::HEAP)) else {
            return Ok(None);
        };
        match f(self, it) {
            Ok(pair) => Ok(pair),
            r => Ok(self.catch(Exc::StopIteration, r)?.unwrap_or(Some([Value::NULL; 2]))),
        }
    }

    /// What advances an iterator of a native class, if that was registered.
    #[inline]
    pub fn next_fn(&self, it: Value) -> Option<NextFn> {
        // A Python class that is derived from the native one may have another `__next__`.
        NEXT.get(it.kind() as usize).filter(|_| !self.class_of(it).has(flags::HEAP))
    }

    /// What sends into an awaitable iterator of a native class, if that was registered.
    pub fn send_fn(&self, it: Value) -> Option<SendFn> {
        SEND.get(it.shape() as usize)
    }

    /// Next item of a dict iterator; unbound at the end.
    pub fn dict_next(&mut self, it: Gc<DictIter>) -> R {
        let [k, v] = self.dict_step(it)?;
        match it.what & 3 {
            0 => Ok(k),
            1 => Ok(v),
            _ if k.is_null() => Ok(k),
            _ => Ok(self.new_tuple(&[k, v])?.value()),
        }
    }

    /// Next key and value of a dict iterator; unbound at the end.
    #[inline(always)]
    fn dict_step(&mut self, it: Gc<DictIter>) -> R<[Value; 2]> {
        const END: [Value; 2] = [Value::NULL; 2];
        let Some(d) = it.dict.cast::<Dict>() else { return Ok(END) };
        if d.len.get() != it.len.get() {
            it.len.set(u32::MAX);
            return Err(self.runtime_error("dictionary changed size during iteration"));
        }
        let at = it.at.get() as usize;
        let found = match it.what & 4 {
            0 => d.next_entry(at),
            _ if at > d.entries() => None,
            _ => d.prev_entry(at),
        };
        let Some((next, _, k, v)) = found else {
            it.dict.set(self, it, Value::NULL);
            return Ok(END);
        };
        if it.left.get() == 0 {
            return Err(self.runtime_error("dictionary keys changed during iteration"));
        }
        it.left.set(it.left.get() - 1);
        it.at.set(next as u32);
        Ok([k, v])
    }

    fn set_next(&mut self, it: Gc<DictIter>) -> R {
        let Some(s) = it.dict.cast::<Set>() else { return Ok(Value::NULL) };
        if s.len.get() != it.len.get() {
            it.len.set(u32::MAX);
            return Err(self.runtime_error("Set changed size during iteration"));
        }
        match s.next_entry(it.at.get() as usize) {
            Some((next, _, k)) => {
                it.at.set(next as u32);
                it.left.set(it.left.get().saturating_sub(1));
                Ok(k)
            }
            None => {
                it.dict.set(self, it, Value::NULL);
                Ok(Value::NULL)
            }
        }
    }

    /// `at` counts bytes here.
    fn str_next(&mut self, it: Gc<SeqIter>) -> R {
        let Some(s) = it.seq.cast::<Str>() else { return Ok(Value::NULL) };
        let at = it.at.get();
        let bytes = s.bytes();
        if at >= bytes.len() {
            it.seq.set(self, it, Value::NULL);
            return Ok(Value::NULL);
        }
        let (c, n) = ferropy_text::wtf8::decode_at(bytes, at);
        it.at.set(at + n);
        Ok(self.char_str(c)?.value())
    }

    /// All items of an iterable.
    pub fn collect(&mut self, v: Value) -> R<crate::RootedVec> {
        let mut out = crate::RootedVec::new(self);
        self.collect_into(v, &mut out)?;
        Ok(out)
    }

    pub fn collect_into(&mut self, v: Value, out: &mut crate::RootedVec) -> R<()> {
        if let Some(items) = exact_items(&v) {
            out.as_mut_vec().extend_from_slice(items);
            return Ok(());
        }
        let it = self.iter(v)?;
        self.ask_length(v)?;
        while let Some(x) = self.next(it)? {
            out.push(x);
        }
        Ok(())
    }

    /// Collecting asks classes written in Python how much to expect; their errors count, though the answer does not.
    fn ask_length(&mut self, v: Value) -> R<()> {
        if self.class_of(v).has(crate::class::flags::HEAP) {
            self.length_hint(v, 0)?;
        }
        Ok(())
    }

    /// `list(v)` as a fresh list.
    pub fn list_from(&mut self, v: Value) -> R<Gc<List>> {
        if let Some(items) = exact_items(&v) {
            return self.new_list(items);
        }
        let list = self.new_list(&[])?;
        self.list_extend(list, v)?;
        Ok(list)
    }

    /// Appends all of an iterable.
    pub fn list_extend(&mut self, list: Gc<List>, v: Value) -> R<()> {
        if let Some(n) = exact_items(&v).map(<[Value]>::len) {
            self.list_reserve(list, list.len() + n)?;
            // Asked again: reserving may have moved the items, and `list` may be `v` itself.
            for i in 0..n {
                let Some(x) = exact_items(&v).and_then(|items| items.get(i).copied()) else { break };
                self.list_append(list, x)?;
            }
            return Ok(());
        }
        let it = self.iter(v)?;
        match self.expected_len(v)? {
            0 => {}
            n => self.list_reserve(list, list.len() + n)?,
        }
        while let Some(x) = self.next_inline(it)? {
            self.list_append(list, x)?;
        }
        Ok(())
    }

    /// How many items to make room for. An object's own answer is believed up to a limit; its errors count.
    fn expected_len(&mut self, v: Value) -> R<usize> {
        const BELIEVED: usize = 1 << 20;
        match self.known_len(v) {
            0 if v.kind() == Generator::kind() => Ok(0),
            0 => Ok(self.length_hint(v, 0)?.min(BELIEVED)),
            n => Ok(n),
        }
    }

    /// The number of items of a built-in container or view, 0 for others.
    fn known_len(&self, v: Value) -> usize {
        let s = v.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            if s == B::Range as u32 {
                return v.cast_unchecked::<Range>().len.get().as_int().map_or(0, |n| n as usize);
            }
            if s == B::DictKeys as u32 || s == B::DictValues as u32 || s == B::DictItems as u32 {
                return v.cast_unchecked::<DictView>().dict.cast::<Dict>().map_or(0, |d| d.len());
            }
        }
        self.quick_len(v).unwrap_or(0)
    }

    /// `tuple(v)`.
    pub fn tuple_from(&mut self, v: Value) -> R<Gc<Tuple>> {
        if v.shape() == B::Tuple as u32 {
            // SAFETY: the shape tells the exact class.
            return Ok(unsafe { v.cast_unchecked() });
        }
        if let Some(items) = exact_items(&v) {
            return self.new_tuple(items);
        }
        let items = self.collect(v)?;
        self.new_tuple(&items)
    }

    /// Adds all of an iterable.
    pub fn set_update(&mut self, set: Gc<Set>, v: Value) -> R<()> {
        if exact_items(&v).is_some() {
            let mut i = 0;
            // Asked again each time: `__eq__` of an element may change the list.
            while let Some(x) = exact_items(&v).and_then(|items| items.get(i).copied()) {
                self.set_add(set, x)?;
                i += 1;
            }
            return Ok(());
        }
        if v.kind() == Set::kind() {
            // SAFETY: the kind was tested.
            let from = unsafe { v.cast_unchecked::<Set>() };
            let mut i = 0;
            while let Some((next, h, k)) = from.next_entry(i) {
                self.set_add_hashed(set, k, h)?;
                i = next;
            }
            return Ok(());
        }
        let it = self.iter(v)?;
        while let Some(x) = self.next(it)? {
            self.set_add(set, x)?;
        }
        Ok(())
    }

    /// `operator.length_hint(v)` or `default`.
    pub fn length_hint(&mut self, v: Value, default: usize) -> R<usize> {
        if let Some(n) = self.quick_len(v) {
            return Ok(n);
        }
        if self.lookup_special(v, N::__len__).is_some() {
            let n = self.len(v);
            if let Some(n) = self.catch(Exc::TypeError, n)? {
                return Ok(n);
            }
        }
        let Some(f) = self.lookup_special(v, N::__length_hint__) else { return Ok(default) };
        let r = self.call_unbound(f, v, &[]);
        match self.catch(Exc::TypeError, r)? {
            Some(Value::NOT_IMPLEMENTED) | None => Ok(default),
            Some(n) => match n.to_i64() {
                Some(n) if n >= 0 => Ok(n as usize),
                Some(_) => Err(self.value_error("__length_hint__() should return >= 0")),
                None => {
                    let class = self.class_name(n);
                    Err(self.type_error(format!("__length_hint__ must be an integer, not {class}")))
                }
            },
        }
    }
}

#[inline(always)]
pub fn list_next(it: Gc<SeqIter>) -> Value {
    let Some(l) = it.seq.cast::<List>() else { return Value::NULL };
    let at = it.at.get();
    match l.get(at) {
        Some(v) => {
            it.at.set(at + 1);
            v
        }
        None => {
            // Exhausted for good; unbinding needs no barrier.
            it.at.set(usize::MAX >> 1);
            Value::NULL
        }
    }
}

#[inline(always)]
pub fn tuple_next(it: Gc<SeqIter>) -> Value {
    let Some(t) = it.seq.cast::<Tuple>() else { return Value::NULL };
    let at = it.at.get();
    if at < t.len {
        it.at.set(at + 1);
        t.items()[at]
    } else {
        Value::NULL
    }
}

#[inline(always)]
pub fn range_next(it: Gc<RangeIter>) -> Value {
    let left = it.left.get();
    if left == 0 {
        return Value::NULL;
    }
    it.left.set(left - 1);
    let n = it.next.get();
    it.next.set(n.wrapping_add(it.step));
    Value((n as u64) << 1 | 1)
}

/// The items of an exact tuple or list, to be used before anything can change or move it.
#[inline(always)]
pub fn exact_items(v: &Value) -> Option<&[Value]> {
    // SAFETY: the shapes tell the exact classes; a list's array has at least `len` words behind its length.
    unsafe {
        if v.shape() == B::Tuple as u32 {
            return Some(std::slice::from_raw_parts(
                v.cast_unchecked::<Tuple>().items().as_ptr(),
                v.cast_unchecked::<Tuple>().len,
            ));
        }
        if v.shape() == B::List as u32 {
            let l = v.cast_unchecked::<List>();
            return Some(match l.len() {
                0 => &[],
                n => std::slice::from_raw_parts((l.items.as_gc::<Array>().as_ptr() as *const Value).add(1), n),
            });
        }
    }
    None
}
