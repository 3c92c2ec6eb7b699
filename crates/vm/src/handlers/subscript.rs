//! Subscript instructions.

use super::*;
use crate::Builtin as B;
use crate::frame::Cont;

fn get_item(cx: &mut Thread, [v, k, _]: [Value; 3], i: Instr, _: u32) -> R {
    cx.getitem_step(v, k, Cont::Store, i.a() as u8)
}
slow!(GET_ITEM, get_item);

#[inline(always)]
fn subscript<M: Machine>(m: &mut M, i: Instr, v: M::V, k: M::V) -> Flow {
    if let Some(n) = m.int(k) {
        if m.has_shape(v, B::List as u32) {
            if let Some(x) = m.list_item(v, n) {
                m.set_reg(i.a(), x);
                return Flow::Next;
            }
        } else if m.has_shape(v, B::Tuple as u32)
            && let Some(x) = m.tuple_item(v, n)
        {
            m.set_reg(i.a(), x);
            return Flow::Next;
        }
    }
    if m.has_shape(v, B::Dict as u32)
        && let Some(x) = m.dict_item(v, k)
    {
        m.set_reg(i.a(), x);
        return Flow::Next;
    }
    let none = m.constant(Value::NULL);
    m.residual(&GET_ITEM, [v, k, none], i, 0, i.a())
}

#[inline(always)]
pub fn GetItem<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, k) = (m.reg(i.b()), m.reg(i.c()));
    subscript(m, i, v, k)
}

#[inline(always)]
pub fn GetItemK<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, k) = (m.reg(i.b()), m.konst(i.c()));
    subscript(m, i, v, k)
}

fn set_item(cx: &mut Thread, [v, k, x]: [Value; 3], _i: Instr, _: u32) -> R {
    cx.setitem_step(v, k, x, Cont::Drop)
}
slow!(SET_ITEM, set_item);

#[inline(always)]
pub fn SetItem<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, k, x) = (m.reg(i.a()), m.reg(i.b()), m.reg(i.c()));
    if let Some(n) = m.int(k)
        && m.has_shape(v, B::List as u32)
        && m.set_list_item(v, n, x)
    {
        return Flow::Next;
    }
    if m.has_shape(v, B::Dict as u32) && m.set_dict_item(v, k, x) {
        return Flow::Next;
    }
    m.effect(&SET_ITEM, [v, k, x], i, 0)
}

fn del_item(cx: &mut Thread, [v, k, _]: [Value; 3], _i: Instr, _: u32) -> R {
    cx.delitem_step(v, k, Cont::Drop)
}
slow!(DEL_ITEM, del_item);

#[inline(always)]
pub fn DelItem<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, k, none) = (m.reg(i.a()), m.reg(i.b()), m.constant(Value::NULL));
    m.effect(&DEL_ITEM, [v, k, none], i, 0)
}

fn build_slice(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let w = window(cx, i.b(), 3);
    let s = cx.new_slice(w[0], w[1], w[2])?;
    set(cx, i.a(), s);
    Ok(s)
}

frame_ops! {
    BuildSlice = build_slice, false;
}
