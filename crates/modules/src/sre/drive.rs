//! How the engine walks over our subjects.
//!
//! The engine counts positions in characters and keeps a pointer beside each. [`Narrow`] is for bytes and ASCII; [`Wide`]
//! walks over WTF-8, and finds a position from the nearest place that it knows: start, end, or the *anchor* (where the last
//! match ended). The pointer of a cursor is the engine's private field, so both build on its drives for `&[u8]` and `&str`,
//! which read nothing but that pointer.

use rustpython_sre_engine::{StrDrive, StringCursor};

/// One byte a character.
#[derive(Clone, Copy)]
pub struct Narrow<'a>(pub &'a [u8]);

type Bytes<'a> = &'a [u8];

impl StrDrive for Narrow<'_> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }
    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        self.0.create_cursor(n)
    }
    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        self.0.adjust_cursor(cursor, n);
    }
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        // The engine's own drive reads the byte after.
        let c = Bytes::peek(cursor);
        Bytes::skip(cursor, 1);
        c
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        Bytes::peek(cursor)
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        Bytes::skip(cursor, n);
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        Bytes::back_advance(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        Bytes::back_peek(cursor)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        Bytes::back_skip(cursor, n);
    }
}

/// WTF-8 that is not all ASCII.
#[derive(Clone, Copy)]
pub struct Wide<'a> {
    pub bytes: &'a [u8],
    pub chars: usize,
    /// A character's index and offset.
    pub anchor: (usize, usize),
}

impl Wide<'_> {
    fn at(&self, index: usize, offset: usize) -> StringCursor {
        let mut c = self.bytes.create_cursor(offset);
        c.position = index;
        c
    }
}

fn travel(cursor: &mut StringCursor, n: usize) {
    if n >= cursor.position {
        <&str>::skip(cursor, n - cursor.position);
    } else {
        <&str>::back_skip(cursor, cursor.position - n);
    }
}

impl StrDrive for Wide<'_> {
    #[inline]
    fn count(&self) -> usize {
        self.chars
    }
    fn create_cursor(&self, n: usize) -> StringCursor {
        let known = [(0, 0), self.anchor, (self.chars, self.bytes.len())];
        let (index, offset) = known.into_iter().min_by_key(|k| k.0.abs_diff(n)).unwrap_or((0, 0));
        let mut c = self.at(index, offset);
        travel(&mut c, n);
        c
    }
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        // A cursor at 0 may be one that was never set.
        if cursor.position == 0 || cursor.position.abs_diff(n) > n.min(self.anchor.0.abs_diff(n)) {
            *cursor = self.create_cursor(n);
        } else {
            travel(cursor, n);
        }
    }
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        <&str>::advance(cursor)
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        <&str>::peek(cursor)
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        <&str>::skip(cursor, n);
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        <&str>::back_advance(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        <&str>::back_peek(cursor)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        <&str>::back_skip(cursor, n);
    }
}
