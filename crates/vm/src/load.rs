//! Code from the compiler (or a file) into the heap.

use crate::class::Builtin as B;
use crate::object::{Gc, HeapObject};
use crate::types::{Bytes, Cache, Caches, CodeObject, Complex, Float, Set, Slice, Str, Tuple};
use crate::{Exc, R, Thread, Value, field, null_field};
use dashu_int::{IBig, Sign, UBig};
use ferropy_bytecode::{Code, Const, flags, verify::verify};

impl Thread {
    /// Makes a code object. Code that breaks the interpreter's rules is refused.
    pub fn load_code(&mut self, code: Code) -> R<Gc<CodeObject>> {
        if let Err(e) = verify(&code) {
            return Err(self.error(Exc::SystemError, format!("bad code object: {e:?}; please report")));
        }
        self.load_verified(Box::new(code))
    }

    /// The same for code that `verify` accepted. Constants and names move into the heap: the object's Rust form is left
    /// without them (see [`Thread::unload_code`]).
    pub fn load_verified(&mut self, mut code: Box<Code>) -> R<Gc<CodeObject>> {
        let consts = self.load_consts(std::mem::take(&mut code.consts))?;
        let mut names = crate::RootedVec::new(self);
        for n in std::mem::take(&mut code.names) {
            let v = self.intern(&n)?;
            names.push(v);
        }
        let names = self.new_tuple(&names)?;
        let mut params = crate::RootedVec::new(self);
        for v in code.vars.iter().take(code.nparams()) {
            let v = self.intern(&v.name)?;
            params.push(v);
        }
        let params = self.new_tuple(&params)?;
        let caches = self.new_caches(code.ncaches as usize)?;
        let (name, qualname) = (self.intern(&code.name)?, self.intern(&code.qualname)?);
        let filename = self.intern(&code.filename)?;
        let generator = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        let positional = code.kwonlyargcount == 0 && code.flags & (flags::VARARGS | flags::VARKEYWORDS) == 0;
        let simple = positional && code.flags & generator == 0;
        let plain_generator = positional && code.flags & generator != 0;
        let object = CodeObject {
            name: field(name),
            qualname: field(qualname),
            filename: field(filename),
            consts: field(consts),
            names: field(names),
            caches: field(caches),
            params: field(params),
            extra: null_field(),
            extra2: null_field(),
            instrs: code.instrs.as_ptr(),
            nregs: code.nregs,
            argcount: code.argcount,
            flags: code.flags,
            nparams: code.nparams() as u32,
            simple_args: if simple { code.argcount } else { CodeObject::NOT_SIMPLE },
            near: code.nregs <= 256 && code.flags & generator == 0,
            plain_generator,
            code: Box::into_raw(code),
        };
        // Born old: frames and compiled code point at it.
        let r = self.mutator.alloc_old(CodeObject::kind(), B::Code as u32, size_of::<CodeObject>(), 0);
        let Ok(r) = r else { return Err(self.memory_error()) };
        // SAFETY: fresh memory for it.
        unsafe { std::ptr::write(r.payload() as *mut CodeObject, object) };
        self.mutator.register(r);
        Ok(unsafe { Gc::from_raw(r.payload() as *mut CodeObject) })
    }

    fn new_caches(&mut self, n: usize) -> R<Gc<Caches>> {
        let size = 8 + n * size_of::<Cache>();
        let Ok(r) = self.mutator.alloc_old(Caches::kind(), B::Object as u32, size, 0) else {
            return Err(self.memory_error());
        };
        // SAFETY: fresh zeroed memory.
        unsafe {
            (*(r.payload() as *mut Caches)).count = n;
            Ok(Gc::from_raw(r.payload() as *mut Caches))
        }
    }

