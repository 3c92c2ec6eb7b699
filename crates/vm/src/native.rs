//! Native functions: the one way to define them, and how arguments reach them.
//!
//! A [`NativeDef`] is a static: a signature in Python's own syntax, the Rust function, a doc string, and what the function
//! may do ([`Effects`]). The signature gives the name, `__text_signature__`, parameter kinds, which may be left out, and
//! the error messages; it is parsed when first needed.
//!
//! ```text
//! NativeDef::method("split(self, /, sep=None, maxsplit=-1)", str_split, "Splits ...").effects(Effects::PURE)
//! ```
//! The function gets [`Args`] with one value a parameter, in the signature's order: a parameter that was not given is
//! unbound whatever default the signature shows ([`Args::opt`]). `*args` arrives as a tuple, `**kwargs` as a dict.
//! A default written as `<unrepresentable>` only marks the parameter as optional.

use crate::{R, Thread, Value};
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The Rust side of a native function.
pub type NativeImpl = fn(&mut Thread, Args<'_>) -> R;

/// Bound arguments.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    first: *const Value,
    len: usize,
    _life: std::marker::PhantomData<&'a Value>,
}

impl<'a> Args<'a> {
    /// The values must stay where they are while the `Args` is in use (they lie on a stack).
    pub fn new(values: &'a [Value]) -> Args<'a> {
        Args { first: values.as_ptr(), len: values.len(), _life: std::marker::PhantomData }
    }
    /// # Safety
    /// `first` points at `len` values that stay there.
    pub unsafe fn from_raw(first: *const Value, len: usize) -> Args<'a> {
        Args { first, len, _life: std::marker::PhantomData }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The argument, if it was given.
    #[inline(always)]
    pub fn opt(&self, i: usize) -> Option<Value> {
        if i < self.len { self[i].bound() } else { None }
    }
    /// The argument, or `default` if it was not given.
    #[inline(always)]
    pub fn or(&self, i: usize, default: Value) -> Value {
        self.opt(i).unwrap_or(default)
    }
    /// The argument, if it was given and is not None.
    #[inline(always)]
    pub fn some(&self, i: usize) -> Option<Value> {
        self.opt(i).filter(|v| !v.is_none())
    }
    /// All of them, copied to a vector that the collector sees.
    pub fn to_rooted(&self, cx: &mut Thread) -> crate::RootedVec {
        let mut out = crate::RootedVec::new(cx);
        for i in 0..self.len {
            out.push(self[i]);
        }
        out
    }
}

impl std::ops::Index<usize> for Args<'_> {
    type Output = Value;
    #[inline(always)]
    fn index(&self, i: usize) -> &Value {
        assert!(i < self.len, "native function reads a parameter that its signature does not have");
        // SAFETY: in bounds.
        unsafe { &*self.first.add(i) }
    }
}

/// What a native function may do, for the tracing JIT. Default: anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(pub u8);

impl Effects {
    /// Reads mutable objects.
    pub const READS: Effects = Effects(1);
    /// Writes objects that others can see.
    pub const WRITES: Effects = Effects(2);
    /// May raise.
    pub const RAISES: Effects = Effects(4);
    /// May run Python code.
    pub const CALLS: Effects = Effects(8);
    /// May look at frames.
    pub const FRAMES: Effects = Effects(16);
    pub const ANY: Effects = Effects(31);
    /// The result depends on the arguments' immutable content only.
    pub const PURE: Effects = Effects(0);
    pub const fn or(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }
}

/// How a native function sits in its class or module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavour {
    /// Of a module.
    Function,
    /// Of a class; the first parameter is the receiver.
    Method,
    /// The first parameter is the class.
    ClassMethod,
    StaticMethod,
    /// An attribute: called with the receiver; `set` with (receiver, value or unbound to delete).
    GetSet,
    /// The same, which Python sees as a member of the object's layout.
    Member,
}

/// How a native function is called with positional arguments only, worked out at its first call: the low byte is the
/// number of arguments that are passed where they lie.
pub mod plan {
    /// Not worked out yet; matches no number of arguments.
    pub const UNKNOWN: u32 = 0xff;
    /// The general way is always taken.
    pub const GENERAL: u32 = 0xfe;
    /// The receiver must be checked.
    pub const CHECK: u32 = 0x100;
    /// Unbound, and the first parameter is the receiver: binding can be left out.
    pub const METHOD: u32 = 0x200;
    /// Where the number of arguments that must be given begins.
    pub const REQUIRED: u32 = 16;

