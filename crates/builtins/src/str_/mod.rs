//! `str`: its method table, and what its parts share.
//!
//! Terms: an *offset* counts bytes of the WTF-8 text, an *index* counts characters; Python sees indices only. They are
//! equal in ASCII strings, which is why most methods look at [`Gc<Str>::is_ascii`] first.
//! Invariant: a method of a subclass's instance returns an exact `str`.

pub mod codec;
pub mod format;
mod make;
pub mod percent;
mod query;
mod split;
mod transform;
mod translate;

use ferropy_vm::types::{Class, Str};
use ferropy_vm::{Args, Builtin as B, CmpOp, Exc, Gc, NativeDef, R, Thread, Value};
pub(crate) use make::{name_arg as codec_arg, quick_codec};
pub use query::substring;
pub(crate) use split::copy_to;
pub(crate) use transform::tab_size;

/// Adds the methods of `str`.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Str);
    cx.add_methods(class, METHODS)?;
    crate::bytes::set_doc(cx, class, DOC)
}

const DOC: &str = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nCreate a new string object \
from the given object. If encoding or\nerrors is specified, then the object must expose a data buffer\nthat will be \
decoded using the given encoding and error handler.\nOtherwise, returns the result of object.__str__() (if defined)\nor \
repr(object).\nencoding defaults to 'utf-8'.\nerrors defaults to 'strict'.";

/// The receiver of a method.
#[inline]
pub(crate) fn this(cx: &mut Thread, a: Args<'_>) -> R<Gc<Str>> {
    match a[0].as_str() {
        Some(s) => Ok(s),
        None => {
            let got = cx.class_name(a[0]);
            Err(cx.type_error(format!("descriptor requires a 'str' object but received '{got}'")))
        }
    }
}

/// A str argument; `what` names it: `replace() argument 1`.
#[inline]
pub(crate) fn text_arg(cx: &mut Thread, v: Value, what: &str) -> R<Gc<Str>> {
    match v.as_str() {
        Some(s) => Ok(s),
        None => cx.expect_text(v, what),
    }
}

/// Keeps an object in place until here although only slices of it are used: the collector does not look into a `Vec`.
#[inline(always)]
pub fn keep<T>(v: T) {
    std::hint::black_box(v);
}

/// The first exact str among `candidates` that reads like `text`, else a new one.
pub(crate) fn same_or_new<const COUNT: usize>(cx: &mut Thread, text: &[u8], candidates: [Value; COUNT]) -> R {
    let same = |v: &Value| v.is_ref() && v.shape() == B::Str as u32 && v.as_str().is_some_and(|s| s.bytes() == text);
    match candidates.into_iter().find(same) {
        Some(v) => Ok(v),
        None => Ok(cx.new_wtf8(text)?.value()),
    }
}

/// The receiver itself if it is an exact str, else a copy that is.
pub(crate) fn exact(cx: &mut Thread, s: Gc<Str>) -> R {
    if s.shape() == B::Str as u32 {
        return Ok(s.value());
    }
    Ok(cx.new_str_counted(s.bytes(), s.len())?.value())
}

/// A part of `s` as a string.
pub(crate) fn part(cx: &mut Thread, s: Gc<Str>, bytes: &[u8]) -> R {
    if bytes.len() == s.bytes().len() {
        return exact(cx, s);
    }
    let v = if s.is_ascii() { cx.new_str_counted(bytes, bytes.len())? } else { cx.new_wtf8(bytes)? };
    keep(s);
    Ok(v.value())
}

/// A new string of as many ASCII characters, at least one, filled in place. `fill` must not touch the heap.
#[inline]
pub(crate) fn ascii_with(cx: &mut Thread, len: usize, fill: impl FnOnce(&mut [u8])) -> R {
    if len == 1 {
        let mut one = [0];
        fill(&mut one);
        return Ok(cx.char_str(one[0] as u32)?.value());
    }
    Ok(cx.str_with(len, len, fill)?.value())
}

/// The result of an operation that may leave the string as it is.
pub(crate) fn changed(cx: &mut Thread, s: Gc<Str>, new: Option<Vec<u8>>) -> R {
    match new {
        Some(bytes) => Ok(cx.new_wtf8(&bytes)?.value()),
        None => exact(cx, s),
    }
}

/// `start` and `end` arguments clipped to a length, as `find` takes them: the start may lie behind the end.
pub(crate) fn range_args(cx: &mut Thread, a: Args<'_>, first: usize, len: usize) -> R<(usize, usize)> {
    let clip = |n: i64| if n < 0 { n.saturating_add(len as i64).max(0) as usize } else { n as usize };
    let start = match a.some(first) {
        Some(v) => clip(slice_index(cx, v)?),
        None => 0,
    };
    let end = match a.some(first + 1) {
        Some(v) => clip(slice_index(cx, v)?).min(len),
        None => len,
    };
    Ok((start, end))
}

