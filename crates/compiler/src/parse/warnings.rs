//! Warnings about the text itself: invalid escape sequences, and numbers that run into a keyword.

use crate::Options;
use crate::diagnose::prefix;
use crate::errors::{ErrorKind, Failure, Place, Warning, WarningCategory};
use crate::source::Source;
use ruff_python_ast::Mod;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::Parsed;
use ruff_text_size::{Ranged, TextRange, TextSize};

/// Warns about the tokens before `end`.
pub(super) fn check(
    parsed: &Parsed<Mod>,
    source: &Source<'_>,
    options: &Options,
    end: TextSize,
    warn: &mut dyn FnMut(Warning),
) {
    let tokens = parsed.tokens();
    for (i, token) in tokens.iter().enumerate().take_while(|(_, t)| t.end() <= end) {
        let next = tokens.get(i + 1);
        let found = match token.kind() {
            TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle => escape(token, next, source),
            TokenKind::Int | TokenKind::Float | TokenKind::Complex => number(token, next, source),
            _ => None,
        };
        if let Some((message, failure)) = found {
            let error = failure.publish(source, &options.filename);
            warn(Warning { category: WarningCategory::Syntax, message, line: error.line, error });
        }
    }
}

/// The message, and the error that it becomes when warnings are errors.
type Found = Option<(String, Box<Failure>)>;

fn place(source: &Source<'_>, line: u32, cols: [i32; 2], message: &str, end: &str) -> Box<Failure> {
    let text = source.line_text(line).unwrap_or("");
    let mut failure = Failure::of(ErrorKind::Syntax, message, TextRange::default());
    failure.place = Some(Place { line, col: cols[0], end_line: line, end_col: cols[1], text: format!("{text}{end}") });
    failure
}

/// A keyword directly behind a number.
fn number(token: &Token, next: Option<&Token>, source: &Source<'_>) -> Found {
    next.filter(|n| n.start() == token.end() && n.kind().is_keyword())?;
    let text = source.slice(token.range()).to_ascii_lowercase();
    let kind = match text.get(..2) {
        Some("0x") => "hexadecimal",
        Some("0o") => "octal",
        Some("0b") => "binary",
        _ if text.ends_with('j') => "imaginary",
        _ => "decimal",
    };
    let message = format!("invalid {kind} literal");
    let (line, col) = source.line_char(token.end());
    let failure = place(source, line, [col as i32 - 1; 2], &message, "");
    Some((message, failure))
}

fn escape(token: &Token, next: Option<&Token>, source: &Source<'_>) -> Found {
    let text = source.slice(token.range());
    if !text.contains('\\') {
        return None;
    }
    let plain = token.kind() == TokenKind::String;
    let quote = if plain { text.find(['\'', '"']).unwrap_or(0) } else { 0 };
    let prefixes = text[..quote].to_ascii_lowercase();
    let raw = token.string_flags().map_or(prefixes.contains('r'), |flags| flags.is_raw_string());
    if raw {
        return None;
    }
    let field = next.is_some_and(|n| !plain && n.kind() == TokenKind::Lbrace);
    let (at, sequence) = invalid_escape(&text[quote..], prefixes.contains('b'), !plain, field)?;
    let kind = if sequence.chars().count() > 2 { "octal escape sequence" } else { "escape sequence" };
    let start = format!("\"{sequence}\" is an invalid {kind}. ");
    let hint = format!("Did you mean \"\\{sequence}\"? A raw string is also an option.");
    let (line, col) = source.line_col(token.start() + TextSize::new((quote + at) as u32));
    // CPython takes the prefix's letters for the string's start when it counts.
    let col = if line == source.line_col(token.start()).0 { col as usize - quote } else { col as usize };
    let line_text = source.line_text(line).unwrap_or("");
    let cols = [prefix(line_text, col + 1), prefix(line_text, col + 3)];
    let failure = place(source, line, cols, &format!("{start}{hint}"), "\n");
    Some((format!("{start}Such sequences will not work in the future. {hint}"), failure))
}

/// The first escape sequence that means nothing, and where it is. `field`: a brace follows the text.
fn invalid_escape(text: &str, bytes: bool, braces: bool, field: bool) -> Option<(usize, String)> {
    let mut i = 0;
    let raw = text.as_bytes();
    while i < raw.len() {
        if raw[i] != b'\\' {
            i += 1;
            continue;
        }
        let Some(next) = text[i + 1..].chars().next() else { return field.then(|| (i, "\\{".to_string())) };
        match next {
            'N' | 'u' | 'U' if !bytes => {}
            '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | '\n' | '\r' => {}
            '{' | '}' if braces => return Some((i, format!("\\{next}"))),
            '0'..='7' => {
                let digits: String = text[i + 1..].chars().take(3).take_while(|c| c.is_digit(8)).collect();
                if u32::from_str_radix(&digits, 8).is_ok_and(|n| n > 0o377) {
                    return Some((i, format!("\\{digits}")));
                }
            }
            _ => return Some((i, format!("\\{next}"))),
        }
        i += 1 + next.len_utf8();
    }
    None
}