    /// The plan of a method bound to its receiver, which fits.
    pub fn of_bound(plan: u32) -> u32 {
        plan & !(CHECK | METHOD)
    }
}

pub struct NativeDef {
    pub sig: &'static str,
    pub doc: &'static str,
    pub func: NativeImpl,
    pub set: Option<NativeImpl>,
    pub flavour: Flavour,
    pub effects: Effects,
    /// `**kwargs` arrives unbound when no keyword is given, instead of as an empty dict.
    pub spares_kwargs: bool,
}

impl NativeDef {
    const fn new(sig: &'static str, func: NativeImpl, doc: &'static str, flavour: Flavour) -> NativeDef {
        NativeDef { sig, doc, func, set: None, flavour, effects: Effects::ANY, spares_kwargs: false }
    }
    pub const fn function(sig: &'static str, func: NativeImpl, doc: &'static str) -> NativeDef {
        NativeDef::new(sig, func, doc, Flavour::Function)
    }
    pub const fn method(sig: &'static str, func: NativeImpl, doc: &'static str) -> NativeDef {
        NativeDef::new(sig, func, doc, Flavour::Method)
    }
    pub const fn class_method(sig: &'static str, func: NativeImpl, doc: &'static str) -> NativeDef {
        NativeDef::new(sig, func, doc, Flavour::ClassMethod)
    }
    pub const fn static_method(sig: &'static str, func: NativeImpl, doc: &'static str) -> NativeDef {
        NativeDef::new(sig, func, doc, Flavour::StaticMethod)
    }
    /// A read-only attribute.
    pub const fn getter(name: &'static str, get: NativeImpl, doc: &'static str) -> NativeDef {
        NativeDef::new(name, get, doc, Flavour::GetSet)
    }
    pub const fn getset(name: &'static str, get: NativeImpl, set: NativeImpl, doc: &'static str) -> NativeDef {
        let mut d = NativeDef::new(name, get, doc, Flavour::GetSet);
        d.set = Some(set);
        d
    }
    /// An attribute that is a `member_descriptor`, not a `getset_descriptor`.
    pub const fn as_member(mut self) -> NativeDef {
        self.flavour = Flavour::Member;
        self
    }
    /// Is it read and written like a variable?
    pub fn is_attribute(&self) -> bool {
        matches!(self.flavour, Flavour::GetSet | Flavour::Member)
    }
    /// Without keywords `**kwargs` is to arrive unbound: spares a dict at each call.
    pub const fn spare_kwargs(mut self) -> NativeDef {
        self.spares_kwargs = true;
        self
    }
    pub const fn effects(mut self, e: Effects) -> NativeDef {
        self.effects = e;
        self
    }
    /// The name: what stands before the parenthesis.
    pub fn name(&self) -> &'static str {
        self.sig.split('(').next().unwrap_or(self.sig)
    }
    /// `(self, /, ...)` as CPython's `__text_signature__` shows it.
    pub fn text_signature(&self) -> Option<String> {
        let at = self.sig.find('(')?;
        let text = &self.sig[at..];
        if text.contains("<unrepresentable>") {
            return None;
        }
        Some(match self.flavour {
            Flavour::Method | Flavour::ClassMethod => format!("(${}", &text[1..]),
            Flavour::Function => format!("($module, {}", &text[1..]).replace("($module, )", "($module)"),
            _ => text.to_owned(),
        })
    }
    #[inline(always)]
    pub fn signature(&self) -> &Signature {
        // The text's address names the signature; definitions must stay free of cells, or `&[...]` could not hold them.
        let key = self.sig.as_ptr() as usize;
        let p = QUICK[(key ^ key >> 9) & (QUICK_SIZE - 1)].load(Ordering::Acquire);
        // SAFETY: entries are never freed.
        match unsafe { p.as_ref() } {
            Some(e) if e.key == key && e.len == self.sig.len() => &e.signature,
            _ => self.signature_slow(key),
        }
    }

    #[cold]
    #[inline(never)]
    fn signature_slow(&self, key: usize) -> &'static Signature {
        let mut all = ALL.lock().unwrap_or_else(|e| e.into_inner());
        let known = all.iter().find(|e| e.key == key && e.len == self.sig.len());
        let entry: &'static ParsedSig = match known {
            Some(e) => e,
            None => {
                let new = ParsedSig { key, len: self.sig.len(), signature: Signature::parse(self.sig) };
                let new: &'static ParsedSig = Box::leak(Box::new(new));
                all.push(new);
                new
            }
        };
        QUICK[(key ^ key >> 9) & (QUICK_SIZE - 1)]
            .store(entry as *const ParsedSig as *mut ParsedSig, Ordering::Release);
        &entry.signature
    }
}

