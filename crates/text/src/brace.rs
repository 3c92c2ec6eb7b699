//! Templates of `str.format`: literals and fields in braces.
//!
//! Terms: a *field* is `{name!conversion:spec}`; its name is a *first* part (an argument) and
//! *accessors* (`.attribute`, `[item]`). A spec may hold fields itself, which the caller
//! expands with another [`Parser`], at most two levels deep.

use crate::error::{Error, Result};
use crate::{unicode, wtf8};

pub const RECURSION: &str = "Max string recursion exceeded";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub conversion: Option<u32>,
    pub spec: &'a [u8],
    /// The spec has fields to be expanded.
    pub nested: bool,
}

/// Literal text, and the field after it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub literal: &'a [u8],
    pub field: Option<Field<'a>>,
}

/// Reads a template from the left.
#[derive(Clone)]
pub struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Parser { text, at: 0 }
    }

    /// The next piece, None at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece<'a>>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let Some(brace) = memchr::memchr2(b'{', b'}', rest) else {
            self.at = self.text.len();
            return Ok(Some(Piece { literal: rest, field: None }));
        };
        let doubled = rest.get(brace + 1) == Some(&rest[brace]);
        if doubled {
            self.at += brace + 2;
            return Ok(Some(Piece { literal: &rest[..=brace], field: None }));
        }
        if rest[brace] == b'}' {
            return Err(Error::value("Single '}' encountered in format string"));
        }
        if brace + 1 == rest.len() {
            return Err(Error::value("Single '{' encountered in format string"));
        }
        self.at += brace + 1;
        let field = Some(self.field()?);
        Ok(Some(Piece { literal: &rest[..brace], field }))
    }

    fn take(&mut self) -> Option<u8> {
        let b = self.text.get(self.at).copied()?;
        self.at += 1;
        Some(b)
    }

    fn field(&mut self) -> Result<Field<'a>> {
        let start = self.at;
        let end = self.name_end()?;
        let mut field = Field { name: &self.text[start..self.at - 1], conversion: None, spec: b"", nested: false };
        if end == b'}' {
            return Ok(field);
        }
        if end == b'!' {
            field.conversion = Some(self.conversion()?);
            match self.take() {
                Some(b'}') => return Ok(field),
                Some(b':') | None => {}
                Some(_) => return Err(Error::value("expected ':' after conversion specifier")),
            }
        }
        self.spec(&mut field)?;
        Ok(field)
    }

    /// Goes after the character which ends the name, and returns it.
    fn name_end(&mut self) -> Result<u8> {
        while let Some(b) = self.take() {
            match b {
                b'{' => return Err(Error::value("unexpected '{' in field name")),
                b'[' => {
                    let rest = &self.text[self.at..];
                    self.at += memchr::memchr(b']', rest).unwrap_or(rest.len());
                }
                b'}' | b':' | b'!' => return Ok(b),
                _ => {}
            }
        }
        Err(Error::value("expected '}' before end of string"))
    }

    fn conversion(&mut self) -> Result<u32> {
        if self.at == self.text.len() {
            return Err(Error::value("end of string while looking for conversion specifier"));
        }
        let (c, width) = wtf8::decode_at(self.text, self.at);
        self.at += width;
        Ok(c)
    }

    fn spec(&mut self, field: &mut Field<'a>) -> Result<()> {
        let start = self.at;
        let mut depth = 1;
        while let Some(b) = self.take() {
            match b {
                b'{' => {
                    field.nested = true;
                    depth += 1;
                }
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                field.spec = &self.text[start..self.at - 1];
                return Ok(());
            }
        }
        Err(Error::value("unmatched '{' in format spec"))
    }
}

/// The error for a conversion which is not `r`, `s` or `a`.
pub fn unknown_conversion(c: u32) -> Error {
    Error::value(match c {
        33..127 => format!("Unknown conversion specifier {}", c as u8 as char),
        _ => format!("Unknown conversion specifier \\x{c:x}"),
    })
}

/// The argument a name begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First<'a> {
    /// Empty: the next argument.
    Auto,
    Index(usize),
    Key(&'a [u8]),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accessor<'a> {
    Attribute(&'a [u8]),
    Index(usize),
    Key(&'a [u8]),
}

/// The number a string of decimal digits is; None if it is anything else.
fn integer(s: &[u8]) -> Result<Option<usize>> {
    let mut value = None;
    for c in wtf8::chars(s) {
        let Some(digit) = unicode::decimal_value(c) else { return Ok(None) };
        let next = value.unwrap_or(0usize).checked_mul(10).and_then(|v| v.checked_add(digit as usize));
        let next = next.filter(|&v| v <= isize::MAX as usize);
        value = Some(next.ok_or_else(|| Error::value("Too many decimal digits in format string"))?);
    }
    Ok(value)
}

/// Splits a field's name into its first part and an iterator over the accessors.
pub fn split_name(name: &[u8]) -> Result<(First<'_>, Accessors<'_>)> {
    let end = memchr::memchr2(b'.', b'[', name).unwrap_or(name.len());
    let first = match &name[..end] {
        [] => First::Auto,
        key => integer(key)?.map_or(First::Key(key), First::Index),
    };
    Ok((first, Accessors { rest: &name[end..] }))
}

#[derive(Clone, Debug)]
pub struct Accessors<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Accessors<'a> {
    type Item = Result<Accessor<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&b, rest) = self.rest.split_first()?;
        let accessor = match b {
            b'.' => Ok(self.attribute(rest)),
            b'[' => self.item(rest),
            _ => Err(Error::value("Only '.' or '[' may follow ']' in format field specifier")),
        };
        Some(match accessor {
            Ok(Accessor::Attribute(b"") | Accessor::Key(b"")) => Err(Error::value("Empty attribute in format string")),
            other => other,
        })
    }
}

