//! Errors of the tokenizer: brackets, strings, numbers, indentation.

use super::messages::Context;
use crate::errors::{ErrorKind, Failure};
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{InterpolatedStringErrorType as I, LexicalErrorType as L, ParseErrorType as E};
use ruff_text_size::{Ranged, TextRange, TextSize};

fn opening(kind: TokenKind) -> Option<char> {
    match kind {
        TokenKind::Lpar => Some('('),
        TokenKind::Lsqb => Some('['),
        TokenKind::Lbrace => Some('{'),
        _ => None,
    }
}

fn closing(kind: TokenKind) -> Option<(char, char)> {
    match kind {
        TokenKind::Rpar => Some((')', '(')),
        TokenKind::Rsqb => Some((']', '[')),
        TokenKind::Rbrace => Some(('}', '{')),
        _ => None,
    }
}

/// The first error that CPython's tokenizer finds, reading to the end of the file.
pub(super) fn first(cx: &Context<'_>) -> Option<Box<Failure>> {
    let mut open: Vec<(char, &Token)> = Vec::new();
    let lexical = cx.parsed.errors().iter().find(|e| is_lexical(&e.error));
    let limit = lexical.map_or(TextSize::new(u32::MAX), |e| e.location.start());
    for token in cx.parsed.tokens().iter().take_while(|t| t.start() < limit) {
        if let Some(c) = opening(token.kind()) {
            open.push((c, token));
        }
        if let Some((c, wanted)) = closing(token.kind()) {
            match open.pop() {
                None => return Some(Failure::syntax(format!("unmatched '{c}'"), token.range())),
                Some((o, _)) if o == wanted => {}
                Some((o, at)) => return Some(mismatch(cx, c, o, at, token)),
            }
        }
    }
    if let Some(e) = lexical {
        return Some(match &e.error {
            E::Lexical(L::Eof) => match open.last() {
                Some(last) => never_closed(last),
                None => Failure::syntax("unexpected EOF while parsing", e.location),
            },
            E::Lexical(l) => self::lexical(cx, l, e.location),
            E::FStringError(i) | E::TStringError(i) => interpolated(cx, i, e.location),
            _ => return None,
        });
    }
    let last = open.last()?;
    let error_line = cx.source.line_col(cx.error.location.start()).0;
    let at_end = cx.error.location.start().to_usize() >= cx.source.text.trim_end().len();
    (at_end || error_line > cx.source.line_col(last.1.start()).0).then(|| never_closed(last))
}

fn is_lexical(e: &E) -> bool {
    match e {
        E::Lexical(_) => true,
        E::FStringError(i) | E::TStringError(i) => {
            matches!(i, I::UnterminatedString | I::UnterminatedTripleQuotedString | I::SingleRbrace)
        }
        _ => false,
    }
}

fn mismatch(cx: &Context<'_>, c: char, o: char, at: &Token, token: &Token) -> Box<Failure> {
    let (line, open_line) = (cx.source.line_col(token.start()).0, cx.source.line_col(at.start()).0);
    let place = if line == open_line { String::new() } else { format!(" on line {open_line}") };
    Failure::syntax(format!("closing parenthesis '{c}' does not match opening parenthesis '{o}'{place}"), token.range())
}

fn never_closed((c, at): &(char, &Token)) -> Box<Failure> {
    Failure::syntax(format!("'{c}' was never closed"), at.range())
}

/// The innermost bracket that is open at an offset.
pub(super) fn open_bracket(cx: &Context<'_>, at: TextSize) -> Option<TokenKind> {
    let mut open = Vec::new();
    for token in cx.parsed.tokens().iter().take_while(|t| t.start() < at) {
        if opening(token.kind()).is_some() {
            open.push(token.kind());
        } else if closing(token.kind()).is_some() {
            open.pop();
        }
    }
    open.pop()
}

