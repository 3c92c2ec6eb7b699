//! Payload layouts of the heap objects that the VM itself knows, and their kinds.
//!
//! Methods live elsewhere (crate `builtins`); here are only the fields and what every user of them needs.
//! Invariant: the order and size of fields agree with the kind declared beside the struct; `Field`s come first unless the
//! kind has a layout function. Instance attributes of any kind lie in the *attribute area* behind the payload: word 0 is
//! the overflow (unbound, an `Array`, or the instance's dict), then the inline slots.

use crate::object::{Field, Gc, HeapObject};
use crate::{Value, heap_kind};
use ferropy_gc::{Kind, Layout, Size};
use std::cell::Cell;

macro_rules! fixed_kinds {
    ($($number:literal $t:ty = $kind:expr;)*) => {
        $(
            // SAFETY: the kind describes the struct, see there.
            unsafe impl HeapObject for $t {
                #[inline(always)]
                fn kind() -> u8 { $number }
            }
        )*
        /// Tells the collector about the VM's own kinds.
        pub fn register_kinds() {
            ferropy_gc::register_fixed(ferropy_gc::FILLER, {
                static FILLER: Kind = Kind::new("filler", Size::Fixed(8), Layout::Opaque);
                &FILLER
            });
            $({
                static KIND: Kind = $kind;
                ferropy_gc::register_fixed($number, &KIND);
            })*
        }
    };
}

const fn fixed<T>(name: &'static str, words: usize) -> Kind {
    Kind::new(name, Size::Fixed(size_of::<T>()), if words == 0 { Layout::Opaque } else { Layout::Words(words) })
}

fixed_kinds! {
    1 Instance = Kind::new("instance", Size::Fixed(0), Layout::Opaque);
    2 Str = Kind::new("str", Size::Var(str_size), Layout::Words(1));
    3 Bytes = Kind::new("bytes", Size::Var(bytes_size), Layout::Opaque);
    4 BigInt = Kind::new("int", Size::Var(bigint_size), Layout::Opaque);
    5 Float = fixed::<Float>("float", 0);
    6 Complex = fixed::<Complex>("complex", 0);
    7 Tuple = Kind::new("tuple", Size::Var(tuple_size), Layout::Range(tuple_items));
    8 List = fixed::<List>("list", 1);
    9 Array = Kind::new("array", Size::Var(array_size), Layout::All).with_slot_log();
    10 Dict = fixed::<Dict>("dict", 2);
    11 crate::dict::Table = Kind::new("table", Size::Var(crate::dict::table_size), Layout::Range(crate::dict::table_entries)).with_slot_log();
    12 Set = fixed::<Set>("set", 1);
    13 Class = fixed::<Class>("type", Class::WORDS);
    14 Function = fixed::<Function>("function", 12);
    15 CodeObject = fixed::<CodeObject>("code", 9).with_drop(drop_code);
    16 Caches = Kind::new("caches", Size::Var(caches_size), Layout::Custom(caches_words));
    17 NativeFn = fixed::<NativeFn>("native function", 3);
    18 BoundMethod = fixed::<BoundMethod>("method", 2);
    19 CellObject = fixed::<CellObject>("cell", 1);
    20 Module = fixed::<Module>("module", 2);
    21 Exception = fixed::<Exception>("exception", 6);
    22 Traceback = fixed::<Traceback>("traceback", 2);
    23 FrameObject = Kind::new("frame", Size::Var(frame_size), Layout::Custom(frame_words));
    24 Generator = Kind::new("generator", Size::Var(generator_size), Layout::Custom(generator_words));
    25 Range = fixed::<Range>("range", 4);
    26 Slice = fixed::<Slice>("slice", 3);
    27 Property = fixed::<Property>("property", 6);
    28 Wrapper = fixed::<Wrapper>("staticmethod/classmethod", 1);
    29 Member = fixed::<Member>("member descriptor", 2);
    30 SeqIter = fixed::<SeqIter>("iterator", 1);
    31 RangeIter = fixed::<RangeIter>("range iterator", 0);
    32 DictIter = fixed::<DictIter>("dict iterator", 1);
    33 DictView = fixed::<DictView>("dict view", 1);
    34 CallIter = fixed::<CallIter>("callable iterator", 2);
    35 Super = fixed::<Super>("super", 3);
    36 WeakRef = fixed::<WeakRef>("weakref", 3).with_weak_word(3);
    37 StrBuf = Kind::new("string buffer", Size::Var(strbuf_size), Layout::Opaque);
    38 MappingProxy = fixed::<MappingProxy>("mappingproxy", 1);
    39 LongRangeIter = fixed::<LongRangeIter>("long range iterator", 3);
    40 ByteArray = fixed::<ByteArray>("bytearray", 1);
    41 AsyncGenOp = fixed::<AsyncGenOp>("async generator operation", 3);
    42 Wrapped = fixed::<Wrapped>("wrapped value", 1);
    43 ClassMethodDescr = fixed::<ClassMethodDescr>("builtin class method", 1);
}

