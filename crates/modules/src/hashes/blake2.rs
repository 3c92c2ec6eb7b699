//! BLAKE2b and BLAKE2s with all parameters (RFC 7693 and the paper's tree mode).

const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// What the first block of parameters says.
#[derive(Clone, Default)]
pub struct Params {
    pub digest_size: u8,
    pub key: Vec<u8>,
    pub salt: Vec<u8>,
    pub person: Vec<u8>,
    pub fanout: u8,
    pub depth: u8,
    pub leaf_size: u32,
    pub node_offset: u64,
    pub node_depth: u8,
    pub inner_size: u8,
    pub last_node: bool,
}

macro_rules! blake2 {
    ($name:ident $word:ty, $block:literal, $rounds:literal, [$r1:literal $r2:literal $r3:literal $r4:literal], $iv:expr, $offset:literal) => {
        #[derive(Clone)]
        pub struct $name {
            h: [$word; 8],
            count: u128,
            buffer: [u8; $block],
            filled: usize,
            last_node: bool,
            pub output: usize,
        }
        impl $name {
            const IV: [$word; 8] = $iv;
            const WORD: usize = size_of::<$word>();

            pub fn new(p: &Params) -> $name {
                let mut block = [0u8; 8 * size_of::<$word>()];
                block[0] = p.digest_size;
                block[1] = p.key.len() as u8;
                block[2] = p.fanout;
                block[3] = p.depth;
                block[4..8].copy_from_slice(&p.leaf_size.to_le_bytes());
                block[8..8 + $offset].copy_from_slice(&p.node_offset.to_le_bytes()[..$offset]);
                block[8 + $offset] = p.node_depth;
                block[9 + $offset] = p.inner_size;
                let quarter = 2 * Self::WORD;
                block[2 * quarter..2 * quarter + p.salt.len()].copy_from_slice(&p.salt);
                block[3 * quarter..3 * quarter + p.person.len()].copy_from_slice(&p.person);
                let mut h = Self::IV;
                for (w, part) in h.iter_mut().zip(block.chunks_exact(Self::WORD)) {
                    *w ^= part.iter().rev().fold(0, |n: $word, b| n << 8 | *b as $word);
                }
                let (last_node, output) = (p.last_node, p.digest_size as usize);
                let mut s = $name { h, count: 0, buffer: [0; $block], filled: 0, last_node, output };
                if !p.key.is_empty() {
                    let mut first = [0u8; $block];
                    first[..p.key.len()].copy_from_slice(&p.key);
                    s.update(&first);
                }
                s
            }
            pub fn update(&mut self, mut data: &[u8]) {
                while !data.is_empty() {
                    // The last block waits for the end, even when it is full.
                    if self.filled == $block {
                        self.count += $block;
                        self.compress(false);
                        self.filled = 0;
                    }
                    let n = data.len().min($block - self.filled);
                    self.buffer[self.filled..self.filled + n].copy_from_slice(&data[..n]);
                    self.filled += n;
                    data = &data[n..];
                }
            }
            pub fn digest(mut self) -> Vec<u8> {
                self.count += self.filled as u128;
                self.buffer[self.filled..].fill(0);
                self.compress(true);
                self.h.iter().flat_map(|w| w.to_le_bytes()).take(self.output).collect()
            }
            fn compress(&mut self, last: bool) {
                let mut m = [0 as $word; 16];
                for (w, part) in m.iter_mut().zip(self.buffer.chunks_exact(Self::WORD)) {
                    *w = part.iter().rev().fold(0, |n: $word, b| n << 8 | *b as $word);
                }
                let mut v = [0 as $word; 16];
                v[..8].copy_from_slice(&self.h);
                v[8..].copy_from_slice(&Self::IV);
                v[12] ^= self.count as $word;
                v[13] ^= (self.count >> (8 * Self::WORD)) as $word;
                if last {
                    v[14] = !v[14];
                    if self.last_node {
                        v[15] = !v[15];
                    }
                }
                for round in 0..$rounds {
                    let s = &SIGMA[round % 10];
                    for i in 0..4 {
                        mix(&mut v, [i, 4 + i, 8 + i, 12 + i], m[s[2 * i]], m[s[2 * i + 1]]);
                    }
                    for i in 0..4 {
                        let at = [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4];
                        mix(&mut v, at, m[s[8 + 2 * i]], m[s[9 + 2 * i]]);
                    }
                }
                fn mix(v: &mut [$word; 16], [a, b, c, d]: [usize; 4], x: $word, y: $word) {
                    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
                    v[d] = (v[d] ^ v[a]).rotate_right($r1);
                    v[c] = v[c].wrapping_add(v[d]);
                    v[b] = (v[b] ^ v[c]).rotate_right($r2);
                    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
                    v[d] = (v[d] ^ v[a]).rotate_right($r3);
                    v[c] = v[c].wrapping_add(v[d]);
                    v[b] = (v[b] ^ v[c]).rotate_right($r4);
                }
                for i in 0..8 {
                    self.h[i] ^= v[i] ^ v[i + 8];
                }
            }
        }
    };
}

blake2! {
    Blake2b u64, 128, 12, [32 24 16 63],
    [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179,
    ],
    8
}

blake2! {
    Blake2s u32, 64, 10, [16 12 8 7],
    [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ],
    6
}
