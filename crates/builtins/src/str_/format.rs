//! `str.format`, `str.format_map`, `str.__format__`.

use super::{exact, this};
use ferropy_text::brace::{self, Accessor, First, Numbering, Parser};
use ferropy_text::format_spec::{self, Spec};
use ferropy_vm::types::{Dict, Tuple};
use ferropy_vm::{Args, Exc, Gc, R, Thread, Value};

/// Where fields take their arguments from.
struct Source {
    /// None: `format_map`.
    args: Option<Gc<Tuple>>,
    kwargs: Value,
    numbering: Numbering,
}

pub fn format(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let args = a[1].cast::<Tuple>();
    let first = args.and_then(|t| t.items().first().copied()).unwrap_or(Value::NONE);
    let out = run(cx, s, Source { args, kwargs: a[2], numbering: Numbering::default() })?;
    super::same_or_new(cx, &out, [s.value(), first])
}

pub fn format_map(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let out = run(cx, s, Source { args: None, kwargs: a[1], numbering: Numbering::default() })?;
    super::same_or_new(cx, &out, [s.value()])
}

fn run(cx: &mut Thread, s: Gc<ferropy_vm::types::Str>, mut source: Source) -> R<Vec<u8>> {
    let mut out = Vec::with_capacity(s.bytes().len() + 16);
    expand(cx, s.bytes(), &mut source, 2, &mut out)?;
    super::keep(s);
    Ok(out)
}

/// Appends a template with its fields filled in.
fn expand(cx: &mut Thread, text: &[u8], source: &mut Source, depth: u32, out: &mut Vec<u8>) -> R<()> {
    if depth == 0 {
        return Err(cx.value_error(brace::RECURSION));
    }
    let mut parser = Parser::new(text);
    loop {
        let piece = match parser.next_piece() {
            Ok(Some(p)) => p,
            Ok(None) => return Ok(()),
            Err(e) => return Err(cx.text_error(e)),
        };
        out.extend_from_slice(piece.literal);
        let Some(field) = piece.field else { continue };
        let mut v = field_value(cx, field.name, source)?;
        if let Some(c) = field.conversion {
            v = convert(cx, v, c)?;
        }
        let spec = if field.nested {
            let mut spec = Vec::new();
            expand(cx, field.spec, source, depth - 1, &mut spec)?;
            cx.new_wtf8(&spec)?.value()
        } else if field.spec.is_empty() {
            Value::NULL
        } else {
            cx.new_wtf8(field.spec)?.value()
        };
        let shown = cx.format(v, spec)?;
        out.extend_from_slice(shown.bytes());
    }
}

fn convert(cx: &mut Thread, v: Value, c: u32) -> R {
    Ok(match char::from_u32(c) {
        Some('r') => cx.repr(v)?,
        Some('s') => cx.str(v)?,
        Some('a') => cx.ascii(v)?,
        _ => return Err(cx.text_error(brace::unknown_conversion(c))),
    }
    .value())
}

fn first_value(cx: &mut Thread, first: &First<'_>, source: &mut Source) -> R {
    let index = match source.numbering.index(first) {
        Ok(i) => i,
        Err(e) => return Err(cx.text_error(e)),
    };
    if let First::Key(key) = first {
        let key = cx.intern_wtf8(key)?;
        if source.args.is_some() {
            return match source.kwargs.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)) {
                Some(v) => Ok(v),
                None => Err(cx.key_error(key)),
            };
        }
        return cx.getitem(source.kwargs, key);
    }
    let Some(args) = source.args else {
        return Err(cx.value_error("Format string contains positional fields"));
    };
    let index = index.unwrap_or(0);
    match args.items().get(index) {
        Some(v) => Ok(*v),
        None => {
            Err(cx.error(Exc::IndexError, format!("Replacement index {index} out of range for positional args tuple")))
        }
    }
}

fn field_value(cx: &mut Thread, name: &[u8], source: &mut Source) -> R {
    let (first, accessors) = match brace::split_name(name) {
        Ok(x) => x,
        Err(e) => return Err(cx.text_error(e)),
    };
    let mut v = first_value(cx, &first, source)?;
    for accessor in accessors {
        v = match accessor {
            Ok(Accessor::Attribute(name)) => {
                let name = cx.intern_wtf8(name)?;
                cx.getattr(v, name)?
            }
            Ok(Accessor::Index(i)) => {
                let i = cx.int(i as i64)?;
                cx.getitem(v, i)?
            }
            Ok(Accessor::Key(key)) => {
                let key = cx.new_wtf8(key)?.value();
                cx.getitem(v, key)?
            }
            Err(e) => return Err(cx.text_error(e)),
        };
    }
    Ok(v)
}

/// `str.__format__`.
pub fn format_self(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let Some(spec) = a[1].as_str() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("__format__() argument must be str, not {got}")));
    };
    if spec.is_empty() {
        if s.shape() == ferropy_vm::Builtin::Str as u32 {
            return exact(cx, s);
        }
        return Ok(cx.str(a[0])?.value());
    }
    let r = Spec::parse(spec.bytes(), format_spec::STR);
    let type_name = cx.class_name(a[0]);
    let r = match r {
        Err(_) if type_name != "str" => {
            Spec::parse(spec.bytes(), format_spec::Target { type_name: &type_name, ..format_spec::STR })
        }
        r => r,
    };
    let out = match r.and_then(|spec| format_spec::format_str(s.bytes(), &spec)) {
        Ok(out) => out,
        Err(e) => return Err(cx.text_error(e)),
    };
    Ok(cx.new_wtf8(&out)?.value())
}