/// An instance of a class without a native layout: all of it is the attribute area.
#[repr(C)]
pub struct Instance {
    _attrs: [Field; 0],
}

/// Text as WTF-8. Two forms, told apart by [`Str::EXTERNAL`] in the header's private byte: the bytes follow the struct, or
/// they are the first `len` bytes of a shared [`StrBuf`] in `aux`.
#[repr(C)]
pub struct Str {
    /// External form: the buffer. Inline form: unbound, or the index of character offsets (a `Bytes`).
    pub aux: Field,
    /// 0: not computed.
    pub hash: Cell<u64>,
    pub len: Cell<u32>,
    pub chars: Cell<u32>,
}

impl Str {
    pub const EXTERNAL: u8 = 1;
    pub const INTERNED: u8 = 2;
}

/// Growing buffer that several strings share prefixes of (the trick behind linear `s += x`).
#[repr(C)]
pub struct StrBuf {
    pub capacity: usize,
    /// Bytes that belong to some string; what follows may be appended to.
    pub used: Cell<usize>,
    /// Offsets of every 64th character of the longest string seen, for indexing: not built yet where unbound.
    pub reserved: usize,
}

/// Immutable bytes; the data follow the struct.
#[repr(C)]
pub struct Bytes {
    pub hash: Cell<u64>,
    pub len: usize,
}

/// An integer past 63 bits (or of a subclass of int): sign and limbs behind the struct.
#[repr(C)]
pub struct BigInt {
    /// Limbs, negative for a negative number.
    pub size: isize,
}

#[repr(C)]
pub struct Float {
    pub value: f64,
}

#[repr(C)]
pub struct Complex {
    pub re: f64,
    pub im: f64,
}

/// Items follow the struct.
#[repr(C)]
pub struct Tuple {
    pub len: usize,
    /// The hash once somebody asked for it, 0 before: nested tuples as keys would be walked at each look-up.
    pub hash: Cell<u64>,
}

impl Tuple {
    /// Words before the first item.
    pub const HEAD: usize = size_of::<Tuple>() / 8;
}

/// `len` items in an [`Array`] (unbound while empty).
#[repr(C)]
pub struct List {
    pub items: Field,
    pub len: Cell<usize>,
}

/// Backing store: words follow.
#[repr(C)]
pub struct Array {
    /// Number of words, as a tagged integer.
    pub tagged_len: u64,
}

#[repr(C)]
pub struct Dict {
    /// A [`crate::dict::Table`], unbound while empty.
    pub table: Field,
    /// Free for subclasses of the VM's own (unused: unbound).
    pub extra: Field,
    /// Structure version: 0 none given; changes when a key is added or removed.
    pub version: Cell<u32>,
    pub len: Cell<u32>,
}

/// Set and frozenset: a dict's table with unbound values.
#[repr(C)]
pub struct Set {
    pub table: Field,
    /// frozenset: cached hash, tagged with bit 63 when present.
    pub hash: Cell<u64>,
    pub len: Cell<u32>,
}

/// A class. Never moves (born old).
#[repr(C)]
pub struct Class {
    pub name: Field,
    pub qualname: Field,
    pub bases: Field,
    /// Tuple of classes.
    pub mro: Field,
    pub dict: Field,
    /// The base whose layout is extended.
    pub base: Field,
    /// Dict of weak references to direct subclasses, by identity (unbound: none).
    pub subclasses: Field,
    /// Tuple of names of `__slots__` members in slot order, inherited ones first.
    pub slot_names: Field,
    /// Cached `__init__`, `__new__` and instance shape decisions for calls are kept here by `call`.
    pub call_init: Field,
    pub call_new: Field,
    pub module: Field,
    pub flags: Cell<u32>,
    /// Epoch in which call_init/call_new were looked up.
    pub call_epoch: Cell<u32>,
    /// Shape of new instances.
    pub root_shape: Cell<u32>,
    /// Kind of instances.
    pub kind: Cell<u8>,
    /// Words of the attribute area of new instances.
    pub extra: Cell<u8>,
    /// Calling the class makes a plain instance and calls `__init__`, if it has one; valid in `call_epoch`.
    pub call_plain: Cell<bool>,
    /// What is known of instances ([`facts`](crate::class::facts)), and the epoch in which that holds.
    pub facts: Cell<u8>,
    pub facts_epoch: Cell<u32>,
    /// Most attributes that an instance had (to size the inline slots).
    pub most_attrs: Cell<u8>,
    pub def: Cell<Option<&'static crate::class::TypeDef>>,
}

