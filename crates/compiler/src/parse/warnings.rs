//! Warnings about the text itself: invalid escape sequences.

use crate::errors::{Warning, WarningCategory};
use crate::source::Source;
use ruff_python_ast::Mod;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

pub(super) fn check(parsed: &Parsed<Mod>, source: &Source<'_>, warn: &mut dyn FnMut(Warning)) {
    for token in parsed.tokens() {
        let is_text = matches!(token.kind(), TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle);
        let text = source.slice(token.range());
        if !is_text || !text.contains('\\') {
            continue;
        }
        let plain = token.kind() == TokenKind::String;
        let quote = if plain { text.find(['\'', '"']).unwrap_or(0) } else { 0 };
        let prefix = text[..quote].to_ascii_lowercase();
        let raw = match token.string_flags() {
            Some(flags) => flags.is_raw_string(),
            None => prefix.contains('r'),
        };
        if raw {
            continue;
        }
        if let Some((at, sequence)) = invalid_escape(&text[quote..], prefix.contains('b'), !plain) {
            let line = source.line_col(token.start()).0 + text[..quote + at].matches('\n').count() as u32;
            let kind = if sequence.chars().count() > 2 { "octal escape sequence" } else { "escape sequence" };
            let message = format!(
                "\"{sequence}\" is an invalid {kind}. Such sequences will not work in the future. \
                 Did you mean \"\\{sequence}\"? A raw string is also an option."
            );
            warn(Warning { category: WarningCategory::Syntax, message, line });
        }
    }
}

/// The first escape sequence that means nothing, and where it is.
fn invalid_escape(text: &str, bytes: bool, braces: bool) -> Option<(usize, String)> {
    let mut i = 0;
    let raw = text.as_bytes();
    while i < raw.len() {
        if raw[i] != b'\\' {
            i += 1;
            continue;
        }
        let next = text[i + 1..].chars().next()?;
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
