//! Template strings (PEP 750): the classes of `string.templatelib`, and what the instructions for `t"..."` call.

use ferropy_vm::class::flags;
use ferropy_vm::types::{Dict, Tuple};
use ferropy_vm::{Args, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind};

/// Texts and interpolations by turns; one text more than interpolations.
#[repr(C)]
struct Template {
    strings: Field,
    interpolations: Field,
}
heap_kind!(Template, "template", 2);

#[repr(C)]
struct Interpolation {
    value: Field,
    expression: Field,
    conversion: Field,
    format_spec: Field,
}
heap_kind!(Interpolation, "interpolation", 4);

static TEMPLATE: TypeDef = TypeDef::new::<Template>(
    "string.templatelib.Template",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", template_new, ""),
        NativeDef::method("__iter__(self, /)", template_iter, "Implement iter(self)."),
        NativeDef::method("__add__(self, value, /)", template_add, "Return self+value."),
        NativeDef::method("__repr__(self, /)", template_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", template_reduce, "Helper for pickle."),
        NativeDef::getter("strings", strings, "Strings").as_member(),
        NativeDef::getter("interpolations", interpolations, "Interpolations").as_member(),
        NativeDef::getter("values", values, "Values of interpolations"),
        NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
    ],
    "Template object",
)
.flags(flags::IMMUTABLE | flags::WEAKREF);

static INTERPOLATION: TypeDef = TypeDef::new::<Interpolation>(
    "string.templatelib.Interpolation",
    &[
        NativeDef::static_method(
            "__new__(cls, /, value, expression='', conversion=None, format_spec='')",
            interpolation_new,
            "",
        ),
        NativeDef::method("__repr__(self, /)", interpolation_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", interpolation_reduce, "Helper for pickle."),
        NativeDef::getter("value", part::<0>, "Value").as_member(),
        NativeDef::getter("expression", part::<1>, "Expression").as_member(),
        NativeDef::getter("conversion", part::<2>, "Conversion").as_member(),
        NativeDef::getter("format_spec", part::<3>, "Format specifier").as_member(),
        NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
    ],
    "Interpolation object",
)
.flags(flags::IMMUTABLE | flags::WEAKREF);

static CONSTRUCTORS: &[NativeDef] = &[
    NativeDef::function("Interpolation(value, expression, conversion, format_spec, /)", make_interpolation, ""),
    NativeDef::function("make_template(strings, interpolations, /)", make_template, ""),
];

/// Registers what instructions call; the classes themselves are found by `string.templatelib` through a literal.
pub fn register(cx: &mut Thread) {
    for def in CONSTRUCTORS {
        if let Ok(f) = cx.native_function(Value::NULL, def) {
            cx.set_registry(def.name(), f);
        }
    }
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

fn alloc_template(cx: &mut Thread, strings: Value, interpolations: Value) -> R {
    let class = cx.native_class(&TEMPLATE)?;
    let t = Template { strings: field(strings), interpolations: field(interpolations) };
    Ok(cx.alloc_of(class, t)?.value())
}

fn make_template(cx: &mut Thread, a: Args<'_>) -> R {
    let strings = cx.tuple_from(a[0])?.value();
    let interpolations = cx.tuple_from(a[1])?.value();
    alloc_template(cx, strings, interpolations)
}

fn alloc_interpolation(cx: &mut Thread, parts: [Value; 4]) -> R {
    let class = cx.native_class(&INTERPOLATION)?;
    let key = cx.name(N::__match_args__);
    if cx.dict_get_str(class.dict(), key).is_none() {
        let mut names = RootedVec::new(cx);
        for n in ["value", "expression", "conversion", "format_spec"] {
            let n = cx.intern(n)?;
            names.push(n);
        }
        let names = cx.new_tuple(&names)?.value();
        cx.dict_set_str(class.dict(), key, names)?;
        cx.type_modified(class);
    }
    let [value, expression, conversion, format_spec] = parts.map(field);
    Ok(cx.alloc_of(class, Interpolation { value, expression, conversion, format_spec })?.value())
}

fn make_interpolation(cx: &mut Thread, a: Args<'_>) -> R {
    let spec = a.some(3).unwrap_or(cx.vm().empty_str);
    alloc_interpolation(cx, [a[0], a[1], a[2], spec])
}

fn interpolation_new(cx: &mut Thread, a: Args<'_>) -> R {
    let empty = cx.vm().empty_str;
    let (expression, spec) = (a.or(2, empty), a.or(4, empty));
    for (v, name) in [(expression, "expression"), (spec, "format_spec")] {
        if v.as_str().is_none() {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("Interpolation() argument '{name}' must be str, not {got}")));
        }
    }
    let conversion = a.or(3, Value::NONE);
    match conversion.as_str() {
        None if conversion.is_none() => {}
        None => {
            let got = cx.class_name(conversion);
            return Err(cx.type_error(format!("Interpolation() argument 'conversion' must be str, not {got}")));
        }
        Some(s) if matches!(s.bytes(), b"s" | b"a" | b"r") => {}
        Some(_) => {
            return Err(cx.value_error("Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'"));
        }
    }
    alloc_interpolation(cx, [a[1], expression, conversion, spec])
}

fn interpolation(cx: &mut Thread, v: Value) -> R<Gc<Interpolation>> {
    match v.cast::<Interpolation>() {
        Some(i) => Ok(i),
        None => Err(cx.type_error("an Interpolation is required")),
    }
}

