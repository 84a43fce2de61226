//! One Stylus program: its code, its fragments, activation and caching.

use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use arbius_artifacts::Artifact;
use arbius_protocol::interfaces::arbos::{
    ARB_OWNER_PUBLIC, ARB_WASM, ARB_WASM_CACHE, STYLUS_DEPLOYER,
};

use super::{DeployError, Done, Sender};
use crate::{
    chain::{Call, Receipt},
    contracts::{IArbOwnerPublic, IArbWasm, IArbWasmCache, ICacheManager, IStylusDeployer},
};

/// The prefix of a program that is cut into fragments; the raw length and the fragments'
/// addresses follow.
pub(super) const ROOT_PREFIX: [u8; 4] = [0xef, 0xf0, 0x02, 0x00];

/// Added to the data fee, percent: it moves with how much was activated lately. ArbWasm
/// keeps the fee and returns the rest.
const DATA_FEE_MARGIN_PERCENT: u64 = 20;

/// Init code that creates a contract with exactly this code.
///
/// Stylus code starts with `0xEF`, which a creating transaction may return only on
/// Arbitrum, so nothing but a copy happens here: `PUSH32 length, DUP1, PUSH1 43, PUSH1 0,
/// CODECOPY, PUSH1 0, RETURN`, and one byte that marks the version of this preamble.
#[must_use]
pub fn init_code(code: &[u8]) -> Bytes {
    const PREAMBLE: u8 = 43;
    let length = U256::from(code.len()).to_be_bytes::<32>();
    let mut init = Vec::with_capacity(code.len() + usize::from(PREAMBLE));
    init.push(0x7f);
    init.extend(length);
    init.extend([
        0x80, 0x60, PREAMBLE, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00,
    ]);
    init.extend(code);
    init.into()
}

/// The code of a root: what is called, and names the fragments that hold the program.
#[must_use]
pub fn root_code(raw_length: u32, fragments: &[Address]) -> Vec<u8> {
    let mut code = Vec::with_capacity(8 + 20 * fragments.len());
    code.extend(ROOT_PREFIX);
    code.extend(raw_length.to_be_bytes());
    for fragment in fragments {
        code.extend(fragment.as_slice());
    }
    code
}

/// Deploys a program and activates it: one transaction for its code, or one for each
/// fragment and one for the root, and one for the activation.
///
/// # Errors
///
/// [`DeployError`]; what was deployed before the error stays on the chain.
pub async fn deploy(sender: &impl Sender, artifact: &Artifact) -> Result<Address, DeployError> {
    let code = code(sender, artifact).await?;
    let address = create(sender, &format!("`{}`", artifact.name), &code).await?;
    activate(sender, artifact.name, address).await?;
    Ok(address)
}

/// The code that an account needs to be this program, after deploying its fragments if it
/// is cut into any.
///
/// # Errors
///
/// [`DeployError::TooManyFragments`], and whatever a transaction ends in.
pub async fn code(sender: &impl Sender, artifact: &Artifact) -> Result<Vec<u8>, DeployError> {
    if let [code] = artifact.code {
        return Ok(code.to_vec());
    }
    let call = IArbOwnerPublic::getMaxStylusContractFragmentsCall {};
    let chain = sender.lane().chain();
    let allowed = chain.read(ARB_OWNER_PUBLIC, &call).await?;
    let needed = artifact.code.len();
    if u64::try_from(needed).unwrap_or(u64::MAX) > u64::from(allowed) {
        return Err(DeployError::TooManyFragments {
            name: artifact.name.to_owned(),
            needed,
            allowed: allowed.into(),
            chain: chain.id(),
        });
    }
    let mut fragments = Vec::with_capacity(needed);
    for (index, fragment) in artifact.code.iter().enumerate() {
        let title = format!("fragment {} of {needed} of `{}`", index + 1, artifact.name);
        fragments.push(create(sender, &title, fragment).await?);
    }
    Ok(root_code(artifact.raw_len, &fragments))
}

