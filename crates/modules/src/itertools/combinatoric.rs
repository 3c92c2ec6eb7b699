//! product, permutations, combinations, combinations_with_replacement.
//!
//! Payload: `a` the pool (product: tuple of pools), `b` the indices, `c` permutations' cycles, `n` the length of results,
//! `state` 0 before the first result, 1 running, 2 ended.

use super::{Iter, end, iterator, make, number, numbers, of, put, size_arg, tuple_of};
use ferropy_vm::types::{Array, Tuple};
use ferropy_vm::{Args, Gc, R, RootedVec, Thread, TypeDef, Value};

pub static TYPES: &[&TypeDef] = &[&PRODUCT, &PERMUTATIONS, &COMBINATIONS, &REPLACEMENT];

iterator!(PRODUCT "product" "__new__(cls, /, *iterables, repeat=1)" product_new
    "Cartesian product of input iterables.  Equivalent to nested for-loops.");
iterator!(PERMUTATIONS "permutations" "__new__(cls, iterable, r=None)" permutations_new
    "Return successive r-length permutations of elements in the iterable.\n\npermutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)");
iterator!(COMBINATIONS "combinations" "__new__(cls, iterable, r)" combinations_new
    "Return successive r-length combinations of elements in the iterable.\n\ncombinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)");
iterator!(REPLACEMENT "combinations_with_replacement" "__new__(cls, iterable, r)" replacement_new
    "Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.");

/// Pool and indices of a running iterator.
fn parts(it: Gc<Iter>) -> Option<(Gc<Tuple>, Gc<Array>)> {
    it.a.cast().zip(it.b.cast()).filter(|_| it.state.get() < 2)
}

fn finish(cx: &mut Thread, it: Gc<Iter>) -> R {
    it.state.set(2);
    it.a.set(cx, it, Value::NULL);
    end()
}

fn product_new(cx: &mut Thread, a: Args<'_>) -> R {
    let repeat = match a.opt(2) {
        Some(v) => {
            let n = cx.index(v)?;
            if n < 0 {
                return Err(cx.value_error("repeat argument cannot be negative"));
            }
            n as usize
        }
        None => 1,
    };
    let mut pools = RootedVec::new(cx);
    if let (Some(args), true) = (a[1].cast::<Tuple>(), repeat > 0) {
        for i in 0..args.len {
            let pool = cx.tuple_from(args.at(i))?;
            pools.push(pool);
        }
    }
    let count = pools.len();
    if count.checked_mul(repeat).is_none_or(|n| n > 1 << 32) {
        return Err(cx.overflow_error("repeat argument too large"));
    }
    for _ in 1..repeat {
        for i in 0..count {
            let pool = pools[i];
            pools.push(pool);
        }
    }
    let n = pools.len();
    let empty = pools.iter().any(|p| p.cast::<Tuple>().is_none_or(|t| t.len == 0));
    let pools = cx.new_tuple(&pools)?.value();
    let indices = numbers(cx, (0..n).map(|_| 0))?.value();
    let it = make(cx, a[0], product_next, &[pools, indices])?;
    it.n.set(n as i64);
    it.state.set(if empty { 2 } else { 0 });
    Ok(it.value())
}

fn product_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some((pools, ix)) = parts(it) else { return end() };
    let n = pools.len;
    let size = |i: usize| pools.at(i).cast::<Tuple>().map_or(0, |t| t.len);
    if it.state.get() == 0 {
        it.state.set(1);
    } else {
        let mut i = n;
        loop {
            if i == 0 {
                return finish(cx, it);
            }
            i -= 1;
            if number(ix, i) + 1 < size(i) {
                put(ix, i, number(ix, i) + 1);
                break;
            }
            put(ix, i, 0);
        }
    }
    tuple_of(cx, n, |i| pools.at(i).cast::<Tuple>().map_or(Value::NONE, |t| t.at(number(ix, i))))
}

fn permutations_new(cx: &mut Thread, a: Args<'_>) -> R {
    let pool = cx.tuple_from(a[1])?;
    let n = pool.len;
    let r = match a.some(2) {
        Some(v) if v.is_any_int() => size_arg(cx, v, "r")?,
        Some(_) => return Err(cx.type_error("Expected int as r")),
        None => n,
    };
    let indices = numbers(cx, 0..n)?.value();
    let cycles = numbers(cx, (0..r.min(n)).map(|i| n - i))?.value();
    let it = make(cx, a[0], permutations_next, &[pool.value(), indices, cycles])?;
    it.n.set(r as i64);
    it.state.set(if r > n { 2 } else { 0 });
    Ok(it.value())
}

fn permutations_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some((pool, ix)) = parts(it) else { return end() };
    let Some(cycles) = it.c.cast::<Array>() else { return end() };
    let (n, r) = (pool.len, it.n.get() as usize);
    if it.state.get() == 0 {
        it.state.set(1);
    } else {
        let mut i = r;
        loop {
            if i == 0 {
                return finish(cx, it);
            }
            i -= 1;
            let left = number(cycles, i) - 1;
            if left == 0 {
                let first = number(ix, i);
                (i..n - 1).for_each(|k| put(ix, k, number(ix, k + 1)));
                put(ix, n - 1, first);
                put(cycles, i, n - i);
            } else {
                put(cycles, i, left);
                let (x, y) = (number(ix, i), number(ix, n - left));
                put(ix, i, y);
                put(ix, n - left, x);
                break;
            }
        }
    }
    tuple_of(cx, r, |i| pool.at(number(ix, i)))
}

fn combinations_new(cx: &mut Thread, a: Args<'_>) -> R {
    let pool = cx.tuple_from(a[1])?;
    let r = size_arg(cx, a[2], "r")?;
    let indices = numbers(cx, 0..r.min(pool.len))?.value();
    let it = make(cx, a[0], combinations_next, &[pool.value(), indices])?;
    it.n.set(r as i64);
    it.state.set(if r > pool.len { 2 } else { 0 });
    Ok(it.value())
}

fn combinations_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some((pool, ix)) = parts(it) else { return end() };
    let (n, r) = (pool.len, it.n.get() as usize);
    if it.state.get() == 0 {
        it.state.set(1);
    } else {
        let Some(i) = (0..r).rev().find(|i| number(ix, *i) != i + n - r) else { return finish(cx, it) };
        let first = number(ix, i) + 1;
        (i..r).for_each(|k| put(ix, k, first + k - i));
    }
    tuple_of(cx, r, |i| pool.at(number(ix, i)))
}

fn replacement_new(cx: &mut Thread, a: Args<'_>) -> R {
    let pool = cx.tuple_from(a[1])?;
    let r = size_arg(cx, a[2], "r")?;
    let indices = numbers(cx, (0..r).map(|_| 0))?.value();
    let it = make(cx, a[0], replacement_next, &[pool.value(), indices])?;
    it.n.set(r as i64);
    it.state.set(if pool.len == 0 && r > 0 { 2 } else { 0 });
    Ok(it.value())
}

fn replacement_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some((pool, ix)) = parts(it) else { return end() };
    let (n, r) = (pool.len, it.n.get() as usize);
    if it.state.get() == 0 {
        it.state.set(1);
    } else {
        let Some(i) = (0..r).rev().find(|i| number(ix, *i) + 1 != n) else { return finish(cx, it) };
        let value = number(ix, i) + 1;
        (i..r).for_each(|k| put(ix, k, value));
    }
    tuple_of(cx, r, |i| pool.at(number(ix, i)))
}
