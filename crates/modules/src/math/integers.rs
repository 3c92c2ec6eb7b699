//! The functions of integers: divisors, roots, factorials and what is made of them; `prod`.

use dashu_int::{IBig, UBig};
use ferropy_text::int as tint;
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, BinOp, NativeDef, R, Thread, Value};

fn integer(cx: &mut Thread, v: Value) -> R<IBig> {
    let n = cx.index_value(v)?;
    Ok(n.to_ibig().unwrap_or_default())
}

fn magnitude(n: &IBig) -> UBig {
    n.clone().into_parts().1
}

/// The product of `first * (first + 1) * ... `, `count` factors, by halves so that big numbers meet big ones.
fn rising(first: &UBig, count: u64) -> UBig {
    match count {
        0 => UBig::ONE,
        1..=8 => (1..count).fold(first.clone(), |p, i| p * (first + UBig::from(i))),
        _ => {
            let half = count / 2;
            rising(first, half) * rising(&(first + UBig::from(half)), count - half)
        }
    }
}

fn factorial(n: u64) -> UBig {
    rising(&UBig::ONE, n)
}

fn factorial_of(cx: &mut Thread, n: &IBig) -> R {
    if tint::is_negative(n) {
        return Err(cx.value_error("factorial() not defined for negative values"));
    }
    match i64::try_from(n) {
        Ok(n) => cx.bigint(&factorial(n as u64).into()),
        Err(_) => Err(cx.overflow_error(format!("factorial() argument should not exceed {}", i64::MAX))),
    }
}

fn m_factorial(cx: &mut Thread, a: Args<'_>) -> R {
    let n = integer(cx, a[0])?;
    factorial_of(cx, &n)
}

fn check_counts(cx: &mut Thread, n: &IBig, k: &IBig) -> R<()> {
    if tint::is_negative(n) {
        return Err(cx.value_error("n must be a non-negative integer"));
    }
    if tint::is_negative(k) {
        return Err(cx.value_error("k must be a non-negative integer"));
    }
    Ok(())
}

fn m_comb(cx: &mut Thread, a: Args<'_>) -> R {
    let (n, k) = (integer(cx, a[0])?, integer(cx, a[1])?);
    check_counts(cx, &n, &k)?;
    if k > n {
        return Ok(Value::small_int(0));
    }
    let k = (&n - &k).min(k);
    let Ok(few) = i64::try_from(&k) else {
        return Err(cx.overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX)));
    };
    let first = magnitude(&(n - k + IBig::ONE));
    let c = rising(&first, few as u64) / factorial(few as u64);
    cx.bigint(&c.into())
}

fn m_perm(cx: &mut Thread, a: Args<'_>) -> R {
    let n = integer(cx, a[0])?;
    let Some(k) = a.some(1) else { return factorial_of(cx, &n) };
    let k = integer(cx, k)?;
    check_counts(cx, &n, &k)?;
    if k > n {
        return Ok(Value::small_int(0));
    }
    let Ok(count) = i64::try_from(&k) else {
        return Err(cx.overflow_error(format!("k must not exceed {}", i64::MAX)));
    };
    let p = rising(&magnitude(&(n - k + IBig::ONE)), count as u64);
    cx.bigint(&p.into())
}

fn m_isqrt(cx: &mut Thread, a: Args<'_>) -> R {
    let n = integer(cx, a[0])?;
    match tint::isqrt(&n) {
        Ok(r) => cx.bigint(&r),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn m_gcd(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[0].cast_unchecked::<Tuple>() };
    let mut g = IBig::ZERO;
    for i in 0..args.len {
        let n = integer(cx, args.at(i))?;
        g = match (u64::try_from(&g), u64::try_from(magnitude(&n))) {
            (Ok(x), Ok(y)) => tint::gcd_u64(x, y).into(),
            _ => tint::gcd(&g, &n),
        };
    }
    cx.bigint(&g)
}

fn m_lcm(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[0].cast_unchecked::<Tuple>() };
    let mut l = IBig::ONE;
    for i in 0..args.len {
        let n = integer(cx, args.at(i))?;
        if n == IBig::ZERO || l == IBig::ZERO {
            l = IBig::ZERO;
            continue;
        }
        let g = tint::gcd(&l, &n);
        l = l / g * IBig::from(magnitude(&n));
    }
    cx.bigint(&l)
}

fn m_prod(cx: &mut Thread, a: Args<'_>) -> R {
    let mut p = a.or(1, Value::small_int(1));
    let it = cx.iter(a[0])?;
    while let Some(v) = cx.next(it)? {
        p = cx.binary(BinOp::Mul, p, v)?;
    }
    Ok(p)
}

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "comb(n, k, /)",
        m_comb,
        "Number of ways to choose k items from n items without repetition and without order.\n\nEvaluates to n! / (k! * (n - k)!) when k <= n and evaluates\nto zero when k > n.",
    ),
    NativeDef::function("factorial(n, /)", m_factorial, "Find n!."),
    NativeDef::function("gcd(*integers)", m_gcd, "Greatest Common Divisor."),
    NativeDef::function("isqrt(n, /)", m_isqrt, "Return the integer part of the square root of the input."),
    NativeDef::function("lcm(*integers)", m_lcm, "Least Common Multiple."),
    NativeDef::function(
        "perm(n, k=None, /)",
        m_perm,
        "Number of ways to choose k items from n items without repetition and with order.\n\nEvaluates to n! / (n - k)! when k <= n and evaluates\nto zero when k > n.",
    ),
    NativeDef::function(
        "prod(iterable, /, *, start=1)",
        m_prod,
        "Calculate the product of all the elements in the input iterable.\n\nThe default start value for the product is 1.",
    ),
];
