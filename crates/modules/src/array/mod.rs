//! `array`: compact sequences of numbers or characters.
//!
//! Invariant: the data's length is a multiple of the item size; Python code never runs while the data are borrowed.

mod item;

use ferropy_vm::class::flags as f;
use ferropy_vm::types::{Class, List, Slice, Str, Tuple};
use ferropy_vm::{
    Args, Buffer, CmpOp, Exc, Field, Gc, HeapObject, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind,
};
use std::cell::{Cell, RefCell};

#[repr(C)]
pub struct ArrayObject {
    data: RefCell<Vec<u8>>,
    code: Cell<u8>,
}
heap_kind!(ArrayObject, "array.array", 0, drop);

#[repr(C)]
struct ArrayIter {
    /// Unbound at the end.
    array: Field,
    at: Cell<usize>,
}
heap_kind!(ArrayIter, "arrayiterator", 1);

type A = Gc<ArrayObject>;

fn this(cx: &mut Thread, v: Value) -> R<A> {
    v.cast::<ArrayObject>().ok_or_else(|| cx.type_error("an array.array object is required"))
}

fn size(a: A) -> usize {
    item::size(a.code.get()).unwrap_or(1)
}

fn count(a: A) -> usize {
    // Sizes are powers of two.
    a.data.borrow().len() >> size(a).trailing_zeros()
}

fn get(cx: &mut Thread, a: A, i: usize) -> R {
    let n = size(a);
    let data = a.data.borrow();
    // The commonest items, without a detour.
    if a.code.get() == b'd'
        && let Some(Ok(b)) = data.get(i * 8..i * 8 + 8).map(<[u8; 8]>::try_from)
    {
        return cx.float(f64::from_le_bytes(b));
    }
    let mut bytes = [0u8; 8];
    match data.get(i * n..(i + 1) * n) {
        Some(b) => bytes[..n].copy_from_slice(b),
        None => return Err(cx.index_error("array index out of range")),
    }
    drop(data);
    let word = i64::from_le_bytes(bytes);
    match a.code.get() {
        b'B' | b'H' | b'I' => return Ok(Value::small_int(word)),
        b'b' => return Ok(Value::small_int(word as i8 as i64)),
        b'h' => return Ok(Value::small_int(word as i16 as i64)),
        b'i' => return Ok(Value::small_int(word as i32 as i64)),
        b'l' | b'q' => return cx.int(word),
        _ => {}
    }
    item::decode(cx, a.code.get(), &bytes[..n])
}

fn make(cx: &mut Thread, class: Gc<Class>, code: u8, data: Vec<u8>) -> R {
    Ok(cx.alloc_of(class, ArrayObject { data: RefCell::new(data), code: code.into() })?.value())
}

/// A plain array.
fn plain(cx: &mut Thread, code: u8, data: Vec<u8>) -> R {
    let class = cx.native_class(&ARRAY)?;
    make(cx, class, code, data)
}

fn buffer(_cx: &mut Thread, v: Value) -> R<Buffer> {
    let (first, len) = match v.cast::<ArrayObject>() {
        Some(a) => {
            let mut data = a.data.borrow_mut();
            (data.as_mut_ptr(), data.len())
        }
        None => (std::ptr::null_mut(), 0),
    };
    Ok(Buffer { first, len, readonly: false, owner: v })
}

fn typecode(cx: &mut Thread, v: Value, argument: &str) -> R<u8> {
    let Some(s) = v.cast::<Str>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{argument} must be a unicode character, not {class}")));
    };
    if s.len() != 1 {
        let n = s.len();
        return Err(cx.type_error(format!("{argument} must be a unicode character, not a string of length {n}")));
    }
    let c = s.bytes()[0];
    if item::size(c).is_none() || s.bytes().len() != 1 {
        return Err(cx.value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)"));
    }
    Ok(c)
}

