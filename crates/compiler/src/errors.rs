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
    /// The program is nested too deeply.
    Memory,
    /// The compiler met a limit of the bytecode or a fault of its own.
    System,
}

/// What SyntaxError carries. `col` and `end_col` are character offsets from 1, as in CPython's `.offset`; 0 is "none".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    pub kind: ErrorKind,
    pub message: String,
    pub filename: String,
    pub line: u32,
    pub col: u32,
    pub end_line: u32,
    pub end_col: u32,
    pub text: Option<String>,
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
}

/// An error on its way out of the compiler.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    pub range: TextRange,
}

pub type Res<T> = Result<T, Box<Failure>>;

impl Failure {
    pub fn syntax(message: impl Into<String>, range: TextRange) -> Box<Failure> {
        Failure::of(ErrorKind::Syntax, message, range)
    }

    pub fn of(kind: ErrorKind, message: impl Into<String>, range: TextRange) -> Box<Failure> {
        Box::new(Failure { kind, message: message.into(), range })
    }

    /// A fault of the compiler or a limit of the bytecode.
    pub fn internal(message: impl Into<String>) -> Box<Failure> {
        Failure::of(ErrorKind::System, message, TextRange::empty(TextSize::new(0)))
    }

    pub fn publish(&self, source: &Source<'_>, filename: &str) -> SyntaxError {
        let (line, col) = source.line_char(self.range.start());
        let (end_line, end_col) = source.line_char(self.range.end());
        SyntaxError {
            kind: self.kind,
            message: self.message.clone(),
            filename: filename.to_string(),
            line,
            col,
            end_line,
            end_col,
            text: source.line_text(line).map(|t| format!("{t}\n")),
        }
    }
}
