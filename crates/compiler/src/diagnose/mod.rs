//! Why a program does not parse, in CPython's words.
//!
//! ruff's parser decides whether a program is right; this one, which follows CPython's grammar alternative by alternative,
//! runs only when it is not, and finds the message and the place that CPython would give: CPython's own messages come
//! from rules for wrong programs among those for right ones, and depend on how far the parser got and on the order of
//! alternatives. It makes no syntax tree.

mod expr;
mod invalid;
mod lexer;
mod node;
mod params;
mod parser;
mod pattern;
mod stmt;
mod strings;
mod targets;
mod text;
mod try_;

use crate::errors::{ErrorKind, Failure};
use crate::{Mode, Options};
use lexer::Input;
use parser::Parser;
use text::Text;

/// The error that CPython reports for a program that is wrong. None: nothing wrong is seen here.
pub fn explain(text: &str, options: &Options) -> Option<Box<Failure>> {
    let single = options.mode == Mode::Single;
    let text = Text::new(text, options.mode == Mode::Exec);
    let mut p = Parser::new(&text, Input { single, keep_blocks: options.keep_blocks });
    let whole = |p: &mut Parser<'_>| match options.mode {
        Mode::Exec => p.file(),
        Mode::Eval => p.eval(),
        Mode::Single => p.interactive(),
    };
    if whole(&mut p).is_ok() {
        if single && p.has_rest() {
            p.raise_last("multiple statements found while compiling a single statement");
        }
        return p.failure;
    }
    if options.tell_incomplete && p.saw_end() {
        p.failure = None;
        p.raise_last_as(ErrorKind::Incomplete, "incomplete input".to_string());
        return p.failure;
    }
    let last = p.last();
    if p.failure.is_none() {
        p.start_over();
        if whole(&mut p).is_ok() {
            return None;
        }
    }
    p.verdict(last)
}
