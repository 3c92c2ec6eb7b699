//! `zlib`: streams of deflated data, through the crate flate2.
//!
//! Terms: *window bits* choose the container too, as in zlib: 9..15 its own header, negative none, 25..31 gzip, 40..47 told
//! by the data. Objects keep what they were fed where a copy of them may be wanted: flate2's states cannot be copied, so
//! `copy` plays the input again.

use crate::errors;
use ferropy_vm::{Args, Exc, Field, Gc, NativeDef, R, Raised, Thread, TypeDef, Value, heap_kind, null_field};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

fn error(cx: &mut Thread, message: impl AsRef<str>) -> Raised {
    errors::raise(cx, "zlib.error", Exc::Exception, message)
}

const CHUNK: usize = 16 * 1024;

/// Inflates; decides about the container when it sees the first bytes.
struct Inflater {
    state: Option<Decompress>,
    bits: i64,
    dictionary: Vec<u8>,
}

/// How inflating went.
struct Inflated {
    out: Vec<u8>,
    used: usize,
    end: bool,
}

fn valid_window(bits: i64) -> bool {
    matches!(bits, 0 | 8..=15 | -15..=-8 | 24..=31 | 32 | 40..=47)
}

fn new_decompress(bits: i64) -> Decompress {
    match bits {
        // Windows as large as can be read everything.
        ..0 => Decompress::new_with_window_bits(false, 15),
        16..=31 => Decompress::new_gzip(15),
        _ => Decompress::new_with_window_bits(true, 15),
    }
}

impl Inflater {
    fn new(bits: i64, dictionary: Vec<u8>) -> Inflater {
        let state = (bits < 32).then(|| new_decompress(bits));
        let mut i = Inflater { state, bits, dictionary };
        if bits < 0
            && !i.dictionary.is_empty()
            && let Some(s) = i.state.as_mut()
        {
            let _ = s.set_dictionary(&i.dictionary);
        }
        i
    }

    /// Inflates until the input or the limit is used up; the error is a message.
    fn run(&mut self, input: &[u8], limit: Option<usize>, flush: FlushDecompress) -> Result<Inflated, String> {
        if self.state.is_none() {
            let Some(first) = input.first() else { return Ok(Inflated { out: Vec::new(), used: 0, end: false }) };
            self.state = Some(new_decompress(if *first == 0x1f { 31 } else { 15 }));
        }
        let Some(state) = self.state.as_mut() else { return Err("Error -2".into()) };
        let mut r = Inflated { out: Vec::new(), used: 0, end: false };
        loop {
            let room = limit.map_or(CHUNK, |l| (l - r.out.len()).min(CHUNK));
            if room == 0 {
                return Ok(r);
            }
            let at = r.out.len();
            r.out.resize(at + room, 0);
            let (in0, out0) = (state.total_in(), state.total_out());
            let result = state.decompress(&input[r.used..], &mut r.out[at..], flush);
            let made = (state.total_out() - out0) as usize;
            let took = (state.total_in() - in0) as usize;
            r.used += took;
            r.out.truncate(at + made);
            match result {
                Ok(Status::StreamEnd) => {
                    r.end = true;
                    return Ok(r);
                }
                Ok(_) if made == 0 && took == 0 => return Ok(r),
                Ok(_) => {}
                Err(e) if e.needs_dictionary().is_some() => {
                    if self.dictionary.is_empty() {
                        return Err("Error 2 while decompressing data".into());
                    }
                    if state.set_dictionary(&self.dictionary).is_err() {
                        return Err("Error -3 while setting zdict".into());
                    }
                }
                Err(e) => {
                    let why = e.message().unwrap_or("invalid input data");
                    return Err(format!("Error -3 while decompressing data: {why}"));
                }
            }
        }
    }
}

struct Deflater {
    state: Option<Compress>,
    settings: DeflateSettings,
    history: Vec<u8>,
    /// Output so far, to leave out what a copy has made already.
    made: usize,
    ops: Vec<(usize, FlushKind)>,
}

#[derive(Clone, Copy, PartialEq)]
enum FlushKind {
    None,
    Partial,
    Sync,
    Full,
    Finish,
}

