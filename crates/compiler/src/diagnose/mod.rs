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

use crate::errors::{ErrorKind, Failure, Res};
use crate::{Mode, Options};
use ferropy_bytecode::flags;
use lexer::Input;
use parser::Parser;
use text::Text;
pub use text::prefix;

/// The error that CPython reports for a program that is wrong. None: nothing wrong is seen here.
pub fn explain(text: &str, options: &Options) -> Option<Box<Failure>> {
    run(&mut Parser::new(&prepare(text, options), input(options)), options)
}

/// A program in which `<>` may be the inequality, with the usual sign instead.
pub fn without_diamonds(text: &str, options: &Options) -> Res<String> {
    let prepared = prepare(text, options);
    let mut p = Parser::new(&prepared, input(options));
    if let Some(failure) = run(&mut p, options) {
        return Err(failure);
    }
    // Line ends may differ, so places are told by their number.
    let wanted = prepared.text.match_indices("<>").map(|(at, _)| p.diamonds.contains(&at));
    let mut result = String::with_capacity(text.len());
    let mut pieces = text.split("<>");
    result.push_str(pieces.next().unwrap_or(""));
    for (piece, diamond) in pieces.zip(wanted) {
        result.push_str(if diamond { "!=" } else { "<>" });
        result.push_str(piece);
    }
    Ok(result)
}

fn prepare(text: &str, options: &Options) -> Text {
    Text::new(text, options.mode == Mode::Exec)
}

fn input(options: &Options) -> Input {
    Input {
        single: options.mode == Mode::Single,
        keep_blocks: options.keep_blocks,
        barry: options.future_flags & flags::FUTURE_BARRY_AS_BDFL != 0,
    }
}

fn run(p: &mut Parser<'_>, options: &Options) -> Option<Box<Failure>> {
    let whole = |p: &mut Parser<'_>| match options.mode {
        Mode::Exec => p.file(),
        Mode::Eval => p.eval(),
        Mode::Single => p.interactive(),
    };
    if whole(p).is_ok() {
        if options.mode == Mode::Single && p.has_rest() {
            p.raise_last("multiple statements found while compiling a single statement");
        }
        return p.failure.take().or(p.late.take());
    }
    if options.tell_incomplete && p.saw_end() {
        p.failure = None;
        p.raise_last_as(ErrorKind::Incomplete, "incomplete input".to_string());
        return p.failure.take();
    }
    let last = p.last();
    if p.failure.is_none() {
        p.start_over();
        if whole(p).is_ok() {
            return None;
        }
    }
    p.verdict(last)
}