    /// A constant as a value. Strings that look like names are interned.
    pub fn load_const(&mut self, c: Const) -> R {
        Ok(match c {
            Const::None => Value::NONE,
            Const::True => Value::TRUE,
            Const::False => Value::FALSE,
            Const::Ellipsis => Value::ELLIPSIS,
            Const::Int(n) => self.int(n)?,
            Const::BigInt(negative, bytes) => {
                let n = UBig::from_le_bytes(&bytes);
                let n = IBig::from_parts(if negative { Sign::Negative } else { Sign::Positive }, n);
                self.bigint(&n)?
            }
            Const::Float(bits) => match Value::try_float(f64::from_bits(bits)) {
                Some(v) => v,
                None => self.alloc(B::Float, Float { value: f64::from_bits(bits) })?.value(),
            },
            Const::Complex(re, im) => self.complex(f64::from_bits(re), f64::from_bits(im))?,
            Const::Str(s) if s.len() <= 32 && s.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') => {
                self.intern_wtf8(&s)?
            }
            Const::Str(s) => self.new_wtf8(&s)?.value(),
            Const::Bytes(b) => self.new_bytes(&b)?.value(),
            Const::Tuple(items) => self.load_consts(items)?.value(),
            Const::FrozenSet(items) => {
                let t = self.load_consts(items)?;
                let class = self.builtin(B::FrozenSet);
                let s =
                    self.alloc_of(class, crate::types::Set { table: null_field(), hash: 0.into(), len: 0.into() })?;
                for v in t.items() {
                    self.set_add(s, *v)?;
                }
                s.value()
            }
            Const::Slice(parts) => {
                let t = self.load_consts(parts.to_vec())?;
                self.new_slice(t.at(0), t.at(1), t.at(2))?
            }
            Const::Code(code) => self.load_verified(code)?.value(),
        })
    }

    fn load_consts(&mut self, items: Vec<Const>) -> R<Gc<Tuple>> {
        let mut out = crate::RootedVec::new(self);
        for c in items {
            let v = self.load_const(c)?;
            out.push(v);
        }
        self.new_tuple(&out)
    }

    /// The whole Rust form of a code object again, for files. `Err`: constants that code cannot have were put in.
    pub fn unload_code(&self, c: Gc<CodeObject>) -> Result<Code, &'static str> {
        let items = |v: Value| v.cast::<Tuple>().map_or(Vec::new(), |t| t.items().to_vec());
        let mut code = c.rust().clone();
        code.consts = items(c.consts.get()).into_iter().map(|v| self.unload_const(v)).collect::<Result<_, _>>()?;
        code.names = items(c.names.get())
            .into_iter()
            .map(|n| n.cast::<Str>().map_or_else(String::new, |s| s.to_lossy()))
            .collect();
        Ok(code)
    }

    fn unload_const(&self, v: Value) -> Result<Const, &'static str> {
        let all = |items: &[Value]| items.iter().map(|v| self.unload_const(*v)).collect::<Result<Vec<_>, _>>();
        Ok(match v {
            Value::NONE => Const::None,
            Value::TRUE => Const::True,
            Value::FALSE => Const::False,
            Value::ELLIPSIS => Const::Ellipsis,
            v if v.is_flonum() => Const::Float(v.flonum().to_bits()),
            v if v.is_int() => Const::Int(v.as_int().unwrap_or_default()),
            v => {
                if let Some(c) = v.cast::<CodeObject>() {
                    Const::Code(Box::new(self.unload_code(c)?))
                } else if let Some(s) = v.cast::<Str>() {
                    Const::Str(s.bytes().to_vec())
                } else if let Some(b) = v.cast::<Bytes>() {
                    Const::Bytes(b.data().to_vec())
                } else if let Some(f) = v.cast::<Float>() {
                    Const::Float(f.value.to_bits())
                } else if let Some(z) = v.cast::<Complex>() {
                    Const::Complex(z.re.to_bits(), z.im.to_bits())
                } else if let Some(t) = v.cast::<Tuple>() {
                    Const::Tuple(all(t.items())?)
                } else if let Some(s) = v.cast::<Slice>() {
                    let [a, b, c] = [s.start.get(), s.stop.get(), s.step.get()].map(|v| self.unload_const(v));
                    Const::Slice(Box::new([a?, b?, c?]))
                } else if let Some(s) = v.cast::<Set>() {
                    let (mut out, mut i) = (Vec::new(), 0);
                    while let Some((next, _, item)) = s.next_entry(i) {
                        out.push(self.unload_const(item)?);
                        i = next;
                    }
                    Const::FrozenSet(out)
                } else if let Some(n) = v.to_ibig() {
                    let (sign, magnitude) = n.into_parts();
                    Const::BigInt(sign == Sign::Negative, magnitude.to_le_bytes().into())
                } else {
                    return Err("unmarshallable object");
                }
            }
        })
    }
}
