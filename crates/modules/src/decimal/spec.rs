//! `__format__`: the format specification of Decimals.
//!
//! CPython hands what libmpdec does not know (`_`, `#`, separators in the fraction, needless zeros in the width) to the
//! Python implementation; such a spec is called *extended* here, and is a little different: it ignores overrides, and
//! pads special numbers with zeros.

use super::coef::MAX_DIGITS;
use super::context::ContextObject;
use super::integral::rescale;
use super::number::*;
use super::text::{Style, write};
use ferropy_text::{unicode, wtf8};
use ferropy_vm::types::Dict;
use ferropy_vm::{Exc, Gc, R, Thread, Value};

struct Spec {
    fill: u32,
    /// One of `<>=^`, or 0 for padding with zeros.
    align: u8,
    sign: u8,
    no_negative_zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<i64>,
    /// One of `eEfFgG%`.
    kind: u8,
    fraction_separator: Option<u8>,
    point: Vec<u8>,
    /// The spec's separator or type says what the point is.
    has_point: bool,
    separator: Vec<u8>,
    /// Sizes of groups from the point on, the last one again and again; 127 ends them.
    grouping: Vec<u8>,
    extended: bool,
}

const NO_MORE_GROUPS: u8 = 127;

/// Why text is no spec.
enum Failure {
    Invalid,
    TooBig,
}

struct Reader<'a> {
    rest: &'a [u32],
}

impl Reader<'_> {
    fn take_one(&mut self, of: &[u8]) -> Option<u8> {
        let c = u8::try_from(*self.rest.first()?).ok().filter(|c| of.contains(c))?;
        self.rest = &self.rest[1..];
        Some(c)
    }
    /// A number, and whether it is written as libmpdec wants it.
    fn number(&mut self) -> Result<Option<(i64, bool)>, Failure> {
        let (mut n, mut plain, mut digits) = (0i64, true, 0);
        while let Some(c) = self.rest.first()
            && let Some(d) = unicode::decimal_value(*c)
        {
            plain &= *c < 128;
            digits += 1;
            n = n.checked_mul(10).and_then(|n| n.checked_add(d.into())).ok_or(Failure::TooBig)?;
            self.rest = &self.rest[1..];
        }
        Ok((digits > 0).then_some((n, plain)))
    }
}

const ALIGNMENTS: &[u8] = b"<>=^";

fn parse(text: &[u32], capitals: bool) -> Result<(Spec, bool), Failure> {
    let mut r = Reader { rest: text };
    let mut spec = Spec {
        fill: 32,
        align: b'>',
        sign: b'-',
        no_negative_zero: false,
        alternate: false,
        width: 0,
        precision: None,
        kind: if capitals { b'G' } else { b'g' },
        fraction_separator: None,
        point: b".".to_vec(),
        has_point: false,
        separator: Vec::new(),
        grouping: Vec::new(),
        extended: false,
    };
    let aligned = parse_padding(&mut r, &mut spec);
    spec.no_negative_zero = r.take_one(b"z").is_some();
    spec.alternate = r.take_one(b"#").is_some();
    spec.extended = spec.alternate;
    if r.take_one(b"0").is_some() {
        if aligned {
            return Err(Failure::Invalid);
        }
        (spec.align, spec.fill) = (0, 48);
        spec.extended |= r.rest.first() == Some(&48);
    }
    if let Some((n, plain)) = r.number()? {
        spec.width = n as usize;
        spec.extended |= !plain;
    }
    if let Some(c) = r.take_one(b",_") {
        (spec.separator, spec.grouping) = (vec![c], vec![3]);
        spec.has_point = true;
        spec.extended |= c == b'_';
    }
    if r.take_one(b".").is_some() {
        let precision = r.number()?;
        spec.fraction_separator = r.take_one(b",_");
        if precision.is_none() && spec.fraction_separator.is_none() {
            return Err(Failure::Invalid);
        }
        spec.precision = precision.map(|p| p.0);
        spec.extended |= spec.fraction_separator.is_some() || precision.is_some_and(|p| !p.1);
    }
    let deprecated = parse_kind(&mut r, &mut spec)?;
    if r.rest.is_empty() { Ok((spec, deprecated)) } else { Err(Failure::Invalid) }
}