fn array_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else {
        return Err(cx.type_error("array.__new__(X): X is not a type object"));
    };
    // SAFETY: the binder made a tuple and a dict.
    let (args, kw) = unsafe { (a[1].cast_unchecked::<Tuple>(), a[2].cast_unchecked::<ferropy_vm::types::Dict>()) };
    let base = cx.native_class(&ARRAY)?;
    if class == base && !kw.is_empty() {
        return Err(cx.type_error("array.array() takes no keyword arguments"));
    }
    match args.len {
        0 => return Err(cx.type_error("array() takes at least 1 argument (0 given)")),
        1 | 2 => {}
        n => return Err(cx.type_error(format!("array() takes at most 2 arguments ({n} given)"))),
    }
    let code = typecode(cx, args.at(0), "array() argument 1")?;
    if code == b'u' {
        let text = "The 'u' type code is deprecated and will be removed in Python 3.16";
        cx.warn(Exc::DeprecationWarning, text)?;
    }
    let new = make(cx, class, code, Vec::new())?;
    if args.len == 2 {
        let array = this(cx, new)?;
        fill(cx, array, args.at(1))?;
    }
    Ok(new)
}

/// Fills a new array from its initialiser.
fn fill(cx: &mut Thread, a: A, from: Value) -> R<()> {
    let code = a.code.get();
    if let Some(s) = from.cast::<Str>() {
        if !item::is_text(code) {
            let shown = code as char;
            return Err(cx.type_error(format!("cannot use a str to initialize an array with typecode '{shown}'")));
        }
        append_text(a, s);
        return Ok(());
    }
    if let Some(other) = from.cast::<ArrayObject>() {
        let (text, other_text) = (item::is_text(code), item::is_text(other.code.get()));
        if other_text && !text {
            let (x, y) = (code as char, other.code.get() as char);
            let message =
                format!("cannot use a unicode array with typecode '{y}' to initialize an array with typecode '{x}'");
            return Err(cx.type_error(message));
        }
        if other.code.get() == code {
            let data = other.data.borrow().clone();
            *a.data.borrow_mut() = data;
            return Ok(());
        }
    } else if from.kind() == <ferropy_vm::types::Bytes as HeapObject>::kind()
        || from.kind() == <ferropy_vm::types::ByteArray as HeapObject>::kind()
    {
        return append_bytes(cx, a, from);
    }
    extend_from_iterable(cx, a, from)
}

fn append_text(a: A, s: Gc<Str>) {
    let mut data = a.data.borrow_mut();
    for c in ferropy_text::wtf8::chars(s.bytes()) {
        data.extend_from_slice(&c.to_ne_bytes());
    }
}

fn append_bytes(cx: &mut Thread, a: A, from: Value) -> R<()> {
    let bytes = cx.bytes_of(from)?;
    if bytes.len() % size(a) != 0 {
        return Err(cx.value_error("bytes length not a multiple of item size"));
    }
    a.data.borrow_mut().extend_from_slice(&bytes);
    Ok(())
}

fn extend_from_iterable(cx: &mut Thread, a: A, from: Value) -> R<()> {
    let it = cx.iter(from)?;
    while let Some(v) = cx.next(it)? {
        let b = item::encode(cx, a.code.get(), v)?;
        a.data.borrow_mut().extend_from_slice(&b);
    }
    Ok(())
}

fn array_len(cx: &mut Thread, a: Args<'_>) -> R {
    let a = this(cx, a[0])?;
    cx.uint(count(a) as u64)
}

fn array_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    if let Some(i) = a[1].as_int()
        && (i as usize) < count(array)
    {
        return get(cx, array, i as usize);
    }
    if let Some(s) = a[1].cast::<Slice>() {
        let indices = cx.slice_indices(s, count(array))?;
        let n = size(array);
        let mut out = Vec::with_capacity(indices.len * n);
        {
            let data = array.data.borrow();
            for i in indices.iter() {
                out.extend_from_slice(&data[i * n..(i + 1) * n]);
            }
        }
        return plain(cx, array.code.get(), out);
    }
    if !cx.has_index(a[1]) {
        return Err(cx.type_error("array indices must be integers"));
    }
    let i = cx.sequence_index(a[1], count(array), "array index out of range")?;
    get(cx, array, i)
}

