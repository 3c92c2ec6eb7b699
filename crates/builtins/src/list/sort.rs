//! Sorting: a stable, adaptive merge sort of index numbers.
//!
//! The keys lie in an array of the heap, where the collector sees and updates them; what is moved about are their
//! numbers, so a comparison may run any Python code. Runs in the input are found and merged with galloping, in the order of the
//! "powersort" policy. Keys that are all small integers, strings, or floats without NaN need no dispatch.

use ferropy_vm::gc::bits;
use ferropy_vm::types::{Array, List, Str, Tuple};
use ferropy_vm::{Builtin as B, CmpOp, Gc, R, Thread, Value};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Sorts a list in place. The list is empty while keys and comparisons run.
pub fn sort_list(cx: &mut Thread, list: Gc<List>, key: Option<Value>, reverse: bool) -> R<()> {
    let n = list.len();
    let Some(array) = list.items.cast::<Array>() else { return Ok(()) };
    if n == 0 || key.is_none() && sort_plain(cx, array, n, reverse) {
        return Ok(());
    }
    list.items.set(cx, list, Value::NULL);
    list.len.set(0);
    let r = sort_array(cx, array, n, key, reverse);
    let modified = !list.is_empty() || !list.items.get().is_null();
    list.items.set(cx, list, array);
    list.len.set(n);
    r?;
    if modified {
        return Err(cx.value_error("list modified during sort"));
    }
    Ok(())
}

/// The first words of an array, until something allocates. Whoever writes references there calls the barrier before.
fn words<'a>(array: Gc<Array>, n: usize) -> &'a mut [Value] {
    assert!(n <= array.capacity());
    // SAFETY: the words follow the length.
    unsafe { std::slice::from_raw_parts_mut((array.as_ptr() as *mut Value).add(1), n) }
}

/// Sorts where the items lie, if they are all small integers, floats or strings: nobody can see it happen.
fn sort_plain(cx: &mut Thread, array: Gc<Array>, n: usize, reverse: bool) -> bool {
    let directed = |o: Ordering| if reverse { o.reverse() } else { o };
    let items = words(array, n);
    match classify(items) {
        // Equal ones are the same word.
        Keys::Ints => items.sort_unstable_by(|a, b| directed((a.0 as i64).cmp(&(b.0 as i64)))),
        Keys::Floats if items.iter().all(|v| v.is_flonum()) => {
            items.sort_unstable_by(|a, b| directed(a.flonum().total_cmp(&b.flonum())));
        }
        Keys::Strs => {
            let r = array.as_ref();
            if r.has(bits::NEEDS_LOG) && r.has(bits::SLOT_LOG) {
                return false;
            }
            cx.mutator.barrier(r);
            // SAFETY: all of them are strings.
            let text = |v: &Value| unsafe { v.cast_unchecked::<Str>() };
            items.sort_by(|a, b| directed(text(a).bytes().cmp(text(b).bytes())));
        }
        _ => return n < 2,
    }
    true
}

/// Sorts the first values of an array that nobody else knows. After an error they are in some order.
fn sort_array(cx: &mut Thread, array: Gc<Array>, n: usize, key: Option<Value>, reverse: bool) -> R<()> {
    let mut keys = array;
    if let Some(f) = key {
        keys = cx.new_array(n)?;
        for i in 0..n {
            let k = cx.call(f, &[array.field(i).get()])?;
            keys.field(i).set(cx, keys, k);
        }
    }
    if n < 2 {
        return Ok(());
    }
    let mut order: SmallVec<[u32; 32]> = (0..n as u32).collect();
    let r = sort_order(cx, keys, &mut order, reverse);
    // Nothing allocates from here on.
    let sorted: SmallVec<[Value; 32]> = order.iter().map(|i| array.field(*i as usize).get()).collect();
    for (i, v) in sorted.iter().enumerate() {
        array.field(i).set(cx, array, *v);
    }
    r
}

/// What all keys are.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Ints,
    Strs,
    Floats,
    Tuples,
    Mixed,
}

fn classify(keys: &[Value]) -> Keys {
    let one = |v: &Value| match v.shape() {
        _ if v.is_int() => Keys::Ints,
        s if s == B::Str as u32 => Keys::Strs,
        s if s == B::Tuple as u32 => Keys::Tuples,
        s if (v.is_flonum() || s == B::Float as u32) && v.as_float().is_some_and(|f| !f.is_nan()) => Keys::Floats,
        _ => Keys::Mixed,
    };
    let first = one(&keys[0]);
    if keys.iter().all(|k| one(k) == first) { first } else { Keys::Mixed }
}

