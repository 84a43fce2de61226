//! What endpoints say about how many blocks they answer `eth_getLogs` for.

/// The number of blocks that a refusal names, if it names one.
///
/// Providers put it in words: "this block range should work: [0x10, 0x1f]", "limited to a
/// 10,000 range", "up to a 2K block range", "ranges over 10000 blocks are not supported". A
/// misread number does no harm: the range grows again.
pub(super) fn suggested(message: &str) -> Option<u64> {
    bracketed(message).or_else(|| in_words(message))
}

/// `[0xfrom, 0xto]`, in hexadecimal or decimal.
fn bracketed(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once('[')?;
    let (range, _) = rest.split_once(']')?;
    let (from, to) = range.split_once(',')?;
    let (from, to) = (number(from.trim())?, number(to.trim())?);
    to.checked_sub(from)?.checked_add(1)
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A number that stands right beside "range" or "block".
fn in_words(message: &str) -> Option<u64> {
    let words: Vec<String> = message
        .split_whitespace()
        .map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            word.replace(',', "").to_lowercase()
        })
        .collect();
    let near = |at: usize| {
        let around = at.saturating_sub(2)..(at + 3).min(words.len());
        words[around]
            .iter()
            .any(|word| word.starts_with("range") || word.starts_with("block"))
    };
    words
        .iter()
        .enumerate()
        .filter(|(at, _)| near(*at))
        .find_map(|(_, word)| count(word))
        .filter(|blocks| *blocks > 0)
}

/// `10000`, `2k`.
fn count(word: &str) -> Option<u64> {
    match word.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_common_providers_name() {
        let cases = [
            // Alchemy
            (
                "Log response size exceeded. You can make eth_getLogs requests with up to a 2K \
                 block range and no limit on the response size. Based on your parameters, this \
                 block range should work: [0x10, 0x1f]",
                Some(16),
            ),
            (
                "query returned more than 10000 results. Try with this block range [0x1, 0x64].",
                Some(100),
            ),
            // QuickNode, publicnode, drpc, others
            ("eth_getLogs is limited to a 10,000 range", Some(10_000)),
            ("exceed maximum block range: 50000", Some(50_000)),
            (
                "ranges over 10000 blocks are not supported on freetier",
                Some(10_000),
            ),
            ("block range is too wide: at most 2k blocks", Some(2000)),
            // Nothing to go by.
            ("query returned more than 10000 results", None),
            ("block range is too wide", None),
            ("[what, is this]", None),
            ("range of 99999999999999999999999 blocks, [0x2, 0x1]", None),
            ("limited to 0 blocks", None),
        ];
        for (message, expected) in cases {
            assert_eq!(suggested(message), expected, "{message}");
        }
    }
}