fn array_setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        let Some(other) = a[2].cast::<ArrayObject>() else {
            let class = cx.class_name(a[2]);
            return Err(cx.type_error(format!("can only assign array (not \"{class}\") to array slice")));
        };
        if other.code.get() != array.code.get() {
            return Err(cx.type_error("bad argument type for built-in operation"));
        }
        let new = other.data.borrow().clone();
        set_slice(cx, array, s, new)?;
        return Ok(Value::NONE);
    }
    if !cx.has_index(a[1]) {
        return Err(cx.type_error("array indices must be integers"));
    }
    let i = cx.sequence_index(a[1], count(array), "array assignment index out of range")?;
    let b = item::encode(cx, array.code.get(), a[2])?;
    let n = size(array);
    match array.data.borrow_mut().get_mut(i * n..(i + 1) * n) {
        Some(to) => to.copy_from_slice(&b),
        None => return Err(cx.index_error("array assignment index out of range")),
    }
    Ok(Value::NONE)
}

/// Replaces a slice by the bytes of items.
fn set_slice(cx: &mut Thread, array: A, s: Gc<Slice>, new: Vec<u8>) -> R<()> {
    let indices = cx.slice_indices(s, count(array))?;
    let n = size(array);
    if indices.step == 1 {
        let start = indices.start.max(0) as usize * n;
        let mut data = array.data.borrow_mut();
        data.splice(start..start + indices.len * n, new);
        return Ok(());
    }
    if new.len() / n != indices.len {
        if new.is_empty() {
            delete_items(array, indices.iter().collect());
            return Ok(());
        }
        let (got, want) = (new.len() / n, indices.len);
        return Err(cx.value_error(format!("attempt to assign array of size {got} to extended slice of size {want}")));
    }
    let mut data = array.data.borrow_mut();
    for (i, b) in indices.iter().zip(new.chunks_exact(n)) {
        data[i * n..(i + 1) * n].copy_from_slice(b);
    }
    Ok(())
}

fn delete_items(array: A, mut which: Vec<usize>) {
    which.sort_unstable();
    let n = size(array);
    let mut data = array.data.borrow_mut();
    let mut out = Vec::with_capacity(data.len());
    let mut doomed = which.into_iter().peekable();
    for (i, b) in data.chunks_exact(n).enumerate() {
        if doomed.peek() == Some(&i) {
            doomed.next();
        } else {
            out.extend_from_slice(b);
        }
    }
    *data = out;
}

fn array_delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    if let Some(i) = a[1].as_int()
        && (i as usize) < count(array)
    {
        return get(cx, array, i as usize);
    }
    if let Some(s) = a[1].cast::<Slice>() {
        let indices = cx.slice_indices(s, count(array))?;
        delete_items(array, indices.iter().collect());
        return Ok(Value::NONE);
    }
    if !cx.has_index(a[1]) {
        return Err(cx.type_error("array indices must be integers"));
    }
    let i = cx.sequence_index(a[1], count(array), "array assignment index out of range")?;
    delete_items(array, vec![i]);
    Ok(Value::NONE)
}

