//! Names of characters.
//!
//! The crate `unicode_names2` holds a later Unicode than CPython 3.14, so what is unassigned in
//! our tables has no name.

use crate::tables::CATEGORIES;
use crate::unicode::db_record;

fn is_assigned(c: u32) -> bool {
    CATEGORIES[usize::from(db_record(c).category)] != "Cn"
}

/// `unicodedata.name`.
pub fn name(c: u32) -> Option<String> {
    let character = char::from_u32(c)?;
    if !is_assigned(c) {
        return None;
    }
    Some(unicode_names2::name(character)?.to_string())
}

/// The character of a name or an alias, as `\N{...}` finds it.
pub fn lookup_character(name: &str) -> Option<u32> {
    // The crate matches loosely (spaces and hyphens); CPython only ignores case.
    let c = u32::from(unicode_names2::character(name)?);
    if !is_assigned(c) {
        return None;
    }
    let exact = self::name(c).is_some_and(|n| n.eq_ignore_ascii_case(name));
    (exact || is_alias(name)).then_some(c)
}

/// Aliases are only found by their exact spelling.
fn is_alias(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let found = unicode_names2::character(&upper);
    found.is_some_and(|c| self::name(u32::from(c)).is_none_or(|n| n.len() != upper.len() || n != upper))
        && !upper.contains("  ")
}
