//! Codecs between bytes and WTF-8 strings.
//!
//! The protocol of every function: it appends to `out`; a decoder returns how far it read,
//! which is less than all only if `last` is false and the input ends inside a character; an
//! error tells the faulty range and leaves in `out` what came before. The caller applies its
//! error handler, appends the replacement, and calls again with the offset to go on from.
//! An encoder's offsets are byte offsets in the WTF-8 string (see `wtf8::index_of`).

use std::borrow::Cow;

/// The faulty part of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    pub start: usize,
    pub end: usize,
    pub reason: Cow<'static, str>,
}

pub type CodecResult<T> = Result<T, CodecError>;

impl CodecError {
    pub fn new(start: usize, end: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        CodecError { start, end, reason: reason.into() }
    }
}
