//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: what `hashlib` takes its built-in constructors from.
//!
//! Terms: an *algorithm* is a running computation; that of SHAKE gives digests of any length.

mod blake2;
mod keccak;

use blake2::{Blake2b, Blake2s, Params};
use ferropy_vm::types::{Class, Str};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use keccak::Sponge;
use md5::Digest;
use std::cell::RefCell;

#[derive(Clone)]
enum Algorithm {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sponge(Sponge),
    Blake2b(Blake2b),
    Blake2s(Blake2s),
}

impl Algorithm {
    fn update(&mut self, data: &[u8]) {
        match self {
            Algorithm::Md5(h) => h.update(data),
            Algorithm::Sha1(h) => h.update(data),
            Algorithm::Sha224(h) => h.update(data),
            Algorithm::Sha256(h) => h.update(data),
            Algorithm::Sha384(h) => h.update(data),
            Algorithm::Sha512(h) => h.update(data),
            Algorithm::Sponge(h) => h.update(data),
            Algorithm::Blake2b(h) => h.update(data),
            Algorithm::Blake2s(h) => h.update(data),
        }
    }
    /// The digest; the length matters to SHAKE only.
    fn digest(self, length: usize) -> Vec<u8> {
        match self {
            Algorithm::Md5(h) => h.finalize().to_vec(),
            Algorithm::Sha1(h) => h.finalize().to_vec(),
            Algorithm::Sha224(h) => h.finalize().to_vec(),
            Algorithm::Sha256(h) => h.finalize().to_vec(),
            Algorithm::Sha384(h) => h.finalize().to_vec(),
            Algorithm::Sha512(h) => h.finalize().to_vec(),
            Algorithm::Sponge(h) => {
                let n = if h.output == 0 { length } else { h.output };
                h.digest(n)
            }
            Algorithm::Blake2b(h) => h.digest(),
            Algorithm::Blake2s(h) => h.digest(),
        }
    }
    fn digest_size(&self) -> usize {
        match self {
            Algorithm::Md5(_) => 16,
            Algorithm::Sha1(_) => 20,
            Algorithm::Sha224(_) => 28,
            Algorithm::Sha256(_) => 32,
            Algorithm::Sha384(_) => 48,
            Algorithm::Sha512(_) => 64,
            Algorithm::Sponge(h) => h.output,
            Algorithm::Blake2b(h) => h.output,
            Algorithm::Blake2s(h) => h.output,
        }
    }
    fn block_size(&self) -> usize {
        match self {
            Algorithm::Md5(_) | Algorithm::Sha1(_) | Algorithm::Sha224(_) | Algorithm::Sha256(_) => 64,
            Algorithm::Sha384(_) | Algorithm::Sha512(_) | Algorithm::Blake2b(_) => 128,
            Algorithm::Sponge(h) => h.rate,
            Algorithm::Blake2s(_) => 64,
        }
    }
    fn name(&self) -> String {
        match self {
            Algorithm::Md5(_) => "md5".into(),
            Algorithm::Sha1(_) => "sha1".into(),
            Algorithm::Sha224(_) => "sha224".into(),
            Algorithm::Sha256(_) => "sha256".into(),
            Algorithm::Sha384(_) => "sha384".into(),
            Algorithm::Sha512(_) => "sha512".into(),
            Algorithm::Sponge(h) if h.output == 0 => format!("shake_{}", (200 - h.rate) * 4),
            Algorithm::Sponge(h) => format!("sha3_{}", h.output * 8),
            Algorithm::Blake2b(_) => "blake2b".into(),
            Algorithm::Blake2s(_) => "blake2s".into(),
        }
    }
}

#[repr(C)]
struct HashObject {
    state: RefCell<Option<Box<Algorithm>>>,
}
heap_kind!(HashObject, "hash object", 0, drop);