/// Index of the first item equal to v from `start` to `stop`.
fn find(cx: &mut Thread, a: A, v: Value, start: usize, stop: usize) -> R<Option<usize>> {
    let mut i = start;
    while i < count(a).min(stop) {
        let x = get(cx, a, i)?;
        if cx.eq(x, v)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

fn array_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    Ok(Value::bool(find(cx, array, a[1], 0, usize::MAX)?.is_some()))
}

fn array_index(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let n = count(array) as i64;
    let mut bounds = [0, i64::MAX];
    for (i, b) in bounds.iter_mut().enumerate() {
        if let Some(v) = a.opt(2 + i) {
            *b = cx.index_clamped(v)?;
            if *b < 0 {
                *b = b.saturating_add(n).max(0);
            }
        }
    }
    match find(cx, array, a[1], bounds[0] as usize, bounds[1] as usize)? {
        Some(i) => cx.uint(i as u64),
        None => Err(cx.value_error("array.index(x): x not in array")),
    }
}

fn array_count(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let (mut found, mut i) = (0, 0);
    while i < count(array) {
        let x = get(cx, array, i)?;
        found += cx.eq(x, a[1])? as i64;
        i += 1;
    }
    cx.int(found)
}

fn array_remove(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    match find(cx, array, a[1], 0, usize::MAX)? {
        Some(i) => {
            delete_items(array, vec![i]);
            Ok(Value::NONE)
        }
        None => Err(cx.value_error("array.remove(x): x not in array")),
    }
}

fn array_append(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let b = item::encode(cx, array.code.get(), a[1])?;
    array.data.borrow_mut().extend_from_slice(&b);
    Ok(Value::NONE)
}

fn array_insert(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let at = cx.index(a[1])?;
    let b = item::encode(cx, array.code.get(), a[2])?;
    let n = count(array) as i64;
    let at = if at < 0 { (at + n).max(0) } else { at.min(n) } as usize * size(array);
    array.data.borrow_mut().splice(at..at, b);
    Ok(Value::NONE)
}

fn array_pop(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    if count(array) == 0 {
        return Err(cx.index_error("pop from empty array"));
    }
    let i = cx.sequence_index(a.or(1, Value::small_int(-1)), count(array), "pop index out of range")?;
    let v = get(cx, array, i)?;
    delete_items(array, vec![i]);
    Ok(v)
}

fn array_extend(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    extend(cx, array, a[1])?;
    Ok(Value::NONE)
}

fn extend(cx: &mut Thread, array: A, from: Value) -> R<()> {
    let Some(other) = from.cast::<ArrayObject>() else { return extend_from_iterable(cx, array, from) };
    if other.code.get() != array.code.get() {
        return Err(cx.type_error("can only extend with array of same kind"));
    }
    let data = other.data.borrow().clone();
    array.data.borrow_mut().extend_from_slice(&data);
    Ok(())
}

fn array_iadd(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    if a[1].cast::<ArrayObject>().is_none() {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only extend array with array (not \"{class}\")")));
    }
    extend(cx, array, a[1])?;
    Ok(a[0])
}

fn array_add(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let Some(other) = a[1].cast::<ArrayObject>() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only append array (not \"{class}\") to array")));
    };
    if other.code.get() != array.code.get() {
        return Err(cx.type_error("bad argument type for built-in operation"));
    }
    let data = [&array.data.borrow()[..], &other.data.borrow()[..]].concat();
    plain(cx, array.code.get(), data)
}

fn repeated(cx: &mut Thread, array: A, by: Value) -> R<Vec<u8>> {
    if !cx.has_index(by) {
        let class = cx.class_name(by);
        return Err(cx.type_error(format!("can't multiply sequence by non-int of type '{class}'")));
    }
    let n = cx.index(by)?.max(0) as usize;
    let len = array.data.borrow().len();
    if len.checked_mul(n).is_none_or(|l| l > 1 << 40) {
        return Err(cx.memory_error());
    }
    Ok(array.data.borrow().repeat(n))
}

fn array_mul(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let data = repeated(cx, array, a[1])?;
    plain(cx, array.code.get(), data)
}

fn array_imul(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let data = repeated(cx, array, a[1])?;
    *array.data.borrow_mut() = data;
    Ok(a[0])
}

fn compare(cx: &mut Thread, op: CmpOp, a: Args<'_>) -> R {
    let x = this(cx, a[0])?;
    let Some(y) = a[1].cast::<ArrayObject>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if count(x) != count(y) && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    let mut i = 0;
    while i < count(x).min(count(y)) {
        let (p, q) = (get(cx, x, i)?, get(cx, y, i)?);
        if !cx.eq(p, q)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => cx.compare(op, p, q),
            };
        }
        i += 1;
    }
    Ok(Value::bool(op.of(count(x).cmp(&count(y)))))
}

macro_rules! comparisons {
    ($($name:ident $op:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            compare(cx, CmpOp::$op, a)
        })*
    };
}

comparisons! { array_lt Lt array_le Le array_eq Eq array_ne Ne array_gt Gt array_ge Ge }

fn array_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let (class, code) = (cx.class_of(a[0]).name(), array.code.get());
    let mut text = format!("{class}('{}'", code as char).into_bytes();
    if count(array) > 0 {
        let items = if item::is_text(code) { unicode(cx, array)? } else { to_list(cx, array)? };
        text.extend_from_slice(b", ");
        text.extend_from_slice(cx.repr(items)?.bytes());
    }
    text.push(b')');
    Ok(cx.new_wtf8(&text)?.value())
}