impl FlushKind {
    fn flate(self) -> FlushCompress {
        match self {
            FlushKind::None => FlushCompress::None,
            FlushKind::Partial => FlushCompress::Partial,
            FlushKind::Sync => FlushCompress::Sync,
            FlushKind::Full => FlushCompress::Full,
            FlushKind::Finish => FlushCompress::Finish,
        }
    }
}

#[derive(Clone)]
struct DeflateSettings {
    level: i64,
    bits: i64,
    dictionary: Vec<u8>,
}

impl DeflateSettings {
    /// None: invalid settings.
    fn start(&self) -> Option<Compress> {
        let level = match self.level {
            -1 => Compression::default(),
            0..=9 => Compression::new(self.level as u32),
            _ => return None,
        };
        let mut c = match self.bits {
            -15..=-9 => Compress::new_with_window_bits(level, false, -self.bits as u8),
            8 => Compress::new_with_window_bits(level, true, 9),
            9..=15 => Compress::new_with_window_bits(level, true, self.bits as u8),
            25..=31 => Compress::new_gzip(level, (self.bits - 16) as u8),
            _ => return None,
        };
        if !self.dictionary.is_empty() && c.set_dictionary(&self.dictionary).is_err() {
            return None;
        }
        Some(c)
    }
}

fn deflate(c: &mut Compress, input: &[u8], flush: FlushKind) -> Vec<u8> {
    let mut out = Vec::new();
    let mut used = 0;
    loop {
        let at = out.len();
        out.resize(at + CHUNK, 0);
        let (in0, out0) = (c.total_in(), c.total_out());
        let status = c.compress(&input[used..], &mut out[at..], flush.flate());
        let made = (c.total_out() - out0) as usize;
        used += (c.total_in() - in0) as usize;
        out.truncate(at + made);
        match status {
            Ok(Status::StreamEnd) | Err(_) => return out,
            // Room left over means that everything is out.
            _ if made < CHUNK && used == input.len() => return out,
            _ => {}
        }
    }
}

impl Deflater {
    fn new(settings: DeflateSettings) -> Option<Deflater> {
        let state = Some(settings.start()?);
        Some(Deflater { state, settings, history: Vec::new(), made: 0, ops: Vec::new() })
    }
    /// None: the stream is finished.
    fn feed(&mut self, input: &[u8], flush: FlushKind) -> Option<Vec<u8>> {
        let out = deflate(self.state.as_mut()?, input, flush);
        self.history.extend_from_slice(input);
        self.ops.push((input.len(), flush));
        self.made += out.len();
        if flush == FlushKind::Finish {
            self.state = None;
        }
        Some(out)
    }
    fn copy(&self) -> Option<Deflater> {
        self.state.as_ref()?;
        let mut other = Deflater::new(self.settings.clone())?;
        let mut at = 0;
        for (len, flush) in &self.ops {
            other.feed(&self.history[at..at + len], *flush)?;
            at += len;
        }
        Some(other)
    }
}

#[repr(C)]
struct CompressObject {
    inner: RefCell<Option<Box<Deflater>>>,
}
heap_kind!(CompressObject, "Compress", 0, drop);

#[repr(C)]
struct DecompressObject {
    unused_data: Field,
    unconsumed_tail: Field,
    inner: RefCell<Option<Box<Decompressing>>>,
}
heap_kind!(DecompressObject, "Decompress", 2, drop);

struct Decompressing {
    inflater: Inflater,
    eof: bool,
    /// All input taken so far, and how much was let out of it: for copies.
    history: Vec<u8>,
    made: usize,
    /// `_ZlibDecompressor` only: input not used yet.
    pending: Vec<u8>,
    needs_input: bool,
}

fn decompressing(bits: i64, dictionary: Vec<u8>) -> Option<Box<Decompressing>> {
    Some(Box::new(Decompressing {
        inflater: Inflater::new(bits, dictionary),
        eof: false,
        history: Vec::new(),
        made: 0,
        pending: Vec::new(),
        needs_input: true,
    }))
}

fn int_or(cx: &mut Thread, v: Option<Value>, default: i64) -> R<i64> {
    match v {
        Some(v) => cx.index(v),
        None => Ok(default),
    }
}