/// A copy of the receiver's computation.
fn state(cx: &mut Thread, v: Value) -> R<Algorithm> {
    let state = v.cast::<HashObject>().and_then(|h| h.state.borrow().as_ref().map(|a| (**a).clone()));
    state.ok_or_else(|| cx.type_error("a hash object is required"))
}

/// The bytes to hash: anything bytes-like, but no text.
fn input(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if v.cast::<Str>().is_some() {
        return Err(cx.type_error("Strings must be encoded before hashing"));
    }
    match cx.buffer_opt(v)? {
        Some(b) => Ok(b.bytes().to_vec()),
        None => Err(cx.type_error("object supporting the buffer API required")),
    }
}

fn hash_update(cx: &mut Thread, a: Args<'_>) -> R {
    let data = input(cx, a[1])?;
    let Some(h) = a[0].cast::<HashObject>() else { return Err(cx.type_error("a hash object is required")) };
    if let Some(state) = h.state.borrow_mut().as_mut() {
        state.update(&data);
    }
    Ok(Value::NONE)
}

fn hash_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let state = state(cx, a[0])?;
    let class = cx.class_of(a[0]);
    make(cx, class, state)
}

fn make(cx: &mut Thread, class: Gc<Class>, state: Algorithm) -> R {
    Ok(cx.alloc_of(class, HashObject { state: RefCell::new(Some(Box::new(state))) })?.value())
}

fn hash_digest(cx: &mut Thread, a: Args<'_>) -> R {
    let d = state(cx, a[0])?.digest(0);
    Ok(cx.new_bytes(&d)?.value())
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|b| format!("{b:02x}")).collect()
}

fn hash_hexdigest(cx: &mut Thread, a: Args<'_>) -> R {
    let d = state(cx, a[0])?.digest(0);
    Ok(cx.new_str(&hex(&d))?.value())
}

fn shake_digest_of(cx: &mut Thread, a: Args<'_>) -> R<Vec<u8>> {
    let state = state(cx, a[0])?;
    let n = cx.index(a[1])?;
    if n < 0 {
        return Err(cx.value_error("value must be positive"));
    }
    if n >= 1 << 29 {
        return Err(cx.value_error("length is too large"));
    }
    Ok(state.digest(n as usize))
}

fn shake_digest(cx: &mut Thread, a: Args<'_>) -> R {
    let d = shake_digest_of(cx, a)?;
    Ok(cx.new_bytes(&d)?.value())
}

fn shake_hexdigest(cx: &mut Thread, a: Args<'_>) -> R {
    let d = shake_digest_of(cx, a)?;
    Ok(cx.new_str(&hex(&d))?.value())
}

fn hash_name(cx: &mut Thread, a: Args<'_>) -> R {
    let name = state(cx, a[0])?.name();
    Ok(cx.new_str(&name)?.value())
}
fn hash_digest_size(cx: &mut Thread, a: Args<'_>) -> R {
    let n = state(cx, a[0])?.digest_size();
    cx.uint(n as u64)
}
fn hash_block_size(cx: &mut Thread, a: Args<'_>) -> R {
    let n = state(cx, a[0])?.block_size();
    cx.uint(n as u64)
}

macro_rules! methods {
    (fixed $(, $new:expr)?) => {
        methods!(
            NativeDef::method("digest(self, /)", hash_digest, "Return the digest value as a bytes object."),
            NativeDef::method("hexdigest(self, /)", hash_hexdigest, "Return the digest value as a string of hexadecimal digits.")
            $(, $new)?
        )
    };
    (any $(, $new:expr)?) => {
        methods!(
            NativeDef::method("digest(self, length)", shake_digest, "Return the digest value as a bytes object."),
            NativeDef::method("hexdigest(self, length)", shake_hexdigest, "Return the digest value as a string of hexadecimal digits.")
            $(, $new)?
        )
    };
    ($digest:expr, $hex:expr $(, $new:expr)?) => {
        &[
            $($new,)?
            NativeDef::method("update(self, obj, /)", hash_update, "Update this hash object's state with the provided bytes-like object."),
            NativeDef::method("copy(self, /)", hash_copy, "Return a copy of the hash object."),
            $digest,
            $hex,
            NativeDef::getter("name", hash_name, ""),
            NativeDef::getter("digest_size", hash_digest_size, ""),
            NativeDef::getter("block_size", hash_block_size, ""),
        ]
    };
}