fn parts_of(cx: &mut Thread, v: Value) -> R<[Value; 4]> {
    let i = interpolation(cx, v)?;
    Ok([i.value.get(), i.expression.get(), i.conversion.get(), i.format_spec.get()])
}

fn part<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(parts_of(cx, a[0])?[I])
}

fn interpolation_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let parts = parts_of(cx, a[0])?;
    let mut out = cx.class_of(a[0]).name().into_bytes();
    let tuple = cx.new_tuple(&parts)?.value();
    out.extend_from_slice(cx.repr(tuple)?.bytes());
    Ok(cx.new_wtf8(&out)?.value())
}

fn interpolation_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let parts = parts_of(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let args = cx.new_tuple(&parts)?.value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

// ---- templates

fn template(cx: &mut Thread, v: Value) -> R<(Gc<Tuple>, Gc<Tuple>)> {
    let t = v.cast::<Template>();
    match t.and_then(|t| t.strings.cast::<Tuple>().zip(t.interpolations.cast::<Tuple>())) {
        Some(pair) => Ok(pair),
        None => Err(cx.type_error("a Template is required")),
    }
}

/// Collects texts and interpolations so that they alternate.
struct Builder {
    strings: RootedVec,
    interpolations: RootedVec,
    /// The last thing added was a text.
    open: bool,
}

impl Builder {
    fn new(cx: &mut Thread) -> Builder {
        Builder { strings: RootedVec::new(cx), interpolations: RootedVec::new(cx), open: false }
    }
    fn text(&mut self, cx: &mut Thread, v: Value) -> R<()> {
        if self.open
            && let (Some(last), Some(s)) = (self.strings.pop().and_then(|l| l.as_str()), v.as_str())
        {
            let joined = cx.concat(last, s)?;
            self.strings.push(joined);
        } else {
            self.strings.push(v);
        }
        self.open = true;
        Ok(())
    }
    fn interpolation(&mut self, cx: &mut Thread, v: Value) {
        if !self.open {
            let empty = cx.vm().empty_str;
            self.strings.push(empty);
        }
        self.interpolations.push(v);
        self.open = false;
    }
    fn finish(mut self, cx: &mut Thread) -> R {
        if !self.open {
            let empty = cx.vm().empty_str;
            self.strings.push(empty);
        }
        let strings = cx.new_tuple(&self.strings)?.value();
        let interpolations = cx.new_tuple(&self.interpolations)?.value();
        alloc_template(cx, strings, interpolations)
    }
}

fn template_new(cx: &mut Thread, a: Args<'_>) -> R {
    if a[2].cast::<Dict>().is_some_and(|d| !d.is_empty()) {
        return Err(cx.type_error("Template.__new__ only accepts *args arguments"));
    }
    let args = cx.tuple_from(a[1])?;
    let mut b = Builder::new(cx);
    for i in 0..args.len {
        let v = args.at(i);
        if v.as_str().is_some() {
            b.text(cx, v)?;
        } else if v.cast::<Interpolation>().is_some() {
            b.interpolation(cx, v);
        } else {
            let got = cx.class_name(v);
            return Err(
                cx.type_error(format!("Template.__new__ *args need to be of type 'str' or 'Interpolation', got {got}"))
            );
        }
    }
    b.finish(cx)
}

/// Texts (those that are not empty) and interpolations in order.
fn template_iter(cx: &mut Thread, a: Args<'_>) -> R {
    let (strings, inner) = template(cx, a[0])?;
    let mut out = RootedVec::new(cx);
    for i in 0..strings.len {
        if strings.at(i).as_str().is_some_and(|s| !s.is_empty()) {
            out.push(strings.at(i));
        }
        if i < inner.len {
            out.push(inner.at(i));
        }
    }
    let all = cx.new_tuple(&out)?.value();
    cx.iter(all)
}

fn template_add(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<Template>().is_none() || a[0].cast::<Template>().is_none() {
        let class = cx.class_of(a[1]);
        let got = cx.full_class_name(class);
        return Err(cx.type_error(format!(
            "can only concatenate string.templatelib.Template (not \"{got}\") to string.templatelib.Template"
        )));
    }
    let mut b = Builder::new(cx);
    for v in [a[0], a[1]] {
        let (strings, inner) = template(cx, v)?;
        for i in 0..strings.len {
            b.text(cx, strings.at(i))?;
            if i < inner.len {
                b.interpolation(cx, inner.at(i));
            }
        }
    }
    b.finish(cx)
}

fn template_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let (strings, inner) = template(cx, a[0])?;
    let mut out = cx.class_of(a[0]).name().into_bytes();
    out.extend_from_slice(b"(strings=");
    out.extend_from_slice(cx.repr(strings.value())?.bytes());
    out.extend_from_slice(b", interpolations=");
    out.extend_from_slice(cx.repr(inner.value())?.bytes());
    out.push(b')');
    Ok(cx.new_wtf8(&out)?.value())
}

fn template_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let (strings, inner) = template(cx, a[0])?;
    let module = cx.import("string.templatelib")?;
    let f = cx.getattr_str(module, "_template_unpickle")?;
    let args = cx.new_tuple(&[strings.value(), inner.value()])?.value();
    Ok(cx.new_tuple(&[f, args])?.value())
}

fn strings(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(template(cx, a[0])?.0.value())
}
fn interpolations(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(template(cx, a[0])?.1.value())
}
fn values(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, inner) = template(cx, a[0])?;
    let mut out = RootedVec::new(cx);
    for i in 0..inner.len {
        let v = interpolation(cx, inner.at(i))?.value.get();
        out.push(v);
    }
    Ok(cx.new_tuple(&out)?.value())
}