impl<'a> Accessors<'a> {
    fn attribute(&mut self, rest: &'a [u8]) -> Accessor<'a> {
        let end = memchr::memchr2(b'.', b'[', rest).unwrap_or(rest.len());
        self.rest = &rest[end..];
        Accessor::Attribute(&rest[..end])
    }

    fn item(&mut self, rest: &'a [u8]) -> Result<Accessor<'a>> {
        let missing = || Error::value("Missing ']' in format string");
        let end = memchr::memchr(b']', rest).ok_or_else(missing)?;
        self.rest = &rest[end + 1..];
        let key = &rest[..end];
        Ok(integer(key)?.map_or(Accessor::Key(key), Accessor::Index))
    }
}

/// Counts automatic fields, and refuses to mix them with numbered ones.
#[derive(Clone, Debug, Default)]
pub struct Numbering {
    next: usize,
    manual: Option<bool>,
}

impl Numbering {
    /// The index an automatic or numbered first part stands for; None for a key.
    pub fn index(&mut self, first: &First) -> Result<Option<usize>> {
        let manual = match first {
            First::Key(_) => return Ok(None),
            First::Auto => false,
            First::Index(_) => true,
        };
        if *self.manual.get_or_insert(manual) != manual {
            return Err(Error::value(match manual {
                true => "cannot switch from automatic field numbering to manual field specification",
                false => "cannot switch from manual field specification to automatic field numbering",
            }));
        }
        if let First::Index(i) = first {
            return Ok(Some(*i));
        }
        self.next += 1;
        Ok(Some(self.next - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> String {
        let mut parser = Parser::new(text.as_bytes());
        let mut numbering = Numbering::default();
        loop {
            match parser.next_piece() {
                Err(e) => return e.to_string(),
                Ok(None) => return String::new(),
                Ok(Some(Piece { field: Some(f), .. })) => {
                    let checked = split_name(f.name).and_then(|(first, rest)| {
                        numbering.index(&first)?;
                        rest.collect::<Result<Vec<_>>>()
                    });
                    if let Err(e) = checked {
                        return e.to_string();
                    }
                }
                Ok(_) => {}
            }
        }
    }

    #[test]
    fn failures() {
        for (text, message) in [
            ("{", "Single '{' encountered in format string"),
            ("a}b", "Single '}' encountered in format string"),
            ("{0", "expected '}' before end of string"),
            ("{a[}", "expected '}' before end of string"),
            ("{0!", "end of string while looking for conversion specifier"),
            ("{0!}", "unmatched '{' in format spec"),
            ("{0!rx}", "expected ':' after conversion specifier"),
            ("{0:{}", "unmatched '{' in format spec"),
            ("{0{}}", "unexpected '{' in field name"),
            ("{0:}}", "Single '}' encountered in format string"),
            ("{}{0}", "cannot switch from automatic field numbering to manual field specification"),
            ("{0}{}", "cannot switch from manual field specification to automatic field numbering"),
            ("{a.}", "Empty attribute in format string"),
            ("{a[]}", "Empty attribute in format string"),
            ("{a[b]c}", "Only '.' or '[' may follow ']' in format field specifier"),
            ("{99999999999999999999}", "Too many decimal digits in format string"),
            ("}}{{{0[}]}{0:{{}}}", ""),
        ] {
            assert_eq!(failure(text), message, "{text}");
        }
        assert_eq!(unknown_conversion(0xe9).message, "Unknown conversion specifier \\xe9");
    }

    #[test]
    fn names() {
        let (first, rest) = split_name(b"a.b[0][x].c").unwrap();
        assert_eq!(first, First::Key(b"a"));
        let rest: Vec<_> = rest.map(Result::unwrap).collect();
        use Accessor::*;
        assert_eq!(rest, [Attribute(b"b"), Index(0), Key(b"x"), Attribute(b"c")]);
        assert_eq!(split_name("٣".as_bytes()).unwrap().0, First::Index(3));
        assert_eq!(split_name(b"").unwrap().0, First::Auto);
    }

    #[test]
    fn pieces() {
        let mut parser = Parser::new(b"a{b!r:c{d}}e{{g");
        let field = Field { name: b"b", conversion: Some(u32::from(b'r')), spec: b"c{d}", nested: true };
        assert_eq!(parser.next_piece().unwrap(), Some(Piece { literal: b"a", field: Some(field) }));
        assert_eq!(parser.next_piece().unwrap(), Some(Piece { literal: b"e{", field: None }));
        assert_eq!(parser.next_piece().unwrap(), Some(Piece { literal: b"g", field: None }));
        assert_eq!(parser.next_piece().unwrap(), None);
    }
}