fn slice_index(cx: &mut Thread, v: Value) -> R<i64> {
    if !cx.has_index(v) {
        return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
    }
    cx.index_clamped(v)
}

/// A method that asks something of the text.
macro_rules! predicate {
    ($name:ident, $test:expr) => {
        fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let s = this(cx, a)?;
            Ok(Value::bool($test(s.bytes())))
        }
    };
    // Of all characters, with a test for ASCII.
    ($name:ident, $test:expr, $ascii:expr) => {
        fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let s = this(cx, a)?;
            if s.is_ascii() {
                return Ok(Value::bool(!s.is_empty() && s.bytes().iter().all($ascii)));
            }
            Ok(Value::bool(case::all(s.bytes(), $test)))
        }
    };
}
use ferropy_text::{case, unicode};
predicate!(isascii, |s: &[u8]| s.is_ascii());
predicate!(islower, case::is_lower);
predicate!(isupper, case::is_upper);
predicate!(istitle, case::is_title);
predicate!(isspace, unicode::is_space, |b| matches!(b, b' ' | 0x09..=0x0d | 0x1c..=0x1f));
predicate!(isdecimal, unicode::is_decimal, u8::is_ascii_digit);
predicate!(isdigit, unicode::is_digit, u8::is_ascii_digit);
predicate!(isnumeric, unicode::is_numeric, u8::is_ascii_digit);
predicate!(isalpha, unicode::is_alpha, u8::is_ascii_alphabetic);
predicate!(isalnum, unicode::is_alnum, u8::is_ascii_alphanumeric);
predicate!(isidentifier, case::is_identifier);
predicate!(isprintable, case::is_printable);

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let text = ferropy_text::repr::repr_str(s.bytes());
    Ok(cx.new_str(&text)?.value())
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    exact(cx, s)
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let h = cx.str_hash(s);
    cx.int(h as i64)
}

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a)?.len();
    cx.int(n as i64)
}

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a)?;
    cx.seq_iter(B::StrIterator, a[0])
}

fn compare(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    let s = this(cx, a)?;
    let Some(t) = a[1].as_str() else {
        if matches!(op, CmpOp::Eq | CmpOp::Ne) {
            warn_bytes(cx, a[1])?;
        }
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (x, y) = (s.bytes(), t.bytes());
    Ok(Value::bool(match op {
        CmpOp::Eq => x == y,
        CmpOp::Ne => x != y,
        _ => op.of(x.cmp(y)),
    }))
}

/// `-b`: a str is compared with a bytes object.
fn warn_bytes(cx: &mut Thread, other: Value) -> R<()> {
    if cx.vm().settings.bytes_warning > 0 && crate::bytes::is_bytes(other) {
        return cx.warn(Exc::BytesWarning, "Comparison between bytes and string");
    }
    Ok(())
}

macro_rules! comparisons {
    ($($name:ident $op:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            compare(cx, a, CmpOp::$op)
        })*
    };
}
comparisons! { lt Lt le Le eq Eq ne Ne gt Gt ge Ge }

fn add(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    match a[1].as_str() {
        Some(t) => Ok(cx.concat(s, t)?.value()),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn mul(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    if !cx.has_index(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let n = cx.index(a[1])?.max(0) as usize;
    if n == 1 {
        return exact(cx, s);
    }
    let (len, chars) = (s.bytes().len(), s.len());
    match len.checked_mul(n) {
        Some(total) if total < u32::MAX as usize => {
            if total == 0 {
                return Ok(cx.vm().empty_str);
            }
            let fill = |to: &mut [u8]| repeat_into(to, s.bytes());
            Ok(cx.str_with(total, chars * n, fill)?.value())
        }
        Some(_) if len * n < 1 << 62 => Err(cx.memory_error()),
        _ => Err(cx.overflow_error("repeated string is too long")),
    }
}

/// Fills `to` with copies of `unit`, doubling what is there.
pub(crate) fn repeat_into(to: &mut [u8], unit: &[u8]) {
    if let [b] = unit {
        return to.fill(*b);
    }
    let mut done = unit.len().min(to.len());
    to[..done].copy_from_slice(&unit[..done]);
    while done < to.len() {
        let n = done.min(to.len() - done);
        to.copy_within(..n, done);
        done += n;
    }
}

fn modulo(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    percent::format_text(cx, s, a[1])
}

fn rmodulo(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a)?;
    match a[1].as_str() {
        Some(s) => percent::format_text(cx, s, a[0]),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn contains(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let Some(t) = a[1].as_str() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("'in <string>' requires string as left operand, not {got}")));
    };
    Ok(Value::bool(ferropy_text::search::contains(s.bytes(), t.bytes())))
}

fn getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let v = cx.new_str_counted(s.bytes(), s.len())?.value();
    Ok(cx.new_tuple(&[v])?.value())
}

