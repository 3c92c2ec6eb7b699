//! `_csv`: reading and writing of comma-separated values.
//!
//! Terms: a *record* is what a row is written as; it may span lines when a quoted field holds line ends. The reader is a
//! state machine over characters with a mark at the end of each line.

mod dialect;

use dialect::{ALL, DIALECT, Dialect, MINIMAL, NONE, NONNUMERIC, NOTNULL, STRINGS, by_name, error, make, registered};
use ferropy_text::wtf8;
use ferropy_vm::class::flags as f;
use ferropy_vm::types::{List, Str};
use ferropy_vm::{Args, BinOp, Exc, Field, Gc, N, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use std::cell::{Cell, RefCell};

#[derive(Clone, Copy, PartialEq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscapedLineEnd,
}

#[repr(C)]
struct Reader {
    lines: Field,
    dialect: Field,
    state: Cell<State>,
    unquoted: Cell<bool>,
    line: Cell<i64>,
    /// The field being read, and its number of characters.
    text: RefCell<Vec<u8>>,
    chars: Cell<i64>,
}
heap_kind!(Reader, "_csv.reader", 2, drop);

#[repr(C)]
struct Writer {
    write: Field,
    dialect: Field,
}
heap_kind!(Writer, "_csv.writer", 2);

fn field_limit(cx: &Thread) -> i64 {
    cx.registry("_csv.field_limit").and_then(|v| v.as_int()).unwrap_or(128 * 1024)
}

fn dialect_of(cx: &mut Thread, v: Value) -> R<Gc<Dialect>> {
    v.cast::<Dialect>().ok_or_else(|| cx.type_error("a Dialect object is required"))
}

/// One step of the machine's input: a character, or the end of a line.
type Input = Option<u32>;

fn is_end(c: Input) -> bool {
    matches!(c, None | Some(10 | 13))
}

impl Reader {
    fn push(&self, c: u32) {
        wtf8::push(&mut self.text.borrow_mut(), c);
        self.chars.set(self.chars.get() + 1);
    }
}

fn add(cx: &mut Thread, r: Gc<Reader>, c: u32) -> R<()> {
    let limit = field_limit(cx);
    if r.chars.get() >= limit {
        return Err(error(cx, format!("field larger than field limit ({limit})")));
    }
    r.push(c);
    Ok(())
}

/// Ends the field and adds it to the record.
fn save(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, record: Gc<List>) -> R<()> {
    let text = std::mem::take(&mut *r.text.borrow_mut());
    r.chars.set(0);
    let bare = r.unquoted.get();
    if bare && text.is_empty() && matches!(d.quoting, NOTNULL | STRINGS) {
        return cx.list_append(record, Value::NONE);
    }
    let mut v = cx.new_wtf8(&text)?.value();
    if bare && !text.is_empty() && matches!(d.quoting, NONNUMERIC | STRINGS) {
        let float = cx.builtin(ferropy_vm::Builtin::Float).value();
        v = cx.call(float, &[v])?;
    }
    cx.list_append(record, v)
}

/// The state after a record's or field's end.
fn after(c: Input) -> State {
    match c {
        None => State::StartRecord,
        Some(10 | 13) => State::EatLineEnd,
        _ => State::StartField,
    }
}

fn start_field(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, record: Gc<List>, c: Input) -> R<()> {
    r.unquoted.set(true);
    if is_end(c) || c == Some(d.delimiter) {
        save(cx, r, d, record)?;
        r.state.set(after(c));
    } else if c == d.quote && d.quoting != NONE {
        r.unquoted.set(false);
        r.state.set(State::InQuoted);
    } else if c == d.escape {
        r.state.set(State::Escaped);
    } else if c == Some(32) && d.skip_space {
    } else if let Some(c) = c {
        add(cx, r, c)?;
        r.state.set(State::InField);
    }
    Ok(())
}

fn in_field(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, record: Gc<List>, c: Input) -> R<()> {
    if is_end(c) || c == Some(d.delimiter) {
        save(cx, r, d, record)?;
        r.state.set(after(c));
    } else if c == d.escape {
        r.state.set(State::Escaped);
    } else if let Some(c) = c {
        add(cx, r, c)?;
    }
    Ok(())
}

fn in_quoted(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, c: Input) -> R<()> {
    let Some(ch) = c else { return Ok(()) };
    if c == d.escape {
        r.state.set(State::EscapedInQuoted);
    } else if c == d.quote && d.quoting != NONE {
        r.state.set(if d.double_quote { State::QuoteInQuoted } else { State::InField });
    } else {
        add(cx, r, ch)?;
    }
    Ok(())
}