impl Class {
    pub const WORDS: usize = 11;
}

#[repr(C)]
pub struct Function {
    pub code: Field,
    pub globals: Field,
    pub builtins: Field,
    pub name: Field,
    pub qualname: Field,
    pub defaults: Field,
    pub kwdefaults: Field,
    pub closure: Field,
    /// `__annotate__` function, or None.
    pub annotate: Field,
    pub annotations: Field,
    /// `__module__`.
    pub module: Field,
    /// List of rarely used attributes (doc, type parameters), unbound until one is asked for; see `function_meta`.
    pub meta: Field,
}

/// Code in the heap. Never moves (born old).
#[repr(C)]
pub struct CodeObject {
    pub name: Field,
    pub qualname: Field,
    pub filename: Field,
    /// Tuple.
    pub consts: Field,
    /// Tuple of interned strings.
    pub names: Field,
    /// Array of inline caches, [`Caches`].
    pub caches: Field,
    /// Tuple of parameter names in register order.
    pub params: Field,
    pub extra: Field,
    pub extra2: Field,
    /// Hot fields, copied out of `code`.
    pub instrs: *const u32,
    pub nregs: u32,
    pub argcount: u32,
    pub flags: u32,
    pub nparams: u32,
    /// `argcount` if there are only positional parameters, no stars, no generator: a call with that many arguments
    /// just pushes a frame. [`CodeObject::NOT_SIMPLE`] otherwise.
    pub simple_args: u32,
    /// Callees' registers may begin in this code's: they are on the register stack (not a generator's), and near.
    pub near: bool,
    /// The same for a generator, coroutine or async generator.
    pub plain_generator: bool,
    pub code: *mut ferropy_bytecode::Code,
}

impl CodeObject {
    pub const NOT_SIMPLE: u32 = u32::MAX;
    #[inline(always)]
    pub fn is_simple(&self) -> bool {
        self.simple_args != Self::NOT_SIMPLE
    }

    /// The offset in `co_code` of the instruction word `pc`: a unit of two bytes, which stands for entering the frame,
    /// comes before the words.
    pub fn offset(pc: usize) -> i32 {
        2 + 4 * pc as i32
    }

    /// The instruction word that holds an offset.
    pub fn word_at(offset: i32) -> Option<usize> {
        usize::try_from(offset.checked_sub(2)?).ok().map(|o| o / 4)
    }
}

/// One inline cache.
#[repr(C)]
pub struct Cache {
    pub shape: Cell<u32>,
    pub epoch: Cell<u32>,
    /// What was found: a `attr::Found` number in the low byte, slot number above.
    pub what: Cell<u32>,
    pub next_shape: Cell<u32>,
    pub value: Field,
}

#[repr(C)]
pub struct Caches {
    pub count: usize,
}

/// A native function, unbound or bound to `this`.
#[repr(C)]
pub struct NativeFn {
    /// Bound receiver, or unbound.
    pub this: Field,
    /// The class that it is a method of, or unbound.
    pub owner: Field,
    /// Module name, or unbound.
    pub module: Field,
    pub def: &'static crate::native::NativeDef,
    /// How the commonest calls go; see [`crate::native::plan`].
    pub plan: Cell<u32>,
}

#[repr(C)]
pub struct BoundMethod {
    pub func: Field,
    pub this: Field,
}

#[repr(C)]
pub struct CellObject {
    pub content: Field,
}

#[repr(C)]
pub struct Module {
    pub dict: Field,
    pub name: Field,
}

