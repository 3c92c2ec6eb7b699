//! `open` and the standard streams.

use super::base::unsupported;
use super::buffered_types::{RANDOM, READER, WRITER};
use super::{base, buffered, file, text, text_type};
use crate::os_util;
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
        open,
        "Open file and return a stream.  Raise OSError upon failure.",
    ),
    NativeDef::function(
        "open_code(path)",
        open_code,
        "Opens the provided file with the intent to import the contents.",
    ),
    NativeDef::function(
        "text_encoding(encoding, stacklevel=2, /)",
        text_encoding,
        "A helper function to choose the text encoding.",
    ),
];

#[derive(Default)]
struct Mode {
    raw: String,
    text: bool,
    binary: bool,
    updating: bool,
    writing: bool,
    reading: bool,
}

fn parse_mode(cx: &mut Thread, mode: &str) -> R<Mode> {
    let mut m = Mode::default();
    let mut main = 0;
    for (i, c) in mode.char_indices() {
        if mode[..i].contains(c) {
            return Err(cx.value_error(format!("invalid mode: '{mode}'")));
        }
        match c {
            'r' | 'w' | 'a' | 'x' => {
                main += 1;
                m.reading |= c == 'r';
                m.writing |= c != 'r';
            }
            '+' => m.updating = true,
            't' => m.text = true,
            'b' => m.binary = true,
            _ => return Err(cx.value_error(format!("invalid mode: '{mode}'"))),
        }
        if c != 't' && c != 'b' {
            m.raw.push(c);
        }
    }
    if m.text && m.binary {
        return Err(cx.value_error("can't have text and binary mode at once"));
    }
    if main != 1 {
        return Err(cx.value_error("must have exactly one of create/read/write/append mode"));
    }
    Ok(m)
}

fn open(cx: &mut Thread, a: Args<'_>) -> R {
    let file = if a[0].is_any_int() { a[0] } else { os_util::fspath(cx, a[0])? };
    let mode_text = match a.opt(1) {
        Some(m) => match m.cast::<Str>() {
            Some(s) => s.to_lossy(),
            None => {
                let class = cx.class_name(m);
                return Err(cx.type_error(format!("open() argument 'mode' must be str, not {class}")));
            }
        },
        None => "r".into(),
    };
    let buffering = match a.opt(2) {
        Some(b) => cx.index(b)?,
        None => -1,
    };
    let mode = parse_mode(cx, &mode_text)?;
    if mode.binary {
        for (i, what) in [(3, "an encoding"), (4, "an errors"), (5, "a newline")] {
            if a.some(i).is_some() {
                return Err(cx.value_error(format!("binary mode doesn't take {what} argument")));
            }
        }
    }
    if mode.binary && buffering == 1 {
        let text = "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used";
        cx.warn(Exc::RuntimeWarning, text)?;
    }
    let class = cx.native_class(&file::FILE_IO)?.value();
    let raw_mode = cx.new_str(&mode.raw)?.value();
    let raw = cx.call(class, &[file, raw_mode, a.or(6, Value::TRUE), a.or(7, Value::NONE)])?;
    let made = wrap(cx, raw, &mode, &mode_text, buffering, a);
    if made.is_err() {
        let pending = cx.take_pending();
        if cx.call_method(raw, "close", &[]).is_err() {
            cx.take_pending();
        }
        return Err(cx.reraise(pending));
    }
    made
}

fn wrap(cx: &mut Thread, raw: Value, mode: &Mode, mode_text: &str, buffering: i64, a: Args<'_>) -> R {
    let isatty = buffering < 0 && base::ask(cx, raw, "isatty")?;
    let line_buffering = buffering == 1 && !mode.binary || isatty;
    let buffering = match buffering {
        n if n < 0 || n == 1 => {
            let size = raw.cast::<file::FileIO>().map_or(0, |f| f.blksize.get() as i64);
            size.clamp(super::BUFFER_SIZE as i64, 8192 * 1024)
        }
        n => n,
    };
    if buffering == 0 {
        if !mode.binary {
            return Err(cx.value_error("can't have unbuffered text I/O"));
        }
        return Ok(raw);
    }
    let def = match (mode.updating, mode.writing) {
        (true, _) => &RANDOM,
        (_, true) => &WRITER,
        _ => &READER,
    };
    let class = cx.native_class(def)?.value();
    let buffer = cx.call(class, &[raw, Value::small_int(buffering)])?;
    if mode.binary {
        return Ok(buffer);
    }
    let class = cx.native_class(&text_type::TEXT_IO)?.value();
    let none = Value::NONE;
    let args = [buffer, a.or(3, none), a.or(4, none), a.or(5, none), Value::bool(line_buffering)];
    let made = cx.call(class, &args);
    if made.is_err()
        && let Some(b) = buffer.cast::<buffered::Buffered>()
    {
        b.wrapped.set(true);
    }
    let made = made?;
    let (key, mode) = (cx.intern("mode")?, cx.new_str(mode_text)?.value());
    cx.setattr(made, key, mode)?;
    Ok(made)
}