fn dictionary(cx: &mut Thread, v: Option<Value>) -> R<Vec<u8>> {
    match v {
        Some(v) => match cx.buffer_opt(v)? {
            Some(b) => Ok(b.bytes().to_vec()),
            None => Err(cx.type_error("zdict argument must support the buffer protocol")),
        },
        None => Ok(Vec::new()),
    }
}

fn z_compress(cx: &mut Thread, a: Args<'_>) -> R {
    let level = int_or(cx, a.opt(1), -1)?;
    let bits = int_or(cx, a.opt(2), 15)?;
    let data = cx.bytes_of(a[0])?;
    let settings = DeflateSettings { level, bits, dictionary: Vec::new() };
    let Some(mut c) = settings.start() else { return Err(error(cx, "Bad compression level")) };
    let out = cx.allow_threads(|| deflate(&mut c, &data, FlushKind::Finish));
    Ok(cx.new_bytes(&out)?.value())
}

fn z_decompress(cx: &mut Thread, a: Args<'_>) -> R {
    let bits = int_or(cx, a.opt(1), 15)?;
    let size = int_or(cx, a.opt(2), 16384)?;
    if size < 0 {
        return Err(cx.value_error("bufsize must be non-negative"));
    }
    if !valid_window(bits) {
        return Err(error(cx, "Error -2 while preparing to decompress data: inconsistent stream state"));
    }
    let data = cx.bytes_of(a[0])?;
    let mut i = Inflater::new(bits, Vec::new());
    let r = cx.allow_threads(|| i.run(&data, None, FlushDecompress::Sync));
    match r {
        Ok(r) if r.end => Ok(cx.new_bytes(&r.out)?.value()),
        Ok(_) => Err(error(cx, "Error -5 while decompressing data: incomplete or truncated stream")),
        Err(e) => Err(error(cx, e)),
    }
}

fn z_adler32(cx: &mut Thread, a: Args<'_>) -> R {
    let start = crate::binascii::word_argument(cx, a.opt(1), 1)?;
    let b = cx.buffer(a[0])?;
    let (mut low, mut high) = (start & 0xffff, start >> 16);
    for part in b.bytes().chunks(5552) {
        for byte in part {
            low += *byte as u32;
            high += low;
        }
        low %= 65521;
        high %= 65521;
    }
    cx.uint((high << 16 | low) as u64)
}

fn z_compressobj(cx: &mut Thread, a: Args<'_>) -> R {
    let level = int_or(cx, a.opt(0), -1)?;
    let method = int_or(cx, a.opt(1), 8)?;
    let bits = int_or(cx, a.opt(2), 15)?;
    let memory = int_or(cx, a.opt(3), 8)?;
    let strategy = int_or(cx, a.opt(4), 0)?;
    let dictionary = dictionary(cx, a.opt(5))?;
    let valid = method == 8 && (1..=9).contains(&memory) && (0..=4).contains(&strategy);
    let made = if valid { Deflater::new(DeflateSettings { level, bits, dictionary }) } else { None };
    match made {
        Some(d) => new_compress(cx, d),
        None => Err(cx.value_error("Invalid initialization option")),
    }
}

fn new_compress(cx: &mut Thread, d: Deflater) -> R {
    let class = cx.native_class(&COMPRESS)?;
    Ok(cx.alloc_of(class, CompressObject { inner: RefCell::new(Some(Box::new(d))) })?.value())
}

fn feed(cx: &mut Thread, v: Value, data: &[u8], flush: FlushKind, doing: &str) -> R {
    let Some(c) = v.cast::<CompressObject>() else { return Err(cx.type_error("a Compress object is required")) };
    let out = c.inner.borrow_mut().as_mut().and_then(|d| d.feed(data, flush));
    match out {
        Some(out) => Ok(cx.new_bytes(&out)?.value()),
        None => Err(error(cx, format!("Error -2 while {doing}: inconsistent stream state"))),
    }
}

fn compress_compress(cx: &mut Thread, a: Args<'_>) -> R {
    let data = cx.bytes_of(a[1])?;
    feed(cx, a[0], &data, FlushKind::None, "compressing data")
}

