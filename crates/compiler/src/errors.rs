//! Errors and warnings: their public form, and the form that passes through the compiler.

use crate::source::Source;
use ruff_text_size::{TextRange, TextSize};

/// Which exception class reports it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    Syntax,
    Indentation,
    Tab,
    /// The input may become valid if more is appended (interactive use).
    Incomplete,
    /// The program is nested too deeply for the parser.
    Memory,
    /// The tree is too deep for the compiler, though the parser does not recurse for what makes it so.
    Recursion,
    /// The compiler met a limit of the bytecode or a fault of its own.
    System,
}

/// What SyntaxError carries. `col` and `end_col` are character offsets from 1, as in CPython's `.offset`; 0 and -1 stand
/// for none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    pub kind: ErrorKind,
    pub message: String,
    pub filename: String,
    pub line: u32,
    pub col: i32,
    pub end_line: u32,
    pub end_col: i32,
    /// The line; None for errors that are found in the tree: those have the line that is in the file now.
    pub text: Option<String>,
    /// The whole text, for errors of the parser.
    pub source: Option<String>,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, line {})", self.message, self.filename, self.line)
    }
}

impl std::error::Error for SyntaxError {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WarningCategory {
    Syntax,
    Deprecation,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    pub category: WarningCategory,
    pub message: String,
    pub line: u32,
    /// What is raised instead when warnings are errors.
    pub error: SyntaxError,
}

/// A place as CPython gives it.
#[derive(Clone, Debug)]
pub struct Place {
    pub line: u32,
    pub col: i32,
    pub end_line: u32,
    pub end_col: i32,
    pub text: String,
}

/// An error on its way out of the compiler.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    pub range: TextRange,
    /// Instead of the range, for errors of the parser.
    pub place: Option<Place>,
}

pub type Res<T> = Result<T, Box<Failure>>;

impl Failure {
    pub fn syntax(message: impl Into<String>, range: TextRange) -> Box<Failure> {
        Failure::of(ErrorKind::Syntax, message, range)
    }

    pub fn of(kind: ErrorKind, message: impl Into<String>, range: TextRange) -> Box<Failure> {
        Box::new(Failure { kind, message: message.into(), range, place: None })
    }

    /// A fault of the compiler or a limit of the bytecode.
    pub fn internal(message: impl Into<String>) -> Box<Failure> {
        Failure::of(ErrorKind::System, message, TextRange::empty(TextSize::new(0)))
    }

    pub fn publish(&self, source: &Source<'_>, filename: &str) -> SyntaxError {
        let (message, filename) = (self.message.clone(), filename.to_string());
        if let Some(Place { line, col, end_line, end_col, text }) = self.place.clone() {
            let end = if source.text.ends_with('\n') { "" } else { "\n" };
            let source = Some(format!("{}{end}", source.text));
            let text = Some(text);
            return SyntaxError { kind: self.kind, message, filename, line, col, end_line, end_col, text, source };
        }
        // Errors that are found in the tree have columns in bytes.
        let (line, col) = source.line_col(self.range.start());
        let (end_line, end_col) = source.line_col(self.range.end());
        let (col, end_col) = (col as i32 + 1, end_col as i32 + 1);
        SyntaxError { kind: self.kind, message, filename, line, col, end_line, end_col, text: None, source: None }
    }
}
