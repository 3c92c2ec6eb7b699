//! Code objects.
//!
//! `co_code` is the instruction words behind a unit of two bytes that stands for entering the frame. That happens at the
//! first line (of a module: at line 0), as what CPython begins with does. Offsets into it (`co_lines`, `f_lasti`,
//! `tb_lasti`) count bytes; `co_positions` has an entry for every unit of two bytes.

use ferropy_bytecode::code::{Code, Const, VarKind};
use ferropy_bytecode::{Op, Position, flags as cflags, positions};
use ferropy_vm::types::{Bytes, CodeObject, Dict, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, RootedVec, Thread, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new, "Create a code object.  Not for mere mortals."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("co_lines(self, /)", co_lines, ""),
    NativeDef::method("co_positions(self, /)", co_positions, ""),
    NativeDef::method(
        "replace(self, /, **changes)",
        replace,
        "Return a copy of the code object with new values for the specified fields.",
    ),
    NativeDef::method("__replace__(self, /, **changes)", replace, "The same as replace()."),
    NativeDef::method(
        "_varname_from_oparg(self, /, oparg)",
        varname,
        "(internal-only) Return the local variable name for the given oparg.",
    ),
    NativeDef::getter("co_argcount", |cx, a| number(cx, a, |c| c.argcount), "").as_member(),
    NativeDef::getter("co_posonlyargcount", |cx, a| number(cx, a, |c| c.posonlyargcount), "").as_member(),
    NativeDef::getter("co_kwonlyargcount", |cx, a| number(cx, a, |c| c.kwonlyargcount), "").as_member(),
    NativeDef::getter("co_nlocals", |cx, a| number(cx, a, |c| varnames(c).len() as u32), "").as_member(),
    NativeDef::getter("co_stacksize", |cx, a| number(cx, a, |c| c.nregs), "").as_member(),
    NativeDef::getter("co_flags", |cx, a| number(cx, a, |c| c.flags), "").as_member(),
    NativeDef::getter("co_firstlineno", |cx, a| number(cx, a, |c| c.firstlineno), "").as_member(),
    NativeDef::getter("co_name", |cx, a| Ok(this(cx, a[0])?.name.get()), "").as_member(),
    NativeDef::getter("co_qualname", |cx, a| Ok(this(cx, a[0])?.qualname.get()), "").as_member(),
    NativeDef::getter("co_filename", |cx, a| Ok(this(cx, a[0])?.filename.get()), "").as_member(),
    NativeDef::getter("co_consts", |cx, a| Ok(this(cx, a[0])?.consts.get()), "").as_member(),
    NativeDef::getter("co_names", |cx, a| Ok(this(cx, a[0])?.names.get()), "").as_member(),
    NativeDef::getter("co_varnames", |cx, a| names(cx, a, varnames), ""),
    NativeDef::getter("co_cellvars", |cx, a| names(cx, a, |c| of_kind(c, VarKind::Cell)), ""),
    NativeDef::getter("co_freevars", |cx, a| names(cx, a, |c| of_kind(c, VarKind::Free)), ""),
    NativeDef::getter("co_code", get_code, ""),
    NativeDef::getter("_co_code_adaptive", get_code, ""),
    NativeDef::getter("co_linetable", get_linetable, "").as_member(),
    NativeDef::getter("co_exceptiontable", get_exceptiontable, "").as_member(),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Code);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<CodeObject>> {
    v.cast::<CodeObject>().ok_or_else(|| cx.type_error("code expected"))
}

fn new(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.type_error("code objects cannot be created from their parts: use compile() or code.replace()"))
}

fn number(cx: &mut Thread, a: Args<'_>, get: fn(&Code) -> u32) -> R {
    let n = get(this(cx, a[0])?.rust());
    Ok(Value::small_int(n as i64))
}

fn names(cx: &mut Thread, a: Args<'_>, get: fn(&Code) -> Vec<&str>) -> R {
    let code = this(cx, a[0])?;
    let mut out = RootedVec::new(cx);
    for n in get(code.rust()) {
        let n = cx.intern(n)?;
        out.push(n);
    }
    Ok(cx.new_tuple(&out)?.value())
}

/// Parameters (in cells or not), then the other locals; comprehensions' variables count as locals, as in CPython.
fn varnames(c: &Code) -> Vec<&str> {
    let params = c.nparams();
    let is_local = |i: usize, k: VarKind| i < params || matches!(k, VarKind::Local | VarKind::Hidden);
    c.vars.iter().enumerate().filter(|(i, v)| is_local(*i, v.kind)).map(|(_, v)| &*v.name).collect()
}