/// Any BaseException.
#[repr(C)]
pub struct Exception {
    pub args: Field,
    pub traceback: Field,
    pub context: Field,
    pub cause: Field,
    /// Tuple or Array of the fields of particular classes (OSError.errno, StopIteration.value, ...), or unbound.
    pub data: Field,
    /// `__dict__` is in the attribute area; this is free.
    pub extra: Field,
    pub suppress_context: Cell<bool>,
}

#[repr(C)]
pub struct Traceback {
    pub next: Field,
    pub frame: Field,
    /// Offset of the instruction as Python sees it ([`CodeObject::offset`]); Python code may give any number.
    pub lasti: i32,
    pub lineno: Cell<i32>,
}

/// A frame as Python sees it. While the frame runs, `live` points at its record; afterwards registers are copied here.
#[repr(C)]
pub struct FrameObject {
    pub func: Field,
    pub back: Field,
    /// Mapping of module and class frames; unbound for functions.
    pub locals: Field,
    pub trace: Field,
    /// Generator that the frame belongs to, or unbound.
    pub generator: Field,
    /// Overlay of names written through f_locals that are not variables (a dict), or unbound.
    pub extra_locals: Field,
    pub live: Cell<*mut crate::frame::Frame>,
    pub pc: Cell<u32>,
    pub nregs: u32,
    pub flags: Cell<u32>,
    pub lineno: Cell<i32>,
}

/// Generator, coroutine or async generator; its registers follow.
#[repr(C)]
pub struct Generator {
    pub func: Field,
    pub name: Field,
    pub qualname: Field,
    pub frame_obj: Field,
    /// Exception handled in the suspended frame, or unbound.
    pub handled: Field,
    /// Async generators: hooks and state; coroutines: origin.
    pub extra: Field,
    /// Its code, whatever becomes of the function's.
    pub code: Field,
    pub state: Cell<u8>,
    pub flags: Cell<u8>,
    pub nregs: u32,
    pub pc: Cell<u32>,
}

#[repr(C)]
pub struct Range {
    pub start: Field,
    pub stop: Field,
    pub step: Field,
    pub len: Field,
}

#[repr(C)]
pub struct Slice {
    pub start: Field,
    pub stop: Field,
    pub step: Field,
}

#[repr(C)]
pub struct Property {
    pub get: Field,
    pub set: Field,
    pub del: Field,
    pub doc: Field,
    pub name: Field,
    pub extra: Field,
    pub getter_doc: Cell<bool>,
}

/// staticmethod or classmethod.
#[repr(C)]
pub struct Wrapper {
    pub func: Field,
}

/// Descriptor of a `__slots__` member or of a native field.
#[repr(C)]
pub struct Member {
    pub name: Field,
    pub owner: Field,
    /// Slot in the attribute area's numbering.
    pub slot: u32,
}

/// Iterator over list, tuple, str, bytes or any sequence by index. Exhausted: `seq` is unbound.
#[repr(C)]
pub struct SeqIter {
    pub seq: Field,
    pub at: Cell<usize>,
    /// Counts down (reversed).
    pub reverse: bool,
}

#[repr(C)]
pub struct RangeIter {
    pub next: Cell<i64>,
    pub step: i64,
    pub left: Cell<u64>,
}

#[repr(C)]
pub struct LongRangeIter {
    pub next: Field,
    pub step: Field,
    pub left: Field,
}

/// Iterator over a dict or set.
#[repr(C)]
pub struct DictIter {
    pub dict: Field,
    /// Number of the entry to go on with; in reverse, the one behind it.
    pub at: Cell<u32>,
    /// Length at the start: another one means a change.
    pub len: Cell<u32>,
    /// Items still to come.
    pub left: Cell<u32>,
    /// 0 keys, 1 values, 2 items, 3 elements of a set; +4 reversed.
    pub what: u8,
}

impl DictIter {
    /// An iterator over a dict or set of this length. A reversed one still needs to know where to begin.
    pub fn new(dict: Value, len: u32, what: u8) -> DictIter {
        DictIter { dict: crate::make::field(dict), at: 0.into(), len: len.into(), left: len.into(), what }
    }
}

#[repr(C)]
pub struct DictView {
    pub dict: Field,
    pub what: u8,
}

/// iter(callable, sentinel).
#[repr(C)]
pub struct CallIter {
    pub func: Field,
    pub sentinel: Field,
}

#[repr(C)]
pub struct Super {
    pub class: Field,
    pub this: Field,
    pub this_class: Field,
}