/// Feeds the argument `data` or `string`, of which at most one may be given.
fn start(cx: &mut Thread, class: Gc<Class>, mut state: Algorithm, data: Option<Value>, string: Option<Value>) -> R {
    if data.is_some() && string.is_some() {
        return Err(cx.type_error("'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version."));
    }
    if let Some(v) = data.or(string) {
        let bytes = input(cx, v)?;
        state.update(&bytes);
    }
    make(cx, class, state)
}

use ferropy_vm::class::flags as f;

macro_rules! function_hashes {
    ($($name:ident $def:ident $class:literal $state:expr;)*) => {
        $(
            static $def: TypeDef = TypeDef::new::<HashObject>($class, methods!(fixed), "").flags(f::IMMUTABLE | f::NO_NEW);
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                let class = cx.native_class(&$def)?;
                start(cx, class, $state, a.opt(0), a.opt(2))
            }
        )*
    };
}

function_hashes! {
    new_md5 MD5 "_md5.md5" Algorithm::Md5(md5::Md5::new());
    new_sha1 SHA1 "_sha1.sha1" Algorithm::Sha1(sha1::Sha1::new());
    new_sha224 SHA224 "_sha2.SHA224Type" Algorithm::Sha224(sha2::Sha224::new());
    new_sha256 SHA256 "_sha2.SHA256Type" Algorithm::Sha256(sha2::Sha256::new());
    new_sha384 SHA384 "_sha2.SHA384Type" Algorithm::Sha384(sha2::Sha384::new());
    new_sha512 SHA512 "_sha2.SHA512Type" Algorithm::Sha512(sha2::Sha512::new());
}

fn class_arg(cx: &mut Thread, v: Value) -> R<Gc<Class>> {
    v.cast::<Class>().ok_or_else(|| cx.type_error("__new__(X): X is not a type object"))
}

macro_rules! class_hashes {
    ($($name:ident $def:ident $class:literal $which:ident $state:expr;)*) => {
        $(
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                let class = class_arg(cx, a[0])?;
                start(cx, class, Algorithm::Sponge($state), a.opt(1), a.opt(3))
            }
            static $def: TypeDef = TypeDef::new::<HashObject>($class, methods!($which, NativeDef::static_method(
                "__new__(cls, data=b'', *, usedforsecurity=True, string=None)", $name, "Create and return a new object.")), "")
                .flags(f::IMMUTABLE);
        )*
    };
}

class_hashes! {
    new_sha3_224 SHA3_224 "_sha3.sha3_224" fixed Sponge::sha3(28);
    new_sha3_256 SHA3_256 "_sha3.sha3_256" fixed Sponge::sha3(32);
    new_sha3_384 SHA3_384 "_sha3.sha3_384" fixed Sponge::sha3(48);
    new_sha3_512 SHA3_512 "_sha3.sha3_512" fixed Sponge::sha3(64);
    new_shake_128 SHAKE_128 "_sha3.shake_128" any Sponge::shake(128);
    new_shake_256 SHAKE_256 "_sha3.shake_256" any Sponge::shake(256);
}

/// Limits of a BLAKE2 variant.
struct Limits {
    name: &'static str,
    output: usize,
    key: usize,
    salt: usize,
    offset: u64,
}

const LIMITS_B: Limits = Limits { name: "blake2b", output: 64, key: 64, salt: 16, offset: u64::MAX };
const LIMITS_S: Limits = Limits { name: "blake2s", output: 32, key: 32, salt: 8, offset: (1 << 48) - 1 };