fn sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    cx.int((size_of::<Str>() + 16 + s.bytes().len()) as i64)
}

/// The class of an instance to be made: the first argument of `__new__`.
pub(crate) fn class_arg(cx: &mut Thread, v: Value) -> R<Gc<Class>> {
    match v.cast::<Class>() {
        Some(c) => Ok(c),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("__new__(X): X is not a type object ({got})")))
        }
    }
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, object='', encoding='utf-8', errors='strict')",
        make::new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::method("__lt__(self, value, /)", lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", le, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", ge, "Return self>=value."),
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__mod__(self, value, /)", modulo, "Return self%value."),
    NativeDef::method("__rmod__(self, value, /)", rmodulo, "Return value%self."),
    NativeDef::method("__len__(self, /)", len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", query::getitem, "Return self[key]."),
    NativeDef::method("__add__(self, value, /)", add, "Return self+value."),
    NativeDef::method("__mul__(self, value, /)", mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", mul, "Return value*self."),
    NativeDef::method("__contains__(self, key, /)", contains, "Return bool(key in self)."),
    NativeDef::method(
        "encode(self, /, encoding='utf-8', errors='strict')",
        make::encode,
        "Encode the string using the codec registered for encoding.\n\n  encoding\n    The encoding in which to encode \
         the string.\n  errors\n    The error handling scheme to use for encoding errors.\n    The default is 'strict' \
         meaning that encoding errors raise a\n    UnicodeEncodeError.  Other possible values are 'ignore', 'replace' \
         and\n    'xmlcharrefreplace' as well as any other name registered with\n    codecs.register_error that can \
         handle UnicodeEncodeErrors.",
    ),
    NativeDef::method(
        "replace(self, old, new, /, count=-1)",
        transform::replace,
        "Return a copy with all occurrences of substring old replaced by new.",
    ),
    NativeDef::method(
        "split(self, /, sep=None, maxsplit=-1)",
        split::split,
        "Return a list of the substrings in the string, using sep as the separator string.",
    ),
    NativeDef::method(
        "rsplit(self, /, sep=None, maxsplit=-1)",
        split::rsplit,
        "Return a list of the substrings in the string, using sep as the separator string.",
    ),
    NativeDef::method("join(self, iterable, /)", split::join, "Concatenate any number of strings."),
    NativeDef::method("capitalize(self, /)", transform::capitalize, "Return a capitalized version of the string."),
    NativeDef::method(
        "casefold(self, /)",
        transform::casefold,
        "Return a version of the string suitable for caseless comparisons.",
    ),
    NativeDef::method(
        "title(self, /)",
        transform::title,
        "Return a version of the string where each word is titlecased.",
    ),
    NativeDef::method(
        "center(self, width, fillchar=' ', /)",
        transform::center,
        "Return a centered string of length width.",
    ),
    NativeDef::method(
        "count(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::count,
        "Return the number of non-overlapping occurrences of substring sub in string S[start:end].",
    ),
    NativeDef::method(
        "expandtabs(self, /, tabsize=8)",
        transform::expandtabs,
        "Return a copy where all tab characters are expanded using spaces.",
    ),
    NativeDef::method(
        "find(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::find,
        "Return the lowest index in S where substring sub is found.",
    ),
    NativeDef::method(
        "partition(self, sep, /)",
        split::partition,
        "Partition the string into three parts using the given separator.",
    ),
    NativeDef::method(
        "index(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::index,
        "Return the lowest index in S where substring sub is found.",
    ),
    NativeDef::method(
        "ljust(self, width, fillchar=' ', /)",
        transform::ljust,
        "Return a left-justified string of length width.",
    ),
    NativeDef::method("lower(self, /)", transform::lower, "Return a copy of the string converted to lowercase."),
    NativeDef::method(
        "lstrip(self, chars=None, /)",
        transform::lstrip,
        "Return a copy of the string with leading whitespace removed.",
    ),
    NativeDef::method(
        "rfind(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::rfind,
        "Return the highest index in S where substring sub is found.",
    ),
    NativeDef::method(
        "rindex(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::rindex,
        "Return the highest index in S where substring sub is found.",
    ),
    NativeDef::method(
        "rjust(self, width, fillchar=' ', /)",
        transform::rjust,
        "Return a right-justified string of length width.",
    ),
    NativeDef::method(
        "rstrip(self, chars=None, /)",
        transform::rstrip,
        "Return a copy of the string with trailing whitespace removed.",
    ),
    NativeDef::method(
        "rpartition(self, sep, /)",
        split::rpartition,
        "Partition the string into three parts using the given separator.",
    ),
    NativeDef::method(
        "splitlines(self, /, keepends=False)",
        split::splitlines,
        "Return a list of the lines in the string, breaking at line boundaries.",
    ),
    NativeDef::method(
        "strip(self, chars=None, /)",
        transform::strip,
        "Return a copy of the string with leading and trailing whitespace removed.",
    ),
    NativeDef::method(
        "swapcase(self, /)",
        transform::swapcase,
        "Convert uppercase characters to lowercase and lowercase characters to uppercase.",
    ),
    NativeDef::method(
        "translate(self, table, /)",
        translate::translate,
        "Replace each character in the string using the given translation table.",
    ),
    NativeDef::method("upper(self, /)", transform::upper, "Return a copy of the string converted to uppercase."),
    NativeDef::method(
        "startswith(self, prefix, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::startswith,
        "Return True if the string starts with the specified prefix, False otherwise.",
    ),
    NativeDef::method(
        "endswith(self, suffix, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::endswith,
        "Return True if the string ends with the specified suffix, False otherwise.",
    ),
    NativeDef::method(
        "removeprefix(self, prefix, /)",
        transform::removeprefix,
        "Return a str with the given prefix string removed if present.",
    ),
    NativeDef::method(
        "removesuffix(self, suffix, /)",
        transform::removesuffix,
        "Return a str with the given suffix string removed if present.",
    ),
    NativeDef::method(
        "isascii(self, /)",
        isascii,
        "Return True if all characters in the string are ASCII, False otherwise.",
    ),
    NativeDef::method("islower(self, /)", islower, "Return True if the string is a lowercase string, False otherwise."),
    NativeDef::method(
        "isupper(self, /)",
        isupper,
        "Return True if the string is an uppercase string, False otherwise.",
    ),
    NativeDef::method(
        "istitle(self, /)",
        istitle,
        "Return True if the string is a title-cased string, False otherwise.",
    ),
    NativeDef::method(
        "isspace(self, /)",
        isspace,
        "Return True if the string is a whitespace string, False otherwise.",
    ),
    NativeDef::method(
        "isdecimal(self, /)",
        isdecimal,
        "Return True if the string is a decimal string, False otherwise.",
    ),
    NativeDef::method("isdigit(self, /)", isdigit, "Return True if the string is a digit string, False otherwise."),
    NativeDef::method(
        "isnumeric(self, /)",
        isnumeric,
        "Return True if the string is a numeric string, False otherwise.",
    ),
    NativeDef::method(
        "isalpha(self, /)",
        isalpha,
        "Return True if the string is an alphabetic string, False otherwise.",
    ),
    NativeDef::method(
        "isalnum(self, /)",
        isalnum,
        "Return True if the string is an alpha-numeric string, False otherwise.",
    ),
    NativeDef::method(
        "isidentifier(self, /)",
        isidentifier,
        "Return True if the string is a valid Python identifier, False otherwise.",
    ),
    NativeDef::method(
        "isprintable(self, /)",
        isprintable,
        "Return True if all characters in the string are printable, False otherwise.",
    ),
    NativeDef::method(
        "zfill(self, width, /)",
        transform::zfill,
        "Pad a numeric string with zeros on the left, to fill a field of the given width.\n\nThe string is never truncated.",
    ),
    NativeDef::method(
        "format(self, /, *args, **kwargs)",
        format::format,
        "Return a formatted version of the string, using substitutions from args and kwargs.",
    )
    .spare_kwargs(),
    NativeDef::method(
        "format_map(self, mapping, /)",
        format::format_map,
        "Return a formatted version of the string, using substitutions from mapping.",
    ),
    NativeDef::method(
        "__format__(self, format_spec, /)",
        format::format_self,
        "Return a formatted version of the string as described by format_spec.",
    ),
    NativeDef::static_method(
        "maketrans(x, y=<unrepresentable>, z=<unrepresentable>, /)",
        translate::maketrans,
        "Return a translation table usable for str.translate().",
    ),
    NativeDef::method("__sizeof__(self, /)", sizeof, "Return the size of the string in memory, in bytes."),
    NativeDef::method("__getnewargs__(self, /)", getnewargs, ""),
];
