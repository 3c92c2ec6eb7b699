//! Tests of the arithmetic: results and signals of the specification.

use super::super::text::tests_support::{env, num, show};
use super::*;

type Binary = fn(&Num, &Num, &Env, &mut Status) -> Num;

fn run(f: Binary, a: &str, b: &str, e: &Env) -> (String, Status) {
    let mut status = 0;
    let n = f(&num(a), &num(b), e, &mut status);
    (show(&n), status)
}
fn value(f: Binary, a: &str, b: &str) -> String {
    run(f, a, b, &env(9, 999)).0
}

#[test]
fn sums() {
    assert_eq!(value(add, "12", "7.00"), "19.00");
    assert_eq!(value(add, "1E+2", "1E+4"), "1.01E+4");
    assert_eq!(value(sub, "1.3", "1.07"), "0.23");
    assert_eq!(value(sub, "1.3", "1.30"), "0.00");
    assert_eq!(value(sub, "1.3", "2.07"), "-0.77");
    assert_eq!(value(add, "-0", "0"), "0");
    assert_eq!(value(add, "-0", "-0"), "-0");
    assert_eq!(value(add, "1E+50", "1"), "1.00000000E+50");
    assert_eq!(value(sub, "1E+50", "1"), "1.00000000E+50");
    assert_eq!(run(sub, "1E+50", "1", &env(9, 999).rounding(Round::Down)).0, "9.99999999E+49");
    assert_eq!(value(add, "0E+50", "1E-20"), "1E-20");
    assert_eq!(value(add, "1E+20", "0E-200"), "1.00000000E+20");
    assert_eq!(run(add, "1", "-1", &env(9, 999).rounding(Round::Floor)).0, "-0");
    assert_eq!(run(add, "Infinity", "-Infinity", &env(9, 999)), ("NaN".into(), INVALID_OPERATION));
    assert_eq!(value(sub, "1", "Infinity"), "-Infinity");
    assert_eq!(run(add, "sNaN5", "NaN3", &env(9, 999)), ("NaN5".into(), INVALID_OPERATION));
}

/// All ways through the implementation give what exact arithmetic and one rounding give.
#[test]
fn small_wide_and_big_agree() {
    let forms = [
        "1",
        "-7",
        "99999999999999999999",
        "1234567890123456789012345678",
        "-9999999999999999999999999999",
        "5.000000000000000000000000001",
        "1E-30",
        "-3.1415926535897932384626433832795028841971E+7",
        "8E+27",
        "77777777777777777777777777777777777777777777777777777777E-20",
        "1.0000000000000000000000000005",
    ];
    for prec in [1, 5, 28, 36, 38, 39, 60] {
        for a in forms {
            for b in forms {
                let (x, y, e) = (num(a), num(b), env(prec, 999));
                let exact = |n: Num| (show(&n.fit(&e, &mut 0)), a, b, prec);
                let wide = env(1000, 9999);
                let got = |f: Binary| (show(&f(&x, &y, &e, &mut 0)), a, b, prec);
                assert_eq!(got(add), exact(add(&x, &y, &wide, &mut 0)));
                assert_eq!(got(sub), exact(sub(&x, &y, &wide, &mut 0)));
                assert_eq!(got(mul), exact(mul(&x, &y, &wide, &mut 0)));
                let mut status = 0;
                let q = div(&x, &y, &e, &mut status);
                let fine = div(&x, &y, &env(300, 9999), &mut 0);
                assert_eq!(compare_finite_abs(&q, &fine.fit(&e, &mut 0)), Ordering::Equal, "{a} / {b} at {prec}");
            }
        }
    }
}