fn quote_in_quoted(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, record: Gc<List>, c: Input) -> R<()> {
    if c.is_some() && c == d.quote && d.quoting != NONE {
        add(cx, r, c.unwrap_or(34))?;
        r.state.set(State::InQuoted);
    } else if is_end(c) || c == Some(d.delimiter) {
        save(cx, r, d, record)?;
        r.state.set(after(c));
    } else if let (Some(c), false) = (c, d.strict) {
        add(cx, r, c)?;
        r.state.set(State::InField);
    } else {
        let shown = |c: u32| char::from_u32(c).unwrap_or('?');
        let (x, y) = (shown(d.delimiter), shown(d.quote.unwrap_or(34)));
        return Err(error(cx, format!("'{x}' expected after '{y}'")));
    }
    Ok(())
}

fn step(cx: &mut Thread, r: Gc<Reader>, d: Gc<Dialect>, record: Gc<List>, c: Input) -> R<()> {
    match r.state.get() {
        State::StartRecord => match c {
            None => Ok(()),
            Some(10 | 13) => {
                r.state.set(State::EatLineEnd);
                Ok(())
            }
            _ => {
                r.state.set(State::StartField);
                start_field(cx, r, d, record, c)
            }
        },
        State::StartField => start_field(cx, r, d, record, c),
        State::Escaped => {
            add(cx, r, c.unwrap_or(10))?;
            let line_end = matches!(c, Some(10 | 13));
            r.state.set(if line_end { State::AfterEscapedLineEnd } else { State::InField });
            Ok(())
        }
        State::AfterEscapedLineEnd if c.is_none() => Ok(()),
        State::AfterEscapedLineEnd | State::InField => in_field(cx, r, d, record, c),
        State::InQuoted => in_quoted(cx, r, d, c),
        State::EscapedInQuoted => {
            add(cx, r, c.unwrap_or(10))?;
            r.state.set(State::InQuoted);
            Ok(())
        }
        State::QuoteInQuoted => quote_in_quoted(cx, r, d, record, c),
        State::EatLineEnd => match c {
            Some(10 | 13) => Ok(()),
            None => {
                r.state.set(State::StartRecord);
                Ok(())
            }
            _ => Err(error(
                cx,
                "new-line character seen in unquoted field - do you need to open the file with newline=''?",
            )),
        },
    }
}

fn this_reader(cx: &mut Thread, v: Value) -> R<Gc<Reader>> {
    v.cast::<Reader>().ok_or_else(|| cx.type_error("a reader object is required"))
}

fn reader_next(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_reader(cx, a[0])?;
    let d = dialect_of(cx, r.dialect.get())?;
    let record = cx.new_list(&[])?;
    r.text.borrow_mut().clear();
    r.chars.set(0);
    r.unquoted.set(false);
    r.state.set(State::StartRecord);
    loop {
        let Some(line) = cx.next(r.lines.get())? else {
            if r.chars.get() == 0 && r.state.get() != State::InQuoted {
                return Err(cx.stop_iteration(Value::NULL));
            }
            if d.strict {
                return Err(error(cx, "unexpected end of data"));
            }
            save(cx, r, d, record)?;
            break;
        };
        let Some(text) = line.cast::<Str>() else {
            let class = cx.class_name(line);
            return Err(error(
                cx,
                format!("iterator should return strings, not {class} (the file should be opened in text mode)"),
            ));
        };
        r.line.set(r.line.get() + 1);
        for c in wtf8::chars(text.bytes()) {
            step(cx, r, d, record, Some(c))?;
        }
        step(cx, r, d, record, None)?;
        if r.state.get() == State::StartRecord {
            break;
        }
    }
    Ok(record.value())
}

fn reader_iter(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}
fn reader_dialect(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this_reader(cx, a[0])?.dialect.get())
}
fn reader_line(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this_reader(cx, a[0])?.line.get();
    cx.int(n)
}

static READER: TypeDef = TypeDef::new::<Reader>(
    "_csv.reader",
    &[
        NativeDef::method("__iter__(self, /)", reader_iter, "Implement iter(self)."),
        NativeDef::method("__next__(self, /)", reader_next, "Implement next(self)."),
        NativeDef::getter("dialect", reader_dialect, ""),
        NativeDef::getter("line_num", reader_line, ""),
    ],
    "CSV reader\n\nReader objects are responsible for reading and parsing tabular data\nin CSV format.\n",
)
.flags(f::IMMUTABLE | f::NO_NEW);

/// A record that is being written.
struct Record {
    text: Vec<u8>,
    fields: usize,
    terminator: Vec<u32>,
}

