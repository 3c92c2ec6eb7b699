//! SyntaxError: where in which file.

use super::*;

const MSG: usize = 0;
const FILENAME: usize = 1;
const LINENO: usize = 2;
const OFFSET: usize = 3;
const TEXT: usize = 4;
const END_LINENO: usize = 5;
const END_OFFSET: usize = 6;
const PRINT: usize = 7;
const METADATA: usize = 8;
const FIELDS: usize = 9;

static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", init, "Initialize self."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::getset("msg", get_field::<MSG>, set_field::<MSG>, "exception msg").as_member(),
    NativeDef::getset("filename", get_field::<FILENAME>, set_field::<FILENAME>, "exception filename").as_member(),
    NativeDef::getset("lineno", get_field::<LINENO>, set_field::<LINENO>, "exception lineno").as_member(),
    NativeDef::getset("offset", get_field::<OFFSET>, set_field::<OFFSET>, "exception offset").as_member(),
    NativeDef::getset("text", get_field::<TEXT>, set_field::<TEXT>, "exception text").as_member(),
    NativeDef::getset("end_lineno", get_field::<END_LINENO>, set_field::<END_LINENO>, "exception end lineno")
        .as_member(),
    NativeDef::getset("end_offset", get_field::<END_OFFSET>, set_field::<END_OFFSET>, "exception end offset")
        .as_member(),
    NativeDef::getset("print_file_and_line", get_field::<PRINT>, set_field::<PRINT>, "exception print_file_and_line")
        .as_member(),
    NativeDef::getset("_metadata", get_field::<METADATA>, set_field::<METADATA>, "exception private metadata")
        .as_member(),
];

pub fn install(cx: &mut Thread) -> R<()> {
    add(cx, Exc::SyntaxError, METHODS)
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    let class = cx.class_name(a[0]);
    no_keywords(cx, &class, kw)?;
    e.args.set(cx, e, args);
    if args.len > 0 {
        reserve(cx, e, FIELDS)?;
        set_data(cx, e, MSG, args.at(0))?;
    }
    if args.len == 2 {
        let info = cx.tuple_from(args.at(1))?;
        fill(cx, e, info)?;
    }
    Ok(Value::NONE)
}

/// Sets the fields from `(filename, lineno, offset, text[, end_lineno, end_offset[, metadata]])`.
fn fill(cx: &mut Thread, e: Gc<Exception>, info: Gc<Tuple>) -> R<()> {
    let given = info.len;
    if !(4..=7).contains(&given) {
        let (word, n) = if given < 4 { ("least", 4) } else { ("most", 7) };
        return Err(cx.type_error(format!("function takes at {word} {n} arguments ({given} given)")));
    }
    let order = [FILENAME, LINENO, OFFSET, TEXT, END_LINENO, END_OFFSET, METADATA];
    for (i, field) in order.into_iter().enumerate() {
        set_data(cx, e, field, if i < given { info.at(i) } else { Value::NULL })?;
    }
    if given == 5 {
        return Err(cx.type_error("end_offset must be provided when end_lineno is provided"));
    }
    Ok(())
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let msg = data(e, MSG).bound().unwrap_or(Value::NONE);
    let mut out = cx.str(msg)?.bytes().to_vec();
    let filename = data(e, FILENAME).as_str().map(|f| {
        let path = f.bytes();
        let start = path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
        path[start..].to_vec()
    });
    let lineno = data(e, LINENO);
    let line = if lineno.is_int() || lineno.shape() == Builtin::Int as u32 { lineno.to_i64() } else { None };
    match (filename, line) {
        (None, None) => {}
        (Some(f), None) => {
            out.extend_from_slice(b" (");
            out.extend_from_slice(&f);
            out.push(b')');
        }
        (None, Some(n)) => out.extend_from_slice(format!(" (line {n})").as_bytes()),
        (Some(f), Some(n)) => {
            out.extend_from_slice(b" (");
            out.extend_from_slice(&f);
            out.extend_from_slice(format!(", line {n})").as_bytes());
        }
    }
    Ok(cx.new_wtf8(&out)?.value())
}
