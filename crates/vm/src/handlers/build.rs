//! Displays, unpacking, formatting, imports, pattern matching, intrinsics.

use super::*;
use crate::class::flags as tflags;
use crate::object::HeapObject;
use crate::ops::call::function_meta;
use crate::types::*;
use crate::{Builtin as B, Exc, Gc, N};
use ferropy_bytecode::{Intrinsic1 as I1, Intrinsic2 as I2, flags as cflags};

fn build_tuple(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), i.c());
    let v = cx.new_tuple(w)?.value();
    set(cx, i.a(), v);
    Ok(v)
}

fn build_list(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), i.c());
    let v = cx.new_list(w)?.value();
    set(cx, i.a(), v);
    Ok(v)
}

fn build_set(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let s = cx.new_set()?;
    for n in 0..i.c() {
        let v = reg(cx, i.b() + n);
        cx.set_add(s, v)?;
    }
    set(cx, i.a(), s.value());
    Ok(s.value())
}

fn build_map(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let d = cx.new_dict_for(i.c())?;
    for n in 0..i.c() {
        let (k, v) = (reg(cx, i.b() + 2 * n), reg(cx, i.b() + 2 * n + 1));
        cx.dict_set(d, k, v)?;
    }
    set(cx, i.a(), d.value());
    Ok(d.value())
}

fn build_string(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let mut bytes = Vec::new();
    let mut chars = 0;
    for v in window(cx, i.b(), i.c()) {
        if let Some(s) = v.cast::<Str>() {
            bytes.extend_from_slice(s.bytes());
            chars += s.len();
        }
    }
    let v = cx.new_str_counted(&bytes, chars)?.value();
    set(cx, i.a(), v);
    Ok(v)
}

fn list_append(cx: &mut Thread, [l, v, _]: [Value; 3], _: Instr, _: u32) -> R {
    // SAFETY: the compiler emits this for lists that it built.
    cx.list_append(unsafe { l.cast_unchecked() }, v)?;
    Ok(Value::NONE)
}
slow!(LIST_APPEND, list_append);

#[inline(always)]
pub fn ListAppend<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (l, v) = (m.reg(i.a()), m.reg(i.b()));
    if m.list_push(l, v) {
        return Flow::Next;
    }
    let none = m.constant(Value::NULL);
    m.effect(&LIST_APPEND, [l, v, none], i, 0)
}

fn list_extend(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (l, v) = (reg(cx, i.a()), reg(cx, i.b()));
    // SAFETY: as above.
    let r = cx.list_extend(unsafe { l.cast_unchecked() }, v);
    star_error(cx, v, r)?;
    Ok(Value::NONE)
}

/// The error for what stands behind a star and cannot be iterated.
fn star_error<T>(cx: &mut Thread, v: Value, r: R<T>) -> R<T> {
    if r.is_err()
        && cx.pending_is(Exc::TypeError)
        && cx.lookup_special(v, N::__iter__).is_none()
        && cx.lookup_special(v, N::__getitem__).is_none()
    {
        let class = cx.class_name(v);
        cx.pending = Value::NULL;
        return Err(cx.type_error(format!("Value after * must be an iterable, not {class}")));
    }
    r
}

fn set_add(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (s, v) = (reg(cx, i.a()), reg(cx, i.b()));
    // Sets that the program can rebind get here too: `__conditional_annotations__`.
    let set = s.cast::<Set>().filter(|_| s.shape() == B::Set as u32 || cx.is_instance(s, cx.builtin(B::Set)));
    let Some(set) = set else {
        let class = cx.class_name(s);
        return Err(cx.type_error(format!("'{class}' object is not a set")));
    };
    cx.set_add(set, v)?;
    Ok(Value::NONE)
}

fn set_update(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (s, v) = (reg(cx, i.a()), reg(cx, i.b()));
    // SAFETY: as above.
    cx.set_update(unsafe { s.cast_unchecked() }, v)?;
    Ok(Value::NONE)
}

