//! `marshal`: values of the plain types as bytes, CPython's format except for code objects.
//!
//! A code object has the type byte `c` followed by a length and the serialised form of crate `bytecode`; what is read is
//! verified. Repeated objects are written by reference from version 3 on, as in CPython.

use dashu_int::{IBig, UBig};
use ferropy_bytecode::serial;
use ferropy_vm::types::{Bytes, CodeObject, Complex, Dict, List, Set, Slice, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, NativeDef, R, Raised, RootedVec, Thread, Value};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "dumps(value, version=5, /, *, allow_code=True)",
        dumps,
        "Return the bytes object that would be \
        written to a file by dump(value, file).",
    ),
    NativeDef::function(
        "dump(value, file, version=5, /, *, allow_code=True)",
        dump,
        "Write the value on the open file.",
    ),
    NativeDef::function(
        "loads(bytes, /, *, allow_code=True)",
        loads,
        "Convert the bytes-like object to a value.\n\nIf no \
        valid value is found, raise EOFError, ValueError or TypeError.  Extra\nbytes in the input are ignored.",
    ),
    NativeDef::function("load(file, /, *, allow_code=True)", load, "Read one value from the open file and return it."),
];

const MAX_DEPTH: usize = 2000;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("marshal", |cx| {
        let m = cx.module_with(
            "marshal",
            "This module contains functions that can read and write Python values in\na \
            binary format. The format is specific to Python, but independent of\nmachine architecture issues.",
            FUNCTIONS,
        )?;
        cx.module_set(m, "version", Value::small_int(5))?;
        Ok(m.value())
    });
}

// ---- writing

struct Writer {
    out: Vec<u8>,
    version: i64,
    allow_code: bool,
    /// Identities of the objects written so far and their numbers.
    seen: std::collections::HashMap<u64, u32>,
}

impl Writer {
    fn long(&mut self, n: usize) {
        self.out.extend_from_slice(&(n as u32).to_le_bytes());
    }
    fn sized(&mut self, tag: u8, data: &[u8]) {
        self.out.push(tag);
        self.long(data.len());
        self.out.extend_from_slice(data);
    }