fn compress_flush(cx: &mut Thread, a: Args<'_>) -> R {
    let flush = match int_or(cx, a.opt(1), 4)? {
        0 => return Ok(cx.new_bytes(&[])?.value()),
        1 => FlushKind::Partial,
        2 => FlushKind::Sync,
        3 => FlushKind::Full,
        4 => FlushKind::Finish,
        5 => FlushKind::Sync,
        _ => return Err(error(cx, "Error -2 while flushing: inconsistent stream state")),
    };
    feed(cx, a[0], &[], flush, "flushing")
}

fn compress_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<CompressObject>() else { return Err(cx.type_error("a Compress object is required")) };
    let copied = c.inner.borrow().as_ref().and_then(|d| d.copy());
    match copied {
        Some(d) => new_compress(cx, d),
        None => Err(cx.value_error("Inconsistent stream state")),
    }
}

use ferropy_vm::class::flags as f;

static COMPRESS: TypeDef = TypeDef::new::<CompressObject>(
    "zlib.Compress",
    &[
        NativeDef::method(
            "compress(self, data, /)",
            compress_compress,
            "Returns a bytes object containing compressed data.",
        ),
        NativeDef::method(
            "flush(self, mode=4, /)",
            compress_flush,
            "Return a bytes object containing any remaining compressed data.",
        ),
        NativeDef::method("copy(self, /)", compress_copy, "Return a copy of the compression object."),
        NativeDef::method("__copy__(self, /)", compress_copy, ""),
        NativeDef::method("__deepcopy__(self, memo, /)", compress_copy, ""),
    ],
    "",
)
.flags(f::IMMUTABLE | f::NO_NEW);

fn z_decompressobj(cx: &mut Thread, a: Args<'_>) -> R {
    let bits = int_or(cx, a.opt(0), 15)?;
    let dictionary = dictionary(cx, a.opt(1))?;
    if !valid_window(bits) {
        return Err(cx.value_error("Invalid initialization option"));
    }
    new_decompressobj(cx, decompressing(bits, dictionary))
}

fn new_decompressobj(cx: &mut Thread, inner: Option<Box<Decompressing>>) -> R {
    let class = cx.native_class(&DECOMPRESS)?;
    let empty = cx.new_bytes(&[])?;
    let d = DecompressObject {
        unused_data: ferropy_vm::field(empty),
        unconsumed_tail: ferropy_vm::field(empty),
        inner: RefCell::new(inner),
    };
    Ok(cx.alloc_of(class, d)?.value())
}

fn this_decompress(cx: &mut Thread, v: Value) -> R<Gc<DecompressObject>> {
    v.cast::<DecompressObject>().ok_or_else(|| cx.type_error("a Decompress object is required"))
}

impl Decompressing {
    /// Runs on input; remembers it for copies.
    fn step(&mut self, data: &[u8], limit: Option<usize>) -> Result<Inflated, String> {
        let r = self.inflater.run(data, limit, FlushDecompress::Sync)?;
        self.history.extend_from_slice(&data[..r.used]);
        self.made += r.out.len();
        self.eof |= r.end;
        Ok(r)
    }
}

fn append(cx: &mut Thread, old: Value, more: &[u8]) -> R {
    let mut data = cx.bytes_of(old)?;
    data.extend_from_slice(more);
    Ok(cx.new_bytes(&data)?.value())
}

/// Inflates `data` in a Decompress object.
fn decompress_step(cx: &mut Thread, d: Gc<DecompressObject>, data: &[u8], limit: Option<usize>) -> R {
    let r = match d.inner.borrow_mut().as_mut() {
        Some(inner) if inner.eof => Ok(Inflated { out: Vec::new(), used: 0, end: true }),
        Some(inner) => inner.step(data, limit),
        None => Err("Error -2 while decompressing data: inconsistent stream state".into()),
    };
    let r = r.map_err(|e| error(cx, e))?;
    let rest = &data[r.used..];
    let tail = if r.end {
        let unused = append(cx, d.unused_data.get(), rest)?;
        d.unused_data.set(cx, d, unused);
        cx.new_bytes(&[])?
    } else {
        cx.new_bytes(rest)?
    };
    d.unconsumed_tail.set(cx, d, tail);
    Ok(cx.new_bytes(&r.out)?.value())
}

fn decompress_decompress(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    let limit = int_or(cx, a.opt(2), 0)?;
    if limit < 0 {
        return Err(cx.value_error("max_length must be non-negative"));
    }
    let data = cx.bytes_of(a[1])?;
    decompress_step(cx, d, &data, (limit > 0).then_some(limit as usize))
}