fn map_add(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (d, k, v) = (reg(cx, i.a()), reg(cx, i.b()), reg(cx, i.c()));
    // SAFETY: as above.
    cx.dict_set(unsafe { d.cast_unchecked() }, k, v)?;
    Ok(Value::NONE)
}

impl Thread {
    /// `d.update(mapping)` for an object with `keys`.
    pub fn dict_update_from(&mut self, d: Gc<Dict>, v: Value) -> R<()> {
        if v.shape() == B::Dict as u32 || (v.kind() == Dict::kind() && !self.overrides_iter(v)) {
            // SAFETY: the kind was tested.
            return self.dict_merge(d, unsafe { v.cast_unchecked() });
        }
        let n = self.name(N::keys);
        let keys = self.call_attr(v, n, &[])?;
        let it = self.iter(keys)?;
        while let Some(k) = self.next(it)? {
            let x = self.getitem(v, k)?;
            self.dict_set(d, k, x)?;
        }
        Ok(())
    }

    fn overrides_iter(&mut self, v: Value) -> bool {
        let (class, dict) = (self.class_of(v), self.builtin(B::Dict));
        let n = self.name(N::__iter__);
        self.lookup(class, n) != self.lookup(dict, n)
    }
}

fn dict_update(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (d, v) = (reg(cx, i.a()), reg(cx, i.b()));
    let n = cx.name(N::keys);
    if v.kind() != Dict::kind() && cx.getattr_opt(v, n)?.is_none() {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("'{class}' object is not a mapping")));
    }
    // SAFETY: as above.
    cx.dict_update_from(unsafe { d.cast_unchecked() }, v)?;
    Ok(Value::NONE)
}

/// What a call's messages call the callee.
pub(super) fn callable_text(cx: &mut Thread, f: Value) -> String {
    let text = (|| {
        let key = cx.name(N::__qualname__);
        let Some(name) = cx.getattr_opt(f, key)? else { return Ok(cx.str(f)?.to_lossy()) };
        let name = cx.str(name)?.to_lossy();
        let key = cx.name(N::__module__);
        let module = match cx.getattr_opt(f, key)?.filter(|m| !m.is_none()) {
            Some(m) => cx.str(m)?.to_lossy(),
            None => return Ok(format!("{name}()")),
        };
        Ok::<_, crate::Raised>(if module == "builtins" { format!("{name}()") } else { format!("{module}.{name}()") })
    })();
    text.unwrap_or_else(|_| {
        cx.take_pending();
        format!("{} object", cx.class_name(f))
    })
}

fn dict_merge(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (d, v, f) = (reg(cx, i.a()), reg(cx, i.b()), reg(cx, i.c()));
    // SAFETY: as above.
    let d = unsafe { d.cast_unchecked::<Dict>() };
    let n = cx.name(N::keys);
    if v.kind() != Dict::kind() && cx.getattr_opt(v, n)?.is_none() {
        let (class, f) = (cx.class_name(v), callable_text(cx, f));
        return Err(cx.type_error(format!("{f} argument after ** must be a mapping, not {class}")));
    }
    if let Some(from) = v.cast::<Dict>().filter(|d| d.shape() == B::Dict as u32) {
        let mut at = 0;
        while let Some((next, _, k, x)) = from.next_entry(at) {
            merge_keyword(cx, d, f, k, x)?;
            at = next;
        }
        return Ok(Value::NONE);
    }
    // Any mapping: it may give a key twice, and more may be asked of it than it has.
    let keys = cx.call_attr(v, n, &[])?;
    let it = cx.iter(keys)?;
    while let Some(k) = cx.next(it)? {
        let x = cx.getitem(v, k)?;
        merge_keyword(cx, d, f, k, x)?;
    }
    Ok(Value::NONE)
}

/// Adds a keyword argument; it is an error if it is there. (Calls refuse keys that are no strings.)
fn merge_keyword(cx: &mut Thread, d: Gc<Dict>, f: Value, k: Value, x: Value) -> R<()> {
    let hash = cx.hash(k)?;
    if cx.dict_get_hashed(d, k, hash)?.is_some() {
        let (f, k) = (callable_text(cx, f), cx.str(k)?.to_lossy());
        return Err(cx.type_error(format!("{f} got multiple values for keyword argument '{k}'")));
    }
    cx.dict_set_hashed(d, k, hash, x)
}

