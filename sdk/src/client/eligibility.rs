//! Who may vote (protocol section 8).

use alloy_primitives::{B256, U256};
use arbius_protocol::contestation::VoteRefusal;

use super::Validator;
use crate::{chain::ChainError, contracts::IEngine};

/// The reason behind a code of `validatorCanVote`; none for 0.
#[must_use]
pub fn vote_refusal(code: u8) -> Option<String> {
    let known = [
        VoteRefusal::NoContestation,
        VoteRefusal::Ended,
        VoteRefusal::Voted,
        VoteRefusal::NotValidator,
        VoteRefusal::StakeTooLow,
        VoteRefusal::ValidatorTooLate,
    ];
    let found = known.into_iter().find(|refusal| u8::from(*refusal) == code);
    match (code, found) {
        (0, _) => None,
        (_, Some(refusal)) => Some(refusal.to_string()),
        (_, None) => Some(format!("code {code}")),
    }
}

impl Validator {
    /// Why it may not vote on the contested solution of `task`, if so.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn vote_refusal(&self, task: B256) -> Result<Option<String>, ChainError> {
        let call = IEngine::validatorCanVoteCall {
            validator: self.address(),
            task,
        };
        let code: U256 = self.chain().read(self.engine(), &call).await?;
        Ok(vote_refusal(code.saturating_to()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_protocol_has_words() {
        assert_eq!(vote_refusal(0), None);
        for code in 1..=6 {
            let words = vote_refusal(code).unwrap();
            assert!(!words.contains("code"), "{code}: {words}");
        }
        assert_eq!(vote_refusal(7).as_deref(), Some("code 7"));
    }
}