fn short_bytes(cx: &mut Thread, v: Option<Value>, what: &str, limit: usize) -> R<Vec<u8>> {
    let Some(v) = v else { return Ok(Vec::new()) };
    let b = cx.bytes_of(v)?;
    if b.len() > limit {
        return Err(cx.value_error(format!("maximum {what} length is {limit} bytes")));
    }
    Ok(b)
}

fn small(cx: &mut Thread, v: Option<Value>, what: &str, default: i64, low: i64, high: i64) -> R<i64> {
    let n = match v {
        Some(v) => cx.index(v)?,
        None => default,
    };
    if n < low || n > high {
        return Err(cx.value_error(format!("{what} must be between {low} and {high}")));
    }
    Ok(n)
}

fn unsigned(cx: &mut Thread, v: Option<Value>, what: &str, limit: u64) -> R<u64> {
    let Some(v) = v else { return Ok(0) };
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    if ferropy_text::int::is_negative(&n) {
        return Err(cx.value_error("value must be positive"));
    }
    match u64::try_from(&n) {
        Ok(n) if n <= limit => Ok(n),
        _ => Err(cx.overflow_error(format!("{what} is too large"))),
    }
}

/// Reads the parameters from argument 2 on.
fn blake_params(cx: &mut Thread, a: Args<'_>, l: &Limits) -> R<Params> {
    let digest_size = match a.opt(2) {
        Some(v) => cx.index(v)?,
        None => l.output as i64,
    };
    if digest_size <= 0 || digest_size > l.output as i64 {
        let text =
            format!("digest_size for {} must be between 1 and {} bytes, here it is {digest_size}", l.name, l.output);
        return Err(cx.value_error(text));
    }
    Ok(Params {
        digest_size: digest_size as u8,
        key: short_bytes(cx, a.opt(3), "key", l.key)?,
        salt: short_bytes(cx, a.opt(4), "salt", l.salt)?,
        person: short_bytes(cx, a.opt(5), "person", l.salt)?,
        fanout: small(cx, a.opt(6), "fanout", 1, 0, 255)? as u8,
        depth: small(cx, a.opt(7), "depth", 1, 1, 255)? as u8,
        leaf_size: unsigned(cx, a.opt(8), "leaf_size", u32::MAX as u64)? as u32,
        node_offset: unsigned(cx, a.opt(9), "node_offset", l.offset)?,
        node_depth: small(cx, a.opt(10), "node_depth", 0, 0, 255)? as u8,
        inner_size: small(cx, a.opt(11), "inner_size", 0, 0, l.output as i64)? as u8,
        last_node: match a.opt(12) {
            Some(v) => cx.truth(v)?,
            None => false,
        },
    })
}

fn new_blake2b(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0])?;
    let p = blake_params(cx, a, &LIMITS_B)?;
    start(cx, class, Algorithm::Blake2b(Blake2b::new(&p)), a.opt(1), a.some(14))
}

fn new_blake2s(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0])?;
    let p = blake_params(cx, a, &LIMITS_S)?;
    start(cx, class, Algorithm::Blake2s(Blake2s::new(&p)), a.opt(1), a.some(14))
}

static BLAKE2B: TypeDef = TypeDef::new::<HashObject>(
    "_blake2.blake2b",
    methods!(
        fixed,
        NativeDef::static_method(
            "__new__(cls, data=b'', *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, \
             node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)",
            new_blake2b,
            "Return a new BLAKE2b hash object."
        )
    ),
    "",
)
.flags(f::IMMUTABLE);

static BLAKE2S: TypeDef = TypeDef::new::<HashObject>(
    "_blake2.blake2s",
    methods!(
        fixed,
        NativeDef::static_method(
            "__new__(cls, data=b'', *, digest_size=32, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, \
             node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)",
            new_blake2s,
            "Return a new BLAKE2s hash object."
        )
    ),
    "",
)
.flags(f::IMMUTABLE);

static MD5_FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "md5(data=b'', *, usedforsecurity=True, string=None)",
    new_md5,
    "Return a new MD5 hash object; optionally initialized with a string.",
)];

