//! What accounts sign instead of sending a transaction: approvals (EIP-2612) and
//! delegations (EIP-5805), as typed data (EIP-712) of a domain that can be asked for
//! (EIP-5267).
//!
//! A signature counts once: it carries the account's number, which then rises. Both kinds
//! share the numbers.

use alloy_primitives::{B256, b256};
use arbius_calldata::Args;
use arbius_host::{self as host, Refused, number, word};
use arbius_protocol::interfaces::token::{IPermit, IVotes};

use crate::{amount, erc20, layout, votes};

/// The token's name, also in the signing domain.
pub const NAME: &str = "Arbius";

/// The version of the signing domain.
pub const DOMAIN_VERSION: &str = "1";

/// `keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")`
const DOMAIN: B256 = b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");

/// `keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")`
const PERMIT: B256 = b256!("6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9");

/// `keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)")`
const DELEGATION: B256 = b256!("e48329057bfd03d55e49b547132e39cffd9c1820ad7b9d4c5307691425d15adf");

/// `keccak256` of [`NAME`].
const NAME_HASH: B256 = b256!("084a81d2bce7bea5c938823c937d54829a70e686dacc08ebefc1cd73e5debeaa");

/// `keccak256` of [`DOMAIN_VERSION`].
const VERSION_HASH: B256 =
    b256!("c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6");

/// `permit(owner, spender, value, deadline, v, r, s)`: approves as `owner` signed it.
///
/// # Errors
///
/// - `ERC2612ExpiredSignature` after the deadline.
/// - `ECDSAInvalidSignature` for what nobody signed.
/// - `ERC2612InvalidSigner` if somebody else signed, or `owner` something else: another
///   spender, value, deadline, number, token or chain.
/// - `ERC20InvalidSpender` for the zero address.
///
/// # Events
///
/// `Approval`.
pub fn permit(args: Args<'_>) -> Result<(), Refused> {
    let (owner, spender) = (args.account(0)?, args.account(1)?);
    let (value, deadline) = (args.word(2)?, args.word(3)?);
    if *deadline < number(host::timestamp().into()) {
        return Err(Refused::with::<IPermit::ERC2612ExpiredSignature>(&[
            deadline,
        ]));
    }
    let nonce = nonce(owner);
    let signed = [word!(PERMIT), *owner, *spender, *value, nonce, *deadline];
    let signer = signer(&signed, args, 4)?;
    if signer != *owner {
        return Err(Refused::with::<IPermit::ERC2612InvalidSigner>(&[
            &signer, owner,
        ]));
    }
    use_nonce(owner, &nonce);
    erc20::approve(owner, spender, value)
}

/// `delegateBySig(delegatee, nonce, expiry, v, r, s)`: delegates the votes of whoever signed.
///
/// # Errors
///
/// - `VotesExpiredSignature` after the expiry.
/// - `ECDSAInvalidSignature` for what nobody signed.
/// - `InvalidAccountNonce` unless it carries the next number of who signed; so also for
///   whom a signature of something else seems to be by.
///
/// # Events
///
/// As of [`votes::delegate`].
pub fn delegate(args: Args<'_>) -> Result<(), Refused> {
    let delegatee = args.account(0)?;
    let (carried, expiry) = (args.word(1)?, args.word(2)?);
    if *expiry < number(host::timestamp().into()) {
        return Err(Refused::with::<IVotes::VotesExpiredSignature>(&[expiry]));
    }
    let signed = [word!(DELEGATION), *delegatee, *carried, *expiry];
    let signer = signer(&signed, args, 3)?;
    let nonce = nonce(&signer);
    if nonce != *carried {
        return Err(Refused::with::<IVotes::InvalidAccountNonce>(&[
            &signer, &nonce,
        ]));
    }
    use_nonce(&signer, &nonce);
    votes::delegate(&signer, delegatee);
    Ok(())
}

/// The number that the next signature of `account` carries.
#[must_use]
pub fn nonce(account: &B256) -> B256 {
    host::load(&layout::nonce(account))
}

fn use_nonce(account: &B256, nonce: &B256) {
    host::cache(&layout::nonce(account), &amount::plus(nonce, &number(1)));
}

/// Who signed the struct of these words; arguments `v`, `r` and `s` begin at `index`.
#[inline(never)]
fn signer(signed: &[B256], args: Args<'_>, index: usize) -> Result<B256, Refused> {
    let v = args.narrow(index, 1)?;
    let (r, s) = (args.word(index + 1)?, args.word(index + 2)?);
    let hash = host::keccak_words(signed);
    let mut typed = [0; 66];
    typed[..2].copy_from_slice(&[0x19, 0x01]);
    typed[2..34].copy_from_slice(domain_separator().as_slice());
    typed[34..].copy_from_slice(hash.as_slice());
    host::recover(&host::keccak(&typed), v, r, s)
        .ok_or_else(|| Refused::with::<IPermit::ECDSAInvalidSignature>(&[]))
}

/// Hash of the signing domain, which is of this chain and this contract, whatever they were
/// when the token was made.
#[must_use]
pub fn domain_separator() -> B256 {
    let domain = [
        word!(DOMAIN),
        word!(NAME_HASH),
        word!(VERSION_HASH),
        number(host::chain_id().into()),
        host::contract_address(),
    ];
    host::keccak_words(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;
    use alloy_sol_types::{Eip712Domain, SolStruct, sol};

    sol! {
        struct Permit {
            address owner;
            address spender;
            uint256 value;
            uint256 nonce;
            uint256 deadline;
        }

        struct Delegation {
            address delegatee;
            uint256 nonce;
            uint256 expiry;
        }
    }

    #[test]
    fn types_are_hashed_as_the_standards_write_them() {
        let permit = Permit::eip712_encode_type();
        assert_eq!(PERMIT, keccak256(permit.as_bytes()));
        let delegation = Delegation::eip712_encode_type();
        assert_eq!(DELEGATION, keccak256(delegation.as_bytes()));
        let domain = Eip712Domain::new(
            Some(NAME.into()),
            Some(DOMAIN_VERSION.into()),
            Some(alloy_primitives::U256::ZERO),
            Some(alloy_primitives::Address::ZERO),
            None,
        );
        assert_eq!(DOMAIN, domain.type_hash());
        assert_eq!(NAME_HASH, keccak256(NAME));
        assert_eq!(VERSION_HASH, keccak256(DOMAIN_VERSION));
    }
}