fn unicode(cx: &mut Thread, array: A) -> R {
    let mut text = Vec::new();
    for b in array.data.borrow().chunks_exact(4) {
        let c = u32::from_ne_bytes([b[0], b[1], b[2], b[3]]);
        if c > 0x10_ffff {
            return Err(cx.value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
        }
        ferropy_text::wtf8::push(&mut text, c);
    }
    Ok(cx.new_wtf8(&text)?.value())
}

fn to_list(cx: &mut Thread, array: A) -> R {
    let mut out = RootedVec::new(cx);
    for i in 0..count(array) {
        let v = get(cx, array, i)?;
        out.push(v);
    }
    Ok(cx.new_list(&out)?.value())
}

fn array_tolist(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    to_list(cx, array)
}

fn array_fromlist(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let Some(list) = a[1].cast::<List>() else { return Err(cx.type_error("arg must be list")) };
    let mut new = Vec::new();
    let mut i = 0;
    while let Some(v) = list.get(i) {
        new.extend_from_slice(&item::encode(cx, array.code.get(), v)?);
        i += 1;
    }
    array.data.borrow_mut().extend_from_slice(&new);
    Ok(Value::NONE)
}

fn array_tobytes(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let data = array.data.borrow().clone();
    Ok(cx.new_bytes(&data)?.value())
}

fn array_frombytes(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    append_bytes(cx, array, a[1])?;
    Ok(Value::NONE)
}

fn array_tofile(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let data = array.data.borrow().clone();
    for part in data.chunks(64 * 1024) {
        let b = cx.new_bytes(part)?.value();
        cx.call_method(a[1], "write", &[b])?;
    }
    Ok(Value::NONE)
}

fn array_fromfile(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let n = cx.index(a[2])?;
    if n < 0 {
        return Err(cx.value_error("negative count"));
    }
    let Some(want) = (n as usize).checked_mul(size(array)) else { return Err(cx.memory_error()) };
    let wanted = cx.uint(want as u64)?;
    let b = cx.call_method(a[1], "read", &[wanted])?;
    if b.cast::<ferropy_vm::types::Bytes>().is_none() {
        return Err(cx.type_error("read() didn't return bytes"));
    }
    let got = cx.bytes_of(b)?.len();
    append_bytes(cx, array, b)?;
    if got != want {
        return Err(cx.error(Exc::EOFError, "read() didn't return enough bytes"));
    }
    Ok(Value::NONE)
}

fn check_text(cx: &mut Thread, array: A, name: &str) -> R<()> {
    if item::is_text(array.code.get()) {
        return Ok(());
    }
    Err(cx.value_error(format!("{name}() may only be called on unicode type arrays ('u' or 'w')")))
}

fn array_fromunicode(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let s = cx.expect_text(a[1], "fromunicode() argument")?;
    check_text(cx, array, "fromunicode")?;
    append_text(array, s);
    Ok(Value::NONE)
}

fn array_tounicode(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    check_text(cx, array, "tounicode")?;
    unicode(cx, array)
}

fn array_byteswap(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let n = size(array);
    array.data.borrow_mut().chunks_exact_mut(n).for_each(|b| b.reverse());
    Ok(Value::NONE)
}

fn array_reverse(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let n = size(array);
    let mut data = array.data.borrow_mut();
    let reversed: Vec<u8> = data.chunks_exact(n).rev().flatten().copied().collect();
    *data = reversed;
    Ok(Value::NONE)
}

fn array_clear(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?.data.borrow_mut().clear();
    Ok(Value::NONE)
}

fn array_buffer_info(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let address = array.data.borrow().as_ptr() as u64;
    let address = cx.uint(address)?;
    let n = cx.uint(count(array) as u64)?;
    Ok(cx.new_tuple(&[address, n])?.value())
}

fn array_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let data = array.data.borrow().clone();
    plain(cx, array.code.get(), data)
}

fn array_iter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    let class = cx.native_class(&ITER)?;
    Ok(cx.alloc_of(class, ArrayIter { array: field(a[0]), at: 0.into() })?.value())
}