impl Record {
    /// Adds a field's text; None: a null field.
    fn append(&mut self, cx: &mut Thread, d: Gc<Dialect>, content: Option<&[u8]>, quoted: bool) -> R<()> {
        let mut quoted = quoted;
        let content_bytes = content.unwrap_or(&[]);
        if content_bytes.is_empty() && d.delimiter == 32 && d.skip_space {
            if d.quoting == NONE || (content.is_none() && matches!(d.quoting, STRINGS | NOTNULL)) {
                let text = "empty field must be quoted if delimiter is a space and skipinitialspace is true";
                return Err(error(cx, text));
            }
            quoted = true;
        }
        let mut body = Vec::with_capacity(content_bytes.len() + 2);
        for c in wtf8::chars(content_bytes) {
            if self.is_special(d, c) {
                let mut escape = d.quoting == NONE;
                if !escape && Some(c) == d.quote {
                    if d.double_quote {
                        wtf8::push(&mut body, c);
                    } else {
                        escape = true;
                    }
                } else if !escape && Some(c) == d.escape {
                    escape = true;
                }
                quoted |= !escape;
                if escape {
                    let Some(e) = d.escape else {
                        return Err(error(cx, "need to escape, but no escapechar set"));
                    };
                    wtf8::push(&mut body, e);
                }
            }
            wtf8::push(&mut body, c);
        }
        if self.fields > 0 {
            wtf8::push(&mut self.text, d.delimiter);
        }
        let quote = if quoted { d.quote } else { None };
        if let Some(q) = quote {
            wtf8::push(&mut self.text, q);
        }
        self.text.extend_from_slice(&body);
        if let Some(q) = quote {
            wtf8::push(&mut self.text, q);
        }
        self.fields += 1;
        Ok(())
    }
    fn is_special(&self, d: Gc<Dialect>, c: u32) -> bool {
        c == d.delimiter
            || Some(c) == d.quote
            || Some(c) == d.escape
            || matches!(c, 10 | 13)
            || self.terminator.contains(&c)
    }
}

fn is_number(cx: &mut Thread, v: Value) -> bool {
    v.is_any_int()
        || v.as_float().is_some()
        || cx.lookup_special(v, N::__float__).is_some()
        || cx.lookup_special(v, N::__index__).is_some()
        || cx.lookup_special(v, N::__int__).is_some()
}

fn this_writer(cx: &mut Thread, v: Value) -> R<Gc<Writer>> {
    v.cast::<Writer>().ok_or_else(|| cx.type_error("a writer object is required"))
}

fn write_row(cx: &mut Thread, w: Gc<Writer>, row: Value) -> R {
    let d = dialect_of(cx, w.dialect.get())?;
    let it = cx.iter(row);
    let Some(it) = cx.catch(Exc::TypeError, it)? else {
        let class = cx.class_name(row);
        return Err(error(cx, format!("iterable expected, not {class}")));
    };
    let terminator = d.terminator.cast::<Str>().map_or_else(Vec::new, |t| wtf8::chars(t.bytes()).collect());
    let mut record = Record { text: Vec::new(), fields: 0, terminator };
    let mut null = false;
    while let Some(v) = cx.next(it)? {
        let quoted = match d.quoting {
            NONNUMERIC => !is_number(cx, v),
            ALL => true,
            STRINGS => v.cast::<Str>().is_some(),
            NOTNULL => !v.is_none(),
            _ => false,
        };
        null = v.is_none();
        if null {
            record.append(cx, d, None, quoted)?;
            continue;
        }
        let s = cx.str(v)?;
        let text = s.bytes().to_vec();
        record.append(cx, d, Some(&text), quoted)?;
    }
    if record.fields > 0 && record.text.is_empty() {
        if d.quoting == NONE || (null && matches!(d.quoting, STRINGS | NOTNULL)) {
            return Err(error(cx, "single empty field record must be quoted"));
        }
        record.fields = 0;
        record.append(cx, d, None, true)?;
    }
    let line = cx.new_wtf8(&record.text)?.value();
    let line = cx.binary(BinOp::Add, line, d.terminator.get())?;
    cx.call(w.write.get(), &[line])
}

fn writer_writerow(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this_writer(cx, a[0])?;
    write_row(cx, w, a[1])
}

fn writer_writerows(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this_writer(cx, a[0])?;
    let it = cx.iter(a[1])?;
    while let Some(row) = cx.next(it)? {
        write_row(cx, w, row)?;
    }
    Ok(Value::NONE)
}

fn writer_dialect(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this_writer(cx, a[0])?.dialect.get())
}

static WRITER: TypeDef = TypeDef::new::<Writer>(
    "_csv.writer",
    &[
        NativeDef::method(
            "writerow(self, row, /)",
            writer_writerow,
            "writerow($self, row, /)\n--\n\nConstruct and write a CSV record from an iterable of fields.",
        ),
        NativeDef::method(
            "writerows(self, rows, /)",
            writer_writerows,
            "Construct and write a series of iterables to a csv file.",
        ),
        NativeDef::getter("dialect", writer_dialect, ""),
    ],
    "CSV writer\n\nWriter objects are responsible for generating tabular data\nin CSV format from sequence input.\n",
)
.flags(f::IMMUTABLE | f::NO_NEW);

