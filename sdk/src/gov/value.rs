//! Arguments as people write them, and as people read them.

use alloy::dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{I256, U256, hex, utils::format_ether};
use serde::Deserialize;

use super::Contracts;

/// An argument as a file has it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Written {
    /// `true`, `false`.
    Flag(bool),
    /// A number that fits 64 bits; larger ones are text.
    Number(i64),
    /// A number with a point, which is nothing that a contract takes as it is.
    Fraction(f64),
    /// Anything else of one piece.
    Text(String),
    /// An array or a tuple.
    List(Vec<Written>),
}

impl Written {
    /// The value of this type, or why there is none. Addresses may be names of contracts, whole
    /// numbers amounts with their unit: `2.5 AIUS`, `0.1 ether`, `20 gwei`.
    pub(super) fn read(
        &self,
        kind: &DynSolType,
        contracts: &Contracts,
    ) -> Result<DynSolValue, String> {
        match (kind, self) {
            (DynSolType::Array(inner), Self::List(list)) => {
                let values = list.iter().map(|value| value.read(inner, contracts));
                Ok(DynSolValue::Array(values.collect::<Result<_, _>>()?))
            }
            (DynSolType::FixedArray(inner, length), Self::List(list)) if list.len() == *length => {
                let values = list.iter().map(|value| value.read(inner, contracts));
                Ok(DynSolValue::FixedArray(values.collect::<Result<_, _>>()?))
            }
            (DynSolType::Tuple(kinds), Self::List(list)) if list.len() == kinds.len() => {
                let values = kinds.iter().zip(list);
                let values = values.map(|(kind, value)| value.read(kind, contracts));
                Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?))
            }
            (_, Self::List(list)) => Err(format!("a list of {} is no {kind}", list.len())),
            (DynSolType::String, Self::Text(text)) => Ok(DynSolValue::String(text.clone())),
            (_, Self::Text(text)) => read(text, kind, contracts),
            (DynSolType::Bool, Self::Flag(flag)) => Ok(DynSolValue::Bool(*flag)),
            (DynSolType::Uint(_) | DynSolType::Int(_), Self::Number(number)) => {
                read(&number.to_string(), kind, contracts)
            }
            (_, Self::Flag(flag)) => Err(format!("`{flag}` is no {kind}")),
            (_, Self::Number(number)) => Err(format!("`{number}` is no {kind}")),
            (_, Self::Fraction(number)) => Err(format!(
                "`{number}` is no {kind}: write amounts as text with their unit, such as \"{number} \
                 AIUS\""
            )),
        }
    }
}

fn read(text: &str, kind: &DynSolType, contracts: &Contracts) -> Result<DynSolValue, String> {
    let text = text.trim();
    let refused = || match kind {
        DynSolType::Address => format!(
            "`{text}` is no address: give 0x and 40 hexadecimal digits, or one of {}",
            contracts.names().collect::<Vec<_>>().join(", ")
        ),
        DynSolType::Uint(_) => format!(
            "`{text}` is no {kind}: give a whole number from 0 on that fits it, or an amount such as \
             `2.5 AIUS`"
        ),
        _ => format!("`{text}` is no {kind}"),
    };
    match kind {
        DynSolType::Address => {
            if let Some(address) = contracts.address(text) {
                return Ok(DynSolValue::Address(address));
            }
            // The checksum in the letters' case must be right where there is one.
            let digits = text.strip_prefix("0x").ok_or_else(refused)?;
            let plain = digits.to_lowercase() == digits || digits.to_uppercase() == digits;
            let address = match plain {
                true => text.parse().ok(),
                false => alloy_primitives::Address::parse_checksummed(text, None).ok(),
            };
            address
                .map(DynSolValue::Address)
                .ok_or_else(|| match plain {
                    true => refused(),
                    false => format!("`{text}` is no address: its checksum is wrong"),
                })
        }
        // AIUS has as many decimals as ether.
        DynSolType::Uint(_) => {
            let text = match text.strip_suffix("AIUS") {
                Some(amount) => format!("{}ether", amount.trim_end()),
                None => text.to_owned(),
            };
            kind.coerce_str(&text).map_err(|_| refused())
        }
        _ => kind.coerce_str(text).map_err(|_| refused()),
    }
}

/// A value in words: contracts by name beside their addresses, large amounts also in units of
/// 1e18.
pub(super) fn show(value: &DynSolValue, contracts: &Contracts) -> String {
    let list = |values: &[DynSolValue]| {
        let values: Vec<_> = values.iter().map(|value| show(value, contracts)).collect();
        values.join(", ")
    };
    match value {
        DynSolValue::Bool(flag) => flag.to_string(),
        DynSolValue::Int(number, _) => show_signed(*number),
        DynSolValue::Uint(number, _) => show_number(*number),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => match contracts.name(*address) {
            Some(name) => format!("{address} ({name})"),
            None => address.to_string(),
        },
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            format!("[{}]", list(values))
        }
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

/// From this on, a number is likely to be an amount: a thousandth of 1e18.
const LARGE: U256 = U256::from_limbs([1_000_000_000_000_000, 0, 0, 0]);

fn show_number(number: U256) -> String {
    // The largest values stand for no limit, and are no amounts.
    if number < LARGE || number.bit_len() > 128 {
        return number.to_string();
    }
    let units = format_ether(number);
    let units = units.trim_end_matches('0').trim_end_matches('.');
    format!("{number} ({units} × 10^18)")
}

fn show_signed(number: I256) -> String {
    match number.is_negative() {
        true => format!("-{}", show_number(number.unsigned_abs())),
        false => show_number(number.unsigned_abs()),
    }
}