fn array_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let n = array.data.borrow().capacity();
    cx.uint(64 + n as u64)
}

fn get_typecode(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?.code.get();
    Ok(cx.char_str(code as u32)?.value())
}

fn get_itemsize(cx: &mut Thread, a: Args<'_>) -> R {
    let a = this(cx, a[0])?;
    cx.uint(size(a) as u64)
}

fn array_reduce_ex(cx: &mut Thread, a: Args<'_>) -> R {
    let array = this(cx, a[0])?;
    let protocol = cx.index(a[1])?;
    let class = cx.class_of(a[0]).value();
    let code = array.code.get();
    let dict = cx.getattr_str(a[0], "__dict__");
    let dict = cx.catch(Exc::AttributeError, dict)?.unwrap_or(Value::NONE);
    let shown = cx.char_str(code as u32)?.value();
    if protocol < 3 {
        let list = to_list(cx, array)?;
        let args = cx.new_tuple(&[shown, list])?.value();
        return Ok(cx.new_tuple(&[class, args, dict])?.value());
    }
    let module = cx.import("array")?;
    let make = cx.getattr_str(module, "_array_reconstructor")?;
    let data = array.data.borrow().clone();
    let data = cx.new_bytes(&data)?.value();
    let args = cx.new_tuple(&[class, shown, Value::small_int(item::format_number(code)), data])?.value();
    Ok(cx.new_tuple(&[make, args, dict])?.value())
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

static ARRAY: TypeDef = TypeDef::new::<ArrayObject>(
    "array.array",
    &[
        NativeDef::static_method("__new__(cls, *args, **kwargs)", array_new, "Create and return a new object."),
        NativeDef::method("__init__(self, *args, **kwargs)", array_init, ""),
        NativeDef::method("__repr__(self, /)", array_repr, "Return repr(self)."),
        NativeDef::method("__len__(self, /)", array_len, "Return len(self)."),
        NativeDef::method("__getitem__(self, key, /)", array_getitem, "Return self[key]."),
        NativeDef::method("__setitem__(self, key, value, /)", array_setitem, "Set self[key] to value."),
        NativeDef::method("__delitem__(self, key, /)", array_delitem, "Delete self[key]."),
        NativeDef::method("__contains__(self, key, /)", array_contains, "Return bool(key in self)."),
        NativeDef::method("__add__(self, value, /)", array_add, "Return self+value."),
        NativeDef::method("__iadd__(self, value, /)", array_iadd, "Implement self+=value."),
        NativeDef::method("__mul__(self, value, /)", array_mul, "Return self*value."),
        NativeDef::method("__rmul__(self, value, /)", array_mul, "Return value*self."),
        NativeDef::method("__imul__(self, value, /)", array_imul, "Implement self*=value."),
        NativeDef::method("__lt__(self, value, /)", array_lt, "Return self<value."),
        NativeDef::method("__le__(self, value, /)", array_le, "Return self<=value."),
        NativeDef::method("__eq__(self, value, /)", array_eq, "Return self==value."),
        NativeDef::method("__ne__(self, value, /)", array_ne, "Return self!=value."),
        NativeDef::method("__gt__(self, value, /)", array_gt, "Return self>value."),
        NativeDef::method("__ge__(self, value, /)", array_ge, "Return self>=value."),
        NativeDef::method("__iter__(self, /)", array_iter, "Implement iter(self)."),
        NativeDef::method("__copy__(self, /)", array_copy, "Return a copy of the array."),
        NativeDef::method("__deepcopy__(self, unused, /)", array_copy, "Return a copy of the array."),
        NativeDef::method("__reduce_ex__(self, value, /)", array_reduce_ex, "Return state information for pickling."),
        NativeDef::method("__sizeof__(self, /)", array_sizeof, "Size of the array in memory, in bytes."),
        NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
        NativeDef::method("append(self, v, /)", array_append, "Append new value v to the end of the array."),
        NativeDef::method("buffer_info(self, /)", array_buffer_info, "Return a tuple (address, length) giving the current memory address and the length in items of the buffer used to hold array's contents."),
        NativeDef::method("byteswap(self, /)", array_byteswap, "Byteswap all items of the array."),
        NativeDef::method("clear(self, /)", array_clear, "Remove all items from the array."),
        NativeDef::method("count(self, v, /)", array_count, "Return number of occurrences of v in the array."),
        NativeDef::method("extend(self, bb, /)", array_extend, "Append items to the end of the array."),
        NativeDef::method("fromfile(self, f, n, /)", array_fromfile, "Read n objects from the file object f and append them to the end of the array."),
        NativeDef::method("fromlist(self, list, /)", array_fromlist, "Append items to array from list."),
        NativeDef::method("frombytes(self, buffer, /)", array_frombytes, "Appends items from the string, interpreting it as an array of machine values, as if it had been read from a file using the fromfile() method."),
        NativeDef::method("fromunicode(self, ustr, /)", array_fromunicode, "Extends this array with data from the unicode string ustr."),
        NativeDef::method("index(self, v, start=0, stop=9223372036854775807, /)", array_index, "Return index of first occurrence of v in the array."),
        NativeDef::method("insert(self, i, v, /)", array_insert, "Insert a new item v into the array before position i."),
        NativeDef::method("pop(self, i=-1, /)", array_pop, "Return the i-th element and delete it from the array."),
        NativeDef::method("remove(self, v, /)", array_remove, "Remove the first occurrence of v in the array."),
        NativeDef::method("reverse(self, /)", array_reverse, "Reverse the order of the items in the array."),
        NativeDef::method("tobytes(self, /)", array_tobytes, "Convert the array to an array of machine values and return the bytes representation."),
        NativeDef::method("tofile(self, f, /)", array_tofile, "Write all items (as machine values) to the file object f."),
        NativeDef::method("tolist(self, /)", array_tolist, "Convert array to an ordinary list with the same items."),
        NativeDef::method("tounicode(self, /)", array_tounicode, "Convert an array of type 'u' or 'w' to a unicode string."),
        NativeDef::getter("typecode", get_typecode, "the typecode character used to create the array"),
        NativeDef::getter("itemsize", get_itemsize, "the size, in bytes, of one array item"),
    ],
    "array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode.",
)
.flags(f::BASE | f::IMMUTABLE | f::SEQUENCE | f::WEAKREF);

fn array_init(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn this_iter(cx: &mut Thread, v: Value) -> R<Gc<ArrayIter>> {
    v.cast::<ArrayIter>().ok_or_else(|| cx.type_error("an arrayiterator is required"))
}

fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn iter_next(cx: &mut Thread, a: Args<'_>) -> R {
    this_iter(cx, a[0])?;
    let r = iter_step(cx, a[0]);
    ferropy_builtins::iterators::stop_at_end(cx, r)
}

/// The next item; unbound at the end.
fn iter_step(cx: &mut Thread, it: Value) -> R {
    // SAFETY: called for this kind only.
    let it: Gc<ArrayIter> = unsafe { it.cast_unchecked() };
    if let Some(array) = it.array.cast::<ArrayObject>() {
        let i = it.at.get();
        if i < count(array) {
            it.at.set(i + 1);
            return get(cx, array, i);
        }
        it.array.set(cx, it, Value::NULL);
    }
    Ok(Value::NULL)
}

fn iter_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    let iter = ferropy_builtins::iterators::builtin(cx, "iter")?;
    match it.array.get().bound() {
        Some(array) => {
            let args = cx.new_tuple(&[array])?.value();
            Ok(cx.new_tuple(&[iter, args, Value::small_int(it.at.get() as i64)])?.value())
        }
        None => {
            let empty = cx.new_tuple(&[])?.value();
            let args = cx.new_tuple(&[empty])?.value();
            Ok(cx.new_tuple(&[iter, args])?.value())
        }
    }
}

fn iter_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    let at = cx.index(a[1])?;
    if let Some(array) = it.array.cast::<ArrayObject>() {
        it.at.set((at.max(0) as usize).min(count(array)));
    }
    Ok(Value::NONE)
}