fn list_to_tuple(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let t = cx.tuple_from(v);
    let t = star_error(cx, v, t)?.value();
    set(cx, i.a(), t);
    Ok(t)
}

// ---- unpacking

/// Puts the `c` items that `item` gives into registers from `a` on; straight code for the commonest numbers.
#[inline(always)]
fn spread<M: Machine>(m: &mut M, i: Instr, item: impl Fn(&mut M, M::I) -> Option<M::V>) {
    let one = |m: &mut M, n: usize| {
        let k = m.constant(Value::small_int(n as i64));
        if let Some(k) = m.int(k)
            && let Some(x) = item(m, k)
        {
            m.set_reg(i.a() + n, x);
        }
    };
    one(m, 0);
    one(m, 1);
    for n in 2..i.c() {
        one(m, n);
    }
}

#[inline(always)]
pub fn Unpack<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.b());
    if i.c() >= 2 {
        if m.has_shape(v, B::Tuple as u32) && m.tuple_len(v) == i.c() {
            spread(m, i, |m, k| m.tuple_item(v, k));
            return Flow::Next;
        }
        if m.has_shape(v, B::List as u32) && m.list_len(v) == i.c() {
            spread(m, i, |m, k| m.list_item(v, k));
            return Flow::Next;
        }
    }
    static SLOW: Slow =
        Slow { name: "unpack", effects: Effects::ANY, run: |cx, a, b, c, i, x| unpack(cx, [a, b, c], i, x) };
    m.frame_op(&SLOW, i, 0)
}

fn unpack(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let items = exact_items(cx, v, i.c())?;
    for (n, x) in items.iter().enumerate() {
        set(cx, i.a() + n, *x);
    }
    Ok(Value::NONE)
}

/// The items of an iterable, which must be so many.
fn exact_items(cx: &mut Thread, v: Value, want: usize) -> R<crate::RootedVec> {
    if let Some(items) = crate::ops::iter::exact_items(&v) {
        if items.len() != want {
            return Err(unpack_count(cx, items.len(), want, Some(items.len())));
        }
        return cx.collect(v);
    }
    let it = unpack_iter(cx, v)?;
    let mut items = crate::RootedVec::new(cx);
    while items.len() < want {
        match cx.next(it)? {
            Some(x) => items.push(x),
            None => return Err(unpack_count(cx, items.len(), want, None)),
        }
    }
    if cx.next(it)?.is_some() {
        let known = cx.quick_len(v);
        return Err(unpack_count(cx, want + 1, want, known));
    }
    Ok(items)
}

fn unpack_iter(cx: &mut Thread, v: Value) -> R {
    if let Some(it) = cx.quick_iter(v)? {
        return Ok(it);
    }
    if cx.lookup_special(v, N::__iter__).is_none() && cx.lookup_special(v, N::__getitem__).is_none() {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("cannot unpack non-iterable {class} object")));
    }
    cx.iter(v)
}

fn unpack_count(cx: &mut Thread, got: usize, want: usize, known: Option<usize>) -> crate::Raised {
    if got < want {
        return cx.value_error(format!("not enough values to unpack (expected {want}, got {got})"));
    }
    match known {
        Some(n) => cx.value_error(format!("too many values to unpack (expected {want}, got {n})")),
        None => cx.value_error(format!("too many values to unpack (expected {want})")),
    }
}

fn unpack_ex(cx: &mut Thread, _: [Value; 3], i: Instr, after: u32) -> R {
    let v = reg(cx, i.b());
    let items = starred_items(cx, v, i.c(), after as usize)?;
    for (n, x) in items.iter().enumerate() {
        set(cx, i.a() + n, *x);
    }
    Ok(Value::NONE)
}