fn decompress_flush(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    if int_or(cx, a.opt(1), 16384)? <= 0 {
        return Err(cx.value_error("length must be greater than zero"));
    }
    let tail = cx.bytes_of(d.unconsumed_tail.get())?;
    decompress_step(cx, d, &tail, None)
}

fn decompress_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    let copied = d.inner.borrow().as_ref().and_then(|inner| replay(inner));
    if copied.is_none() {
        return Err(cx.value_error("Inconsistent stream state"));
    }
    let new = new_decompressobj(cx, copied)?;
    if let Some(n) = new.cast::<DecompressObject>() {
        n.unused_data.set(cx, n, d.unused_data.get());
        n.unconsumed_tail.set(cx, n, d.unconsumed_tail.get());
    }
    Ok(new)
}

/// A fresh computation in the same state.
fn replay(old: &Decompressing) -> Option<Box<Decompressing>> {
    let mut new = decompressing(old.inflater.bits, old.inflater.dictionary.clone())?;
    let limit = if old.eof { None } else { Some(old.made) };
    new.step(&old.history, limit).ok()?;
    if !old.eof && new.history.len() < old.history.len() {
        // What was taken without giving output.
        let rest = old.history[new.history.len()..].to_vec();
        new.step(&rest, None).ok()?;
    }
    new.pending = old.pending.clone();
    new.needs_input = old.needs_input;
    Some(new)
}

fn get_unused(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this_decompress(cx, a[0])?.unused_data.get())
}
fn get_tail(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this_decompress(cx, a[0])?.unconsumed_tail.get())
}
fn get_eof(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    let eof = d.inner.borrow().as_ref().is_some_and(|i| i.eof);
    Ok(Value::bool(eof))
}
fn get_needs_input(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    let needs = d.inner.borrow().as_ref().is_some_and(|i| i.needs_input && !i.eof);
    Ok(Value::bool(needs))
}

static DECOMPRESS: TypeDef = TypeDef::new::<DecompressObject>(
    "zlib.Decompress",
    &[
        NativeDef::method(
            "decompress(self, data, /, max_length=0)",
            decompress_decompress,
            "Return a bytes object containing the decompressed version of the data.",
        ),
        NativeDef::method(
            "flush(self, length=16384, /)",
            decompress_flush,
            "Return a bytes object containing any remaining decompressed data.",
        ),
        NativeDef::method("copy(self, /)", decompress_copy, "Return a copy of the decompression object."),
        NativeDef::method("__copy__(self, /)", decompress_copy, ""),
        NativeDef::method("__deepcopy__(self, memo, /)", decompress_copy, ""),
        NativeDef::getter("unused_data", get_unused, ""),
        NativeDef::getter("unconsumed_tail", get_tail, ""),
        NativeDef::getter("eof", get_eof, ""),
    ],
    "",
)
.flags(f::IMMUTABLE | f::NO_NEW);

fn decompressor_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<ferropy_vm::types::Class>() else {
        return Err(cx.type_error("_ZlibDecompressor.__new__(X): X is not a type object"));
    };
    let bits = int_or(cx, a.opt(1), 15)?;
    let dictionary = dictionary(cx, a.opt(2))?;
    if !valid_window(bits) {
        return Err(cx.value_error("Invalid initialization option"));
    }
    let empty = cx.new_bytes(&[])?;
    let inner = RefCell::new(decompressing(bits, dictionary));
    let d = DecompressObject { unused_data: ferropy_vm::field(empty), unconsumed_tail: null_field(), inner };
    Ok(cx.alloc_of(class, d)?.value())
}

fn decompressor_decompress(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this_decompress(cx, a[0])?;
    let limit = int_or(cx, a.opt(2), -1)?;
    let data = cx.bytes_of(a[1])?;
    let limit = usize::try_from(limit).ok();
    let r = match d.inner.borrow_mut().as_mut() {
        Some(inner) if inner.eof => None,
        Some(inner) => Some(decompressor_step(inner, &data, limit)),
        None => None,
    };
    let Some(r) = r else { return Err(cx.error(Exc::EOFError, "End of stream already reached")) };
    let (out, unused) = r.map_err(|e| error(cx, e))?;
    if let Some(unused) = unused {
        let unused = cx.new_bytes(&unused)?;
        d.unused_data.set(cx, d, unused);
    }
    Ok(cx.new_bytes(&out)?.value())
}