static ITER: TypeDef = TypeDef::new::<ArrayIter>(
    "array.arrayiterator",
    &[
        NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
        NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
        NativeDef::method("__reduce__(self, /)", iter_reduce, "Return state information for pickling."),
        NativeDef::method("__setstate__(self, state, /)", iter_setstate, "Set state information for unpickling."),
    ],
    "",
)
.flags(f::IMMUTABLE | f::NO_NEW);

/// The items of foreign machine values.
fn foreign(cx: &mut Thread, format: item::Format, b: &[u8]) -> R {
    let order = |big| if big { ferropy_text::int::Endian::Big } else { ferropy_text::int::Endian::Little };
    match format {
        item::Format::Int { signed, big, .. } => cx.bigint(&ferropy_text::int::from_bytes(b, order(big), signed)),
        item::Format::Float { big, .. } | item::Format::Text { big, .. } => {
            let mut native = b.to_vec();
            if big {
                native.reverse();
            }
            let code = if matches!(format, item::Format::Text { .. }) {
                b'w'
            } else if b.len() == 4 {
                b'f'
            } else {
                b'd'
            };
            item::decode(cx, code, &native)
        }
    }
}

fn reconstructor(cx: &mut Thread, a: Args<'_>) -> R {
    let base = cx.native_class(&ARRAY)?;
    let Some(class) = a[0].cast::<Class>() else {
        return Err(cx.type_error("first argument must be a type object, not a value"));
    };
    if !class.is_subclass(base) {
        let name = class.name();
        return Err(cx.type_error(format!("{name} is not a subtype of array.array")));
    }
    let code = typecode(cx, a[1], "_array_reconstructor() argument 2")?;
    let number = cx.index(a[2])?;
    let Some(format) = item::format(number) else {
        return Err(cx.value_error("third argument must be a valid machine format code."));
    };
    let Some(bytes) = a[3].cast::<ferropy_vm::types::Bytes>() else {
        let got = cx.class_name(a[3]);
        return Err(cx.type_error(format!("fourth argument should be bytes, not {got}")));
    };
    let n = match format {
        item::Format::Int { size, .. } | item::Format::Float { size, .. } | item::Format::Text { size, .. } => size,
    };
    if bytes.len % n != 0 {
        return Err(cx.value_error("bytes length not a multiple of item size"));
    }
    if number == item::format_number(code) {
        return make(cx, class, code, bytes.data().to_vec());
    }
    let mut out = Vec::new();
    if let item::Format::Text { size: 2, big } = format {
        let units: Vec<u16> = bytes
            .data()
            .chunks_exact(2)
            .map(|b| if big { u16::from_be_bytes([b[0], b[1]]) } else { u16::from_le_bytes([b[0], b[1]]) })
            .collect();
        for c in ferropy_text::wtf8::chars(&ferropy_text::wtf8::from_utf16(&units)) {
            out.extend_from_slice(&c.to_ne_bytes());
        }
        return make(cx, class, code, out);
    }
    for b in bytes.data().chunks_exact(n) {
        let v = foreign(cx, format, b)?;
        out.extend_from_slice(&item::encode(cx, code, v)?);
    }
    make(cx, class, code, out)
}

static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "_array_reconstructor(arraytype, typecode, mformat_code, items, /)",
    reconstructor,
    "Internal. Used for pickling support.",
)];

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("array", "This module defines an object type which can efficiently represent\nan array of basic values: characters, integers, floating-point\nnumbers.", FUNCTIONS)?;
    cx.register_buffer_kind(ArrayObject::kind(), buffer);
    ferropy_vm::ops::iter::register_next::<ArrayIter>(iter_step);
    cx.module_class(m, &ARRAY)?;
    let class = cx.native_class(&ARRAY)?.value();
    cx.module_set(m, "ArrayType", class)?;
    let sequence = cx.import("collections.abc")?;
    let sequence = cx.getattr_str(sequence, "MutableSequence")?;
    cx.call_method(sequence, "register", &[class])?;
    let codes = cx.new_str(item::CODES)?.value();
    cx.module_set(m, "typecodes", codes)?;
    Ok(m.value())
}

/// Registers the modules of this folder.
pub fn register(cx: &mut Thread) {
    cx.register_module("array", init);
}