/// Fill, alignment and sign; is there an alignment?
fn parse_padding(r: &mut Reader<'_>, spec: &mut Spec) -> bool {
    let is_align = |c: Option<&u32>| c.and_then(|c| u8::try_from(*c).ok()).filter(|c| ALIGNMENTS.contains(c));
    let mut aligned = true;
    if let Some(align) = is_align(r.rest.get(1)) {
        (spec.fill, spec.align) = (r.rest[0], align);
        r.rest = &r.rest[2..];
    } else if let Some(align) = is_align(r.rest.first()) {
        spec.align = align;
        r.rest = &r.rest[1..];
    } else {
        aligned = false;
    }
    spec.sign = r.take_one(b"+- ").unwrap_or(b'-');
    aligned
}

/// The type; is it the deprecated `N`?
fn parse_kind(r: &mut Reader<'_>, spec: &mut Spec) -> Result<bool, Failure> {
    let Some(kind) = r.take_one(b"eEfFgG%nN") else { return Ok(false) };
    match kind {
        // As in the C locale.
        b'n' | b'N' => {
            if !spec.separator.is_empty() || kind == b'N' && spec.extended {
                return Err(Failure::Invalid);
            }
            spec.has_point = true;
            spec.kind = if kind == b'n' { b'g' } else { b'G' };
        }
        kind => spec.kind = kind,
    }
    Ok(kind == b'N')
}

/// `format(n, spec)`.
pub fn format(cx: &mut Thread, n: &Num, text: Value, dict: Option<Value>, c: &ContextObject) -> R {
    let Some(s) = text.as_str() else { return Err(cx.type_error("format arg must be str")) };
    if std::str::from_utf8(s.bytes()).is_err() {
        // Raises what is wrong with it.
        cx.call_method(text, "encode", &[])?;
    }
    let points: Vec<u32> = wtf8::chars(s.bytes()).collect();
    let (mut spec, deprecated) = match parse(&points, c.capitals.get()) {
        Ok(parsed) => parsed,
        Err(Failure::Invalid) => return Err(cx.value_error("invalid format string")),
        Err(Failure::TooBig) => {
            return Err(cx.overflow_error("cannot fit 'int' into an index-sized integer"));
        }
    };
    if deprecated {
        cx.warn(Exc::DeprecationWarning, "Format specifier 'N' is deprecated and slated for removal in Python 3.18")?;
    }
    if let Some(dict) = dict {
        let Some(dict) = dict.cast::<Dict>() else {
            return Err(cx.type_error("optional argument must be a dict"));
        };
        if !spec.extended {
            override_locale(cx, &mut spec, dict)?;
        }
    }
    let out = formatted(cx, n, &spec, c)?;
    Ok(cx.new_wtf8(&out)?.value())
}

/// Point and grouping may be given by a dict, in place of those of the locale.
fn override_locale(cx: &mut Thread, spec: &mut Spec, dict: Gc<Dict>) -> R<()> {
    let point = override_text(cx, dict, "decimal_point")?;
    let separator = override_text(cx, dict, "thousands_sep")?;
    let grouping = override_text(cx, dict, "grouping")?;
    if point.is_none() && !spec.has_point || point.as_ref().is_some_and(|p| p.is_empty() || p.len() > 4) {
        return Err(cx.value_error("invalid override dict"));
    }
    if separator.as_ref().is_some_and(|s| s.len() > 4) || grouping.as_ref().is_some_and(|g| !g.is_ascii()) {
        return Err(cx.value_error("invalid override dict"));
    }
    spec.point = point.unwrap_or(std::mem::take(&mut spec.point));
    spec.separator = separator.unwrap_or(std::mem::take(&mut spec.separator));
    if let Some(g) = grouping {
        // A C string ends at a zero byte.
        spec.grouping = g.split(|b| *b == 0).next().unwrap_or_default().to_vec();
    }
    Ok(())
}

