//! SHA-3 and SHAKE: the sponge over the permutation Keccak-f[1600].
//!
//! Terms: the *rate* is the number of bytes taken or given between two permutations.

const ROUND: [u64; 24] = [
    0x1,
    0x8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x808b,
    0x8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x8a,
    0x88,
    0x8000_8009,
    0x8000_000a,
    0x8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x8000_0001,
    0x8000_0000_8000_8008,
];

/// The lane that each step of the rho-pi walk goes to, and its rotation.
const WALK: [(usize, u32); 24] = [
    (10, 1),
    (7, 3),
    (11, 6),
    (17, 10),
    (18, 15),
    (3, 21),
    (5, 28),
    (16, 36),
    (8, 45),
    (21, 55),
    (24, 2),
    (4, 14),
    (15, 27),
    (23, 41),
    (19, 56),
    (13, 8),
    (12, 25),
    (2, 43),
    (20, 62),
    (14, 18),
    (22, 39),
    (9, 61),
    (6, 20),
    (1, 44),
];

fn permute(s: &mut [u64; 25]) {
    for constant in ROUND {
        let mut parity = [0u64; 5];
        for (x, p) in parity.iter_mut().enumerate() {
            *p = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
        }
        for i in 0..25 {
            s[i] ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }
        let mut carried = s[1];
        for (to, by) in WALK {
            let next = s[to];
            s[to] = carried.rotate_left(by);
            carried = next;
        }
        for row in s.chunks_exact_mut(5) {
            let old = [row[0], row[1], row[2], row[3], row[4]];
            for x in 0..5 {
                row[x] = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        s[0] ^= constant;
    }
}

#[derive(Clone)]
pub struct Sponge {
    state: [u64; 25],
    at: usize,
    pub rate: usize,
    /// Bits that separate the functions: 6 for SHA-3, 31 for SHAKE.
    suffix: u8,
    /// Length of the digest; 0: any.
    pub output: usize,
}

impl Sponge {
    /// SHA-3 with digests of so many bytes.
    pub fn sha3(output: usize) -> Sponge {
        Sponge { state: [0; 25], at: 0, rate: 200 - 2 * output, suffix: 6, output }
    }
    /// SHAKE of so many bits of strength.
    pub fn shake(bits: usize) -> Sponge {
        Sponge { state: [0; 25], at: 0, rate: 200 - bits / 4, suffix: 0x1f, output: 0 }
    }
    fn flip(&mut self, at: usize, byte: u8) {
        self.state[at / 8] ^= (byte as u64) << (at % 8 * 8);
    }
    pub fn update(&mut self, data: &[u8]) {
        for b in data {
            self.flip(self.at, *b);
            self.at += 1;
            if self.at == self.rate {
                permute(&mut self.state);
                self.at = 0;
            }
        }
    }
    pub fn digest(mut self, length: usize) -> Vec<u8> {
        self.flip(self.at, self.suffix);
        self.flip(self.rate - 1, 0x80);
        let mut out = Vec::with_capacity(length);
        while out.len() < length {
            permute(&mut self.state);
            let n = (length - out.len()).min(self.rate);
            out.extend(self.state.iter().flat_map(|w| w.to_le_bytes()).take(n));
        }
        out
    }
}