/// The items of an iterable, those between the first and the last ones as a list.
fn starred_items(cx: &mut Thread, v: Value, before: usize, after: usize) -> R<crate::RootedVec> {
    let it = unpack_iter(cx, v)?;
    let mut items = crate::RootedVec::new(cx);
    while let Some(x) = cx.next(it)? {
        items.push(x);
    }
    let n = items.len();
    if n < before + after {
        let want = before + after;
        return Err(cx.value_error(format!("not enough values to unpack (expected at least {want}, got {n})")));
    }
    let middle = cx.new_list(&items[before..n - after])?.value();
    items.as_mut_vec().splice(before..n - after, [middle]);
    Ok(items)
}

// ---- strings

fn format_value(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let s = cx.format(v, Value::NULL)?.value();
    set(cx, i.a(), s);
    Ok(s)
}

fn format_spec(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (v, spec) = (reg(cx, i.b()), reg(cx, i.c()));
    let s = cx.format(v, spec)?.value();
    set(cx, i.a(), s);
    Ok(s)
}

fn convert(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let s = match i.c() {
        1 => cx.str(v)?,
        2 => cx.repr(v)?,
        _ => cx.ascii(v)?,
    };
    set(cx, i.a(), s.value());
    Ok(s.value())
}

/// Calls a constructor that another crate registered.
fn registered(cx: &mut Thread, key: &'static str, args: &[Value]) -> R {
    match cx.registry(key) {
        Some(f) => cx.call(f, args),
        None => Err(cx.error(Exc::SystemError, format!("{key} is not available"))),
    }
}

fn build_interpolation(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 3);
    let conversion = match i.c() {
        1 => cx.intern("s")?,
        2 => cx.intern("r")?,
        3 => cx.intern("a")?,
        _ => Value::NONE,
    };
    let v = registered(cx, "Interpolation", &[w[0], w[1], conversion, w[2]])?;
    set(cx, i.a(), v);
    Ok(v)
}

fn build_template(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 2);
    let v = registered(cx, "make_template", &[w[0], w[1]])?;
    set(cx, i.a(), v);
    Ok(v)
}

// ---- import

fn import_name(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let w = window(cx, i.b(), 2);
    let (from, level) = (w[0], w[1]);
    let f = func(cx);
    let key = cx.name(N::__import__);
    let found = super::names::mapping_get(cx, f.builtins.get(), key)?;
    let Some(import) = found else { return Err(cx.error(Exc::ImportError, "__import__ not found")) };
    let locals = if cx.top().flags & crate::frame::flags::LOCALS != 0 { cx.top().aux } else { Value::NONE };
    let v = cx.call(import, &[n, f.globals.get(), locals, from, level])?;
    set(cx, i.a(), v);
    Ok(v)
}