/// Output, and at the end of the stream what follows it.
#[allow(clippy::type_complexity)]
fn decompressor_step(
    inner: &mut Decompressing,
    data: &[u8],
    limit: Option<usize>,
) -> Result<(Vec<u8>, Option<Vec<u8>>), String> {
    let mut input = std::mem::take(&mut inner.pending);
    input.extend_from_slice(data);
    let r = inner.inflater.run(&input, limit, FlushDecompress::Sync)?;
    inner.eof = r.end;
    let rest = input[r.used..].to_vec();
    if r.end {
        inner.needs_input = false;
        return Ok((r.out, Some(rest)));
    }
    inner.needs_input = rest.is_empty() && limit.is_none_or(|l| r.out.len() < l);
    inner.pending = rest;
    Ok((r.out, None))
}

static DECOMPRESSOR: TypeDef = TypeDef::new::<DecompressObject>(
    "zlib._ZlibDecompressor",
    &[
        NativeDef::static_method(
            "__new__(cls, wbits=15, zdict=b'')",
            decompressor_new,
            "Create and return a new object.",
        ),
        NativeDef::method(
            "decompress(self, /, data, max_length=-1)",
            decompressor_decompress,
            "Decompress *data*, returning uncompressed data as bytes.",
        ),
        NativeDef::getter("unused_data", get_unused, "Data found after the end of the compressed stream."),
        NativeDef::getter("eof", get_eof, "True if the end-of-stream marker has been reached."),
        NativeDef::getter(
            "needs_input",
            get_needs_input,
            "True if more input is needed before more decompressed data can be produced.",
        ),
    ],
    "Create a decompressor object for decompressing data incrementally.",
)
.flags(f::IMMUTABLE);

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("adler32(data, value=1, /)", z_adler32, "Compute an Adler-32 checksum of data."),
    NativeDef::function(
        "compress(data, /, level=-1, wbits=15)",
        z_compress,
        "Returns a bytes object containing compressed data.",
    ),
    NativeDef::function(
        "compressobj(level=-1, method=8, wbits=15, memLevel=8, strategy=0, zdict=None)",
        z_compressobj,
        "Return a compressor object.",
    ),
    NativeDef::function("crc32(data, value=0, /)", crate::binascii::crc32, "Compute a CRC-32 checksum of data."),
    NativeDef::function(
        "decompress(data, /, wbits=15, bufsize=16384)",
        z_decompress,
        "Returns a bytes object containing the uncompressed data.",
    ),
    NativeDef::function("decompressobj(wbits=15, zdict=b'')", z_decompressobj, "Return a decompressor object."),
];

const CONSTANTS: &[(&str, i64)] = &[
    ("MAX_WBITS", 15),
    ("DEFLATED", 8),
    ("DEF_MEM_LEVEL", 8),
    ("DEF_BUF_SIZE", 16384),
    ("Z_NO_COMPRESSION", 0),
    ("Z_BEST_SPEED", 1),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_FILTERED", 1),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_RLE", 3),
    ("Z_FIXED", 4),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_SYNC_FLUSH", 2),
    ("Z_FULL_FLUSH", 3),
    ("Z_FINISH", 4),
    ("Z_BLOCK", 5),
    ("Z_TREES", 6),
];

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("zlib", "The functions in this module allow compression and decompression using the\nzlib library, which is based on GNU zip.", FUNCTIONS)?;
    for (name, n) in CONSTANTS {
        cx.module_set(m, name, Value::small_int(*n))?;
    }
    for (name, text) in [("ZLIB_VERSION", "1.3.1"), ("ZLIB_RUNTIME_VERSION", "1.3.1"), ("__version__", "1.0")] {
        let v = cx.new_str(text)?.value();
        cx.module_set(m, name, v)?;
    }
    let e = errors::exception(cx, "zlib.error", Exc::Exception)?;
    cx.module_set(m, "error", e)?;
    cx.module_class(m, &DECOMPRESSOR)?;
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("zlib", init);
}
