//! Source positions of instructions, compressed.
//!
//! A run is (words covered, line delta, end line - line, column + 1, end column + 1) as variable-length numbers; a
//! column is a byte offset in the line, 0 stands for "not known"; a line delta is zigzag-coded against the run before.
//! Line 0 means that the instruction has no line (artificial).

/// Where an instruction comes from. Lines count from 1; columns are byte offsets from 0, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    pub line: u32,
    pub end_line: u32,
    pub col: Option<u32>,
    pub end_col: Option<u32>,
}

fn put(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn get(data: &[u8], at: &mut usize) -> Option<u32> {
    let (mut n, mut shift) = (0u32, 0);
    loop {
        let byte = *data.get(*at)?;
        *at += 1;
        n |= ((byte & 0x7f) as u32).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(n);
        }
        shift += 7;
    }
}

/// Compresses one position a word.
pub fn encode(words: &[Position]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 0i64);
    while i < words.len() {
        let p = words[i];
        let run = words[i..].iter().take_while(|q| **q == p).count();
        let delta = p.line as i64 - line;
        line = p.line as i64;
        put(&mut out, run as u32);
        put(&mut out, ((delta << 1) ^ (delta >> 63)) as u32);
        put(&mut out, p.end_line.saturating_sub(p.line));
        put(&mut out, p.col.map_or(0, |c| c + 1));
        put(&mut out, p.end_col.map_or(0, |c| c + 1));
        i += run;
    }
    out
}

/// The runs in order: (first word, words, position). Stops at malformed data.
pub fn decode(data: &[u8]) -> impl Iterator<Item = (usize, usize, Position)> + '_ {
    let (mut at, mut word, mut line) = (0, 0usize, 0i64);
    std::iter::from_fn(move || {
        if at >= data.len() {
            return None;
        }
        let run = get(data, &mut at)? as usize;
        let z = get(data, &mut at)?;
        line += ((z >> 1) as i64) ^ -((z & 1) as i64);
        let more = get(data, &mut at)?;
        let col = get(data, &mut at)?.checked_sub(1);
        let end_col = get(data, &mut at)?.checked_sub(1);
        let first = word;
        word += run;
        let line = line.clamp(0, u32::MAX as i64) as u32;
        Some((first, run, Position { line, end_line: line.saturating_add(more), col, end_col }))
    })
}

/// The position of the word `pc`.
pub fn at(data: &[u8], pc: usize) -> Position {
    decode(data).find(|(first, n, _)| pc >= *first && pc < first + n).map_or(Position::default(), |r| r.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let p = |line, end_line, col| Position { line, end_line, col, end_col: col.map(|c| c + 3) };
        let words = [p(5, 5, Some(0)), p(5, 5, Some(0)), p(3, 9, None), p(0, 0, None), p(70000, 70001, Some(300))];
        let data = encode(&words);
        for (i, w) in words.iter().enumerate() {
            assert_eq!(at(&data, i), *w);
        }
        assert_eq!(at(&data, words.len()), Position::default());
    }
}
