//! `_random`: the Mersenne Twister MT19937.
//!
//! Invariant: the sequence for a seed is that of the reference implementation (and so CPython's).

use ferropy_text::int as tint;
use ferropy_vm::types::{Class, Tuple};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::RefCell;

const N: usize = 624;
const M: usize = 397;

/// The generator's state; `index` is N when a new block is due.
struct Twister {
    words: [u32; N],
    index: usize,
}

impl Twister {
    fn from_word(seed: u32) -> Twister {
        let mut words = [0u32; N];
        words[0] = seed;
        for i in 1..N {
            let prev = words[i - 1];
            words[i] = 1_812_433_253u32.wrapping_mul(prev ^ (prev >> 30)).wrapping_add(i as u32);
        }
        Twister { words, index: N }
    }

    fn from_key(key: &[u32]) -> Twister {
        let mut t = Twister::from_word(19_650_218);
        let w = &mut t.words;
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let mix = (w[i - 1] ^ (w[i - 1] >> 30)).wrapping_mul(1_664_525);
            w[i] = (w[i] ^ mix).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                w[0] = w[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let mix = (w[i - 1] ^ (w[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            w[i] = (w[i] ^ mix).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                w[0] = w[N - 1];
                i = 1;
            }
        }
        w[0] = 0x8000_0000;
        t
    }

    fn refill(&mut self) {
        let w = &mut self.words;
        for k in 0..N {
            let y = (w[k] & 0x8000_0000) | (w[(k + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            w[k] = w[(k + M) % N] ^ (y >> 1) ^ odd;
        }
        self.index = 0;
    }

    fn next(&mut self) -> u32 {
        if self.index >= N {
            self.refill();
        }
        let mut y = self.words[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A float in [0, 1) with 53 random bits.
    fn float(&mut self) -> f64 {
        let (a, b) = (self.next() >> 5, self.next() >> 6);
        (a as f64 * 67_108_864.0 + b as f64) * (1.0 / 9_007_199_254_740_992.0)
    }
}

#[repr(C)]
struct RandomObject {
    state: RefCell<Option<Box<Twister>>>,
}
heap_kind!(RandomObject, "Random", 0, drop);

fn with<T>(cx: &mut Thread, v: Value, f: impl FnOnce(&mut Twister) -> T) -> R<T> {
    let Some(r) = v.cast::<RandomObject>() else { return Err(cx.type_error("a Random object is required")) };
    let mut state = r.state.borrow_mut();
    Ok(f(state.get_or_insert_with(|| Box::new(Twister::from_key(&[0])))))
}

/// The key that a seed stands for: the magnitude of an int, else a hash, else the time.
fn key_of(cx: &mut Thread, seed: Option<Value>) -> R<Vec<u32>> {
    let Some(v) = seed else { return Ok(entropy()) };
    let bytes = match v.to_ibig() {
        Some(n) => n.into_parts().1.to_le_bytes().into_vec(),
        None => cx.hash(v)?.to_le_bytes().to_vec(),
    };
    let mut key: Vec<u32> = bytes.chunks(4).map(|c| c.iter().rev().fold(0u32, |w, b| w << 8 | *b as u32)).collect();
    while key.len() > 1 && key.last() == Some(&0) {
        key.pop();
    }
    if key.is_empty() {
        key.push(0);
    }
    Ok(key)
}

fn entropy() -> Vec<u32> {
    let mut bytes = [0u8; 2496];
    let mut filled = 0;
    while filled < bytes.len() {
        // SAFETY: writes into the rest of the array.
        let n = unsafe { libc::getrandom(bytes[filled..].as_mut_ptr().cast(), bytes.len() - filled, 0) };
        if n <= 0 {
            break;
        }
        filled += n as usize;
    }
    if filled == 0 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        return vec![now as u32, (now >> 32) as u32, std::process::id()];
    }
    bytes[..filled].chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()
}

fn seed(cx: &mut Thread, this: Value, value: Option<Value>) -> R {
    let key = key_of(cx, value)?;
    with(cx, this, |t| *t = Twister::from_key(&key))?;
    Ok(Value::NONE)
}

fn random_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else {
        return Err(cx.type_error("Random.__new__(X): X is not a type object"));
    };
    Ok(cx.alloc_of(class, RandomObject { state: RefCell::new(None) })?.value())
}

fn random_init(cx: &mut Thread, a: Args<'_>) -> R {
    seed(cx, a[0], a.some(1))
}

fn random_seed(cx: &mut Thread, a: Args<'_>) -> R {
    seed(cx, a[0], a.some(1))
}

fn random_random(cx: &mut Thread, a: Args<'_>) -> R {
    let x = with(cx, a[0], Twister::float)?;
    cx.float(x)
}

fn random_getrandbits(cx: &mut Thread, a: Args<'_>) -> R {
    let k = cx.index_value(a[1])?;
    let k = match k.to_i64() {
        Some(k) if k < 0 => return Err(cx.value_error("number of bits must be non-negative")),
        Some(k) => k as u64,
        None if k.to_ibig().is_some_and(|k| tint::is_negative(&k)) => {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        None => return Err(cx.overflow_error("Python int too large to convert to C uint64_t")),
    };
    if k == 0 {
        with(cx, a[0], |_| ())?;
        return Ok(Value::small_int(0));
    }
    if k <= 32 {
        let n = with(cx, a[0], |t| t.next() >> (32 - k))?;
        return Ok(Value::small_int(n as i64));
    }
    if k > 1 << 38 {
        return Err(cx.memory_error());
    }
    let bytes = with(cx, a[0], |t| {
        let mut out = Vec::with_capacity(k.div_ceil(32) as usize * 4);
        let mut left = k;
        while left > 0 {
            let n = t.next();
            let n = if left < 32 { n >> (32 - left) } else { n };
            out.extend_from_slice(&n.to_le_bytes());
            left = left.saturating_sub(32);
        }
        out
    })?;
    cx.bigint(&tint::from_bytes(&bytes, tint::Endian::Little, false))
}

fn random_getstate(cx: &mut Thread, a: Args<'_>) -> R {
    let (words, index) = with(cx, a[0], |t| (t.words, t.index))?;
    let mut values = [Value::NONE; N + 1];
    for (v, w) in values.iter_mut().zip(words) {
        *v = Value::small_int(w as i64);
    }
    values[N] = Value::small_int(index as i64);
    Ok(cx.new_tuple(&values)?.value())
}

fn state_word(cx: &mut Thread, v: Value) -> R<u32> {
    let Some(n) = v.to_ibig() else { return Err(cx.type_error("an integer is required")) };
    if tint::is_negative(&n) {
        return Err(cx.overflow_error("can't convert negative value to unsigned int"));
    }
    match u64::try_from(&n) {
        Ok(n) => Ok(n as u32),
        Err(_) => Err(cx.overflow_error("Python int too large to convert to C unsigned long")),
    }
}

fn random_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(t) = a[1].cast::<Tuple>() else { return Err(cx.type_error("state vector must be a tuple")) };
    if t.len != N + 1 {
        return Err(cx.value_error("state vector is the wrong size"));
    }
    let words = state_words(cx, t)?;
    let Some(index) = t.at(N).to_i64() else { return Err(cx.type_error("an integer is required")) };
    if !(0..=N as i64).contains(&index) {
        return Err(cx.value_error("invalid state"));
    }
    with(cx, a[0], |state| {
        state.words = words;
        state.index = index as usize;
    })?;
    Ok(Value::NONE)
}

fn state_words(cx: &mut Thread, t: Gc<Tuple>) -> R<[u32; N]> {
    let mut words = [0u32; N];
    for (i, w) in words.iter_mut().enumerate() {
        *w = state_word(cx, t.at(i))?;
    }
    Ok(words)
}

static RANDOM: TypeDef = TypeDef::new::<RandomObject>(
    "_random.Random",
    &[
        NativeDef::static_method("__new__(cls, *args, **kwargs)", random_new, "Create and return a new object."),
        NativeDef::method("__init__(self, seed=None, /)", random_init, ""),
        NativeDef::method("random(self, /)", random_random, "random() -> x in the interval [0, 1)."),
        NativeDef::method(
            "seed(self, n=None, /)",
            random_seed,
            "seed([n]) -> None.\n\nDefaults to use urandom and falls back to a combination\nof the current time and the process identifier.",
        ),
        NativeDef::method("getstate(self, /)", random_getstate, "getstate() -> tuple containing the current state."),
        NativeDef::method(
            "setstate(self, state, /)",
            random_setstate,
            "setstate(state) -> None.  Restores generator state.",
        ),
        NativeDef::method(
            "getrandbits(self, k, /)",
            random_getrandbits,
            "getrandbits(k) -> x.  Generates an int with k random bits.",
        ),
    ],
    "Random() -> create a random number generator with its own internal state.",
);

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_random", "Module implements the Mersenne Twister random number generator.", &[])?;
    cx.module_class(m, &RANDOM)?;
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_random", init);
}
