//! Tracebacks and exceptions as text without the module `traceback`: for when it cannot be imported or fails.
//!
//! Only the message of an exception and the reading of source files run Python code; what fails there is left out.

use ferropy_builtins::functions::output::sys_get;
use ferropy_builtins::functions::source::{Input, Origin, decode_source};
use ferropy_vm::types::{Exception, FrameObject, List, Traceback};
use ferropy_vm::{Gc, R, Thread, Value};

/// Equal lines of a traceback that are shown before the rest is only counted.
const SHOWN_REPETITIONS: usize = 3;
/// How many causes are shown.
const MOST_CAUSES: usize = 20;

/// An exception with its causes and tracebacks.
pub fn of_exception(cx: &mut Thread, e: Value) -> String {
    let mut out = String::new();
    chain(cx, e, &mut out, &mut Vec::new());
    out
}

/// A traceback with its headline.
pub fn of_traceback(cx: &mut Thread, tb: Value) -> String {
    let limit = limit(cx);
    let mut out = String::new();
    if limit <= 0 {
        return out;
    }
    out.push_str("Traceback (most recent call last):\n");
    let entries = || std::iter::successors(tb.cast::<Traceback>(), |t| t.next.cast::<Traceback>());
    let skipped = entries().count().saturating_sub(limit as usize);
    let mut sources = Sources::default();
    let mut last: Option<(String, i64, String)> = None;
    let mut repeated = 0;
    for tb in entries().skip(skipped) {
        let Some(code) = tb.frame.cast::<FrameObject>().and_then(|f| cx.frame_code(f)) else { continue };
        let line = traceback_line(cx, tb);
        let rust = code.rust();
        let place = (rust.filename.to_string(), line, rust.name.to_string());
        if last.as_ref() != Some(&place) {
            finish_repetition(&mut out, repeated);
            repeated = 0;
        }
        repeated += 1;
        if repeated <= SHOWN_REPETITIONS {
            let (file, _, name) = &place;
            out.push_str(&format!("  File \"{file}\", line {line}, in {name}\n"));
            if let Some(text) = sources.line(cx, file, line) {
                out.push_str(&format!("    {text}\n"));
            }
        }
        last = Some(place);
    }
    finish_repetition(&mut out, repeated);
    out
}

/// `sys.tracebacklimit`.
fn limit(cx: &mut Thread) -> i64 {
    match sys_get(cx, "tracebacklimit") {
        Ok(Some(v)) => v.as_int().unwrap_or(1000),
        Ok(None) => 1000,
        Err(_) => {
            cx.take_pending();
            1000
        }
    }
}

fn finish_repetition(out: &mut String, repeated: usize) {
    let more = repeated.saturating_sub(SHOWN_REPETITIONS);
    if more > 0 {
        let plural = if more == 1 { "" } else { "s" };
        out.push_str(&format!("  [Previous line repeated {more} more time{plural}]\n"));
    }
}

fn traceback_line(cx: &Thread, tb: Gc<Traceback>) -> i64 {
    match tb.lineno.get() {
        n if n >= 0 => n as i64,
        _ => cx.traceback_line(tb) as i64,
    }
}

/// `seen` are the numbers of exceptions that are being shown.
fn chain(cx: &mut Thread, e: Value, out: &mut String, seen: &mut Vec<usize>) {
    let Some(x) = e.cast::<Exception>() else { return };
    let id = cx.id(e);
    seen.push(id);
    if seen.len() <= MOST_CAUSES {
        let (cause, context) = (x.cause.get(), x.context.get());
        let new = |cx: &mut Thread, v: Value| v.cast::<Exception>().is_some() && !seen.contains(&cx.id(v));
        if new(cx, cause) {
            chain(cx, cause, out, seen);
            out.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
        } else if cause.cast::<Exception>().is_none() && !x.suppress_context.get() && new(cx, context) {
            chain(cx, context, out, seen);
            out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
    }
    if x.traceback.cast::<Traceback>().is_some() {
        out.push_str(&of_traceback(cx, x.traceback.get()));
    }
    message(cx, e, out);
}

/// The class and what `str` says.
fn message(cx: &mut Thread, e: Value, out: &mut String) {
    let class = cx.class_of(e);
    out.push_str(&cx.full_class_name(class));
    match cx.str(e).map(|s| s.to_lossy()) {
        Ok(m) if m.is_empty() => {}
        Ok(m) => {
            out.push_str(": ");
            out.push_str(&m);
        }
        Err(_) => {
            cx.take_pending();
            out.push_str(": <exception str() failed>");
        }
    }
    out.push('\n');
}

/// The source file that was last read.
#[derive(Default)]
struct Sources {
    name: String,
    text: Option<String>,
}

impl Sources {
    /// A line without its indentation, if the file can be read.
    fn line(&mut self, cx: &mut Thread, file: &str, line: i64) -> Option<String> {
        if file.starts_with('<') && file.ends_with('>') {
            return None;
        }
        if self.name != file {
            self.name = file.to_owned();
            self.text = read_source(cx, file);
        }
        let at = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.text.as_deref()?.split_inclusive('\n').nth(at)?;
        Some(text.trim_start_matches([' ', '\t', '\x0c']).trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// A source file's text; a file that is not where it was compiled is looked for in `sys.path`.
fn read_source(cx: &mut Thread, file: &str) -> Option<String> {
    let read = |cx: &mut Thread, path: &str| -> Option<String> {
        let text = open_source(cx, path);
        if text.is_err() {
            cx.take_pending();
        }
        text.ok()
    };
    if let Some(text) = read(cx, file) {
        return Some(text);
    }
    let tail = file.rsplit('/').next()?;
    let path = sys_get(cx, "path").ok().flatten()?.cast::<List>()?;
    let mut i = 0;
    while let Some(entry) = path.get(i) {
        i += 1;
        let Some(folder) = entry.as_str().map(|s| s.to_lossy()) else { continue };
        if let Some(text) = read(cx, &format!("{}/{tail}", folder.trim_end_matches('/'))) {
            return Some(text);
        }
    }
    None
}

fn open_source(cx: &mut Thread, path: &str) -> R<String> {
    let io = cx.import("io")?;
    let (path_value, mode) = (cx.new_str(path)?.value(), cx.intern("rb")?);
    let file = cx.call_method(io, "open", &[path_value, mode])?;
    let data = cx.call_method(file, "read", &[]);
    let closed = cx.call_method(file, "close", &[]);
    let data = cx.bytes_of(data?)?;
    closed?;
    decode_source(cx, data, Input { filename: path, origin: Origin::File, utf8: false })
}
