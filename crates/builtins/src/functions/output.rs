//! `print`, `input`, and text of objects: `repr`, `ascii`, `format`, `chr`, `ord`, ...

use ferropy_vm::types::{ByteArray, Bytes, Dict};
use ferropy_vm::{Args, Exc, N, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "print(*args, sep=' ', end='\\n', file=None, flush=False)",
        print,
        "Prints the values to a stream, or to sys.stdout by default.\n\n  sep\n    string inserted between values, \
         default a space.\n  end\n    string appended after the last value, default a newline.\n  file\n    a file-like \
         object (stream); defaults to the current sys.stdout.\n  flush\n    whether to forcibly flush the stream.",
    ),
    NativeDef::function(
        "input(prompt='', /)",
        input,
        "Read a string from standard input.  The trailing newline is stripped.\n\nThe prompt string, if given, is \
         printed to standard output without a\ntrailing newline before reading input.\n\nIf the user hits EOF (*nix: \
         Ctrl-D, Windows: Ctrl-Z+Return), raise EOFError.\nOn *nix systems, readline is used if available.",
    ),
    NativeDef::function("repr(obj, /)", repr, "Return the canonical string representation of the object."),
    NativeDef::function(
        "ascii(obj, /)",
        ascii,
        "Return an ASCII-only representation of an object.\n\nAs repr(), return a string containing a printable \
         representation of an\nobject, but escape the non-ASCII characters in the string returned by\nrepr() using \
         \\\\x, \\\\u or \\\\U escapes.",
    ),
    NativeDef::function(
        "format(value, format_spec='', /)",
        format,
        "Return type(value).__format__(value, format_spec).\n\nMany built-in types implement format_spec according \
         to the\nFormat Specification Mini-language.",
    ),
    NativeDef::function(
        "chr(i, /)",
        chr,
        "Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.",
    ),
    NativeDef::function(
        "ord(character, /)",
        ord,
        "Return the ordinal value of a character.\n\nIf the argument is a one-character string, return the Unicode \
         code\npoint of that character.\n\nIf the argument is a bytes or bytearray object of length 1, return its\n\
         single byte value.",
    ),
];

/// A name of `sys`, None if it is not there.
pub fn sys_get(cx: &mut Thread, name: &str) -> R<Option<Value>> {
    let key = cx.intern(name)?;
    Ok(cx.vm().sys.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)))
}

/// A text option of print: None stands for the default.
fn text_option(cx: &mut Thread, v: Option<Value>, name: &str, default: char) -> R {
    match v {
        Some(v) if v.as_str().is_some() => Ok(v),
        Some(v) => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("{name} must be None or a string, not {class}")))
        }
        None => Ok(cx.char_str(default as u32)?.value()),
    }
}

fn print(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: `*args` is a tuple.
    let values = unsafe { a[0].cast_unchecked::<ferropy_vm::types::Tuple>() };
    let sep = text_option(cx, a.some(1), "sep", ' ')?;
    let end = text_option(cx, a.some(2), "end", '\n')?;
    let file = match a.some(3) {
        Some(f) => f,
        None => match sys_get(cx, "stdout")? {
            Some(f) if f.is_none() => return Ok(Value::NONE),
            Some(f) => f,
            None => return print_raw(cx, values.items(), sep, end),
        },
    };
    let write = cx.name(N::write);
    for i in 0..values.len {
        if i > 0 {
            cx.call_attr(file, write, &[sep])?;
        }
        let text = cx.str(values.at(i))?.value();
        cx.call_attr(file, write, &[text])?;
    }
    cx.call_attr(file, write, &[end])?;
    if let Some(f) = a.opt(4)
        && cx.truth(f)?
    {
        cx.call_method(file, "flush", &[])?;
    }
    Ok(Value::NONE)
}

/// Output before there is a `sys.stdout`: straight to descriptor 1.
fn print_raw(cx: &mut Thread, values: &[Value], sep: Value, end: Value) -> R {
    use std::io::Write;
    let mut line: Vec<u8> = Vec::new();
    let add = |line: &mut Vec<u8>, v: Value| {
        if let Some(s) = v.as_str() {
            line.extend_from_slice(s.bytes());
        }
    };
    for (i, v) in values.iter().enumerate() {
        if i > 0 {
            add(&mut line, sep);
        }
        let text = cx.str(*v)?.value();
        add(&mut line, text);
    }
    add(&mut line, end);
    match std::io::stdout().lock().write_all(&line).and_then(|()| std::io::stdout().flush()) {
        Ok(()) => Ok(Value::NONE),
        Err(e) => Err(cx.io_error(&e, None)),
    }
}

fn lost(cx: &mut Thread, name: &str) -> R {
    match sys_get(cx, name)? {
        Some(f) if !f.is_none() => Ok(f),
        _ => Err(cx.runtime_error(format!("input(): lost sys.{name}"))),
    }
}

fn input(cx: &mut Thread, a: Args<'_>) -> R {
    let (stdin, stdout, stderr) = (lost(cx, "stdin")?, lost(cx, "stdout")?, lost(cx, "stderr")?);
    let flushed = cx.call_method(stderr, "flush", &[]);
    cx.catch(Exc::Exception, flushed)?;
    if let Some(prompt) = a.opt(0) {
        let text = cx.str(prompt)?.value();
        cx.call_method(stdout, "write", &[text])?;
    }
    let flushed = cx.call_method(stdout, "flush", &[]);
    cx.catch(Exc::Exception, flushed)?;
    let line = cx.call_method(stdin, "readline", &[])?;
    let Some(s) = line.as_str() else {
        return Err(cx.type_error("object.readline() returned non-string"));
    };
    if s.is_empty() {
        return Err(cx.error(Exc::EOFError, "EOF when reading a line"));
    }
    match s.bytes() {
        [head @ .., b'\n'] => Ok(cx.new_wtf8(head)?.value()),
        _ => Ok(line),
    }
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.repr(a[0])?.value())
}

fn ascii(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.ascii(a[0])?.value())
}

fn format(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.format(a[0], a[1])?.value())
}

fn chr(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index_value(a[0])?;
    match n.to_i64() {
        Some(n) if (0..=0x10ffff).contains(&n) => Ok(cx.char_str(n as u32)?.value()),
        _ => Err(cx.value_error("chr() arg not in range(0x110000)")),
    }
}

fn ord(cx: &mut Thread, a: Args<'_>) -> R {
    let length = if let Some(s) = a[0].as_str() {
        if s.len() == 1 {
            return cx.int(ferropy_text::wtf8::decode_at(s.bytes(), 0).0 as i64);
        }
        s.len()
    } else if a[0].cast::<Bytes>().is_some() || a[0].cast::<ByteArray>().is_some() {
        let data = cx.buffer(a[0])?;
        if data.len == 1 {
            return cx.int(data.bytes()[0] as i64);
        }
        data.len
    } else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("ord() expected string of length 1, but {class} found")));
    };
    Err(cx.type_error(format!("ord() expected a character, but string of length {length} found")))
}