fn import_from(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let (n, module) = (name(cx, ext), reg(cx, i.b()));
    let v = match cx.getattr_opt(module, n)? {
        Some(v) => v,
        None => import_submodule(cx, module, n)?,
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn import_submodule(cx: &mut Thread, module: Value, n: Value) -> R {
    let key = cx.name(N::__name__);
    let package = cx.getattr_opt(module, key)?;
    let text = n.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
    if let Some(p) = package.and_then(|p| p.cast::<Str>()) {
        let full = cx.intern(&format!("{}.{text}", p.to_lossy()))?;
        let modules = cx.vm().modules;
        if let Some(m) = modules.cast::<Dict>()
            && let Some(v) = cx.dict_get(m, full)?
        {
            return Ok(v);
        }
    }
    Err(import_from_error(cx, module, package, n, &text))
}

fn import_from_error(cx: &mut Thread, module: Value, package: Option<Value>, n: Value, text: &str) -> crate::Raised {
    let package_text = package.and_then(|p| p.cast::<Str>()).map_or("<unknown module name>".into(), |s| s.to_lossy());
    let spec = cx.name(N::__spec__);
    let file_key = cx.name(N::__file__);
    let result = (|| {
        let origin = cx.getattr_opt(module, file_key)?.filter(|f| f.kind() == Str::kind());
        let init = cx.name(N::_initializing);
        let initializing = match cx.getattr_opt(module, spec)? {
            Some(s) if !s.is_none() => match cx.getattr_opt(s, init)? {
                Some(v) => cx.truth(v)?,
                None => false,
            },
            _ => false,
        };
        let place = origin.and_then(|o| o.cast::<Str>()).map_or("unknown location".into(), |s| s.to_lossy());
        let message = if initializing {
            format!(
                "cannot import name '{text}' from partially initialized module '{package_text}' (most likely due to a circular import) ({place})"
            )
        } else {
            format!("cannot import name '{text}' from '{package_text}' ({place})")
        };
        let m = cx.new_str(&message)?.value();
        let class = cx.exc_class(Exc::ImportError).value();
        let (a, b, c) = (package.unwrap_or(Value::NONE), origin.unwrap_or(Value::NONE), n);
        let e = cx.call_kw(class, &[m], &[("name", a), ("path", b), ("name_from", c)])?;
        Ok::<_, crate::Raised>(cx.raise_value(e))
    })();
    match result {
        Ok(r) | Err(r) => r,
    }
}

fn import_star(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let module = reg(cx, i.a());
    let locals = cx.top().aux;
    let (all, dict) = (cx.name(N::__all__), cx.name(N::__dict__));
    let (names, skip) = match cx.getattr_opt(module, all)? {
        Some(v) => (v, false),
        None => match cx.getattr_opt(module, dict)? {
            Some(d) => (cx.call_method(d, "keys", &[])?, true),
            None => return Err(cx.error(Exc::ImportError, "from-import-* object has no __dict__ and no __all__")),
        },
    };
    let names = cx.collect(names)?;
    for k in 0..names.len() {
        let n = names[k];
        let Some(s) = n.cast::<Str>() else {
            let (class, key) = (cx.class_name(n), cx.name(N::__name__));
            let module = cx.getattr(module, key)?;
            let module = cx.str(module)?.to_lossy();
            let what = if skip { "Key in" } else { "Item in" };
            let field = if skip { "__dict__" } else { "__all__" };
            return Err(cx.type_error(format!("{what} {module}.{field} must be str, not {class}")));
        };
        if skip && s.bytes().first() == Some(&b'_') {
            continue;
        }
        let n = cx.intern_str(s)?;
        let v = cx.getattr(module, n)?;
        cx.setitem(locals, n, v)?;
    }
    Ok(Value::NONE)
}

// ---- match

fn match_sequence(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let b = Value::bool(cx.class_of(v).has(tflags::SEQUENCE));
    set(cx, i.a(), b);
    Ok(b)
}

fn match_mapping(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let b = Value::bool(cx.class_of(v).has(tflags::MAPPING));
    set(cx, i.a(), b);
    Ok(b)
}

fn match_keys(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (v, keys) = (reg(cx, i.b()), reg(cx, i.c()));
    let keys = cx.collect(keys)?;
    let seen = cx.new_set()?;
    let mut out = crate::RootedVec::new(cx);
    let n = cx.intern("get")?;
    let get = cx.getattr(v, n)?;
    let object = cx.builtin(B::Object);
    let marker = cx.alloc_instance(object)?;
    out.push(marker);
    for k in 0..keys.len() {
        if !cx.set_add(seen, keys[k])? {
            let text = cx.repr(keys[k])?.to_lossy();
            return Err(cx.value_error(format!("mapping pattern checks duplicate key ({text})")));
        }
        let x = cx.call(get, &[keys[k], out[0]])?;
        if x == out[0] {
            set(cx, i.a(), Value::NONE);
            return Ok(Value::NONE);
        }
        out.push(x);
    }
    let t = cx.new_tuple(&out[1..])?.value();
    set(cx, i.a(), t);
    Ok(t)
}

fn match_class(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 3);
    let (subject, class, names, count) = (w[0], w[1], w[2], i.c());
    let v = match class.cast::<Class>() {
        Some(c) => class_pattern(cx, subject, c, names, count)?,
        None => return Err(cx.type_error("called match pattern must be a class")),
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn class_pattern(cx: &mut Thread, subject: Value, c: Gc<Class>, names: Value, count: usize) -> R {
    if !cx.isinstance(subject, c.value())? {
        return Ok(Value::NONE);
    }
    let mut out = crate::RootedVec::new(cx);
    let seen = cx.new_set()?;
    if count > 0 {
        let n = cx.name(N::__match_args__);
        let match_args = cx.getattr_opt(c.value(), n)?;
        let own = match_args.is_none() && c.has(tflags::MATCH_SELF);
        let allowed = match match_args {
            Some(t) => match t.cast::<Tuple>() {
                Some(t) => t.len,
                None => {
                    let (name, got) = (c.name(), cx.class_name(t));
                    return Err(cx.type_error(format!("{name}.__match_args__ must be a tuple (got {got})")));
                }
            },
            None => own as usize,
        };
        if allowed < count {
            let (name, s) = (c.name(), if allowed == 1 { "" } else { "s" });
            return Err(cx.type_error(format!("{name}() accepts {allowed} positional sub-pattern{s} ({count} given)")));
        }
        if own {
            out.push(subject);
        } else if let Some(t) = match_args.and_then(|t| t.cast::<Tuple>()) {
            for k in 0..count {
                let n = t.at(k);
                if n.cast::<Str>().is_none() {
                    let got = cx.class_name(n);
                    return Err(cx.type_error(format!("__match_args__ elements must be strings (got {got})")));
                }
                match pattern_attr(cx, subject, c, seen, n)? {
                    Some(v) => out.push(v),
                    None => return Ok(Value::NONE),
                }
            }
        }
    }
    let names = cx.collect(names)?;
    for k in 0..names.len() {
        match pattern_attr(cx, subject, c, seen, names[k])? {
            Some(v) => out.push(v),
            None => return Ok(Value::NONE),
        }
    }
    Ok(cx.new_tuple(&out)?.value())
}

fn pattern_attr(cx: &mut Thread, subject: Value, c: Gc<Class>, seen: Gc<Set>, n: Value) -> R<Option<Value>> {
    if !cx.set_add(seen, n)? {
        let (name, n) = (c.name(), cx.repr(n)?.to_lossy());
        return Err(cx.type_error(format!("{name}() got multiple sub-patterns for attribute {n}")));
    }
    // SAFETY: callers checked.
    let n = cx.intern_str(unsafe { n.cast_unchecked() })?;
    cx.getattr_opt(subject, n)
}

fn get_len(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let n = cx.len(v)?;
    let n = cx.int(n as i64)?;
    set(cx, i.a(), n);
    Ok(n)
}

// ---- intrinsics

fn intrinsic1(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = reg(cx, i.b());
    let r = match I1::from_u8(i.c() as u8) {
        Some(I1::PrintExpr) => {
            let n = cx.name(N::displayhook);
            // SAFETY: always a dict.
            let sys = unsafe { cx.vm().sys.cast_unchecked::<Dict>() };
            match cx.dict_get_str(sys, n) {
                Some(hook) => cx.call(hook, &[v])?,
                None => return Err(cx.runtime_error("lost sys.displayhook")),
            }
        }
        Some(I1::StopIterationError) => stop_iteration_error(cx, v)?,
        Some(I1::AsyncGenWrap) => super::generator::async_gen_wrap(cx, v)?,
        Some(I1::TypeVar) => registered(cx, "make_typevar", &[v])?,
        Some(I1::ParamSpec) => registered(cx, "make_paramspec", &[v])?,
        Some(I1::TypeVarTuple) => registered(cx, "make_typevartuple", &[v])?,
        Some(I1::SubscriptGeneric) => registered(cx, "subscript_generic", &[v])?,
        Some(I1::TypeAlias) => registered(cx, "make_type_alias", &[v])?,
        Some(I1::ToTuple) => cx.tuple_from(v)?.value(),
        None => return Err(cx.error(Exc::SystemError, "unknown intrinsic; please report")),
    };
    set(cx, i.a(), r);
    Ok(r)
}

/// A StopIteration that leaves a generator becomes RuntimeError; others pass.
fn stop_iteration_error(cx: &mut Thread, e: Value) -> R {
    let flags = code(cx).flags;
    let kind = if flags & cflags::ASYNC_GENERATOR != 0 {
        "async generator"
    } else if flags & cflags::COROUTINE != 0 {
        "coroutine"
    } else {
        "generator"
    };
    let (stop, astop) = (cx.exc_class(Exc::StopIteration), cx.exc_class(Exc::StopAsyncIteration));
    let what = if cx.is_instance(e, stop) {
        "StopIteration"
    } else if flags & cflags::ASYNC_GENERATOR != 0 && cx.is_instance(e, astop) {
        "StopAsyncIteration"
    } else {
        return Ok(e);
    };
    let text = cx.new_str(&format!("{kind} raised {what}"))?.value();
    let class = cx.exc_class(Exc::RuntimeError).value();
    let r = cx.call(class, &[text])?;
    if let Some(x) = r.cast::<Exception>() {
        x.cause.set(cx, r, e);
        x.context.set(cx, r, e);
        x.suppress_context.set(true);
    }
    Ok(r)
}

fn intrinsic2(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 2);
    let (a, b) = (w[0], w[1]);
    let r = match I2::from_u8(i.c() as u8) {
        Some(I2::TypeVarWithBound) => registered(cx, "make_typevar_bound", &[a, b])?,
        Some(I2::TypeVarWithConstraints) => registered(cx, "make_typevar_constraints", &[a, b])?,
        Some(I2::SetTypeParamDefault) => registered(cx, "set_typeparam_default", &[a, b])?,
        Some(I2::SetFunctionTypeParams) => {
            if let Some(f) = a.cast::<Function>() {
                cx.function_meta(f)?.set(cx, function_meta::TYPE_PARAMS, b);
            }
            a
        }
        Some(I2::UnpackExactly) => {
            let items = exact_items(cx, a, b.as_int().unwrap_or(0) as usize)?;
            cx.new_list(&items)?.value()
        }
        Some(I2::UnpackStarred) => {
            let n = |i: usize| b.cast::<Tuple>().and_then(|t| t.at(i).as_int()).unwrap_or(0) as usize;
            let items = starred_items(cx, a, n(0), n(1))?;
            cx.new_list(&items)?.value()
        }
        _ => b,
    };
    set(cx, i.a(), r);
    Ok(r)
}

fn setup_annotations(cx: &mut Thread, _: [Value; 3], _: Instr, _: u32) -> R {
    let (locals, n) = (cx.top().aux, cx.name(N::__annotations__));
    if !cx.contains(locals, n)? {
        let d = cx.new_dict()?.value();
        cx.setitem(locals, n, d)?;
    }
    Ok(Value::NONE)
}

frame_ops! {
    BuildTuple = build_tuple, false;
    BuildList = build_list, false;
    BuildSet = build_set, false;
    BuildMap = build_map, false;
    BuildString = build_string, false;
    ListExtend = list_extend, false;
    SetAdd = set_add, false;
    SetUpdate = set_update, false;
    MapAdd = map_add, false;
    DictUpdate = dict_update, false;
    DictMerge = dict_merge, false;
    ListToTuple = list_to_tuple, false;
    UnpackEx = unpack_ex, true;
    FormatValue = format_value, false;
    FormatSpec = format_spec, false;
    Convert = convert, false;
    BuildInterpolation = build_interpolation, false;
    BuildTemplate = build_template, false;
    ImportName = import_name, true;
    ImportFrom = import_from, true;
    ImportStar = import_star, false;
    MatchSequence = match_sequence, false;
    MatchMapping = match_mapping, false;
    MatchKeys = match_keys, false;
    MatchClass = match_class, false;
    GetLen = get_len, false;
    Intrinsic1 = intrinsic1, false;
    Intrinsic2 = intrinsic2, false;
    SetupAnnotations = setup_annotations, false;
}
