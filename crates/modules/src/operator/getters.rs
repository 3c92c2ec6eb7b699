//! itemgetter, attrgetter, methodcaller.

use ferropy_builtins::list::{guarded_repr, push_repr, wrong_receiver};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Str, Tuple};
use ferropy_vm::{Args, Field, Gc, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind};

/// All three: the arguments (attrgetter: also each split at dots; methodcaller: name first), and keyword arguments.
#[repr(C)]
struct Getter {
    args: Field,
    extra: Field,
}
heap_kind!(Getter, "operator getter", 2);

pub static TYPES: &[&TypeDef] = &[&ITEMGETTER, &ATTRGETTER, &METHODCALLER];

macro_rules! getter {
    ($def:ident $name:literal $sig:literal $new:ident $call:ident $reduce:ident $doc:literal) => {
        static $def: TypeDef = TypeDef::new::<Getter>(
            concat!("operator.", $name),
            &[
                NativeDef::static_method($sig, $new, "Create and return a new object."),
                NativeDef::method("__call__(self, obj, /)", $call, "Call self as a function."),
                NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
                NativeDef::method("__reduce__(self, /)", $reduce, "Return state information for pickling"),
            ],
            $doc,
        )
        .flags(flags::IMMUTABLE | flags::BASE);
    };
}

getter!(ITEMGETTER "itemgetter" "__new__(cls, item, /, *items)" item_new item_call reduce
    "Return a callable object that fetches the given item(s) from its operand.\nAfter f = itemgetter(2), the call f(r) returns r[2].\nAfter g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])");
getter!(ATTRGETTER "attrgetter" "__new__(cls, attr, /, *attrs)" attr_new attr_call reduce
    "Return a callable object that fetches the given attribute(s) from its operand.\nAfter f = attrgetter('name'), the call f(r) returns r.name.\nAfter g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).\nAfter h = attrgetter('name.first', 'name.last'), the call h(r) returns\n(r.name.first, r.name.last).");
getter!(METHODCALLER "methodcaller" "__new__(cls, name, /, *args, **kwargs)" method_new method_call method_reduce
    "Return a callable object that calls the given method on its operand.\nAfter f = methodcaller('name'), the call f(r) returns r.name().\nAfter g = methodcaller('name', 'date', foo=1), the call g(r) returns\nr.name('date', foo=1).");

fn this(cx: &mut Thread, v: Value) -> R<Gc<Getter>> {
    match v.cast() {
        Some(g) => Ok(g),
        None => Err(wrong_receiver(cx, "operator getter", v)),
    }
}

fn tuple(cx: &mut Thread, v: Value) -> R<Gc<Tuple>> {
    match v.cast() {
        Some(t) => Ok(t),
        None => Err(wrong_receiver(cx, "tuple", v)),
    }
}

/// The first argument and the others as one tuple.
fn all_args(cx: &mut Thread, a: Args<'_>) -> R<Gc<Tuple>> {
    let rest = tuple(cx, a[2])?;
    let mut all = RootedVec::new(cx);
    all.push(a[1]);
    all.as_mut_vec().extend_from_slice(rest.items());
    cx.new_tuple(&all)
}

fn make(cx: &mut Thread, class: Value, args: Gc<Tuple>, extra: Value) -> R {
    let Some(class) = class.cast::<Class>() else { return Err(wrong_receiver(cx, "type", class)) };
    Ok(cx.alloc_of(class, Getter { args: field(args), extra: field(extra) })?.value())
}

fn item_new(cx: &mut Thread, a: Args<'_>) -> R {
    let args = all_args(cx, a)?;
    make(cx, a[0], args, Value::NONE)
}

/// What `one` gives for each of the arguments: alone, or as a tuple.
fn each(cx: &mut Thread, args: Gc<Tuple>, mut one: impl FnMut(&mut Thread, Value) -> R) -> R {
    if args.len == 1 {
        return one(cx, args.at(0));
    }
    let mut out = RootedVec::new(cx);
    for i in 0..args.len {
        let v = one(cx, args.at(i))?;
        out.push(v);
    }
    Ok(cx.new_tuple(&out)?.value())
}

fn item_call(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let args = tuple(cx, g.args.get())?;
    each(cx, args, |cx, k| cx.getitem(a[1], k))
}

fn attr_new(cx: &mut Thread, a: Args<'_>) -> R {
    let args = all_args(cx, a)?;
    let mut paths = RootedVec::new(cx);
    for i in 0..args.len {
        let Some(s) = args.at(i).cast::<Str>() else {
            return Err(cx.type_error("attribute name must be a string"));
        };
        let text = s.bytes().to_vec();
        let mut names = RootedVec::new(cx);
        for part in text.split(|b| *b == b'.') {
            let name = cx.intern_wtf8(part)?;
            names.push(name);
        }
        let path = cx.new_tuple(&names)?;
        paths.push(path);
    }
    let paths = cx.new_tuple(&paths)?.value();
    make(cx, a[0], args, paths)
}

fn attr_call(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let paths = tuple(cx, g.extra.get())?;
    each(cx, paths, |cx, path| {
        let path = tuple(cx, path)?;
        let mut v = a[1];
        for i in 0..path.len {
            v = cx.getattr(v, path.at(i))?;
        }
        Ok(v)
    })
}

fn method_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(name) = a[1].cast::<Str>() else {
        return Err(cx.type_error("method name must be a string"));
    };
    let name = cx.intern_str(name)?;
    let rest = tuple(cx, a[2])?;
    let mut all = RootedVec::new(cx);
    all.push(name);
    all.as_mut_vec().extend_from_slice(rest.items());
    let args = cx.new_tuple(&all)?;
    make(cx, a[0], args, a[3])
}

fn method_call(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let all = tuple(cx, g.args.get())?;
    let kw = g.extra.cast::<Dict>().filter(|d| !d.is_empty());
    let f = cx.getattr(a[1], all.at(0))?;
    let args = cx.new_tuple(&all.items()[1..])?;
    cx.call_ex(f, args, kw.map_or(Value::NULL, |d| d.value()))
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let name = cx.full_class_name(class);
    guarded_repr(cx, a[0], &format!("{name}(...)"), |cx| {
        let mut out = format!("{name}(").into_bytes();
        let args = tuple(cx, g.args.get())?;
        for i in 0..args.len {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            push_repr(cx, &mut out, args.at(i))?;
        }
        if let Some(kw) = g.extra.cast::<Dict>() {
            let mut i = 0;
            while let Some((next, _, k, v)) = kw.next_entry(i) {
                out.extend_from_slice(b", ");
                let k = cx.str(k)?;
                out.extend_from_slice(k.bytes());
                out.push(b'=');
                push_repr(cx, &mut out, v)?;
                i = next;
            }
        }
        out.push(b')');
        Ok(out)
    })
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    Ok(cx.new_tuple(&[class, g.args.get()])?.value())
}

fn method_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let Some(kw) = g.extra.cast::<Dict>().filter(|d| !d.is_empty()) else { return reduce(cx, a) };
    let all = tuple(cx, g.args.get())?;
    // partial(methodcaller, name, **kwargs) remembers the keyword arguments.
    let class = cx.class_of(a[0]).value();
    let functools = cx.import("functools")?;
    let partial = cx.getattr_str(functools, "partial")?;
    let first = cx.new_tuple(&[class, all.at(0)])?;
    let made = cx.call_ex(partial, first, kw.value())?;
    let rest = cx.new_tuple(&all.items()[1..])?.value();
    Ok(cx.new_tuple(&[made, rest])?.value())
}