fn open_code(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<Str>().is_none() {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("open_code() argument 'path' must be str, not {class}")));
    }
    let mode = cx.new_str("rb")?.value();
    open(cx, Args::new(&[a[0], mode]))
}

fn text_encoding(cx: &mut Thread, a: Args<'_>) -> R {
    if !a[0].is_none() {
        return Ok(a[0]);
    }
    let level = match a.opt(1) {
        Some(n) => cx.index(n)?,
        None => 2,
    };
    warn_default_encoding(cx, level)?;
    cx.intern(if cx.vm().settings.utf8_mode { "utf-8" } else { "locale" })
}

/// Warns of a text stream whose encoding was not given, if that is wished.
pub fn warn_default_encoding(cx: &mut Thread, level: i64) -> R<()> {
    if cx.vm().settings.warn_default_encoding {
        let warnings = cx.import("warnings")?;
        let category = cx.exc_class(Exc::EncodingWarning).value();
        let text = cx.new_str("'encoding' argument not specified")?.value();
        cx.call_method(warnings, "warn", &[text, category, Value::small_int(level)])?;
    }
    Ok(())
}

// ---- the standard streams

/// One standard stream, None if the descriptor is closed.
fn std_stream(cx: &mut Thread, fd: i32, name: &str, writes: bool, errors: &str, unbuffered: bool) -> R {
    // SAFETY: plain query.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Ok(Value::NONE);
    }
    let class = cx.native_class(&file::FILE_IO)?.value();
    let mode = cx.new_str(if writes { "w" } else { "r" })?.value();
    let raw = cx.call(class, &[Value::small_int(fd as i64), mode, Value::FALSE])?;
    let (key, label) = (cx.intern("name")?, cx.new_str(name)?.value());
    cx.setattr(raw, key, label)?;
    // SAFETY: plain query.
    let tty = unsafe { libc::isatty(fd) } == 1;
    let class = cx.native_class(if writes { &WRITER } else { &READER })?.value();
    let buffer = cx.call(class, &[raw])?;
    let class = cx.native_class(&text_type::TEXT_IO)?.value();
    let (encoding, errors) = (cx.new_str("utf-8")?.value(), cx.new_str(errors)?.value());
    let newline = if writes { cx.new_str("\n")?.value() } else { Value::NONE };
    let lines = !unbuffered && (tty || fd == 2);
    let args = [buffer, encoding, errors, newline, Value::bool(lines), Value::bool(unbuffered)];
    let stream = cx.call(class, &args)?;
    let (key, mode) = (cx.intern("mode")?, cx.new_str(if writes { "w" } else { "r" })?.value());
    cx.setattr(stream, key, mode)?;
    Ok(stream)
}

/// Sets `sys.stdin`, `sys.stdout`, `sys.stderr` and the originals with underscores.
pub fn make_std_streams(cx: &mut Thread) -> R<()> {
    let unbuffered = std::env::var_os("PYTHONUNBUFFERED").is_some_and(|v| !v.is_empty());
    let Some(sys) = cx.vm().sys.cast::<ferropy_vm::types::Dict>() else { return Ok(()) };
    for (fd, name, errors) in [(0, "stdin", "strict"), (1, "stdout", "strict"), (2, "stderr", "backslashreplace")] {
        let stream = std_stream(cx, fd, &format!("<{name}>"), fd > 0, errors, unbuffered && fd > 0)?;
        for key in [name.to_owned(), format!("__{name}__")] {
            let key = cx.intern(&key)?;
            cx.dict_set_str(sys, key, stream)?;
        }
    }
    Ok(())
}

/// Writes out what open streams hold back; at exit. Errors of streams other than stdout are ignored, as nobody is left to
/// handle them.
pub fn flush_all(cx: &mut Thread) {
    let mut open = ferropy_vm::RootedVec::new(cx);
    let list = cx.mutator.finalizable();
    for r in list {
        let v = Value(r.addr() as u64);
        if v.cast::<text::TextIo>().is_some() || v.cast::<buffered::Buffered>().is_some() {
            open.push(v);
        }
    }
    // Text streams first: they write to buffered ones.
    for text_pass in [true, false] {
        for i in 0..open.len() {
            let v = open[i];
            let t: Option<Gc<text::TextIo>> = v.cast();
            if t.is_some() != text_pass {
                continue;
            }
            let holds = match (t, v.cast::<buffered::Buffered>()) {
                (Some(t), _) => t.ready.get(),
                (_, Some(b)) => b.can.get() & buffered::WRITES != 0 && b.state().behind_len() > 0,
                _ => false,
            };
            if holds && cx.call_method(v, "flush", &[]).is_err() {
                cx.take_pending();
            }
        }
    }
}

/// UnsupportedOperation for other modules.
pub fn unsupported_error(cx: &mut Thread, message: &str) -> ferropy_vm::Raised {
    unsupported(cx, message)
}
