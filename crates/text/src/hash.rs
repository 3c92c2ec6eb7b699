//! The hash of text and bytes: SipHash-1-3, as CPython's, keyed against collisions made on purpose.
//!
//! A string is hashed as CPython stores it: one, two or four bytes a character, so that known seeds give known hashes.

use crate::wtf8;

/// The secret of a process.
#[derive(Clone, Copy, Debug)]
pub struct Key(pub u64, pub u64);

impl Key {
    /// The key for `PYTHONHASHSEED`; seeds that need more than 32 bits are random and not to be reproduced elsewhere.
    pub fn from_seed(seed: u64) -> Key {
        match u32::try_from(seed) {
            Ok(0) => Key(0, 0),
            Ok(seed) => {
                let mut state = seed;
                let mut word = || {
                    let bytes = std::array::from_fn(|_| {
                        state = state.wrapping_mul(214013).wrapping_add(2531011);
                        (state >> 16) as u8
                    });
                    u64::from_le_bytes(bytes)
                };
                Key(word(), word())
            }
            Err(_) => Key(seed, (seed ^ seed >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// Hash of bytes.
    #[inline]
    pub fn bytes(self, data: &[u8]) -> u64 {
        let mut state = State::new(self);
        let mut chunks = data.chunks_exact(8);
        for c in &mut chunks {
            state.word(u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]));
        }
        let rest = chunks.remainder();
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        state.finish(u64::from_le_bytes(last), data.len())
    }

    /// Hash of a string.
    #[inline]
    pub fn text(self, text: &[u8]) -> u64 {
        if text.is_ascii() { self.bytes(text) } else { self.wide(text) }
    }

    #[cold]
    fn wide(self, text: &[u8]) -> u64 {
        let most = wtf8::chars(text).max().unwrap_or(0);
        let width = if most < 0x100 {
            1
        } else if most < 0x10000 {
            2
        } else {
            4
        };
        let mut state = State::new(self);
        let (mut word, mut bytes) = (0, 0);
        for c in wtf8::chars(text) {
            word |= u64::from(c) << (bytes % 8 * 8);
            bytes += width;
            if bytes % 8 == 0 {
                state.word(std::mem::take(&mut word));
            }
        }
        state.finish(word, bytes)
    }
}

struct State([u64; 4]);

impl State {
    #[inline(always)]
    fn new(key: Key) -> State {
        State([
            key.0 ^ 0x736f_6d65_7073_6575,
            key.1 ^ 0x646f_7261_6e64_6f6d,
            key.0 ^ 0x6c79_6765_6e65_7261,
            key.1 ^ 0x7465_6462_7974_6573,
        ])
    }
    #[inline(always)]
    fn round(&mut self) {
        let v = &mut self.0;
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    }
    #[inline(always)]
    fn word(&mut self, m: u64) {
        self.0[3] ^= m;
        self.round();
        self.0[0] ^= m;
    }
    /// `rest` are the bytes behind the last whole word.
    #[inline(always)]
    fn finish(mut self, rest: u64, len: usize) -> u64 {
        self.word(rest | (len as u64) << 56);
        self.0[2] ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_cpython() {
        let hash = |seed, text: &str| Key::from_seed(seed).text(text.as_bytes()) as i64;
        assert_eq!(hash(0, "abc"), -4594863902769663758);
        assert_eq!(hash(42, "abc"), 3869580338025362921);
        assert_eq!(hash(42, "abcdefghijk"), 7764564197781545852);
        assert_eq!(hash(0, "äú∑ℇ"), -2810468059467891395);
        assert_eq!(hash(42, "äú∑ℇ"), -2845126246016066802);
    }

    #[test]
    fn siphash() {
        // The hash of the empty message under the zero key, as published.
        assert_eq!(Key(0, 0).bytes(&[]), 0xd1fba762150c532c);
    }
}