async fn create(sender: &impl Sender, title: &str, code: &[u8]) -> Result<Address, DeployError> {
    let purpose = format!("creating {title} ({} bytes of code)", code.len());
    let call = Call::create(init_code(code)).for_purpose(purpose);
    let done = sender.perform(call).await?;
    done.created.ok_or_else(|| DeployError::NoAddress {
        name: title.to_owned(),
    })
}

/// Activates a program, unless a program of the same code is active already: then nothing is
/// sent.
///
/// # Errors
///
/// [`DeployError::NoStylus`] where ArbWasm does not answer; the chain's own error where it
/// refuses the program.
pub async fn activate(
    sender: &impl Sender,
    name: &str,
    program: Address,
) -> Result<Option<Done>, DeployError> {
    let chain = sender.lane().chain();
    let newest = chain
        .read(ARB_WASM, &IArbWasm::stylusVersionCall {})
        .await
        .map_err(|error| DeployError::NoStylus {
            chain: chain.id(),
            reason: error.to_string(),
        })?;
    let codehash = keccak256(chain.code(program).await?);
    // A code that was never activated has version 0 or answers with an error: then activate.
    let active = chain
        .read(ARB_WASM, &IArbWasm::codehashVersionCall { codehash })
        .await;
    if active.is_ok_and(|version| version == newest) {
        return Ok(None);
    }
    let call = IArbWasm::activateProgramCall { program };
    let fee = data_fee(sender, name, &call).await?;
    let purpose = format!("activating `{name}` at {program}");
    let call = Call::new(ARB_WASM, &call)
        .with_value(fee)
        .for_purpose(purpose);
    match sender.perform(call).await {
        // Somebody else has activated the same code meanwhile.
        Err(DeployError::Chain(error)) if error.is_revert("ProgramUpToDate") => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// What activation will take, with a margin: ArbWasm says so when the call is simulated
/// with more than enough value.
async fn data_fee(
    sender: &impl Sender,
    name: &str,
    call: &IArbWasm::activateProgramCall,
) -> Result<U256, DeployError> {
    let lane = sender.lane();
    let chain = lane.chain();
    let plenty = chain.balance(lane.address()).await? / U256::from(2);
    let request = TransactionRequest {
        from: Some(lane.address()),
        to: Some(ARB_WASM.into()),
        value: Some(plenty),
        input: Bytes::from(call.abi_encode()).into(),
        ..Default::default()
    };
    let purpose = format!("activating `{name}` at {}", call.program);
    let output = chain
        .simulate(request, &purpose, alloy::eips::BlockId::pending())
        .await?;
    let answer = IArbWasm::activateProgramCall::abi_decode_returns(&output).map_err(|error| {
        DeployError::NoStylus {
            chain: chain.id(),
            reason: error.to_string(),
        }
    })?;
    Ok(with_margin(answer.dataFee))
}

/// A data fee and what is added to it, because it moves; what is not needed comes back.
pub(super) fn with_margin(fee: U256) -> U256 {
    fee.saturating_add(fee.saturating_mul(U256::from(DATA_FEE_MARGIN_PERCENT)) / U256::from(100))
}

/// Creates a program through the StylusDeployer and calls its constructor in the same
/// transaction, so that nobody can initialise it first.
///
/// # Errors
///
/// [`DeployError::NoStylusDeployer`], the constructor's own error, or that of the chain.
pub async fn deploy_with_constructor(
    sender: &impl Sender,
    name: &str,
    code: &[u8],
    constructor: Vec<u8>,
    salt: B256,
) -> Result<Address, DeployError> {
    let lane = sender.lane();
    let chain = lane.chain();
    if chain.code(STYLUS_DEPLOYER).await?.is_empty() {
        return Err(DeployError::NoStylusDeployer {
            chain: chain.id(),
            address: STYLUS_DEPLOYER,
        });
    }
    let call = IStylusDeployer::deployCall {
        bytecode: init_code(code),
        initData: constructor.into(),
        initValue: U256::ZERO,
        salt,
    };
    let purpose = format!("creating and initialising `{name}`");
    // The deployer pays the data fee from the value and returns the rest; it needs none
    // where the same code is active already. Half the balance is more than any program's
    // fee, but it must be there: ask for a tenth of an ether, or half of what there is.
    let tenth = U256::from(100_000_000_000_000_000_u64);
    let value = tenth.min(chain.balance(lane.address()).await? / U256::from(2));
    let call = Call::new(STYLUS_DEPLOYER, &call)
        .with_value(value)
        .for_purpose(purpose);
    let done = sender.perform(call).await?;
    done.created.ok_or_else(|| DeployError::NoAddress {
        name: name.to_owned(),
    })
}

/// The contract that the StylusDeployer made in a transaction.
pub(super) fn created_by_deployer(receipt: &Receipt) -> Option<Address> {
    receipt
        .events::<IStylusDeployer::ContractDeployed>(STYLUS_DEPLOYER)
        .next()
        .map(|event| event.deployedContract)
}

/// What a transaction has paid for activating programs and keeping them alive, wei.
pub(super) fn data_fees(receipt: &Receipt) -> U256 {
    let activated = receipt
        .events::<IArbWasm::ProgramActivated>(ARB_WASM)
        .map(|event| event.dataFee);
    let renewed = receipt
        .events::<IArbWasm::ProgramLifetimeExtended>(ARB_WASM)
        .map(|event| event.dataFee);
    activated
        .chain(renewed)
        .fold(U256::ZERO, |sum, fee| sum.saturating_add(fee))
}

/// Puts a program into the cache, where calls start for a few hundred gas instead of
/// thousands, if a place costs no more than `most` wei. Returns whether it is cached now; a
/// chain without a cache manager, or with a full cache, leaves it uncached.
///
/// # Errors
///
/// What the endpoint answers.
pub async fn cache(
    sender: &impl Sender,
    program: Address,
    most: U256,
) -> Result<bool, DeployError> {
    let chain = sender.lane().chain();
    let codehash = keccak256(chain.code(program).await?);
    let cached = IArbWasmCache::codehashIsCachedCall { codehash };
    if chain.read(ARB_WASM_CACHE, &cached).await? {
        return Ok(true);
    }
    let managers = chain
        .read(ARB_WASM_CACHE, &IArbWasmCache::allCacheManagersCall {})
        .await?;
    let Some(manager) = managers.last().copied() else {
        return Ok(false);
    };
    let least = chain
        .read(manager, &ICacheManager::getMinBidCall { program })
        .await;
    let bid = match least {
        Ok(least) if U256::from(least) <= most => U256::from(least),
        Ok(least) => {
            tracing::info!(%program, %least, %most, "a place in the cache costs too much");
            return Ok(false);
        }
        Err(error) if error.revert().is_some() => {
            tracing::info!(%program, %error, "the program stays uncached");
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let purpose = format!("caching the program at {program}");
    let call = Call::new(manager, &ICacheManager::placeBidCall { program })
        .with_value(bid)
        .for_purpose(purpose);
    match sender.perform(call).await {
        Ok(_) => Ok(true),
        Err(DeployError::Chain(error)) if error.revert().is_some() => {
            tracing::info!(%program, %error, "the program stays uncached");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_code_is_the_preamble_that_arbitrum_tools_use() {
        let code = [0xef, 0xf0, 0x00, 0x00, 1, 2, 3];
        let init = init_code(&code);
        assert_eq!(init.len(), 43 + code.len());
        assert_eq!(init[0], 0x7f);
        assert_eq!(U256::from_be_slice(&init[1..33]), U256::from(code.len()));
        assert_eq!(
            init[33..43],
            [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0]
        );
        assert_eq!(init[43..], code);
    }

    #[test]
    fn a_root_names_length_and_fragments_in_order() {
        let fragments = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let code = root_code(0x0001_0203, &fragments);
        assert_eq!(code[..8], [0xef, 0xf0, 0x02, 0x00, 0x00, 0x01, 0x02, 0x03]);
        assert_eq!(code[8..28], [1; 20]);
        assert_eq!(code[28..], [2; 20]);
    }
}