#[test]
fn products() {
    assert_eq!(value(mul, "1.20", "3"), "3.60");
    assert_eq!(value(mul, "-0", "3"), "-0");
    assert_eq!(value(mul, "654321", "654321"), "4.28135971E+11");
    assert_eq!(run(mul, "0", "Infinity", &env(9, 999)), ("NaN".into(), INVALID_OPERATION));
    assert_eq!(show(&fma(&num("8"), &num("5"), &num("-7"), &env(9, 999), &mut 0)), "33");
    assert_eq!(
        show(&fma(&num("888565290"), &num("1557.96930"), &num("-86087.7578"), &env(9, 999), &mut 0)),
        "1.38435736E+12"
    );
    assert_eq!(show(&fma(&num("0"), &num("Infinity"), &num("NaN7"), &env(9, 999), &mut 0)), "NaN");
}

#[test]
fn quotients() {
    let e = env(9, 999);
    for (a, b, want) in [
        ("1", "3", "0.333333333"),
        ("2", "3", "0.666666667"),
        ("5", "2", "2.5"),
        ("1", "10", "0.1"),
        ("12", "12", "1"),
        ("8.00", "2", "4.00"),
        ("2.400", "2.0", "1.20"),
        ("1000", "100", "10"),
        ("1000", "1", "1000"),
        ("2.40E+6", "2", "1.20E+6"),
        ("1", "-0.5", "-2"),
        ("0", "7E+3", "0.000"),
        ("1000000000000000", "3", "3.33333333E+14"),
    ] {
        assert_eq!(run(div, a, b, &e).0, want, "{a} / {b}");
    }
    assert_eq!(run(div, "1", "0", &e), ("Infinity".into(), DIVISION_BY_ZERO));
    assert_eq!(run(div, "0", "0", &e), ("NaN".into(), DIVISION_UNDEFINED));
    assert_eq!(run(div, "1", "Infinity", &e), ("0E-1007".into(), CLAMPED));
    assert_eq!(run(div, "4", "2", &Env::MAX), ("2".into(), 0));
    assert_eq!(run(div, "1", "3", &Env::MAX), ("NaN".into(), NO_MEMORY));
}

#[test]
fn integer_division() {
    let e = env(9, 999);
    for (a, b, q, r) in [
        ("2", "3", "0", "2"),
        ("10", "3", "3", "1"),
        ("1", "0.3", "3", "0.1"),
        ("-10", "3", "-3", "-1"),
        ("10.2", "1", "10", "0.2"),
        ("3.6", "1.3", "2", "1.0"),
        ("1E+3", "7", "142", "6"),
        ("0", "-2.50", "-0", "0.00"),
        ("5", "Infinity", "0", "5"),
    ] {
        assert_eq!(run(div_int, a, b, &e).0, q, "{a} // {b}");
        assert_eq!(run(rem, a, b, &e).0, r, "{a} % {b}");
        let (x, y) = div_mod(&num(a), &num(b), &e, &mut 0);
        assert_eq!((show(&x), show(&y)), (q.into(), r.into()));
    }
    assert_eq!(run(div_int, "1E+20", "1", &e), ("NaN".into(), DIVISION_IMPOSSIBLE));
    assert_eq!(run(rem, "1", "0", &e), ("NaN".into(), INVALID_OPERATION));
    for (a, b, r) in [
        ("2.1", "3", "-0.9"),
        ("10", "6", "-2"),
        ("10", "3", "1"),
        ("-10", "3", "-1"),
        ("10.2", "1", "0.2"),
        ("5", "2", "1"),
        ("3", "2", "-1"),
    ] {
        assert_eq!(run(rem_near, a, b, &e).0, r, "{a} {b}");
    }
    assert_eq!(run(rem_near, "999999999.5", "1", &e).1, DIVISION_IMPOSSIBLE);
}

#[test]
fn signs() {
    let one =
        |f: fn(&Num, &Env, &mut Status) -> Num, a: &str, round| show(&f(&num(a), &env(3, 9).rounding(round), &mut 0));
    assert_eq!(one(plus, "-0", Round::HalfEven), "0");
    assert_eq!(one(plus, "-0", Round::Floor), "-0");
    assert_eq!(one(minus, "0", Round::HalfEven), "0");
    assert_eq!(one(minus, "0", Round::Floor), "-0");
    assert_eq!(one(abs, "-1.2345", Round::Up), "1.24");
}
