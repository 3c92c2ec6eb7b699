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
    let own = self::name(c).unwrap_or_default();
    // Found loosely: either it is the name as it is written, or an alias.
    (own.eq_ignore_ascii_case(name) || (essence(&own) != essence(name) && !name.contains('_'))).then_some(c)
}

/// What loose matching compares.
fn essence(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
