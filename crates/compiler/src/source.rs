//! The source text: offsets to lines and columns, and literals that ruff's parser cannot represent.
//!
//! Lines count from 1, columns are byte offsets from 0 (tracebacks) or character offsets from 1 (syntax errors).

use ferropy_bytecode::Position;
use ruff_python_ast::ExprGenerator;
use ruff_text_size::{TextRange, TextSize};

/// A text and where its lines begin.
pub struct Source<'a> {
    pub text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, &b) in bytes.iter().enumerate() {
            if b == b'\n' || (b == b'\r' && bytes.get(i + 1) != Some(&b'\n')) {
                starts.push(i as u32 + 1);
            }
        }
        Source { text, starts }
    }

    /// Index of the line (from 0) that holds the offset.
    fn line_index(&self, offset: u32) -> usize {
        self.starts.partition_point(|&s| s <= offset).max(1) - 1
    }

    /// Line from 1, byte column from 0.
    pub fn line_col(&self, offset: TextSize) -> (u32, u32) {
        let i = self.line_index(offset.to_u32());
        (i as u32 + 1, offset.to_u32() - self.starts[i])
    }

    /// Line from 1, character column from 1.
    pub fn line_char(&self, offset: TextSize) -> (u32, u32) {
        let (line, col) = self.line_col(offset);
        let start = self.starts[line as usize - 1] as usize;
        let end = (start + col as usize).min(self.text.len());
        let chars = self.text.get(start..end).map_or(col as usize, |s| s.chars().count());
        (line, chars as u32 + 1)
    }

    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The text of line `line` (from 1), without its end.
    pub fn line_text(&self, line: u32) -> Option<&'a str> {
        let i = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(i)? as usize;
        let end = self.starts.get(i + 1).map_or(self.text.len(), |&e| e as usize);
        self.text.get(start..end).map(|s| s.trim_end_matches(['\n', '\r']))
    }

    pub fn position(&self, range: TextRange) -> Position {
        let (line, col) = self.line_col(range.start());
        let (end_line, end_col) = self.line_col(range.end());
        Position { line, end_line, col: Some(col), end_col: Some(end_col) }
    }

    /// A generator expression that is the only argument of a call has the call's parentheses.
    pub fn generator_range(&self, g: &ExprGenerator) -> TextRange {
        if g.parenthesized {
            return g.range;
        }
        let before = self.text[..g.range.start().to_usize()].trim_end();
        let after = &self.text[g.range.end().to_usize()..];
        let end = after.find(')').unwrap_or(0) + 1;
        if !before.ends_with('(') {
            return g.range;
        }
        TextRange::new(TextSize::new(before.len() as u32 - 1), g.range.end() + TextSize::new(end as u32))
    }

    pub fn slice(&self, range: TextRange) -> &'a str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or("")
    }
}

/// Appends a code point, surrogates included, as (generalised) UTF-8.
pub fn push_code_point(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]),
    }
}

/// Decodes a literal's text to WTF-8. `decoded` is what ruff made of it: escapes for surrogates became U+FFFD there, so
/// that the n-th replacement character is looked up as the n-th escape or character of `raw` that gives one.
pub fn wtf8(decoded: &str, raw: &str, is_raw: bool) -> Vec<u8> {
    if is_raw || !decoded.contains('\u{fffd}') {
        return decoded.as_bytes().to_vec();
    }
    let mut replaced = replacements(raw).into_iter();
    let mut out = Vec::with_capacity(decoded.len());
    for c in decoded.chars() {
        let code = if c == '\u{fffd}' { replaced.next().unwrap_or(0xfffd) } else { c as u32 };
        push_code_point(&mut out, code);
    }
    out
}

/// The code points in the raw literal that ruff decodes to U+FFFD, in order.
fn replacements(raw: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.find(['\\', '\u{fffd}']) {
        if !rest[at..].starts_with('\\') {
            found.push(0xfffd);
            rest = &rest[at + 3..];
            continue;
        }
        let tail = &rest[at + 1..];
        let digits = match tail.as_bytes().first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = tail.get(1..1 + digits).and_then(|h| u32::from_str_radix(h, 16).ok());
            found.extend(code.filter(|c| (0xd800..0xe000).contains(c) || *c == 0xfffd));
        } else if tail.starts_with("N{REPLACEMENT CHARACTER}") {
            found.push(0xfffd);
        }
        let skip = tail.chars().next().map_or(0, char::len_utf8);
        rest = &tail[skip..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let s = Source::new("a\r\nbé\rc\n");
        assert_eq!(s.line_col(TextSize::new(3)), (2, 0));
        assert_eq!(s.line_char(TextSize::new(6)), (2, 3));
        assert_eq!(s.line_col(TextSize::new(7)), (3, 0));
        assert_eq!(s.line_text(2), Some("bé"));
    }

    #[test]
    fn surrogates() {
        assert_eq!(wtf8("a\u{fffd}", r"a\ud800", false), b"a\xed\xa0\x80");
        assert_eq!(wtf8("\u{fffd}\u{fffd}", "\u{fffd}\\udc80", false), b"\xef\xbf\xbd\xed\xb2\x80");
        assert_eq!(wtf8("\\u{fffd}", r"\\ud800", false), b"\\u{fffd}");
    }
}