fn sort_order(cx: &mut Thread, keys: Gc<Array>, order: &mut [u32], reverse: bool) -> R<()> {
    let directed = |o: Ordering| if reverse { o.reverse() } else { o };
    let all = words(keys, order.len());
    match classify(all) {
        // Nothing allocates here, so raw words and slices of the keys may be held.
        Keys::Ints => {
            sort_pairs(order, |i| all[i].0 as i64, |a, b| directed(a.cmp(b)));
            Ok(())
        }
        Keys::Floats => {
            let float = |i: usize| all[i].as_float().unwrap_or(0.0);
            sort_pairs(order, float, |a, b| directed(a.partial_cmp(b).unwrap_or(Ordering::Equal)));
            Ok(())
        }
        Keys::Strs => {
            // SAFETY: all of them are strings.
            let text = |i: &u32| unsafe { all[*i as usize].cast_unchecked::<Str>() };
            order.sort_by(|a, b| directed(text(a).bytes().cmp(text(b).bytes())));
            Ok(())
        }
        kind => {
            let tuples = kind == Keys::Tuples;
            let mut less = |a: u32, b: u32| {
                let (x, y) = (keys.field(a as usize).get(), keys.field(b as usize).get());
                let (x, y) = if reverse { (y, x) } else { (x, y) };
                if tuples { tuple_less(cx, x, y) } else { cx.compare_bool(CmpOp::Lt, x, y) }
            };
            merge_sort(order, &mut less)
        }
    }
}

/// Sorts numbers of keys by plain keys, which are fetched once.
fn sort_pairs<K>(order: &mut [u32], key: impl Fn(usize) -> K, compare: impl Fn(&K, &K) -> Ordering) {
    let mut pairs: SmallVec<[(K, u32); 32]> = order.iter().map(|i| (key(*i as usize), *i)).collect();
    pairs.sort_by(|a, b| compare(&a.0, &b.0));
    order.iter_mut().zip(pairs).for_each(|(o, p)| *o = p.1);
}

/// `a < b` for exact tuples.
fn tuple_less(cx: &mut Thread, a: Value, b: Value) -> R<bool> {
    let (Some(x), Some(y)) = (a.cast::<Tuple>(), b.cast::<Tuple>()) else { return cx.compare_bool(CmpOp::Lt, a, b) };
    for i in 0..x.len.min(y.len) {
        let (p, q) = (x.at(i), y.at(i));
        if !cx.eq(p, q)? {
            return cx.compare_bool(CmpOp::Lt, p, q);
        }
    }
    Ok(x.len < y.len)
}

type Less<'a> = &'a mut dyn FnMut(u32, u32) -> R<bool>;

/// A sorted stretch waiting to be merged.
struct Run {
    start: usize,
    len: usize,
    power: u32,
}

/// Sorts numbers by a comparison that may fail; then they are some permutation.
fn merge_sort(v: &mut [u32], less: Less<'_>) -> R<()> {
    let n = v.len();
    let min_run = min_run(n);
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < n {
        let natural = count_run(&mut v[at..], less)?;
        let len = natural.max(min_run.min(n - at));
        insertion_sort(&mut v[at..at + len], natural, less)?;
        if let Some(last) = runs.last_mut() {
            last.power = power(last.start, last.len, len, n);
            let p = last.power;
            // Runs below with a higher power are merged first.
            while runs.len() > 1 && runs[runs.len() - 2].power > p {
                let top = runs.pop().map_or(0, |r| r.len);
                if let Some(below) = runs.last_mut() {
                    merge(&mut v[below.start..below.start + below.len + top], below.len, less)?;
                    below.len += top;
                    below.power = p;
                }
            }
        }
        runs.push(Run { start: at, len, power: 0 });
        at += len;
    }
    while let Some(top) = runs.pop() {
        let Some(below) = runs.last_mut() else { break };
        merge(&mut v[below.start..below.start + below.len + top.len], below.len, less)?;
        below.len += top.len;
    }
    Ok(())
}

fn min_run(mut n: usize) -> usize {
    let mut odd = 0;
    while n >= 64 {
        odd |= n & 1;
        n >>= 1;
    }
    n + odd
}

/// Depth at which the boundary between two runs lies in a perfectly balanced merge tree.
fn power(start: usize, len1: usize, len2: usize, n: usize) -> u32 {
    let (mut a, mut b) = (2 * start as u64 + len1 as u64, 2 * start as u64 + 2 * len1 as u64 + len2 as u64);
    let n = n as u64;
    let mut p = 0;
    loop {
        p += 1;
        if a >= n {
            a -= n;
            b -= n;
        } else if b >= n {
            return p;
        }
        a <<= 1;
        b <<= 1;
    }
}