/// Signatures parsed so far: all of them, and a direct-mapped table in front.
struct ParsedSig {
    key: usize,
    len: usize,
    signature: Signature,
}
const QUICK_SIZE: usize = 4096;
static QUICK: [AtomicPtr<ParsedSig>; QUICK_SIZE] = [const { AtomicPtr::new(std::ptr::null_mut()) }; QUICK_SIZE];
static ALL: Mutex<Vec<&'static ParsedSig>> = Mutex::new(Vec::new());

/// One parameter.
#[derive(Debug, PartialEq)]
pub struct Param {
    pub name: String,
    pub optional: bool,
}

/// A parsed signature. Parameters in order: positional, keyword-only, then `*args`, `**kwargs` if any... as written.
#[derive(Debug, Default, PartialEq)]
pub struct Signature {
    pub params: Vec<Param>,
    /// How many of them are positional-only.
    pub posonly: usize,
    /// How many can be given by position.
    pub positional: usize,
    /// How many positional ones must be given.
    pub required: usize,
    /// Index of the `*args` parameter.
    pub varargs: Option<usize>,
    /// Index of the `**kwargs` parameter.
    pub varkw: Option<usize>,
}

impl Signature {
    fn parse(sig: &str) -> Signature {
        let mut s = Signature::default();
        let Some(open) = sig.find('(') else { return s };
        let inside = sig[open + 1..].trim_end().trim_end_matches(')');
        let mut kwonly = false;
        for part in split_params(inside) {
            let part = part.trim();
            match part {
                "" => {}
                "/" => s.posonly = s.params.len(),
                "*" => kwonly = true,
                _ => s.add(part, &mut kwonly),
            }
        }
        s
    }

    fn add(&mut self, part: &str, kwonly: &mut bool) {
        let index = self.params.len();
        let (name, optional) = match part.split_once('=') {
            Some((n, _)) => (n.trim(), true),
            None => (part, false),
        };
        let name = name.split(':').next().unwrap_or(name).trim();
        if let Some(name) = name.strip_prefix("**") {
            self.varkw = Some(index);
            self.params.push(Param { name: name.to_owned(), optional: true });
            return;
        }
        if let Some(name) = name.strip_prefix('*') {
            self.varargs = Some(index);
            *kwonly = true;
            self.params.push(Param { name: name.to_owned(), optional: true });
            return;
        }
        self.params.push(Param { name: name.trim_start_matches('$').to_owned(), optional });
        if !*kwonly {
            self.positional += 1;
            if !optional {
                self.required = self.positional;
            }
        }
    }

    /// Only positional parameters: arguments can be passed where they lie if their number fits.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        self.positional == self.params.len()
    }
}

/// Splits at commas outside of brackets and quotes.
fn split_params(s: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start, mut quote) = (Vec::new(), 0i32, 0, None);
    for (i, c) in s.char_indices() {
        match (c, quote) {
            (q, Some(open)) if q == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) => depth -= 1,
            (',', None) if depth == 0 => {
                out.push(&s[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&s[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures() {
        let s = Signature::parse("split(self, /, sep=None, maxsplit=-1)");
        assert_eq!((s.posonly, s.positional, s.required, s.params.len()), (1, 3, 1, 3));
        let s = Signature::parse("print(*args, sep=' ', end='\\n', file=None, flush=False)");
        assert_eq!((s.positional, s.varargs, s.params.len()), (0, Some(0), 5));
        let s = Signature::parse("f(a, b=(1, 2), /, *, c, **kw)");
        assert_eq!((s.posonly, s.positional, s.required, s.varkw), (2, 2, 1, Some(3)));
        assert!(!s.is_plain());
    }
}