    fn big(&mut self, n: &IBig) {
        // 15-bit digits, as CPython writes them; the sign is in the count.
        let bytes =
            UBig::try_from(if *n < IBig::ZERO { -n.clone() } else { n.clone() }).unwrap_or_default().to_le_bytes();
        let (mut digits, mut acc, mut bits) = (Vec::new(), 0u32, 0);
        for b in bytes.iter() {
            acc |= (*b as u32) << bits;
            bits += 8;
            if bits >= 15 {
                digits.push((acc & 0x7fff) as u16);
                acc >>= 15;
                bits -= 15;
            }
        }
        while acc > 0 {
            digits.push((acc & 0x7fff) as u16);
            acc >>= 15;
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let count = digits.len() as i32 * if *n < IBig::ZERO { -1 } else { 1 };
        self.out.push(b'l');
        self.out.extend_from_slice(&count.to_le_bytes());
        for d in digits {
            self.out.extend_from_slice(&d.to_le_bytes());
        }
    }

    fn value(&mut self, cx: &mut Thread, v: Value, depth: usize) -> R<()> {
        if depth > MAX_DEPTH {
            return Err(cx.value_error("object too deeply nested to marshal"));
        }
        cx.check_recursion(" while marshalling an object")?;
        let single = match v {
            Value::NONE => b'N',
            Value::TRUE => b'T',
            Value::FALSE => b'F',
            Value::ELLIPSIS => b'.',
            _ if v == cx.builtin_stop_iteration() => b'S',
            _ => 0,
        };
        if single != 0 {
            self.out.push(single);
            return Ok(());
        }
        let start = self.out.len();
        if v.is_ref() && self.version >= 3 {
            if let Some(n) = self.seen.get(&v.0) {
                let n = *n as usize;
                self.out.push(b'r');
                self.long(n);
                return Ok(());
            }
            let n = self.seen.len() as u32;
            self.seen.insert(v.0, n);
        }
        self.object(cx, v, depth)?;
        if v.is_ref() && self.version >= 3 {
            self.out[start] |= 0x80;
        }
        Ok(())
    }

    fn object(&mut self, cx: &mut Thread, v: Value, depth: usize) -> R<()> {
        let exact = |b: B| v.shape() == b as u32;
        if let Some(n) = v.as_int() {
            match i32::try_from(n) {
                Ok(n) => {
                    self.out.push(b'i');
                    self.out.extend_from_slice(&n.to_le_bytes());
                }
                Err(_) => self.big(&IBig::from(n)),
            }
        } else if exact(B::Int) {
            self.big(&v.to_ibig().unwrap_or_default());
        } else if v.is_flonum() || exact(B::Float) {
            let f = v.as_float().unwrap_or(0.0);
            self.float(f, b'g', b'f');
        } else if exact(B::Complex)
            && let Some(c) = v.cast::<Complex>()
        {
            self.out.push(if self.version > 1 { b'y' } else { b'x' });
            self.part(c.re);
            self.part(c.im);
        } else if exact(B::Str)
            && let Some(s) = v.cast::<Str>()
        {
            self.text(s.bytes(), s.is_interned() && self.version >= 1);
        } else if exact(B::Tuple)
            && let Some(t) = v.cast::<Tuple>()
        {
            if self.version >= 4 && t.len < 256 {
                self.out.extend_from_slice(&[b')', t.len as u8]);
            } else {
                self.out.push(b'(');
                self.long(t.len);
            }
            for i in 0..t.len {
                self.value(cx, t.at(i), depth + 1)?;
            }
        } else {
            return self.container(cx, v, depth);
        }
        Ok(())
    }

    fn container(&mut self, cx: &mut Thread, v: Value, depth: usize) -> R<()> {
        let exact = |b: B| v.shape() == b as u32;
        if exact(B::List)
            && let Some(l) = v.cast::<List>()
        {
            self.out.push(b'[');
            self.long(l.len());
            for i in 0..l.len() {
                self.value(cx, l.get(i).unwrap_or(Value::NONE), depth + 1)?;
            }
        } else if exact(B::Dict)
            && let Some(d) = v.cast::<Dict>()
        {
            self.out.push(b'{');
            let mut i = 0;
            while let Some((next, _, k, x)) = d.next_entry(i) {
                i = next;
                self.value(cx, k, depth + 1)?;
                self.value(cx, x, depth + 1)?;
            }
            self.out.push(b'0');
        } else if (exact(B::Set) || exact(B::FrozenSet))
            && let Some(s) = v.cast::<Set>()
        {
            self.set(cx, s, if exact(B::Set) { b'<' } else { b'>' })?;
        } else if exact(B::Slice)
            && let Some(s) = v.cast::<Slice>()
        {
            if self.version < 5 {
                return Err(cx.value_error("unmarshallable object"));
            }
            self.out.push(b':');
            for part in [s.start.get(), s.stop.get(), s.step.get()] {
                self.value(cx, part, depth + 1)?;
            }
        } else if let Some(code) = v.cast::<CodeObject>() {
            if !self.allow_code {
                return Err(cx.value_error("marshalling code objects is disallowed"));
            }
            match cx.unload_code(code) {
                Ok(code) => self.sized(b'c', &serial::write(&code)),
                Err(what) => return Err(cx.value_error(what)),
            }
        } else if exact(B::Bytes)
            && let Some(b) = v.cast::<Bytes>()
        {
            self.sized(b's', b.data());
        } else if let Some(buf) = cx.buffer_opt(v)? {
            self.sized(b's', buf.bytes());
        } else {
            return Err(cx.value_error("unmarshallable object"));
        }
        Ok(())
    }

    /// Items in the order of their marshalled bytes, so that equal sets give equal bytes.
    fn set(&mut self, cx: &mut Thread, s: ferropy_vm::Gc<Set>, tag: u8) -> R<()> {
        self.out.push(tag);
        self.long(s.len());
        let mut items = RootedVec::new(cx);
        let mut i = 0;
        while let Some((next, _, v)) = s.next_entry(i) {
            i = next;
            items.push(v);
        }
        let mut keyed = Vec::new();
        for i in 0..items.len() {
            let mut w = Writer {
                out: Vec::new(),
                version: self.version,
                allow_code: self.allow_code,
                seen: Default::default(),
            };
            w.value(cx, items[i], 0)?;
            keyed.push((w.out, i));
        }
        keyed.sort();
        for (_, i) in keyed {
            self.value(cx, items[i], 1)?;
        }
        Ok(())
    }

    fn float(&mut self, f: f64, binary: u8, text: u8) {
        self.out.push(if self.version > 1 { binary } else { text });
        self.part(f);
    }
    fn part(&mut self, f: f64) {
        if self.version > 1 {
            self.out.extend_from_slice(&f.to_le_bytes());
        } else {
            let s = ferropy_text::float::repr(f);
            self.out.push(s.len() as u8);
            self.out.extend_from_slice(s.as_bytes());
        }
    }
    fn text(&mut self, bytes: &[u8], interned: bool) {
        if self.version >= 4 && bytes.is_ascii() {
            if bytes.len() < 256 {
                self.out.extend_from_slice(&[if interned { b'Z' } else { b'z' }, bytes.len() as u8]);
                self.out.extend_from_slice(bytes);
            } else {
                self.sized(if interned { b'A' } else { b'a' }, bytes);
            }
        } else {
            self.sized(if interned { b't' } else { b'u' }, bytes);
        }
    }
}

trait StopClass {
    fn builtin_stop_iteration(&self) -> Value;
}
impl StopClass for Thread {
    fn builtin_stop_iteration(&self) -> Value {
        self.exc_class(Exc::StopIteration).value()
    }
}

fn write(cx: &mut Thread, v: Value, version: Option<Value>, allow: Option<Value>) -> R {
    let version = match version {
        Some(n) => cx.index(n)?,
        None => 5,
    };
    let allow_code = match allow {
        Some(b) => cx.truth(b)?,
        None => true,
    };
    let mut w = Writer { out: Vec::new(), version, allow_code, seen: Default::default() };
    w.value(cx, v, 0)?;
    Ok(cx.new_bytes(&w.out)?.value())
}

fn dumps(cx: &mut Thread, a: Args<'_>) -> R {
    write(cx, a[0], a.opt(1), a.opt(2))
}

fn dump(cx: &mut Thread, a: Args<'_>) -> R {
    let data = write(cx, a[0], a.opt(2), a.opt(3))?;
    cx.call_method(a[1], "write", &[data])
}

// ---- reading

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    refs: RootedVec,
    allow_code: bool,
}