/// Length of the run at the beginning; a strictly falling one is reversed.
fn count_run(v: &mut [u32], less: Less<'_>) -> R<usize> {
    if v.len() < 2 {
        return Ok(v.len());
    }
    let mut n = 2;
    if less(v[1], v[0])? {
        while n < v.len() && less(v[n], v[n - 1])? {
            n += 1;
        }
        v[..n].reverse();
    } else {
        while n < v.len() && !less(v[n], v[n - 1])? {
            n += 1;
        }
    }
    Ok(n)
}

/// Binary insertion; the first `sorted` are in order.
fn insertion_sort(v: &mut [u32], sorted: usize, less: Less<'_>) -> R<()> {
    for i in sorted.max(1)..v.len() {
        let x = v[i];
        let (mut low, mut high) = (0, i);
        while low < high {
            let mid = (low + high) / 2;
            if less(x, v[mid])? {
                high = mid;
            } else {
                low = mid + 1;
            }
        }
        v.copy_within(low..i, low + 1);
        v[low] = x;
    }
    Ok(())
}

/// First position whose element `after` says lies behind: exponential search, then binary.
fn gallop(v: &[u32], after: &mut dyn FnMut(u32) -> R<bool>) -> R<usize> {
    let (mut low, mut step) = (0, 1);
    while low + step <= v.len() && !after(v[low + step - 1])? {
        low += step;
        step *= 2;
    }
    let mut high = (low + step - 1).min(v.len());
    while low < high {
        let mid = (low + high) / 2;
        if after(v[mid])? {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    Ok(low)
}

/// Wins in a row after which a side is galloped through.
const GALLOP: usize = 7;

/// Merges the sorted `v[..mid]` and `v[mid..]`.
fn merge(v: &mut [u32], mid: usize, less: Less<'_>) -> R<()> {
    if mid == 0 || mid == v.len() {
        return Ok(());
    }
    // Skip what is in place already at the front.
    let right = v[mid];
    let skip = gallop(&v[..mid], &mut |x| less(right, x))?;
    if skip == mid {
        return Ok(());
    }
    let left: Vec<u32> = v[skip..mid].to_vec();
    let (mut i, mut j, mut to) = (0, mid, skip);
    let r = merge_into(v, &left, &mut i, &mut j, &mut to, less);
    // Also after an error the rest of the left side fills the gap.
    v[to..to + left.len() - i].copy_from_slice(&left[i..]);
    r
}

fn merge_into(v: &mut [u32], left: &[u32], i: &mut usize, j: &mut usize, to: &mut usize, less: Less<'_>) -> R<()> {
    let (mut left_wins, mut right_wins) = (0, 0);
    while *i < left.len() && *j < v.len() {
        if less(v[*j], left[*i])? {
            v[*to] = v[*j];
            *j += 1;
            *to += 1;
            (left_wins, right_wins) = (0, right_wins + 1);
        } else {
            v[*to] = left[*i];
            *i += 1;
            *to += 1;
            (left_wins, right_wins) = (left_wins + 1, 0);
        }
        if right_wins >= GALLOP && *i < left.len() {
            let x = left[*i];
            let n = gallop(&v[*j..], &mut |y| less(y, x).map(|l| !l))?;
            v.copy_within(*j..*j + n, *to);
            (*j, *to, right_wins) = (*j + n, *to + n, 0);
        } else if left_wins >= GALLOP && *j < v.len() {
            let y = v[*j];
            let n = gallop(&left[*i..], &mut |x| less(y, x))?;
            v[*to..*to + n].copy_from_slice(&left[*i..*i + n]);
            (*i, *to, left_wins) = (*i + n, *to + n, 0);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_stably() {
        let mut seed = 12345u64;
        for n in 0..300 {
            let keys: Vec<u64> = (0..n)
                .map(|i| {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    if n % 3 == 0 { (seed >> 33) % 10 } else { (seed >> 60) + i / 20 }
                })
                .collect();
            let mut order: Vec<u32> = (0..n as u32).collect();
            assert!(merge_sort(&mut order, &mut |a, b| Ok(keys[a as usize] < keys[b as usize])).is_ok());
            let mut expected: Vec<u32> = (0..n as u32).collect();
            expected.sort_by_key(|i| keys[*i as usize]);
            assert_eq!(order, expected);
        }
    }
}