fn of_kind(c: &Code, kind: VarKind) -> Vec<&str> {
    c.vars.iter().filter(|v| v.kind == kind).map(|v| &*v.name).collect()
}

/// Where the frame is entered.
fn entry_position(code: &Code) -> Position {
    let line = if code.name == "<module>" { 0 } else { code.firstlineno };
    Position { line, end_line: line.max(1), col: Some(0), end_col: Some(0) }
}

/// Where code comes from, as (first offset, end, position); the first is the entry.
fn runs(code: &Code) -> impl Iterator<Item = (i32, i32, Position)> + '_ {
    let words = code.instrs.len();
    let rest = positions::decode(&code.positions)
        .take_while(move |(first, ..)| *first < words)
        .map(move |(first, n, p)| (CodeObject::offset(first), CodeObject::offset((first + n).min(words)), p));
    std::iter::once((0, CodeObject::offset(0), entry_position(code))).chain(rest)
}

fn get_code(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    let words = code.rust().instrs.iter().flat_map(|w| w.to_le_bytes());
    let bytes: Vec<u8> = [Op::Nop as u8, 0].into_iter().chain(words).collect();
    Ok(cx.new_bytes(&bytes)?.value())
}

fn get_linetable(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    Ok(cx.new_bytes(&code.rust().positions)?.value())
}

fn get_exceptiontable(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    let words = code.rust().exceptions.iter().flat_map(|e| [e.start, e.end, e.target, e.reg]);
    let bytes: Vec<u8> = words.flat_map(|w| w.to_le_bytes()).collect();
    Ok(cx.new_bytes(&bytes)?.value())
}

fn varname(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    let i = cx.index(a[1])?;
    match usize::try_from(i).ok().and_then(|i| code.rust().vars.get(i)) {
        Some(v) => cx.intern(&v.name),
        None => Err(cx.index_error("tuple index out of range")),
    }
}

fn text(v: Value) -> String {
    v.cast::<Str>().map_or_else(String::new, |s| s.to_lossy())
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let (name, file, line) = (text(c.name.get()), text(c.filename.get()), c.rust().firstlineno);
    let out = format!("<code object {name} at {:#x}, file \"{file}\", line {line}>", cx.id(a[0]));
    Ok(cx.new_str(&out)?.value())
}

/// Equal but for the file.
fn same(a: &Code, b: &Code) -> bool {
    let consts = |x: &Const, y: &Const| match (x, y) {
        (Const::Code(x), Const::Code(y)) => same(x, y),
        (x, y) => x == y,
    };
    a.name == b.name
        && a.flags == b.flags
        && (a.argcount, a.posonlyargcount, a.kwonlyargcount) == (b.argcount, b.posonlyargcount, b.kwonlyargcount)
        && a.firstlineno == b.firstlineno
        && a.instrs == b.instrs
        && a.names == b.names
        && a.vars == b.vars
        && a.exceptions == b.exceptions
        && a.positions == b.positions
        && a.consts.len() == b.consts.len()
        && a.consts.iter().zip(&b.consts).all(|(x, y)| consts(x, y))
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let Some(d) = a[1].cast::<CodeObject>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if c == d {
        return Ok(Value::TRUE);
    }
    match (cx.unload_code(c), cx.unload_code(d)) {
        (Ok(x), Ok(y)) => Ok(Value::bool(same(&x, &y))),
        // `replace` can put in what code cannot have by itself.
        _ => Ok(Value::bool(same(c.rust(), d.rust()) && cx.eq(c.consts.get(), d.consts.get())?)),
    }
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let rust = c.rust();
    let mut key = rust.name.clone().into_bytes();
    key.extend(rust.firstlineno.to_le_bytes());
    key.extend((rust.instrs.len() as u32).to_le_bytes());
    key.extend(&rust.positions[..rust.positions.len().min(64)]);
    let h = cx.hash_bytes(&key);
    cx.int(h as i64)
}

fn co_lines(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    let mut lines: Vec<(i32, i32, Value)> = Vec::new();
    for (first, end, p) in runs(code.rust()) {
        let line = line(&p, first);
        match lines.last_mut() {
            Some(last) if last.2 == line => last.1 = end,
            _ => lines.push((first, end, line)),
        }
    }
    let list = cx.new_list(&[])?;
    for (start, end, line) in lines {
        let [start, end] = [start, end].map(|offset| Value::small_int(offset as i64));
        let t = cx.new_tuple(&[start, end, line])?;
        cx.list_append(list, t.value())?;
    }
    cx.iter(list.value())
}

/// A position's line, None if it has none; a module is entered at line 0.
fn line(p: &Position, first: i32) -> Value {
    if p.line == 0 && first > 0 { Value::NONE } else { Value::small_int(p.line as i64) }
}

