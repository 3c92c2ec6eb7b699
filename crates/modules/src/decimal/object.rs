//! Decimal objects: layout, making, reading.

use super::coef::Coef;
use super::decimal_type::DECIMAL;
use super::number::{Kind, Num};
use dashu_int::UBig;
use ferropy_gc::{Kind as HeapKind, Layout, Size};
use ferropy_vm::types::Class;
use ferropy_vm::{Gc, HeapObject, R, Thread, Value, heap_kind};

/// An immutable decimal number. The coefficient's 64-bit limbs follow the struct, least significant first.
#[repr(C)]
pub struct DecimalObject {
    exp: i64,
    /// Bit 0: negative; bits 1 and 2: the [`Kind`]; above: the number of limbs.
    meta: u64,
}
heap_kind!(@ DecimalObject, HeapKind::new("decimal", Size::Var(decimal_size), Layout::Opaque));

const LIMBS_SHIFT: u32 = 3;

/// # Safety
/// `p` is the payload of a decimal object.
unsafe fn decimal_size(p: *mut u8) -> usize {
    size_of::<DecimalObject>() + (*(p as *const DecimalObject)).limbs_len() * 8
}

impl DecimalObject {
    fn limbs_len(&self) -> usize {
        (self.meta >> LIMBS_SHIFT) as usize
    }
    pub fn number_kind(&self) -> Kind {
        match self.meta >> 1 & 3 {
            0 => Kind::Finite,
            1 => Kind::Infinite,
            2 => Kind::QuietNan,
            _ => Kind::SignalingNan,
        }
    }
}

/// The number of a decimal object.
#[inline(always)]
pub fn number(d: Gc<DecimalObject>) -> Num {
    let len = d.limbs_len();
    // SAFETY: the limbs follow the struct.
    let limbs = unsafe { std::slice::from_raw_parts((d.as_ptr() as *const u64).add(2), len) };
    let coef = match limbs {
        [] => Coef::ZERO,
        [a] => Coef::Small(u128::from(*a)),
        [a, b] => Coef::Small(u128::from(*b) << 64 | u128::from(*a)),
        _ => Coef::Big(UBig::from_words(limbs)),
    };
    Num { coef, exp: d.exp, kind: d.number_kind(), neg: d.meta & 1 != 0 }
}

/// The number of a value that is a Decimal (or of a subclass).
#[inline(always)]
pub fn as_decimal(v: Value) -> Option<Num> {
    v.cast::<DecimalObject>().map(number)
}

/// A Decimal object.
#[inline]
pub fn new_decimal(cx: &mut Thread, n: &Num) -> R {
    let class = cx.native_class(&DECIMAL)?;
    new_decimal_of(cx, class, n)
}

/// An object of Decimal or a subclass.
#[inline]
pub fn new_decimal_of(cx: &mut Thread, class: Gc<Class>, n: &Num) -> R {
    let small;
    let limbs: &[u64] = match &n.coef {
        Coef::Small(c) => {
            small = [*c as u64, (*c >> 64) as u64];
            &small[..(small[0] != 0 || small[1] != 0) as usize + (small[1] != 0) as usize]
        }
        Coef::Big(c) => c.as_words(),
    };
    let size = size_of::<DecimalObject>() + limbs.len() * 8;
    let r = cx.alloc_raw(DecimalObject::kind(), class.root_shape.get(), size, class.extra.get())?;
    let meta = (limbs.len() as u64) << LIMBS_SHIFT | (n.kind as u64) << 1 | n.neg as u64;
    // SAFETY: fresh memory of this size.
    unsafe {
        std::ptr::write(r.payload() as *mut DecimalObject, DecimalObject { exp: n.exp, meta });
        std::ptr::copy_nonoverlapping(limbs.as_ptr(), (r.payload() as *mut u64).add(2), limbs.len());
    }
    // SAFETY: just made.
    let v = unsafe { Gc::<DecimalObject>::from_raw(r.payload() as *mut DecimalObject) }.value();
    cx.register_new(v, class);
    Ok(v)
}
