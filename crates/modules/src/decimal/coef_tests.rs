//! Tests of coefficients: both sizes, and the way between them.

use super::*;

fn big(s: &str) -> Coef {
    Coef::from_digits(s.as_bytes())
}
fn text(c: &Coef) -> String {
    let mut out = Vec::new();
    c.push_digits(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn digits_at_every_power_of_ten() {
    assert_eq!(digits_of(0), 1);
    for (k, p) in POW10.iter().enumerate() {
        assert_eq!(digits_of(*p), k as i64 + 1);
        assert_eq!(digits_of(p - 1), (k as i64).max(1));
    }
    assert_eq!(digits_of(u128::MAX), 39);
    for k in [39, 40, 77, 100, 1000, 12345] {
        assert_eq!(Coef::from(pow10(k)).digits(), k as i64 + 1);
        assert_eq!(Coef::from(pow10(k) - 1u8).digits(), k as i64);
        assert_eq!(Coef::from(pow10(k) * 3u8).digits(), k as i64 + 1);
    }
}

#[test]
fn text_round_trips() {
    for s in ["0", "7", "10", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211455"]
    {
        assert_eq!(text(&big(s)), s);
    }
    for k in [19, 20, 37, 38, 39, 60] {
        let s = format!("1{}1", "0".repeat(k));
        assert_eq!(text(&big(&s)), s);
    }
    assert_eq!(big(""), Coef::ZERO);
    assert_eq!(big("000000000000000000000000000000000000000000000000012"), Coef::Small(12));
}

#[test]
fn tails() {
    let cut = |s: &str, k| {
        let (q, t) = big(s).div_pow10(k);
        (text(&q), t)
    };
    assert_eq!(cut("1250", 2), ("12".into(), Tail::Half));
    assert_eq!(cut("1249", 2), ("12".into(), Tail::Low));
    assert_eq!(cut("1251", 2), ("12".into(), Tail::High));
    assert_eq!(cut("1200", 2), ("12".into(), Tail::Zero));
    assert_eq!(cut("5", 1), ("0".into(), Tail::Half));
    assert_eq!(cut("5", 2), ("0".into(), Tail::Low));
    assert_eq!(cut("5", 400), ("0".into(), Tail::Low));
    assert_eq!(cut("0", 400), ("0".into(), Tail::Zero));
    let long = format!("123{}", "5".to_owned() + &"0".repeat(59));
    assert_eq!(cut(&long, 60), ("123".into(), Tail::Half));
    assert_eq!(cut(&(long.clone() + "1"), 61), ("123".into(), Tail::High));
    assert_eq!(cut(&long, 63), ("0".into(), Tail::Low));
    assert_eq!(cut(&format!("5{}", "0".repeat(60)), 61), ("0".into(), Tail::Half));
}

#[test]
fn zeros_are_stripped_up_to_the_limit() {
    for n in ["1", "120", "1000", "7000000000000000000000000000000", "30000000000000000000000000000000000000000000000"]
    {
        let zeros = n.len() - n.trim_end_matches('0').len();
        for limit in [0, 1, 2, 3, 10, 33, 100] {
            let (c, k) = big(n).strip_zeros(limit);
            assert_eq!(k, (zeros as i64).min(limit), "{n} {limit}");
            assert_eq!(c.mul_pow10(k), Some(big(n)));
        }
    }
    let n = pow10(100_003) * 7u8;
    assert_eq!(Coef::from(n).strip_zeros(i64::MAX), (Coef::Small(7), 100_003));
}

#[test]
fn powers_of_ten_are_known() {
    assert!(big("1").is_pow10() && big("1000").is_pow10() && Coef::from(pow10(50)).is_pow10());
    assert!(!big("0").is_pow10() && !big("2000").is_pow10() && !big("101").is_pow10());
    assert!(big("100").is_one_times_pow10(2) && !big("100").is_one_times_pow10(1));
}

#[test]
fn arithmetic_crosses_the_border_of_128_bits() {
    let max = Coef::Small(u128::MAX);
    let next = max.clone().add_one();
    assert_eq!(text(&next), "340282366920938463463374607431768211456");
    assert_eq!(next.sub(&Coef::ONE), max);
    assert_eq!(max.add(&Coef::ONE), next);
    assert_eq!(max.mul(&max).div_rem(&max), (max.clone(), Coef::ZERO));
    assert!(max < next);
}

#[test]
fn what_is_too_big_is_refused() {
    assert_eq!(Coef::ONE.mul_pow10(MAX_DIGITS + 1), None);
    assert_eq!(Coef::ZERO.mul_pow10(i64::MAX), Some(Coef::ZERO));
}
