//! JSON in one encoding only: the JSON Canonicalization Scheme, RFC 8785.
//!
//! No white space, keys in order of their UTF-16 code units, the shortest escapes, numbers
//! as ECMAScript prints them.

use serde_json::Value;

/// Writes a value. Numbers are IEEE 754 doubles, as the scheme demands: a whole number
/// beyond 2^53 loses digits.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(value, &mut out);
    out.into_bytes()
}

/// A number rounded to millionths, half to even: scores and probabilities are written so,
/// because more digits say nothing and make files longer.
pub fn millionths(number: f64) -> f64 {
    (number * 1e6).round_ties_even() / 1e6
}

/// The double whose shortest decimal is that of the float: 0.1 and not 0.10000000149011612.
pub fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

fn write(value: &Value, out: &mut String) {
    match value {
        // A text never fails to be written.
        Value::String(text) => out.push_str(&Value::from(text.as_str()).to_string()),
        Value::Number(number) => out.push_str(&decimal(number.as_f64().unwrap_or_default())),
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_cached_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
            out.push('{');
            for (index, (key, item)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
        plain @ (Value::Null | Value::Bool(_)) => out.push_str(&plain.to_string()),
    }
}

/// `Number::toString` of ECMAScript, for finite numbers.
fn decimal(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    // The shortest digits, the even one where two are as short and as near: `serde_json` has
    // ECMAScript's, Rust's own formatting has others. Only the placing of the point differs.
    let text = Value::from(number.abs()).to_string();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let leading = whole.len() + significant.len();
    let leading = i32::try_from(leading).unwrap_or(i32::MAX);
    let total = i32::try_from(all.len()).unwrap_or(i32::MAX);
    let point = leading - total + exponent.parse::<i32>().unwrap_or_default();
    let digits = significant.trim_end_matches('0').to_owned();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let text = if count <= point && point <= 21 {
        digits + &zeros(point - count)
    } else if 0 < point && point <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or_default());
        format!("{whole}.{rest}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let point_and_rest = if rest.is_empty() {
            String::new()
        } else {
            format!(".{rest}")
        };
        let sign = if point > 0 { "+" } else { "-" };
        format!("{first}{point_and_rest}e{sign}{}", (point - 1).abs())
    };
    if number < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Appendix B of RFC 8785.
    #[test]
    fn numbers_are_those_of_the_specification() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(decimal(f64::from_bits(bits)), expected);
        }
    }

    /// Section 3.2.2 and 3.2.3 of RFC 8785.
    #[test]
    fn texts_and_keys_are_those_of_the_specification() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter",
            "1": "One", "\u{1f600}": "Emoji", "\u{80}": "Control", "\u{f6}": "Latin",
            "": ["\u{20ac}$\u{f}\nA'B\"\\\\\"/", true, null],
        });
        let expected = "{\"\":[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",true,null],\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin\",\"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji\",\"\u{fb33}\":\"Hebrew Letter\"}";
        assert_eq!(String::from_utf8(encode(&value)).unwrap(), expected);
    }

    #[test]
    fn rounding_is_to_the_even_millionth() {
        assert_eq!(millionths(0.123_456_5), 0.123_456);
        assert_eq!(millionths(2.0 / 3.0), 0.666_667);
        assert_eq!(shortest(0.1), 0.1);
    }
}
