//! Parsing by ruff. What ruff refuses is looked at by `diagnose`, which words errors as CPython does.

pub mod escapes;
mod lenient;
mod warnings;

use crate::diagnose;
use crate::errors::{Failure, Place, Res, Warning};
use crate::source::Source;
use crate::{Mode, Options};
use ferropy_bytecode::flags;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as RuffMode, ParseOptions, Parsed};
use ruff_text_size::{Ranged, TextLen, TextRange};

pub fn parse(source: &Source<'_>, options: &Options, warn: &mut dyn FnMut(Warning)) -> Res<Mod> {
    let flufl = options.future_flags & flags::FUTURE_BARRY_AS_BDFL != 0 || source.text.contains("barry_as_FLUFL");
    let rewritten = match flufl {
        true => Some(diagnose::without_diamonds(source.text, options)?),
        false => None,
    };
    let text = rewritten.as_deref().unwrap_or(source.text);
    // Only our own parser knows where one statement ends.
    let wrong_statement = match options.mode {
        Mode::Single => diagnose::explain(source.text, options),
        _ => None,
    };
    if lenient::is_too_deep(source.text) || source.text.starts_with('\u{feff}') {
        return Err(failure(source, options, TextRange::default()));
    }
    let mode = match options.mode {
        Mode::Eval => RuffMode::Expression,
        Mode::Exec | Mode::Single => RuffMode::Module,
    };
    let ruff = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(text, ruff);
    let refused = first_error(&parsed);
    let end = refused.map_or(source.text.text_len(), |at| at.start());
    warnings::check(&parsed, source, options, end, warn);
    if let Some(failure) = wrong_statement {
        return Err(failure);
    }
    if let Some(at) = refused {
        return Err(failure(source, options, at));
    }
    if lenient::accepts(&parsed, source, options)
        && let Some(failure) = diagnose::explain(source.text, options)
    {
        return Err(failure);
    }
    check_digits(parsed.tokens(), source, options)?;
    if options.type_comments {
        check_type_comments(parsed.tokens(), source)?;
    }
    Ok(parsed.into_syntax())
}

fn first_error(parsed: &Parsed<Mod>) -> Option<TextRange> {
    let refused = parsed.unsupported_syntax_errors().first().map(|e| e.range);
    parsed.errors().iter().map(|e| e.location).min_by_key(|r| r.start()).or(refused)
}

/// Refuses decimal integers with more digits than `int()` would take.
fn check_digits(tokens: &[Token], source: &Source<'_>, options: &Options) -> Res<()> {
    let most = if options.max_digits == 0 { usize::MAX } else { options.max_digits };
    for token in tokens.iter().filter(|t| t.kind() == TokenKind::Int && usize::from(t.range().len()) > most) {
        let digits = source.slice(token.range()).bytes().filter(|b| *b != b'_').count();
        let decimal = !source.slice(token.range()).bytes().any(|b| b.is_ascii_alphabetic());
        if let (true, Err(e)) = (decimal, ferropy_text::int::check_parse_digits(digits, options.max_digits)) {
            let hint = "Consider hexadecimal for huge integer literals to avoid decimal conversion limits.";
            let mut failure = Failure::syntax(format!("{} - {hint}", e.message), token.range());
            failure.place = Some(place_in_line(source, token.range(), |_| 0));
            return Err(failure);
        }
    }
    Ok(())
}

/// A place in one line; `col` makes columns of character columns.
fn place_in_line(source: &Source<'_>, range: TextRange, col: impl Fn(u32) -> i32) -> Place {
    let (line, start) = source.line_char(range.start());
    let end = source.line_char(range.end()).1;
    let text = format!("{}\n", source.line_text(line).unwrap_or(""));
    Place { line, col: col(start), end_line: line, end_col: col(end), text }
}

/// A star that stands for no parameter has no type.
fn check_type_comments(tokens: &[Token], source: &Source<'_>) -> Res<()> {
    // How much of `*,` stands before the token.
    let mut bare = 0;
    for t in tokens.iter().filter(|t| t.kind() != TokenKind::NonLogicalNewline) {
        bare = match (t.kind(), bare) {
            (TokenKind::Star, _) => 1,
            (TokenKind::Comma, 1) => 2,
            (TokenKind::Comment, 2) if is_type_comment(source.slice(t.range())) => {
                let mut failure = Failure::syntax("bare * has associated type comment", t.range());
                failure.place = Some(place_in_line(source, t.range(), |col| col as i32));
                return Err(failure);
            }
            (TokenKind::Comment, state) => state,
            _ => 0,
        };
    }
    Ok(())
}

/// `# type:` with anything but `ignore`.
fn is_type_comment(comment: &str) -> bool {
    let blanks = [' ', '\t'];
    let text = comment.trim_start_matches('#').trim_start_matches(blanks).strip_prefix("type:");
    let ignored = |t: &str| t.strip_prefix("ignore").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    text.map(|t| t.trim_start_matches(blanks)).is_some_and(|t| !ignored(t))
}

/// The error of a program that ruff refuses at a place.
fn failure(source: &Source<'_>, options: &Options, at: TextRange) -> Box<Failure> {
    diagnose::explain(source.text, options).unwrap_or_else(|| Failure::syntax("invalid syntax", at))
}
