//! The text of a program that does not parse: lines, columns in characters, and errors at places in it.

use crate::errors::{ErrorKind, Failure, Place};
use ruff_text_size::TextRange;

/// The text with `\n` as the only line end.
pub struct Text {
    pub text: String,
    starts: Vec<usize>,
}

impl Text {
    /// `whole`: a module's text, whose last line has an end, too.
    pub fn new(text: &str, whole: bool) -> Text {
        let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
        if whole && !text.ends_with('\n') {
            text.push('\n');
        }
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        Text { text, starts }
    }

    /// Number (from 1) of the line that holds the byte.
    pub fn line(&self, at: usize) -> u32 {
        self.starts.partition_point(|s| *s <= at) as u32
    }

    /// The line that a token at the byte is counted to: at the end, the last one.
    pub fn token_line(&self, at: usize) -> u32 {
        self.line(at.min(self.text.len().saturating_sub(1)))
    }

    /// The line's text with its end.
    pub fn line_text(&self, line: u32) -> &str {
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line as usize).copied().unwrap_or(self.text.len());
        &self.text[start..end]
    }

    /// Characters between the line's start and the byte `at` in it.
    pub fn chars(&self, line: u32, at: usize) -> i32 {
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        self.text.get(start..at).map_or(0, |s| s.chars().count() as i32)
    }

    /// The column (from 1) of a range's end. CPython looks bytes of the last line up in the first one.
    pub fn end_col(&self, line: u32, end_line: u32, end: usize) -> i32 {
        if line == end_line {
            return self.chars(line, end) + 1;
        }
        let start = self.starts.get(end_line as usize - 1).copied().unwrap_or(0);
        prefix(self.line_text(line).trim_end_matches('\n'), end - start + 1)
    }

    /// An error at a place that is given as CPython gives it: columns from 1, and its own marks for no column.
    pub fn failure(&self, kind: ErrorKind, message: String, place: [i32; 4], whole_line: bool) -> Box<Failure> {
        let [line, col, end_line, end_col] = place;
        let text = self.line_text(line.max(1) as u32);
        let text = if whole_line { text } else { text.trim_end_matches('\n') }.to_string();
        let mut failure = Failure::of(kind, message, TextRange::default());
        failure.place = Some(Place { line: line as u32, col, end_line: end_line as u32, end_col, text });
        failure
    }
}

/// Characters in so many bytes of the text, counting no more than one beyond its end.
pub fn prefix(text: &str, bytes: usize) -> i32 {
    let beyond = (bytes > text.len()) as i32;
    String::from_utf8_lossy(&text.as_bytes()[..bytes.min(text.len())]).chars().count() as i32 + beyond
}
