//! Amounts of AIUS as people write them: decimals, where the chain counts wei (1e-18).

use alloy_primitives::U256;
use alloy_primitives::utils::{format_ether, parse_ether};

/// Reads an amount in AIUS, such as `0.25`.
pub(crate) fn parse(text: &str) -> Result<U256, String> {
    let malformed = || "an amount of AIUS is a number at or above 0, such as 2 or 0.25".to_owned();
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    if decimals > 18 {
        return Err("an amount of AIUS has at most 18 decimals".to_owned());
    }
    if text.is_empty()
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Err(malformed());
    }
    parse_ether(text).map_err(|_| malformed())
}

/// Reads an amount of ether, which has as many decimals.
pub(crate) fn parse_as_ether(text: &str) -> Result<U256, String> {
    parse(text).map_err(|reason| reason.replace("AIUS", "ether"))
}

/// Writes an amount in AIUS, without trailing zeros.
pub(crate) fn show(wei: U256) -> String {
    let text = format_ether(wei);
    match text.split_once('.') {
        Some((whole, decimals)) => match decimals.trim_end_matches('0') {
            "" => whole.to_owned(),
            decimals => format!("{whole}.{decimals}"),
        },
        None => text,
    }
}

/// Writes an amount in AIUS with at most four decimals, for tables.
pub(crate) fn show_short(wei: U256) -> String {
    let unit = U256::from(100_000_000_000_000_u64);
    show(wei / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_decimals() {
        for (text, wei) in [
            ("0", 0),
            ("2", 2_000_000_000_000_000_000),
            ("0.25", 250_000_000_000_000_000),
            ("0.000000000000000001", 1_u128),
        ] {
            assert_eq!(parse(text), Ok(U256::from(wei)));
            assert_eq!(show(U256::from(wei)), text);
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        let many = "9".repeat(100);
        for text in [
            "",
            "-1",
            "1e3",
            "one",
            "1,5",
            "0.0000000000000000001",
            "1.2.3",
            &many,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
