//! Votes that their voters signed and others cast: by accounts with a key (ECDSA) and by
//! wallets that are contracts (ERC-1271).

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_frame::{Refused, ask, word_of};
use arbius_host as host;
use arbius_protocol::encoding::Encoder;
use arbius_protocol::governance::{
    ballot, bravo_ballot, digest, domain_separator, extended_ballot,
};
use arbius_protocol::interfaces::governor::IGovernor;

use crate::layout;
use crate::voting::Ballot;

alloy_sol_types::sol! {
    /// What a wallet answers that a signature is its own (ERC-1271).
    function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
}

/// Which type a ballot was signed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `Ballot`.
    Plain,
    /// `ExtendedBallot`.
    Extended,
}

/// Refuses a ballot that `voter`, a word, has not signed; its number is used up.
///
/// # Errors
///
/// `GovernorInvalidSignature`.
pub fn check(vote: &Ballot<'_>, voter: &B256, form: Form, signature: &[u8]) -> Result<(), Refused> {
    let slot = layout::nonce(voter);
    let number: u64 = U256::from_be_bytes(slot.load().0).saturating_to();
    // Nobody signs 2^64 ballots.
    slot.store(&word_of(u128::from(number) + 1));
    let account = Address::from_word(*voter);
    let (id, support) = (*vote.proposal, vote.support);
    let hash = signed(match form {
        Form::Plain => ballot(id, support, account, number),
        Form::Extended => extended_ballot(id, support, account, number, vote.reason, vote.params),
    });
    if is_signed(&hash, voter, signature) || is_approved(&hash, &account, signature) {
        return Ok(());
    }
    Err(invalid(voter))
}

/// Whoever signed a ballot in Bravo's form.
///
/// # Errors
///
/// `GovernorInvalidSignature` of the zero address if it is no signature.
pub fn bravo_voter(id: &B256, support: u8, v: &B256, r: &B256, s: &B256) -> Result<B256, Refused> {
    let hash = signed(bravo_ballot(*id, support));
    host::recover(&hash, v, r, s).ok_or_else(|| invalid(&B256::ZERO))
}

/// What is signed of a ballot here.
fn signed(ballot: B256) -> B256 {
    let contract = Address::from_word(host::contract_address());
    digest(domain_separator(host::chain_id(), contract), ballot)
}

/// Whether `signature` is the 65 bytes `r ‖ s ‖ v` of the voter's key.
fn is_signed(hash: &B256, voter: &B256, signature: &[u8]) -> bool {
    let Ok(signature) = <&[u8; 65]>::try_from(signature) else {
        return false;
    };
    let (r, s) = (
        B256::from_slice(&signature[..32]),
        B256::from_slice(&signature[32..64]),
    );
    let v = B256::with_last_byte(signature[64]);
    host::recover(hash, &v, &r, &s) == Some(*voter)
}

/// Whether the voter is a contract that says that the signature is its own.
fn is_approved(hash: &B256, voter: &Address, signature: &[u8]) -> bool {
    if host::code_size(voter) == 0 {
        return false;
    }
    let selector = isValidSignatureCall::SELECTOR;
    let mut calldata = Encoder::new(&selector, 2);
    calldata.word(hash).bytes(signature);
    match ask(voter, &calldata.finish()) {
        // Of a longer answer the first word counts, as decoders take it.
        Ok(answer) => answer.first_chunk() == Some(&B256::right_padding_from(&selector).0),
        Err(_) => false,
    }
}

fn invalid(voter: &B256) -> Refused {
    Refused::with::<IGovernor::GovernorInvalidSignature>(&[*voter])
}
