//! What voters sign so that somebody else can cast their votes (EIP-712).

use alloy_primitives::{Address, B256, U256, b256, keccak256};

/// The governor's name, also in its signing domain.
pub const NAME: &str = "Arbius Governor";

/// The version of its signing domain.
pub const VERSION: &str = "1";

/// Hash of [`NAME`].
const NAME_HASH: B256 = b256!("ca5a28f634801695c144714b440a1ecf7fa646e23982d92468315aa6a9ae1d24");

/// Hash of [`VERSION`].
const VERSION_HASH: B256 =
    b256!("c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6");

/// Hash of the domain's type.
pub const DOMAIN_TYPEHASH: B256 =
    b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");

/// Hash of a ballot's type.
pub const BALLOT_TYPEHASH: B256 =
    b256!("f2aad550cf55f045cb27e9c559f9889fdfb6e6cdaa032301d6ea397784ae51d7");

/// Hash of the type of a ballot with a reason and parameters.
pub const EXTENDED_BALLOT_TYPEHASH: B256 =
    b256!("3e83946653575f9a39005e1545185629e92736b7528ab20ca3816f315424a811");

/// Hash of the type of a ballot as Governor Bravo has it.
pub const BRAVO_BALLOT_TYPEHASH: B256 =
    b256!("150214d74d59b7d1e90c73fc22ef3d991dd0a76b046543d4d80ab92d2a50328f");

/// The signing domain of the governor `contract`.
pub fn domain_separator(chain_id: u64, contract: Address) -> B256 {
    hash([
        DOMAIN_TYPEHASH,
        NAME_HASH,
        VERSION_HASH,
        number(chain_id),
        contract.into_word(),
    ])
}

/// `Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)`.
pub fn ballot(proposal: B256, support: u8, voter: Address, nonce: u64) -> B256 {
    hash([
        BALLOT_TYPEHASH,
        proposal,
        number(support.into()),
        voter.into_word(),
        number(nonce),
    ])
}

/// `ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string
/// reason,bytes params)`.
pub fn extended_ballot(
    proposal: B256,
    support: u8,
    voter: Address,
    nonce: u64,
    reason: &[u8],
    params: &[u8],
) -> B256 {
    hash([
        EXTENDED_BALLOT_TYPEHASH,
        proposal,
        number(support.into()),
        voter.into_word(),
        number(nonce),
        keccak256(reason),
        keccak256(params),
    ])
}

/// `Ballot(uint256 proposalId,uint8 support)`. It needs no number: nobody votes on a
/// proposal twice.
pub fn bravo_ballot(proposal: B256, support: u8) -> B256 {
    hash([BRAVO_BALLOT_TYPEHASH, proposal, number(support.into())])
}

/// What is signed of a ballot: the domain is in it, so that it is good for one governor on
/// one chain.
pub fn digest(domain: B256, ballot: B256) -> B256 {
    let mut data = [0; 66];
    data[0] = 0x19;
    data[1] = 0x01;
    data[2..34].copy_from_slice(domain.as_slice());
    data[34..].copy_from_slice(ballot.as_slice());
    keccak256(data)
}

fn number(value: u64) -> B256 {
    U256::from(value).into()
}

fn hash<const N: usize>(words: [B256; N]) -> B256 {
    keccak256(words.map(|word| word.0).as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::{SolStruct, eip712_domain};

    mod bravo {
        alloy_sol_types::sol! {
            struct Ballot {
                uint256 proposalId;
                uint8 support;
            }
        }
    }

    alloy_sol_types::sol! {
        struct Ballot {
            uint256 proposalId;
            uint8 support;
            address voter;
            uint256 nonce;
        }

        struct ExtendedBallot {
            uint256 proposalId;
            uint8 support;
            address voter;
            uint256 nonce;
            string reason;
            bytes params;
        }
    }

    #[test]
    fn constants_are_the_hashes_that_they_stand_for() {
        assert_eq!(NAME_HASH, keccak256(NAME));
        assert_eq!(VERSION_HASH, keccak256(VERSION));
        let domain =
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        assert_eq!(DOMAIN_TYPEHASH, keccak256(domain));
        assert_eq!(BALLOT_TYPEHASH, keccak256(&*Ballot::eip712_encode_type()));
        assert_eq!(
            EXTENDED_BALLOT_TYPEHASH,
            keccak256(&*ExtendedBallot::eip712_encode_type())
        );
        assert_eq!(
            BRAVO_BALLOT_TYPEHASH,
            keccak256(&*bravo::Ballot::eip712_encode_type())
        );
    }

    #[test]
    fn digests_are_those_of_eip_712() {
        let contract = Address::repeat_byte(0xC0);
        let domain = eip712_domain! {
            name: NAME,
            version: VERSION,
            chain_id: 42_170,
            verifying_contract: contract,
        };
        let separator = domain_separator(42_170, contract);
        assert_eq!(separator, domain.separator());
        let (id, voter) = (B256::repeat_byte(0x1D), Address::repeat_byte(0xB0));
        let plain = Ballot {
            proposalId: id.into(),
            support: 1,
            voter,
            nonce: U256::from(3),
        };
        assert_eq!(
            digest(separator, ballot(id, 1, voter, 3)),
            plain.eip712_signing_hash(&domain)
        );
        let extended = ExtendedBallot {
            proposalId: id.into(),
            support: 2,
            voter,
            nonce: U256::from(4),
            reason: "because".into(),
            params: vec![1, 2, 3].into(),
        };
        assert_eq!(
            digest(
                separator,
                extended_ballot(id, 2, voter, 4, b"because", &[1, 2, 3])
            ),
            extended.eip712_signing_hash(&domain)
        );
        let bravo = bravo::Ballot {
            proposalId: id.into(),
            support: 0,
        };
        assert_eq!(
            digest(separator, bravo_ballot(id, 0)),
            bravo.eip712_signing_hash(&domain)
        );
    }
}