#[repr(C)]
pub struct WeakRef {
    pub callback: Field,
    /// For proxies etc.: free.
    pub extra: Field,
    pub hash: Field,
    /// Seen by the collector as a weak word; 0 when the target is gone.
    pub target: Field,
    /// Order of creation.
    pub number: Cell<u64>,
}

#[repr(C)]
pub struct MappingProxy {
    pub mapping: Field,
}

#[repr(C)]
pub struct ByteArray {
    /// A `StrBuf` used as raw bytes, unbound while empty.
    pub buf: Field,
    pub start: Cell<usize>,
    pub len: Cell<usize>,
    /// Number of exported buffers: while not zero the size cannot change.
    pub exports: Cell<usize>,
}

/// `asend`, `athrow`, `aclose` of an async generator, and `anext` with default.
#[repr(C)]
pub struct AsyncGenOp {
    pub generator: Field,
    pub arg: Field,
    pub extra: Field,
    pub state: Cell<u8>,
    pub what: u8,
}

/// A value that an async generator yields, on its way to the caller.
#[repr(C)]
pub struct Wrapped {
    pub value: Field,
}

/// A native classmethod as it lies in a type's dict.
#[repr(C)]
pub struct ClassMethodDescr {
    pub func: Field,
}

unsafe fn str_size(p: *mut u8) -> usize {
    let private = *p.sub(1);
    let s = &*(p as *const Str);
    size_of::<Str>() + if private & Str::EXTERNAL != 0 { 0 } else { s.len.get() as usize }
}
unsafe fn strbuf_size(p: *mut u8) -> usize {
    size_of::<StrBuf>() + (*(p as *const StrBuf)).capacity
}
unsafe fn bytes_size(p: *mut u8) -> usize {
    size_of::<Bytes>() + (*(p as *const Bytes)).len
}
unsafe fn bigint_size(p: *mut u8) -> usize {
    size_of::<BigInt>() + (*(p as *const BigInt)).size.unsigned_abs() * 8
}
unsafe fn tuple_size(p: *mut u8) -> usize {
    size_of::<Tuple>() + (*(p as *const Tuple)).len * 8
}
unsafe fn tuple_items(p: *mut u8) -> (*mut u64, usize) {
    ((p as *mut u64).add(Tuple::HEAD), (*(p as *const Tuple)).len)
}
unsafe fn array_size(p: *mut u8) -> usize {
    8 + ((*(p as *const Array)).tagged_len >> 1) as usize * 8
}
unsafe fn caches_size(p: *mut u8) -> usize {
    8 + (*(p as *const Caches)).count * size_of::<Cache>()
}
unsafe fn caches_words(p: *mut u8, visit: &mut dyn FnMut(*mut u64, usize)) {
    let first = p.add(8) as *mut Cache;
    let epoch = crate::thread::current_epoch();
    for i in 0..(*(p as *const Caches)).count {
        let cache = &*first.add(i);
        // What was found in an earlier epoch is never used again: it must not live on because of us.
        if cache.epoch.get() != epoch {
            cache.value.init(Value::NULL);
        }
        visit(&raw mut (*first.add(i)).value as *mut u64, 1);
    }
}
unsafe fn frame_size(p: *mut u8) -> usize {
    size_of::<FrameObject>() + (*(p as *const FrameObject)).nregs as usize * 8
}
unsafe fn frame_words(p: *mut u8, visit: &mut dyn FnMut(*mut u64, usize)) {
    visit(p as *mut u64, 6);
    visit(p.add(size_of::<FrameObject>()) as *mut u64, (*(p as *const FrameObject)).nregs as usize);
}
unsafe fn generator_size(p: *mut u8) -> usize {
    size_of::<Generator>() + (*(p as *const Generator)).nregs as usize * 8
}
unsafe fn generator_words(p: *mut u8, visit: &mut dyn FnMut(*mut u64, usize)) {
    use crate::ops::generator::state;
    visit(p as *mut u64, 7);
    let g = &*(p as *const Generator);
    // While it runs, its frame visits them; afterwards nobody reads them.
    if matches!(g.state.get(), state::CREATED | state::SUSPENDED) {
        visit(p.add(size_of::<Generator>()) as *mut u64, g.nregs as usize);
    }
}
unsafe fn drop_code(p: *mut u8) {
    let code = &mut *(p as *mut CodeObject);
    if !code.code.is_null() {
        drop(Box::from_raw(code.code));
        code.code = std::ptr::null_mut();
    }
}

