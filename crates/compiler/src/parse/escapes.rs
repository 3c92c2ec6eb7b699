//! Escape sequences that cannot be decoded.

/// What is wrong with the escape sequences of a literal's contents, as SyntaxError says it.
pub fn problem(body: &str, bytes: bool) -> Option<String> {
    let (start, end, why) = bad_escape(body, bytes)?;
    Some(match bytes {
        true => format!("(value error) invalid \\x escape at position {start}"),
        false => {
            format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{end}: {why}")
        }
    })
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
                    None => return Some((i, body.len().saturating_sub(1), "malformed \\N character escape")),
                    Some(end) if ferropy_text::unicode::lookup_character(&rest[1..end]).is_none() => {
                        return Some((i, i + 2 + end, "unknown Unicode character name"));
                    }
                    Some(end) => {
                        i += 3 + end;
                        continue;
                    }
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
