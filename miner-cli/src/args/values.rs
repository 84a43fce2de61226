//! What options are given, read.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use alloy_primitives::B256;
use arbius_sdk::client::Vote;
use arbius_sdk::contracts::TaskStatus;
use arbius_sdk::gov::{ProposalState, Support, state_name};

use super::{CogServer, Delegatee, GATEWAY};

pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number from 0.01 to 1000000".to_owned()),
    }
}

pub(super) fn id(text: &str) -> Result<B256, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match digits.parse() {
        Ok(id) if digits.len() == 64 => Ok(id),
        _ => Err("an id is 0x and 64 hexadecimal digits".to_owned()),
    }
}

pub(super) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("give an address such as {GATEWAY}"))
}

pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "a count is a whole number, 1 or more".to_owned())
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a time is a number of seconds, such as 60 or 0.5".to_owned())
}

#[cfg(feature = "devnet")]
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    seconds(text).and_then(|time| match time.is_zero() {
        true => Err("an interval is longer than 0 seconds".to_owned()),
        false => Ok(time),
    })
}

/// A length of time with its unit: `90s`, `15m`, `2h`, `7d`.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let malformed =
        || "a length of time is a number and s, m, h or d, such as 90s or 2h".to_owned();
    let unit = text.chars().next_back().ok_or_else(malformed)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(malformed()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| malformed())?;
    let seconds = number.checked_mul(seconds).ok_or_else(malformed)?;
    Ok(Duration::from_secs(seconds))
}

/// A number of bytes with its unit: `512K`, `100M`, `20G`, or plain.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let malformed =
        || "a size is a number of bytes, or one with K, M, G or T, such as 20G".to_owned();
    let (number, shift) = match text.chars().next_back() {
        Some('K' | 'k') => (&text[..text.len() - 1], 10),
        Some('M' | 'm') => (&text[..text.len() - 1], 20),
        Some('G' | 'g') => (&text[..text.len() - 1], 30),
        Some('T' | 't') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: u64 = number.parse().map_err(|_| malformed())?;
    number.checked_mul(1 << shift).ok_or_else(malformed)
}

/// Where a Cog server is: its address, or the folder that it is started in.
pub(super) fn cog_server(text: &str) -> Result<CogServer, String> {
    match text.split_once("://") {
        Some(("http" | "https", _)) => Ok(CogServer::At(text.to_owned())),
        None if !text.is_empty() => Ok(CogServer::In(text.into())),
        _ => Err(
            "give an address such as http://127.0.0.1:5000, or the folder of a cog.yaml".to_owned(),
        ),
    }
}

/// A model and the server that runs it.
pub(super) fn model_server(text: &str) -> Result<(String, CogServer), String> {
    match text.split_once('=') {
        Some((model, server)) if !model.is_empty() => Ok((model.to_owned(), cog_server(server)?)),
        _ => Err(
            "give a model and a server, such as my-model=http://127.0.0.1:5000 or \
             my-model=my-folder"
                .to_owned(),
        ),
    }
}

/// A percentage from 0 to 100.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("a percentage is a number from 0 to 100".to_owned()),
    }
}

/// A side in a vote: `yes` says that the solution is wrong.
pub(super) fn side(text: &str) -> Result<Vote, String> {
    match text {
        "yes" => Ok(Vote::Wrong),
        "no" => Ok(Vote::Right),
        _ => Err("vote yes (the solution is wrong) or no (it is right)".to_owned()),
    }
}

/// A vote on a proposal, by name.
pub(super) fn support(text: &str) -> Result<Support, String> {
    match text {
        "for" => Ok(Support::For),
        "against" => Ok(Support::Against),
        "abstain" => Ok(Support::Abstain),
        _ => Err("vote for, against or abstain".to_owned()),
    }
}

/// Whom somebody delegates to.
pub(super) fn delegate(text: &str) -> Result<Delegatee, String> {
    match text {
        "self" => Ok(Delegatee::Own),
        address => address
            .parse()
            .map(Delegatee::Other)
            .map_err(|_| "give an address, 0x and 40 hexadecimal digits, or self".to_owned()),
    }
}

/// How a proposal stands, by name.
pub(super) fn proposal_state(text: &str) -> Result<ProposalState, String> {
    let known = [
        ProposalState::Pending,
        ProposalState::Active,
        ProposalState::Canceled,
        ProposalState::Defeated,
        ProposalState::Succeeded,
        ProposalState::Queued,
        ProposalState::Executed,
    ];
    known
        .into_iter()
        .find(|state| state_name(*state) == text)
        .ok_or_else(|| {
            "a proposal is pending, active, canceled, defeated, succeeded, queued or executed"
                .to_owned()
        })
}

/// How a task stands, by name.
pub(super) fn status(text: &str) -> Result<TaskStatus, String> {
    let known = [
        TaskStatus::Open,
        TaskStatus::Solved,
        TaskStatus::Contested,
        TaskStatus::Final,
        TaskStatus::Rejected,
        TaskStatus::Retracted,
    ];
    known
        .into_iter()
        .find(|status| crate::show::status(*status) == text)
        .ok_or_else(|| "a task is open, solved, contested, final, rejected or retracted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_64_digits() {
        assert_eq!(
            id(&format!("0x{}", "0a".repeat(32))),
            Ok(B256::repeat_byte(10))
        );
        for text in ["", "0x", "0x12", &"0".repeat(63), &"g".repeat(64)] {
            assert!(id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cog_servers_are_addresses_or_folders() {
        let at = CogServer::At("http://127.0.0.1:5000".to_owned());
        assert_eq!(cog_server("http://127.0.0.1:5000"), Ok(at));
        assert_eq!(
            model_server("sd=models/sd"),
            Ok(("sd".to_owned(), CogServer::In("models/sd".into())))
        );
        for text in ["", "sd", "=models/sd", "sd=", "sd=ftp://127.0.0.1"] {
            assert!(model_server(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_not_negative_and_end() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["-1", "NaN", "inf", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_and_sizes_have_units() {
        assert_eq!(age("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(age("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["", "h", "5", "1.5h", "-1s", "99999999999999999999d", "5ä"] {
            assert!(age(text).is_err(), "{text}");
        }
        assert_eq!(bytes("20G"), Ok(20 << 30));
        assert_eq!(bytes("512"), Ok(512));
        for text in ["", "G", "-1", "1.5G", "99999999999T", "5ä"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
