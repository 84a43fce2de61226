//! What holders of AIUS sign instead of sending: approvals (EIP-2612) and delegations
//! (EIP-5805), as typed data (EIP-712) that wallets show.
//!
//! Whoever hands the signature in pays the gas, so an account without ether can ask for
//! tasks (the engine's `submitTaskWithPermit` takes a permit along) and vote.

use alloy_primitives::{Address, B256, Signature};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use arbius_protocol::interfaces::token::{IPermit, IVotes};

sol! {
    /// `owner` lets `spender` take `value` wei of AIUS.
    #[derive(Debug, PartialEq, Eq)]
    struct Permit {
        /// Who signs.
        address owner;
        /// Who may take it: the engine, for a task's fee.
        address spender;
        /// Wei of AIUS.
        uint256 value;
        /// `IPermit.nonces` of the owner: each signature counts once.
        uint256 nonce;
        /// The last second, Unix time, in which it counts.
        uint256 deadline;
    }

    /// Whoever signs it lets `delegatee` vote with all that the signer holds.
    #[derive(Debug, PartialEq, Eq)]
    struct Delegation {
        /// Who votes from now on.
        address delegatee;
        /// `IPermit.nonces` of the signer: permits and delegations count together.
        uint256 nonce;
        /// The last second, Unix time, in which it counts.
        uint256 expiry;
    }
}

/// The domain of the token's typed data, as its `eip712Domain` (EIP-5267) says.
#[must_use]
pub fn domain(chain_id: u64, token: Address) -> Eip712Domain {
    eip712_domain! {
        name: "Arbius",
        version: "1",
        chain_id: chain_id,
        verifying_contract: token,
    }
}

impl Permit {
    /// The hash that its owner signs.
    #[must_use]
    pub fn signing_hash(&self, chain_id: u64, token: Address) -> B256 {
        self.eip712_signing_hash(&domain(chain_id, token))
    }

    /// The call of the token that hands it in; anyone may send it.
    #[must_use]
    pub fn call(&self, signature: &Signature) -> IPermit::permitCall {
        let (v, r, s) = parts(signature);
        IPermit::permitCall {
            owner: self.owner,
            spender: self.spender,
            value: self.value,
            deadline: self.deadline,
            v,
            r,
            s,
        }
    }
}

impl Delegation {
    /// The hash that is signed.
    #[must_use]
    pub fn signing_hash(&self, chain_id: u64, token: Address) -> B256 {
        self.eip712_signing_hash(&domain(chain_id, token))
    }

    /// The call of the token that hands it in; anyone may send it.
    #[must_use]
    pub fn call(&self, signature: &Signature) -> IVotes::delegateBySigCall {
        let (v, r, s) = parts(signature);
        IVotes::delegateBySigCall {
            delegatee: self.delegatee,
            nonce: self.nonce,
            expiry: self.expiry,
            v,
            r,
            s,
        }
    }
}

/// A signature as contracts take it: `v` is 27 or 28.
fn parts(signature: &Signature) -> (u8, B256, B256) {
    (
        27 + u8::from(signature.v()),
        signature.r().into(),
        signature.s().into(),
    )
}
