//! Subjects, and running the engine over them.

use super::drive::{Narrow, Wide};
use super::{Match, Pattern};
use ferropy_builtins::str_::{keep, substring};
use ferropy_vm::types::{Bytes, Str};
use ferropy_vm::{Buffer, Builtin as B, Gc, R, Thread, Value, field};
use rustpython_sre_engine::{Request, State, StrDrive};

/// What is searched.
#[derive(Clone, Copy)]
pub enum Subject {
    Text(Gc<Str>),
    Data(Buffer),
}

/// How to match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Match,
    Full,
    Search,
}

/// A match: its span, and the engine's state with the groups.
pub struct Found {
    pub start: usize,
    pub end: usize,
    state: State,
}

impl Found {
    /// The span of group `i`; 0 is the whole match.
    pub fn span(&self, i: usize) -> Option<(usize, usize)> {
        if i == 0 {
            return Some((self.start, self.end));
        }
        let (start, end) = self.state.marks.get(i - 1);
        if start.is_some() && end.is_some() {
            let (start, end) = (start.unwrap(), end.unwrap());
            return (start <= end).then_some((start, end));
        }
        None
    }
}

impl Subject {
    /// The subject, which must be of the pattern's kind.
    pub fn of(cx: &mut Thread, p: Gc<Pattern>, v: Value) -> R<Subject> {
        if let Some(s) = v.as_str() {
            if p.is_bytes == Some(true) {
                return Err(cx.type_error("cannot use a bytes pattern on a string-like object"));
            }
            return Ok(Subject::Text(s));
        }
        let Some(b) = cx.buffer_opt(v)? else {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("expected string or bytes-like object, got '{got}'")));
        };
        if p.is_bytes == Some(false) {
            return Err(cx.type_error("cannot use a string pattern on a bytes-like object"));
        }
        Ok(Subject::Data(b))
    }

    pub fn len(self) -> usize {
        match self {
            Subject::Text(s) => s.len(),
            Subject::Data(b) => b.len,
        }
    }

    /// The part between two positions, as Python sees it.
    pub fn slice(self, cx: &mut Thread, start: usize, end: usize) -> R {
        match self {
            Subject::Text(s) => substring(cx, s, start.min(s.len()), end.min(s.len())),
            Subject::Data(b) => {
                if b.owner.shape() == B::Bytes as u32 && start == 0 && end == b.len {
                    return Ok(b.owner);
                }
                // A bytearray may be shorter now than when it was searched.
                let end = end.min(b.len);
                let part = &b.bytes()[start.min(end)..end];
                let v = cx.new_bytes(part)?.value();
                keep(b);
                Ok(v)
            }
        }
    }

    /// Appends the bytes between two positions.
    pub fn copy_to(self, cx: &mut Thread, start: usize, end: usize, out: &mut Vec<u8>) -> R<()> {
        match self {
            Subject::Text(s) => {
                let (from, to) = (cx.str_offset(s, start)?, cx.str_offset(s, end)?);
                out.extend_from_slice(&s.bytes()[from..to]);
            }
            Subject::Data(b) => out.extend_from_slice(b.bytes().get(start..end).unwrap_or(&[])),
        }
        Ok(())
    }

    /// An object of the subject's kind from bytes.
    pub fn object(self, cx: &mut Thread, bytes: &[u8]) -> R {
        Ok(match self {
            Subject::Text(s) if s.is_ascii() && bytes.is_ascii() => cx.new_str_counted(bytes, bytes.len())?.value(),
            Subject::Text(_) => cx.new_wtf8(bytes)?.value(),
            Subject::Data(_) => cx.new_bytes(bytes)?.value(),
        })
    }

    /// Runs the engine from `start` to `end` (positions within the subject).
    pub fn run(
        self,
        cx: &mut Thread,
        p: Gc<Pattern>,
        start: usize,
        end: usize,
        mode: Mode,
        must_advance: bool,
    ) -> R<Option<Found>> {
        let end = end.min(self.len());
        if start > end {
            return Ok(None);
        }
        let found = match self {
            Subject::Text(s) if s.is_ascii() => drive(Narrow(s.bytes()), p, start, end, mode, must_advance),
            Subject::Text(s) => {
                let anchor = (start, cx.str_offset(s, start)?);
                drive(Wide { bytes: s.bytes(), chars: s.len(), anchor }, p, start, end, mode, must_advance)
            }
            Subject::Data(b) => drive(Narrow(b.bytes()), p, start, end, mode, must_advance),
        };
        keep(self);
        Ok(found)
    }

    /// The match object.
    pub fn new_match(self, cx: &mut Thread, p: Gc<Pattern>, string: Value, f: &Found, pos: usize, endpos: usize) -> R {
        let n = p.groups + 1;
        let spans = cx.bytes_with(n * 16, |to| {
            for (i, pair) in to.chunks_exact_mut(16).enumerate() {
                let (start, end) = f.span(i).map_or((-1, -1), |(s, e)| (s as i64, e as i64));
                pair[..8].copy_from_slice(&start.to_le_bytes());
                pair[8..].copy_from_slice(&end.to_le_bytes());
            }
        })?;
        let class = cx.native_class(&super::matched::MATCH)?;
        let m = Match {
            string: field(string),
            pattern: field(p),
            spans: field(spans),
            pos,
            endpos,
            lastindex: f.state.marks.last_index(),
        };
        Ok(cx.alloc_of(class, m)?.value())
    }
}

fn drive<S: StrDrive>(
    subject: S,
    p: Gc<Pattern>,
    start: usize,
    end: usize,
    mode: Mode,
    must_advance: bool,
) -> Option<Found> {
    let mut state = State::default();
    let mut request = Request::new(subject, start, end, &p.codes, mode == Mode::Full);
    request.must_advance = must_advance;
    let hit = match mode {
        Mode::Search => state.search(request),
        _ => state.py_match(&request),
    };
    hit.then_some(Found { start: state.start, end: state.cursor.position, state })
}

impl Match {
    /// The span of a group that took part.
    pub fn span(&self, i: usize) -> Option<(usize, usize)> {
        let spans = self.spans.cast::<Bytes>()?;
        let pair = spans.data().get(i * 16..i * 16 + 16)?;
        let word = |at: usize| -> Option<i64> { Some(i64::from_le_bytes(pair[at..at + 8].try_into().ok()?)) };
        Some((usize::try_from(word(0)?).ok()?, usize::try_from(word(8)?).ok()?))
    }
}