fn override_text(cx: &mut Thread, dict: Gc<Dict>, key: &str) -> R<Option<Vec<u8>>> {
    let key = cx.intern(key)?;
    let Some(v) = cx.dict_get(dict, key)? else { return Ok(None) };
    match v.as_str() {
        Some(s) => Ok(Some(s.bytes().to_vec())),
        None => Err(cx.type_error("bad argument type for built-in operation")),
    }
}

fn formatted(cx: &mut Thread, n: &Num, spec: &Spec, c: &ContextObject) -> R<Vec<u8>> {
    let round = c.env.get().round;
    let n = match spec.no_negative_zero && n.neg && n.is_finite() {
        true => zero_when_shown(n, spec, round).unwrap_or_else(|| n.clone()),
        false => n.clone(),
    };
    let plus = if spec.sign == b'-' { None } else { Some(spec.sign) };
    if spec.width > MAX_PREC as usize {
        return Err(cx.value_error(BEYOND_LIMITS));
    }
    if spec.width > MAX_DIGITS as usize {
        return Err(cx.memory_error());
    }
    if n.is_special() {
        let mut text = write(&n, Style::Scientific, true, plus).unwrap_or_default();
        text.extend((spec.kind == b'%').then_some(b'%'));
        return Ok(padded(text, spec, true));
    }
    let kind = spec.kind.to_ascii_lowercase();
    let n = if kind == b'%' { Num { exp: n.exp + 2, ..n } } else { n };
    let n = match shown(&n, kind, spec.precision, round) {
        Shown::Number(n) => n,
        Shown::TooLong => return Err(cx.memory_error()),
        Shown::BeyondLimits => {
            return Err(cx.value_error(BEYOND_LIMITS));
        }
    };
    let style = match (kind, spec.precision) {
        (b'e', Some(p)) if n.coef.is_zero() => Style::Exponent(1 - p),
        (b'e', _) => Style::Exponent(1),
        (b'g', _) => Style::Scientific,
        _ => Style::Fixed,
    };
    match write(&n, style, spec.kind.is_ascii_uppercase(), plus) {
        Some(text) => Ok(padded(laid_out(&text, spec), spec, false)),
        None => Err(cx.memory_error()),
    }
}

const BEYOND_LIMITS: &str = "format specification exceeds internal limits of _decimal";

enum Shown {
    Number(Num),
    TooLong,
    BeyondLimits,
}

/// The number rounded as the type and the precision say.
fn shown(n: &Num, kind: u8, precision: Option<i64>, round: Round) -> Shown {
    let digits = n.coef.digits();
    let rescaled = match (kind, precision) {
        (_, Some(p)) if p > MAX_PREC => return Shown::BeyondLimits,
        (b'g', Some(p)) if digits > p.max(1) => rounded(n, p.max(1), round),
        (b'e', Some(p)) if !n.coef.is_zero() => rounded(n, p + 1, round),
        (b'f' | b'%', Some(p)) => rescale(n, -p, round),
        (b'f' | b'%', None) if n.coef.is_zero() && n.exp > 0 => rescale(n, 0, round),
        _ => Some(n.clone()),
    };
    match rescaled {
        Some(n) => Shown::Number(n),
        None => Shown::TooLong,
    }
}

/// Rounded, or lengthened, to so many digits.
fn rounded(n: &Num, digits: i64, round: Round) -> Option<Num> {
    let exp = n.exp + n.coef.digits() - digits;
    let r = rescale(n, exp, round)?;
    if r.coef.digits() > digits { rescale(&r, exp + 1, round) } else { Some(r) }
}