fn co_positions(cx: &mut Thread, a: Args<'_>) -> R {
    let code = this(cx, a[0])?;
    let list = cx.new_list(&[])?;
    let column = |c: Option<u32>| c.map_or(Value::NONE, |c| Value::small_int(c as i64));
    for (first, end, p) in runs(code.rust()) {
        let line = line(&p, first);
        let end_line = if line == Value::NONE { line } else { Value::small_int(p.end_line as i64) };
        let t = cx.new_tuple(&[line, end_line, column(p.col), column(p.end_col)])?;
        for _ in 0..(end - first) / 2 {
            cx.list_append(list, t.value())?;
        }
    }
    cx.iter(list.value())
}

/// A copy with other names, lines, flags or constants. What the instructions depend on can only stay as it is.
fn replace(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let mut new = c.rust().clone();
    let mut consts = c.consts.get();
    let Some(changes) = a[1].cast::<Dict>() else { return Err(cx.type_error("dict expected")) };
    let mut i = 0;
    while let Some((next, _, key, v)) = changes.next_entry(i) {
        i = next;
        let name = text(key);
        match &*name {
            "co_name" => new.name = string(cx, v, &name)?,
            "co_qualname" => new.qualname = string(cx, v, &name)?,
            "co_filename" => new.filename = string(cx, v, &name)?,
            "co_firstlineno" => new.firstlineno = small(cx, v, &name)?,
            "co_flags" => new.flags = changed_flags(cx, &new, v)?,
            "co_linetable" => new.positions = table(cx, v, &name)?,
            "co_consts" => consts = changed_consts(cx, c, v)?,
            _ => unchanged(cx, c, key, &name, v)?,
        }
    }
    let new = cx.load_verified(Box::new(new))?;
    new.consts.set(cx, new, consts);
    new.names.set(cx, new, c.names.get());
    Ok(new.value())
}

fn string(cx: &mut Thread, v: Value, name: &str) -> R<String> {
    match v.cast::<Str>() {
        Some(s) => Ok(s.to_lossy()),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("replace() argument '{name}' must be str, not {got}")))
        }
    }
}

/// Positions may be anything: what cannot be read is no position.
fn table(cx: &mut Thread, v: Value, name: &str) -> R<Vec<u8>> {
    match v.cast::<Bytes>() {
        Some(b) => Ok(b.data().to_vec()),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("replace() argument '{name}' must be bytes, not {got}")))
        }
    }
}

fn small(cx: &mut Thread, v: Value, name: &str) -> R<u32> {
    let n = cx.index(v)?;
    u32::try_from(n).map_err(|_| cx.value_error(format!("code: {name} must be a positive 32-bit integer")))
}

/// Flags that decide how the code is called cannot change.
fn changed_flags(cx: &mut Thread, code: &Code, v: Value) -> R<u32> {
    let f = small(cx, v, "co_flags")?;
    let fixed = cflags::VARARGS | cflags::VARKEYWORDS | cflags::GENERATOR | cflags::COROUTINE | cflags::ASYNC_GENERATOR;
    if (f ^ code.flags) & fixed != 0 {
        return Err(cx.value_error("code.replace(): these co_flags do not fit the instructions"));
    }
    Ok(f)
}

fn changed_consts(cx: &mut Thread, c: Gc<CodeObject>, v: Value) -> R {
    let (old, new) = (c.consts.cast::<Tuple>(), v.cast::<Tuple>());
    let Some(new) = new else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("replace() argument 'co_consts' must be tuple, not {got}")));
    };
    // Instructions rely on some constants being code or strings: each must keep its class.
    let fits = old.is_some_and(|o| {
        new.len >= o.len
            && (0..o.len).all(|i| o.at(i).cast::<CodeObject>().is_none() || new.at(i).cast::<CodeObject>().is_some())
    });
    if !fits {
        return Err(cx.value_error("code.replace(): these co_consts do not fit the instructions"));
    }
    Ok(v)
}

fn unchanged(cx: &mut Thread, c: Gc<CodeObject>, key: Value, name: &str, v: Value) -> R<()> {
    let known = METHODS.iter().any(|d| d.name() == name && name.starts_with("co_"));
    if !known || name == "co_lines" || name == "co_positions" {
        return Err(cx.type_error(format!("replace() got an unexpected keyword argument '{name}'")));
    }
    let Some(s) = key.cast::<Str>() else { return Ok(()) };
    let key = cx.intern_str(s)?;
    let now = cx.getattr(c.value(), key)?;
    if !cx.eq(now, v)? {
        return Err(cx.value_error(format!("code.replace(): {name} cannot be changed")));
    }
    Ok(())
}