fn bad(cx: &mut Thread, what: &str) -> Raised {
    cx.value_error(format!("bad marshal data ({what})"))
}

impl Reader<'_> {
    fn take(&mut self, cx: &mut Thread, n: usize) -> R<&[u8]> {
        match self.at.checked_add(n).and_then(|end| self.data.get(self.at..end)) {
            Some(s) => {
                self.at += n;
                Ok(s)
            }
            None => Err(cx.error(Exc::EOFError, "marshal data too short")),
        }
    }
    fn byte(&mut self, cx: &mut Thread) -> R<u8> {
        Ok(self.take(cx, 1)?[0])
    }
    fn long(&mut self, cx: &mut Thread) -> R<i32> {
        let b = self.take(cx, 4)?;
        Ok(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
    fn size(&mut self, cx: &mut Thread, what: &str) -> R<usize> {
        let n = self.long(cx)?;
        usize::try_from(n).map_err(|_| bad(cx, &format!("{what} size out of range")))
    }
    fn double(&mut self, cx: &mut Thread) -> R<f64> {
        let b: [u8; 8] = self.take(cx, 8)?.try_into().unwrap_or_default();
        Ok(f64::from_le_bytes(b))
    }
    fn double_text(&mut self, cx: &mut Thread) -> R<f64> {
        let n = self.byte(cx)? as usize;
        let text = String::from_utf8_lossy(self.take(cx, n)?).into_owned();
        ferropy_text::float::parse(&text).ok_or_else(|| bad(cx, "invalid float"))
    }

    /// Reads a value; None for the mark that ends a dict.
    fn value(&mut self, cx: &mut Thread, depth: usize) -> R<Option<Value>> {
        if depth > MAX_DEPTH {
            return Err(cx.value_error("recursion limit exceeded"));
        }
        cx.check_recursion(" while unmarshalling an object")?;
        let Some(tag) = self.data.get(self.at).copied() else {
            return Err(cx.error(Exc::EOFError, "EOF read where object expected"));
        };
        self.at += 1;
        let (tag, flag) = (tag & 0x7f, tag & 0x80 != 0);
        // Containers that can contain themselves are numbered before their items.
        let slot = flag.then(|| {
            self.refs.push(Value::NULL);
            self.refs.len() - 1
        });
        let v = self.tagged(cx, tag, slot, depth)?;
        if let (Some(i), Some(v)) = (slot, v) {
            self.refs.as_mut_vec()[i] = v;
        }
        Ok(v)
    }

    fn item(&mut self, cx: &mut Thread, depth: usize, what: &str) -> R {
        match self.value(cx, depth + 1)? {
            Some(v) => Ok(v),
            None => Err(cx.type_error(format!("NULL object in marshal data for {what}"))),
        }
    }

    fn items(&mut self, cx: &mut Thread, n: usize, depth: usize, what: &str) -> R<RootedVec> {
        let mut out = RootedVec::new(cx);
        for _ in 0..n {
            let v = self.item(cx, depth, what)?;
            out.push(v);
        }
        Ok(out)
    }

    fn tagged(&mut self, cx: &mut Thread, tag: u8, slot: Option<usize>, depth: usize) -> R<Option<Value>> {
        Ok(Some(match tag {
            b'0' => return Ok(None),
            b'N' => Value::NONE,
            b'T' => Value::TRUE,
            b'F' => Value::FALSE,
            b'.' => Value::ELLIPSIS,
            b'S' => cx.builtin_stop_iteration(),
            b'i' => {
                let n = self.long(cx)?;
                cx.int(n as i64)?
            }
            b'I' => {
                let b: [u8; 8] = self.take(cx, 8)?.try_into().unwrap_or_default();
                cx.int(i64::from_le_bytes(b))?
            }
            b'l' => self.big(cx)?,
            b'g' => {
                let f = self.double(cx)?;
                cx.float(f)?
            }
            b'f' => {
                let f = self.double_text(cx)?;
                cx.float(f)?
            }
            b'y' => {
                let (re, im) = (self.double(cx)?, self.double(cx)?);
                cx.complex(re, im)?
            }
            b'x' => {
                let (re, im) = (self.double_text(cx)?, self.double_text(cx)?);
                cx.complex(re, im)?
            }
            b's' => {
                let n = self.size(cx, "bytes object")?;
                let data = self.take(cx, n)?.to_vec();
                cx.new_bytes(&data)?.value()
            }
            b'u' | b't' | b'a' | b'A' | b'z' | b'Z' => self.text(cx, tag)?,
            b'r' => {
                let n = self.size(cx, "reference")?;
                match self.refs.get(n).copied().and_then(Value::bound) {
                    Some(v) => v,
                    None => return Err(bad(cx, "invalid reference")),
                }
            }
            _ => return self.compound(cx, tag, slot, depth).map(Some),
        }))
    }

    fn text(&mut self, cx: &mut Thread, tag: u8) -> R {
        let n = match tag {
            b'z' | b'Z' => self.byte(cx)? as usize,
            _ => self.size(cx, "string")?,
        };
        let data = self.take(cx, n)?.to_vec();
        if !ferropy_text::wtf8::validate(&data) {
            return Err(bad(cx, "invalid text"));
        }
        match tag {
            b't' | b'A' | b'Z' => cx.intern_wtf8(&data),
            _ => Ok(cx.new_wtf8(&data)?.value()),
        }
    }

    fn big(&mut self, cx: &mut Thread) -> R {
        let count = self.long(cx)?;
        let mut n = UBig::ZERO;
        let digits = count.unsigned_abs() as usize;
        let bytes = self.take(cx, digits.saturating_mul(2))?.to_vec();
        for pair in bytes.chunks_exact(2).rev() {
            let d = u16::from_le_bytes([pair[0], pair[1]]);
            if d > 0x7fff {
                return Err(bad(cx, "digit out of range in long"));
            }
            n = (n << 15) + UBig::from(d);
        }
        if digits > 0 && bytes.ends_with(&[0, 0]) {
            return Err(bad(cx, "unnormalized long data"));
        }
        let n = IBig::from(n);
        cx.bigint(&if count < 0 { -n } else { n })
    }

    fn compound(&mut self, cx: &mut Thread, tag: u8, slot: Option<usize>, depth: usize) -> R {
        match tag {
            b'(' | b')' => {
                let n = if tag == b')' { self.byte(cx)? as usize } else { self.size(cx, "tuple")? };
                let items = self.items(cx, n, depth, "tuple")?;
                Ok(cx.new_tuple(&items)?.value())
            }
            b'[' => {
                let n = self.size(cx, "list")?;
                let list = cx.new_list(&[])?;
                self.number(slot, list.value());
                for _ in 0..n {
                    let v = self.item(cx, depth, "list")?;
                    cx.list_append(list, v)?;
                }
                Ok(list.value())
            }
            b'{' => {
                let d = cx.new_dict()?;
                self.number(slot, d.value());
                while let Some(k) = self.value(cx, depth + 1)? {
                    let Some(v) = self.value(cx, depth + 1)? else { break };
                    cx.dict_set(d, k, v)?;
                }
                Ok(d.value())
            }
            b'<' | b'>' => {
                let n = self.size(cx, "set")?;
                let items = self.items(cx, n, depth, "set")?;
                let list = cx.new_list(&items)?.value();
                let class = cx.builtin(if tag == b'<' { B::Set } else { B::FrozenSet }).value();
                cx.call(class, &[list])
            }
            b':' => {
                let parts = self.items(cx, 3, depth, "slice")?;
                cx.new_slice(parts[0], parts[1], parts[2])
            }
            b'c' => {
                if !self.allow_code {
                    return Err(cx.value_error("unmarshalling code objects is disallowed"));
                }
                let n = self.size(cx, "code")?;
                let data = self.take(cx, n)?.to_vec();
                match serial::read(&data) {
                    Ok(code) => match ferropy_bytecode::verify::verify(&code) {
                        Ok(()) => Ok(cx.load_verified(Box::new(code))?.value()),
                        Err(e) => Err(bad(cx, &format!("code object: {e:?}"))),
                    },
                    Err(e) => Err(bad(cx, &format!("code object: {e:?}"))),
                }
            }
            _ => Err(bad(cx, "unknown type code")),
        }
    }

    fn number(&mut self, slot: Option<usize>, v: Value) {
        if let Some(i) = slot {
            self.refs.as_mut_vec()[i] = v;
        }
    }
}

fn read(cx: &mut Thread, data: &[u8], allow: Option<Value>) -> R<(Value, usize)> {
    let allow_code = match allow {
        Some(b) => cx.truth(b)?,
        None => true,
    };
    let refs = RootedVec::new(cx);
    let mut r = Reader { data, at: 0, refs, allow_code };
    match r.value(cx, 0)? {
        Some(v) => Ok((v, r.at)),
        None => Err(cx.type_error("NULL object in marshal data for object")),
    }
}

fn loads(cx: &mut Thread, a: Args<'_>) -> R {
    let data = cx.bytes_of(a[0])?;
    Ok(read(cx, &data, a.opt(1))?.0)
}

/// Reads all of the file, takes one value, and goes back to behind it.
fn load(cx: &mut Thread, a: Args<'_>) -> R {
    let data = cx.call_method(a[0], "read", &[])?;
    let Some(buf) = cx.buffer_opt(data)? else {
        let class = cx.class_name(data);
        return Err(cx.type_error(format!("file.read() returned not bytes but {class}")));
    };
    let bytes = buf.bytes().to_vec();
    let (v, used) = read(cx, &bytes, a.opt(1))?;
    if used < bytes.len() {
        let back = cx.int(used as i64 - bytes.len() as i64)?;
        cx.call_method(a[0], "seek", &[back, Value::small_int(1)])?;
    }
    Ok(v)
}
