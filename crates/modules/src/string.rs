//! `_string`: the parts of `str.format` that `string.Formatter` uses.

use ferropy_text::brace::{self, Accessor, First, Parser};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, Value, types};

/// Registers the module.
pub fn register(cx: &mut Thread) {
    cx.register_module("_string", init);
}

fn init(cx: &mut Thread) -> R {
    Ok(cx.module_with("_string", "string helper module", FUNCTIONS)?.value())
}

fn text(cx: &mut Thread, v: Value) -> R<Gc<types::Str>> {
    match v.as_str() {
        Some(s) => Ok(s),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("expected str, got {got}")))
        }
    }
}

/// An iterator over (literal, field name, spec, conversion).
fn formatter_parser(cx: &mut Thread, a: Args<'_>) -> R {
    let s = text(cx, a[0])?;
    let bytes = s.bytes().to_vec();
    let mut parser = Parser::new(&bytes);
    let list = cx.new_list(&[])?;
    loop {
        let piece = match parser.next_piece() {
            Ok(Some(p)) => p,
            Ok(None) => break,
            Err(e) => return Err(cx.text_error(e)),
        };
        let literal = cx.new_wtf8(piece.literal)?.value();
        let row = match piece.field {
            None => [literal, Value::NONE, Value::NONE, Value::NONE],
            Some(f) => {
                let (name, spec) = (cx.new_wtf8(f.name)?.value(), cx.new_wtf8(f.spec)?.value());
                let conversion = match f.conversion {
                    Some(c) => cx.char_str(c)?.value(),
                    None => Value::NONE,
                };
                [literal, name, spec, conversion]
            }
        };
        let row = cx.new_tuple(&row)?.value();
        cx.list_append(list, row)?;
    }
    cx.iter(list.value())
}

/// (first, iterator over (is attribute, name)).
fn formatter_field_name_split(cx: &mut Thread, a: Args<'_>) -> R {
    let s = text(cx, a[0])?;
    let bytes = s.bytes().to_vec();
    let (first, accessors) = match brace::split_name(&bytes) {
        Ok(x) => x,
        Err(e) => return Err(cx.text_error(e)),
    };
    let first = match first {
        First::Auto => cx.vm().empty_str,
        First::Index(i) => cx.int(i as i64)?,
        First::Key(k) => cx.new_wtf8(k)?.value(),
    };
    let list = cx.new_list(&[])?;
    for accessor in accessors {
        let (attribute, name) = match accessor {
            Ok(Accessor::Attribute(n)) => (true, cx.new_wtf8(n)?.value()),
            Ok(Accessor::Index(i)) => (false, cx.int(i as i64)?),
            Ok(Accessor::Key(k)) => (false, cx.new_wtf8(k)?.value()),
            Err(e) => return Err(cx.text_error(e)),
        };
        let row = cx.new_tuple(&[Value::bool(attribute), name])?.value();
        cx.list_append(list, row)?;
    }
    let rest = cx.iter(list.value())?;
    Ok(cx.new_tuple(&[first, rest])?.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "formatter_parser(format_string, /)",
        formatter_parser,
        "parse the argument as a format string",
    ),
    NativeDef::function(
        "formatter_field_name_split(format_string, /)",
        formatter_field_name_split,
        "split the argument as a field name",
    ),
];