const _: () = assert!(size_of::<Str>() == 24 && size_of::<Cache>() == 24);

impl Gc<Tuple> {
    /// The items. A tuple's items never change once it is shared.
    #[inline(always)]
    pub fn items(&self) -> &[Value] {
        // SAFETY: `len` values follow the struct.
        unsafe { std::slice::from_raw_parts((self.as_ptr() as *const Value).add(Tuple::HEAD), self.len) }
    }
    #[inline(always)]
    pub fn at(self, i: usize) -> Value {
        self.items()[i]
    }
    /// A field of a tuple that is being filled.
    #[inline(always)]
    pub fn field(&self, i: usize) -> &Field {
        assert!(i < self.len);
        // SAFETY: in bounds.
        unsafe { &*(self.as_ptr() as *const Field).add(Tuple::HEAD + i) }
    }
}

impl Gc<Array> {
    #[inline(always)]
    pub fn capacity(self) -> usize {
        (self.tagged_len >> 1) as usize
    }
    /// Word `i`; must be in bounds.
    #[inline(always)]
    pub fn field(&self, i: usize) -> &Field {
        debug_assert!(i < self.capacity());
        // SAFETY: in bounds by contract.
        unsafe { &*(self.as_ptr() as *const Field).add(1 + i) }
    }
}

impl Gc<List> {
    /// The items, until something allocates or changes the list.
    #[inline(always)]
    pub fn items(&self) -> &[Value] {
        match self.items.cast::<Array>() {
            // SAFETY: an array has at least as many words behind its length as its list has items.
            Some(array) => unsafe { std::slice::from_raw_parts((array.as_ptr() as *const Value).add(1), self.len()) },
            None => &[],
        }
    }
    #[inline(always)]
    pub fn len(self) -> usize {
        self.len.get()
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len.get() == 0
    }
    /// Item `i` if it exists.
    #[inline(always)]
    pub fn get(self, i: usize) -> Option<Value> {
        if i >= self.len.get() {
            return None;
        }
        // SAFETY: a list with items has an array, and `i` is below its length.
        Some(unsafe { (*(self.items.as_gc::<Array>().as_ptr() as *const Field).add(1 + i)).get() })
    }
    /// Replaces item `i`, which must exist.
    #[inline(always)]
    pub fn set(self, cx: &mut crate::Thread, i: usize, v: Value) {
        assert!(i < self.len.get());
        // SAFETY: as above.
        let array = unsafe { self.items.as_gc::<Array>() };
        array.field(i).set(cx, array, v);
    }
}

impl Gc<Bytes> {
    #[inline(always)]
    pub fn data(&self) -> &[u8] {
        // SAFETY: `len` bytes follow.
        unsafe { std::slice::from_raw_parts((self.as_ptr() as *const u8).add(size_of::<Bytes>()), self.len) }
    }
}

impl Gc<StrBuf> {
    /// Address of the first byte.
    #[inline(always)]
    pub fn bytes(self) -> *mut u8 {
        // SAFETY: the bytes follow the struct.
        unsafe { (self.as_ptr() as *mut u8).add(size_of::<StrBuf>()) }
    }
}

impl Gc<Str> {
    /// The bytes: WTF-8.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes follow the struct, or begin the buffer in `aux`.
        unsafe {
            let external = *(self.as_ptr() as *const u8).sub(1) & Str::EXTERNAL != 0;
            let p = if external {
                self.aux.as_gc::<StrBuf>().bytes() as *const u8
            } else {
                (self.as_ptr() as *const u8).add(size_of::<Str>())
            };
            std::slice::from_raw_parts(p, self.len.get() as usize)
        }
    }
    #[inline(always)]
    pub fn is_ascii(self) -> bool {
        self.len.get() == self.chars.get()
    }
    /// Length in characters.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.chars.get() as usize
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.chars.get() == 0
    }
    /// The text as UTF-8, if it has no lone surrogates.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }
    /// The text for messages: surrogates replaced.
    pub fn to_lossy(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
    #[inline(always)]
    pub fn is_interned(self) -> bool {
        // SAFETY: the private byte of the header.
        unsafe { *(self.as_ptr() as *const u8).sub(1) & Str::INTERNED != 0 }
    }
}

impl Gc<CodeObject> {
    #[inline(always)]
    pub fn rust(&self) -> &ferropy_bytecode::Code {
        // SAFETY: set at creation, freed when the object dies.
        unsafe { &*self.code }
    }
}