pub(super) fn in_fstring(cx: &Context<'_>, at: TextSize) -> bool {
    let mut depth = 0i32;
    for token in cx.parsed.tokens().iter().take_while(|t| t.start() < at) {
        match token.kind() {
            TokenKind::FStringStart | TokenKind::TStringStart => depth += 1,
            TokenKind::FStringEnd | TokenKind::TStringEnd => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

/// The start of the formatted string that holds the offset.
fn string_start(cx: &Context<'_>, at: TextSize) -> Option<TextRange> {
    let is_start = |t: &&Token| matches!(t.kind(), TokenKind::FStringStart | TokenKind::TStringStart);
    cx.parsed.tokens().iter().rev().filter(|t| t.start() <= at).find(is_start).map(|t| t.range())
}

pub(super) fn interpolated(cx: &Context<'_>, e: &I, at: TextRange) -> Box<Failure> {
    let prefix = match string_start(cx, at.start()) {
        Some(r) if cx.source.slice(r).to_ascii_lowercase().contains('t') => 't',
        _ => 'f',
    };
    let line = cx.source.line_col(at.end()).0;
    let start = string_start(cx, at.start()).map_or(at, |r| TextRange::empty(r.start()));
    let text = match e {
        I::UnterminatedString => {
            let line = cx.source.line_col(start.start()).0;
            let message = format!("unterminated {prefix}-string literal (detected at line {line})");
            return Failure::syntax(message, start);
        }
        I::UnterminatedTripleQuotedString => {
            let line = last_line(cx).max(line.min(1));
            let message = format!("unterminated triple-quoted {prefix}-string literal (detected at line {line})");
            return Failure::syntax(message, start);
        }
        I::UnclosedLbrace => "expecting '}'".to_string(),
        I::SingleRbrace => "single '}' is not allowed".to_string(),
        I::InvalidConversionFlag => {
            let found = cx.source.slice(at);
            format!("invalid conversion character '{found}': expected 's', 'r', or 'a'")
        }
        I::LambdaWithoutParentheses => "lambda expressions are not allowed without parentheses".to_string(),
        I::ConversionFlagNotImmediatelyAfterExclamation => {
            "conversion type must come right after the exclamation mark".to_string()
        }
        I::NewlineInFormatSpec => {
            "newlines are not allowed in format specifiers for single quoted f-strings".to_string()
        }
    };
    Failure::syntax(format!("{prefix}-string: {text}"), at)
}

/// The last line that has text.
fn last_line(cx: &Context<'_>) -> u32 {
    let end = cx.source.text.trim_end_matches('\n').len();
    cx.source.line_col(TextSize::new(end as u32)).0
}

pub(super) fn lexical(cx: &Context<'_>, e: &L, at: TextRange) -> Box<Failure> {
    match e {
        L::UnclosedStringError => {
            let text = cx.source.slice(at).trim_start_matches(|c: char| c.is_ascii_alphabetic());
            if text.starts_with("\"\"\"") || text.starts_with("'''") {
                let message = format!("unterminated triple-quoted string literal (detected at line {})", last_line(cx));
                return Failure::syntax(message, TextRange::empty(at.start()));
            }
            let line = cx.source.line_col(at.start()).0;
            let escaped =
                if text.ends_with(['\'', '"']) && text.len() > 1 { "; perhaps you escaped the end quote" } else { "" };
            let message = format!("unterminated string literal (detected at line {line}){escaped}");
            Failure::syntax(message, TextRange::empty(at.start()))
        }
        L::IndentationError => {
            let line = cx.source.line_col(at.start()).0;
            let text = cx.source.line_text(line).unwrap_or("");
            let end = at.start() + TextSize::new(text.len() as u32);
            let message = "unindent does not match any outer indentation level";
            Failure::of(ErrorKind::Indentation, message, TextRange::empty(end.min(at.end().max(end))))
        }
        L::UnrecognizedToken { tok } => {
            let range = TextRange::empty(at.start());
            match tok {
                '$' | '?' | '!' | '`' => Failure::syntax("invalid syntax", at),
                c if c.is_ascii_graphic() => Failure::syntax("invalid syntax", at),
                c if c.is_control() || *c as u32 == 0xa0 => {
                    Failure::syntax(format!("invalid non-printable character U+{:04X}", *c as u32), range)
                }
                c => Failure::syntax(format!("invalid character '{c}' (U+{:04X})", *c as u32), range),
            }
        }
        L::LineContinuationError => Failure::syntax("unexpected character after line continuation character", at),
        L::InvalidByteLiteral => Failure::syntax("bytes can only contain ASCII literal characters", whole(cx, at)),
        L::UnicodeError | L::MissingUnicodeLbrace | L::MissingUnicodeRbrace | L::StringError => escape(cx, at),
        L::FStringError(e) | L::TStringError(e) => interpolated(cx, e, at),
        L::Eof => Failure::syntax("unexpected EOF while parsing", at),
        L::OtherError(text) if text.contains("ecimal") || text.contains("ParseInt") => {
            bad_number(cx, at.start()).unwrap_or_else(|| Failure::syntax("invalid decimal literal", at))
        }
        L::OtherError(text) => Failure::syntax(text.to_string(), at),
    }
}

/// The token that holds an offset.
fn whole(cx: &Context<'_>, at: TextRange) -> TextRange {
    let token =
        cx.parsed.tokens().iter().find(|t| t.start() <= at.start() && t.end() >= at.start() && !t.range().is_empty());
    token.map_or(at, |t| t.range())
}

/// A wrong escape sequence: which one, and where in the literal's contents.
fn escape(cx: &Context<'_>, at: TextRange) -> Box<Failure> {
    let is_string = |t: &&Token| {
        matches!(t.kind(), TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle)
            && t.start() <= at.start()
            && t.end() >= at.start()
    };
    let found = cx.parsed.tokens().iter().find(is_string).map(|t| t.range());
    let range = found.unwrap_or_else(|| {
        let line = cx.source.line_col(at.start()).0;
        let start = at.start() - TextSize::new(cx.source.line_col(at.start()).1);
        TextRange::at(start, TextSize::new(cx.source.line_text(line).map_or(0, str::len) as u32))
    });
    let text = cx.source.slice(range);
    let prefix_len = text.find(['\'', '"']).unwrap_or(0);
    let bytes = text[..prefix_len].to_ascii_lowercase().contains('b');
    let quoted = &text[prefix_len..];
    let quotes = if quoted.starts_with("\"\"\"") || quoted.starts_with("'''") { 3 } else { 1 };
    let body = quoted.get(quotes..).unwrap_or("");
    let Some((start, end, why)) = bad_escape(body, bytes) else {
        return Failure::syntax("(unicode error) 'unicodeescape' codec can't decode bytes", range);
    };
    if bytes {
        return Failure::syntax(format!("(value error) invalid \\x escape at position {start}"), range);
    }
    let message = format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{end}: {why}");
    Failure::syntax(message, range)
}

/// The first wrong escape sequence: where it begins and ends, and why.
fn bad_escape(body: &str, bytes: bool) -> Option<(usize, usize, &'static str)> {
    let mut i = 0;
    let raw = body.as_bytes();
    while i < raw.len() {
        if raw[i] != b'\\' {
            i += 1;
            continue;
        }
        let (digits, why) = match raw.get(i + 1)? {
            b'x' => (2, "truncated \\xXX escape"),
            b'u' if !bytes => (4, "truncated \\uXXXX escape"),
            b'U' if !bytes => (8, "truncated \\UXXXXXXXX escape"),
            b'N' if !bytes => {
                let rest = &body[i + 2..];
                if !rest.starts_with('{') {
                    return Some((i, i + 1, "malformed \\N character escape"));
                }
                match rest.find('}') {
                    None => return Some((i, body.len().saturating_sub(2), "malformed \\N character escape")),
                    Some(end) => return Some((i, i + 2 + end, "unknown Unicode character name")),
                }
            }
            _ => {
                i += 2;
                continue;
            }
        };
        let given = raw[i + 2..].iter().take(digits).take_while(|b| b.is_ascii_hexdigit()).count();
        if given < digits {
            return Some((i, i + 1 + given, why));
        }
        let value = u32::from_str_radix(body.get(i + 2..i + 2 + digits)?, 16).unwrap_or(u32::MAX);
        if value > 0x10ffff {
            return Some((i, i + 1 + digits, "illegal Unicode character"));
        }
        i += 2 + digits;
    }
    None
}

/// A number that is directly followed by something that does not belong to it.
pub(super) fn bad_number(cx: &Context<'_>, at: TextSize) -> Option<Box<Failure>> {
    let text = cx.source.text;
    let at = at.to_usize();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let start = text.get(..at)?.rfind(|c| !is_part(c)).map_or(0, |i| i + 1);
    let number: String = text[start..].chars().take_while(|c| is_part(*c)).collect();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let place = |n: usize| TextRange::empty(TextSize::new((start + n) as u32));
    let lower = number.to_ascii_lowercase();
    for (prefix, word, radix) in [("0x", "hexadecimal", 16), ("0o", "octal", 8), ("0b", "binary", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            let bad = digits.char_indices().find(|(_, c)| !c.is_digit(radix) && *c != '_');
            return Some(match bad {
                Some((i, c)) if c.is_ascii_digit() => {
                    Failure::syntax(format!("invalid digit '{c}' in {word} literal"), place(i + 2))
                }
                _ => Failure::syntax(format!("invalid {word} literal"), place(1)),
            });
        }
    }
    if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|b| b.is_ascii_digit()) {
        let message = "leading zeros in decimal integer literals are not permitted; \
                       use an 0o prefix for octal integers";
        return Some(Failure::syntax(message, TextRange::at(place(0).start(), TextSize::new(1))));
    }
    let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    Some(Failure::syntax("invalid decimal literal", place(digits.saturating_sub(1))))
}
