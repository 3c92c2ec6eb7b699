//! `_json`: scanner and encoder of JSON.
//!
//! Both work on the bytes of strings (WTF-8); positions that Python sees count characters and are converted at the edges.

mod encode;
mod scan;

use ferropy_vm::types::Str;
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_json", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_json", "json speedups\n", FUNCTIONS)?;
    for (name, def) in [("make_scanner", &scan::SCANNER), ("make_encoder", &encode::ENCODER)] {
        let class = cx.native_class(def)?.value();
        cx.module_set(m, name, class)?;
    }
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "encode_basestring_ascii(string, /)",
        |cx, a| encode_string(cx, a, true),
        "encode_basestring_ascii(string) -> string\n\nReturn an ASCII-only JSON representation of a Python string",
    ),
    NativeDef::function(
        "encode_basestring(string, /)",
        |cx, a| encode_string(cx, a, false),
        "encode_basestring(string) -> string\n\nReturn a JSON representation of a Python string",
    ),
    NativeDef::function(
        "scanstring(string, end, strict=True, /)",
        scan::scanstring,
        "Scan the string s for a JSON string. End is the index of the character in s after the quote that started the JSON string.",
    ),
];

fn encode_string(cx: &mut Thread, a: Args<'_>, ascii: bool) -> R {
    let Some(s) = a[0].cast::<Str>() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("first argument must be a string, not {class}")));
    };
    let mut out = Vec::with_capacity(s.bytes().len() + 2);
    encode::push_string(&mut out, s.bytes(), ascii);
    Ok(cx.new_wtf8(&out)?.value())
}

/// A JSONDecodeError at a character position.
fn decode_error(cx: &mut Thread, message: &str, doc: Value, pos: usize) -> ferropy_vm::Raised {
    let made = (|| {
        let decoder = cx.import("json.decoder")?;
        let class = cx.getattr_str(decoder, "JSONDecodeError")?;
        let message = cx.new_str(message)?.value();
        let pos = cx.uint(pos as u64)?;
        cx.call(class, &[message, doc, pos])
    })();
    match made {
        Ok(e) => cx.raise_value(e),
        Err(r) => r,
    }
}