impl Gc<Caches> {
    #[inline(always)]
    pub fn at(&self, i: usize) -> &Cache {
        debug_assert!(i < self.count);
        // SAFETY: verified code names existing caches.
        unsafe { &*(((self.as_ptr() as *const u8).add(8)) as *const Cache).add(i) }
    }
}

impl Gc<FrameObject> {
    #[inline(always)]
    pub fn reg(&self, i: usize) -> &Field {
        assert!(i < self.nregs as usize);
        // SAFETY: in bounds.
        unsafe { &*((self.as_ptr() as *const u8).add(size_of::<FrameObject>()) as *const Field).add(i) }
    }
}

impl Gc<Generator> {
    #[inline(always)]
    pub fn regs(self) -> *mut Value {
        // SAFETY: the registers follow the struct.
        unsafe { (self.as_ptr() as *mut u8).add(size_of::<Generator>()) as *mut Value }
    }
}

/// The attribute area of any object that has one.
#[inline(always)]
pub fn attr_area(v: Value) -> Option<*mut Value> {
    let r = v.as_ref()?;
    if r.header().extra.load(std::sync::atomic::Ordering::Relaxed) == 0 {
        return None;
    }
    // SAFETY: the area follows the payload.
    Some(unsafe { r.payload().add(r.base_size()) as *mut Value })
}

/// A growing vector of values that the collector sees (and updates).
pub struct RootedVec {
    inner: Box<RootedInner>,
}

struct RootedInner {
    values: Vec<Value>,
    prev: *mut RootedInner,
    next: *mut RootedInner,
    list: *mut RootedList,
}

/// The thread's list of rooted vectors.
pub struct RootedList {
    first: *mut RootedInner,
}

impl RootedList {
    pub fn new() -> RootedList {
        RootedList { first: std::ptr::null_mut() }
    }
    /// Calls `f` with every value.
    pub unsafe fn visit(&mut self, f: &mut dyn FnMut(*mut u64)) {
        let mut at = self.first;
        while !at.is_null() {
            for v in (*at).values.iter_mut() {
                f(v as *mut Value as *mut u64);
            }
            at = (*at).next;
        }
    }
}

impl Default for RootedList {
    fn default() -> Self {
        RootedList::new()
    }
}

impl RootedVec {
    pub fn new(cx: &mut crate::Thread) -> RootedVec {
        let list: *mut RootedList = &mut *cx.rooted;
        // SAFETY: the list outlives its vectors (it is the thread's); links are kept consistent here and in `drop`.
        unsafe {
            let mut inner =
                Box::new(RootedInner { values: Vec::new(), prev: std::ptr::null_mut(), next: (*list).first, list });
            if !inner.next.is_null() {
                (*inner.next).prev = &mut *inner;
            }
            (*list).first = &mut *inner;
            RootedVec { inner }
        }
    }
    pub fn push(&mut self, v: impl Into<Value>) {
        self.inner.values.push(v.into());
    }
    pub fn pop(&mut self) -> Option<Value> {
        self.inner.values.pop()
    }
    /// The values. They may change places in the heap at the next allocation: do not keep the slice across one.
    pub fn as_slice(&self) -> &[Value] {
        &self.inner.values
    }
    pub fn as_mut_vec(&mut self) -> &mut Vec<Value> {
        &mut self.inner.values
    }
}

impl Deref for RootedVec {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.inner.values
    }
}
impl std::ops::DerefMut for RootedVec {
    fn deref_mut(&mut self) -> &mut [Value] {
        &mut self.inner.values
    }
}
use std::ops::Deref;

impl Drop for RootedVec {
    fn drop(&mut self) {
        // SAFETY: see `new`.
        unsafe {
            if self.inner.prev.is_null() {
                (*self.inner.list).first = self.inner.next;
            } else {
                (*self.inner.prev).next = self.inner.next;
            }
            if !self.inner.next.is_null() {
                (*self.inner.next).prev = self.inner.prev;
            }
        }
    }
}

/// An opaque native payload: `data` is owned and dropped with the object. Values inside `data` are not traced: keep them
/// in `slot` (a tuple, list or dict).
#[repr(C)]
pub struct NativeBox {
    pub slot: Field,
    pub data: Box<dyn std::any::Any>,
}
heap_kind!(NativeBox, "native object", 1, drop);