static SHA1_FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "sha1(data=b'', *, usedforsecurity=True, string=None)",
    new_sha1,
    "Return a new SHA1 hash object; optionally initialized with a string.",
)];

static SHA2_FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "sha224(data=b'', *, usedforsecurity=True, string=None)",
        new_sha224,
        "Return a new SHA-224 hash object; optionally initialized with a string.",
    ),
    NativeDef::function(
        "sha256(data=b'', *, usedforsecurity=True, string=None)",
        new_sha256,
        "Return a new SHA-256 hash object; optionally initialized with a string.",
    ),
    NativeDef::function(
        "sha384(data=b'', *, usedforsecurity=True, string=None)",
        new_sha384,
        "Return a new SHA-384 hash object; optionally initialized with a string.",
    ),
    NativeDef::function(
        "sha512(data=b'', *, usedforsecurity=True, string=None)",
        new_sha512,
        "Return a new SHA-512 hash object; optionally initialized with a string.",
    ),
];

fn hash_module(cx: &mut Thread, name: &str, functions: &'static [NativeDef], types: &[(&str, &'static TypeDef)]) -> R {
    let m = cx.module_with(name, "", functions)?;
    for (attr, def) in types {
        let class = cx.native_class(def)?.value();
        cx.module_set(m, attr, class)?;
    }
    let threshold = Value::small_int(2048);
    cx.module_set(m, "_GIL_MINSIZE", threshold)?;
    Ok(m.value())
}

fn init_md5(cx: &mut Thread) -> R {
    hash_module(cx, "_md5", MD5_FUNCTIONS, &[("MD5Type", &MD5)])
}
fn init_sha1(cx: &mut Thread) -> R {
    hash_module(cx, "_sha1", SHA1_FUNCTIONS, &[("SHA1Type", &SHA1)])
}
fn init_sha2(cx: &mut Thread) -> R {
    let types = [("SHA224Type", &SHA224), ("SHA256Type", &SHA256), ("SHA384Type", &SHA384), ("SHA512Type", &SHA512)];
    hash_module(cx, "_sha2", SHA2_FUNCTIONS, &types)
}
fn init_sha3(cx: &mut Thread) -> R {
    let types = [
        ("sha3_224", &SHA3_224),
        ("sha3_256", &SHA3_256),
        ("sha3_384", &SHA3_384),
        ("sha3_512", &SHA3_512),
        ("shake_128", &SHAKE_128),
        ("shake_256", &SHAKE_256),
    ];
    let m = hash_module(cx, "_sha3", &[], &types)?;
    if let Some(m) = m.cast() {
        let text = cx.new_str("generic 64-bit")?.value();
        cx.module_set(m, "implementation", text)?;
    }
    Ok(m)
}

fn init_blake2(cx: &mut Thread) -> R {
    let m = hash_module(cx, "_blake2", &[], &[("blake2b", &BLAKE2B), ("blake2s", &BLAKE2S)])?;
    for (def, l) in [(&BLAKE2B, LIMITS_B), (&BLAKE2S, LIMITS_S)] {
        let dict = cx.native_class(def)?.dict();
        for (name, n) in
            [("SALT_SIZE", l.salt), ("PERSON_SIZE", l.salt), ("MAX_KEY_SIZE", l.key), ("MAX_DIGEST_SIZE", l.output)]
        {
            let v = Value::small_int(n as i64);
            let key = cx.intern(name)?;
            cx.dict_set_str(dict, key, v)?;
            if let Some(m) = m.cast() {
                cx.module_set(m, &format!("{}_{name}", l.name.to_uppercase()), v)?;
            }
        }
    }
    Ok(m)
}

/// Registers the modules of this folder.
pub fn register(cx: &mut Thread) {
    cx.register_module("_md5", init_md5);
    cx.register_module("_sha1", init_sha1);
    cx.register_module("_sha2", init_sha2);
    cx.register_module("_sha3", init_sha3);
    cx.register_module("_blake2", init_blake2);
}