/// The positive zero that is shown, if rounding leaves nothing else of a finite number.
fn zero_when_shown(n: &Num, spec: &Spec, round: Round) -> Option<Num> {
    let kind = spec.kind.to_ascii_lowercase();
    let places = if kind == b'%' { 2 } else { 0 };
    match shown(&Num { exp: n.exp + places, ..n.clone() }, kind, spec.precision, round) {
        Shown::Number(n) if n.coef.is_zero() => Some(Num { exp: n.exp - places, neg: false, ..n }),
        _ => None,
    }
}

/// The text of a finite number with the spec's point, separators and leading zeros.
fn laid_out(text: &[u8], spec: &Spec) -> Vec<u8> {
    let start = text.iter().position(u8::is_ascii_digit).unwrap_or(0);
    let (sign, body) = text.split_at(start);
    let is_end = |c: &u8| !c.is_ascii_digit();
    let (whole, rest) = body.split_at(body.iter().position(is_end).unwrap_or(body.len()));
    let (fraction, tail) = match rest.strip_prefix(b".") {
        Some(rest) => rest.split_at(rest.iter().position(is_end).unwrap_or(rest.len())),
        None => (&rest[..0], rest),
    };
    let mut end = Vec::new();
    if !fraction.is_empty() || spec.alternate {
        end.extend_from_slice(&spec.point);
    }
    for (i, d) in fraction.iter().enumerate() {
        if let (Some(s), true) = (spec.fraction_separator, i > 0 && i % 3 == 0) {
            end.push(s);
        }
        end.push(*d);
    }
    end.extend_from_slice(tail);
    end.extend((spec.kind == b'%').then_some(b'%'));
    let min = if spec.align == 0 { spec.width.saturating_sub(wtf8::count(&end) + sign.len()) } else { 0 };
    let mut out = sign.to_vec();
    out.extend(grouped(whole, spec, min));
    out.extend(end);
    out
}

/// Digits with separators, and zeros in front of them up to a width in characters.
fn grouped(digits: &[u8], spec: &Spec, min: usize) -> Vec<u8> {
    let width = wtf8::count(&spec.separator);
    let (mut left, mut min) = (digits, min);
    let mut groups: Vec<Vec<u8>> = Vec::new();
    for i in 0.. {
        let size = spec.grouping.get(i).or(spec.grouping.last()).copied().unwrap_or(NO_MORE_GROUPS);
        let all = left.len().max(min).max(1);
        let len = if size == NO_MORE_GROUPS || size == 0 { all } else { all.min(size.into()) };
        let (rest, taken) = left.split_at(left.len().saturating_sub(len));
        let mut group = vec![b'0'; len - taken.len()];
        group.extend_from_slice(taken);
        groups.push(group);
        left = rest;
        if left.is_empty() && min <= len {
            break;
        }
        min = min.saturating_sub(len + width);
        if left.is_empty() && min == 0 {
            // The separator alone reaches the width: a digit must stand before it.
            min = 1;
        }
    }
    groups.reverse();
    groups.join(&spec.separator[..])
}

/// The text filled up to the width.
fn padded(text: Vec<u8>, spec: &Spec, special: bool) -> Vec<u8> {
    let missing = spec.width.saturating_sub(wtf8::count(&text));
    if missing == 0 {
        return text;
    }
    let (fill, align) = match spec.align {
        0 if special && !spec.extended => (32, b'>'),
        0 => (48, b'='),
        align => (spec.fill, align),
    };
    let (left, right) = match align {
        b'<' => (0, missing),
        b'^' => (missing / 2, missing - missing / 2),
        _ => (missing, 0),
    };
    let signed = align == b'=' && matches!(text.first(), Some(b'-' | b'+' | b' '));
    let (sign, body) = text.split_at(signed as usize);
    let mut out = sign.to_vec();
    let pad = |out: &mut Vec<u8>, n| (0..n).for_each(|_| wtf8::push(out, fill));
    pad(&mut out, left);
    out.extend_from_slice(body);
    pad(&mut out, right);
    out
}