fn m_reader(cx: &mut Thread, a: Args<'_>) -> R {
    let lines = cx.iter(a[0])?;
    let dialect = make(cx, a.opt(1), a[2])?;
    let class = cx.native_class(&READER)?;
    let r = Reader {
        lines: field(lines),
        dialect: field(dialect),
        state: State::StartRecord.into(),
        unquoted: false.into(),
        line: 0.into(),
        text: RefCell::default(),
        chars: 0.into(),
    };
    Ok(cx.alloc_of(class, r)?.value())
}

fn m_writer(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.intern("write")?;
    let Some(write) = cx.getattr_opt(a[0], name)? else {
        return Err(cx.type_error("argument 1 must have a \"write\" method"));
    };
    let dialect = make(cx, a.opt(1), a[2])?;
    let class = cx.native_class(&WRITER)?;
    Ok(cx.alloc_of(class, Writer { write: field(write), dialect: field(dialect) })?.value())
}

fn m_register(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<Str>().is_none() {
        return Err(cx.type_error("dialect name must be a string"));
    }
    let dialect = make(cx, a.opt(1), a[2])?;
    let all = registered(cx)?;
    cx.dict_set(all, a[0], dialect)?;
    Ok(Value::NONE)
}

fn m_unregister(cx: &mut Thread, a: Args<'_>) -> R {
    let all = registered(cx)?;
    match cx.dict_remove(all, a[0])? {
        Some(_) => Ok(Value::NONE),
        None => Err(error(cx, "unknown dialect")),
    }
}

fn m_get(cx: &mut Thread, a: Args<'_>) -> R {
    by_name(cx, a[0])
}

fn m_list(cx: &mut Thread, _a: Args<'_>) -> R {
    let all = registered(cx)?;
    Ok(cx.list_from(all.value())?.value())
}

fn m_limit(cx: &mut Thread, a: Args<'_>) -> R {
    let old = field_limit(cx);
    if let Some(v) = a.opt(0) {
        if !v.is_any_int() {
            return Err(cx.type_error("limit must be an integer"));
        }
        let Some(n) = v.to_i64().and_then(Value::try_int) else {
            return Err(cx.overflow_error("Python int too large to convert to C ssize_t"));
        };
        cx.set_registry("_csv.field_limit", n);
    }
    cx.int(old)
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "reader(iterable, /, dialect='excel', **fmtparams)",
        m_reader,
        "Return a reader object that will process lines from the given iterable.",
    ),
    NativeDef::function(
        "writer(fileobj, /, dialect='excel', **fmtparams)",
        m_writer,
        "Return a writer object that will write user data on the given file object.",
    ),
    NativeDef::function(
        "register_dialect(name, /, dialect='excel', **fmtparams)",
        m_register,
        "Create a mapping from a string name to a CVS dialect.",
    ),
    NativeDef::function(
        "unregister_dialect(name)",
        m_unregister,
        "Delete the name/dialect mapping associated with a string name.",
    ),
    NativeDef::function("get_dialect(name)", m_get, "Return the dialect instance associated with name."),
    NativeDef::function("list_dialects()", m_list, "Return a list of all known dialect names."),
    NativeDef::function(
        "field_size_limit(new_limit=<unrepresentable>)",
        m_limit,
        "Sets an upper limit on parsed fields.",
    ),
];

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_csv", "CSV parsing and writing.\n", FUNCTIONS)?;
    cx.module_class(m, &DIALECT)?;
    for (name, def) in [("Reader", &READER), ("Writer", &WRITER)] {
        let class = cx.native_class(def)?.value();
        cx.module_set(m, name, class)?;
    }
    for (name, n) in [
        ("QUOTE_MINIMAL", MINIMAL),
        ("QUOTE_ALL", ALL),
        ("QUOTE_NONNUMERIC", NONNUMERIC),
        ("QUOTE_NONE", NONE),
        ("QUOTE_STRINGS", STRINGS),
        ("QUOTE_NOTNULL", NOTNULL),
    ] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    let e = dialect_error(cx)?;
    cx.module_set(m, "Error", e)?;
    let all = registered(cx)?.value();
    cx.module_set(m, "_dialects", all)?;
    Ok(m.value())
}

fn dialect_error(cx: &mut Thread) -> R {
    crate::errors::exception(cx, "_csv.Error", Exc::Exception)
}

/// Registers the modules of this folder.
pub fn register(cx: &mut Thread) {
    cx.register_module("_csv", init);
}
