//! Python's text formats without Python's objects: numbers, format specifications, codecs, escapes.
//!
//! A string is WTF-8 in a `&[u8]` wherever a surrogate can occur (see [`wtf8`]), else `&str`.
//! Nothing here knows a Python object; a failure is an [`error::Error`] with CPython's message.

pub mod brace;
pub mod case;
pub mod codecs;
pub mod error;
pub mod escape;
pub mod float;
pub mod format_spec;
pub mod hash;
pub mod int;
mod names;
pub mod normalize;
pub mod percent;
pub mod repr;
pub mod search;
#[allow(dead_code)]
mod tables;
pub mod unicode;
pub mod wtf8;
