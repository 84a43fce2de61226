//! Approvals by signature (EIP-2612), and the signing domain (EIP-712, EIP-5267).

use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy_primitives::{Address, B256, FixedBytes, Signature, U256, uint};
use alloy_sol_types::{Eip712Domain, SolError as _, SolStruct};
use arbius_sdk::contracts::{
    IEngine, IPermit, IToken,
    signed::{self, Permit},
};
use arbius_testkit::{Actor, TestChain};

use super::{SUPPLY, balance};
use crate::local::{AIUS, Local};

/// The order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// The domain that wallets are told.
pub(super) fn domain(local: &Local, token: Address) -> Eip712Domain {
    signed::domain(local.devnet.chain_id(), token)
}

/// Signs typed data as wallets do.
pub(super) fn sign<T: SolStruct>(
    signer: &PrivateKeySigner,
    data: &T,
    domain: &Eip712Domain,
) -> Signature {
    signer
        .sign_hash_sync(&data.eip712_signing_hash(domain))
        .expect("a key signs")
}

/// `v` as contracts take it.
pub(super) fn v(signature: &Signature) -> u8 {
    27 + u8::from(signature.v())
}

/// What the first account permits the second.
fn permit(local: &Local) -> Permit {
    Permit {
        owner: local.admin().address(),
        spender: local.stranger().address(),
        value: U256::from(AIUS),
        nonce: U256::ZERO,
        deadline: U256::from(local.now() + 3_600),
    }
}

async fn allowance(local: &Local, token: Address, permit: &Permit) -> U256 {
    let (owner, spender) = (permit.owner, permit.spender);
    local
        .view(token, &IToken::allowanceCall { owner, spender })
        .await
}

#[tokio::test]
async fn approves_what_the_owner_signed_whoever_hands_it_in() {
    let local = Local::start().await;
    let token = local.token().await;
    let permit = permit(&local);
    let signature = sign(&local.signers[0], &permit, &domain(&local, token));
    let receipt = local
        .send(&local.lanes[2], token, &permit.call(&signature))
        .await
        .unwrap();
    let events: Vec<_> = receipt.events::<IToken::Approval>(token).collect();
    assert_eq!(
        events,
        [IToken::Approval {
            owner: permit.owner,
            spender: permit.spender,
            value: permit.value
        }]
    );
    assert_eq!(allowance(&local, token, &permit).await, permit.value);
    let owner = permit.owner;
    assert_eq!(
        local.view(token, &IPermit::noncesCall { owner }).await,
        U256::from(1)
    );
    let spend = IToken::transferFromCall {
        from: owner,
        to: permit.spender,
        value: permit.value,
    };
    local.send(local.stranger(), token, &spend).await.unwrap();
    assert_eq!(
        balance(&local, token, owner).await,
        U256::from(SUPPLY - AIUS)
    );
}

#[tokio::test]
async fn a_permit_counts_once() {
    let local = Local::start().await;
    let token = local.token().await;
    let permit = permit(&local);
    let signature = sign(&local.signers[0], &permit, &domain(&local, token));
    let call = permit.call(&signature);
    local.send(local.stranger(), token, &call).await.unwrap();
    // The number has risen, so the signature is of another struct now, and so by nobody.
    let again = local.refusal(local.stranger(), token, &call).await;
    assert_eq!(again[..4], IPermit::ERC2612InvalidSigner::SELECTOR);
    // The next number, and only that, is good.
    for (nonce, good) in [(0, false), (2, false), (1, true)] {
        let permit = Permit {
            nonce: U256::from(nonce),
            ..permit.clone()
        };
        let signature = sign(&local.signers[0], &permit, &domain(&local, token));
        let call = permit.call(&signature);
        let sent = local.send(local.stranger(), token, &call).await;
        assert_eq!(sent.is_ok(), good, "{nonce}");
    }
}

#[tokio::test]
async fn a_permit_ends_with_its_deadline() {
    let local = Local::start().await;
    let token = local.token().await;
    let mut permit = permit(&local);
    let domain = domain(&local, token);
    // In its last second it is good, a second later it is not.
    let last = local.now() + 100;
    permit.deadline = U256::from(last);
    let signature = sign(&local.signers[0], &permit, &domain);
    let handed_in = permit.call(&signature);
    local.pass_until(last);
    local.devnet.chain().set_block_timestamp_interval(Some(0));
    local
        .send(local.stranger(), token, &handed_in)
        .await
        .unwrap();
    permit.nonce = U256::from(1);
    let signature = sign(&local.signers[0], &permit, &domain);
    local.pass_until(last + 1);
    let error = IPermit::ERC2612ExpiredSignature {
        deadline: permit.deadline,
    };
    let refused = local
        .refusal(local.stranger(), token, &permit.call(&signature))
        .await;
    assert_eq!(refused, error.abi_encode());

    // One without an end is good for ever.
    permit.deadline = U256::MAX;
    let signature = sign(&local.signers[0], &permit, &domain);
    let call = permit.call(&signature);
    local.send(local.stranger(), token, &call).await.unwrap();
}

#[tokio::test]
async fn refuses_permits_that_the_owner_did_not_sign() {
    let local = Local::start().await;
    let token = local.token().await;
    let ours = domain(&local, token);
    let permit = permit(&local);
    let owner = permit.owner;

    let signature = sign(&local.signers[1], &permit, &ours);
    let error = IPermit::ERC2612InvalidSigner {
        signer: local.stranger().address(),
        owner,
    };
    let lane = &local.lanes[2];
    assert_eq!(
        local.refusal(lane, token, &permit.call(&signature)).await,
        error.abi_encode()
    );

    // Of each part that is signed, another value.
    let signature = sign(&local.signers[0], &permit, &ours);
    let sound = permit.call(&signature);
    let other = local.lanes[3].address();
    for forged in [
        IPermit::permitCall {
            spender: other,
            ..sound.clone()
        },
        IPermit::permitCall {
            value: permit.value + U256::from(1),
            ..sound.clone()
        },
        IPermit::permitCall {
            deadline: permit.deadline + U256::from(1),
            ..sound.clone()
        },
        IPermit::permitCall {
            owner: other,
            ..sound.clone()
        },
    ] {
        let refused = local.refusal(lane, token, &forged).await;
        assert_eq!(refused[..4], IPermit::ERC2612InvalidSigner::SELECTOR);
    }

    // Another domain: chain, contract, name, version.
    let chain_id = Some(U256::from(1));
    let contract = Some(other);
    let (name, version) = (Some("Arbios".into()), Some("2".into()));
    for theirs in [
        Eip712Domain {
            chain_id,
            ..ours.clone()
        },
        Eip712Domain {
            verifying_contract: contract,
            ..ours.clone()
        },
        Eip712Domain {
            name,
            ..ours.clone()
        },
        Eip712Domain {
            version,
            ..ours.clone()
        },
    ] {
        let signature = sign(&local.signers[0], &permit, &theirs);
        let refused = local.refusal(lane, token, &permit.call(&signature)).await;
        assert_eq!(refused[..4], IPermit::ERC2612InvalidSigner::SELECTOR);
    }
    assert_eq!(allowance(&local, token, &permit).await, U256::ZERO);
}

#[tokio::test]
async fn refuses_what_is_no_signature() {
    let local = Local::start().await;
    let token = local.token().await;
    let permit = permit(&local);
    let signature = sign(&local.signers[0], &permit, &domain(&local, token));
    let sound = permit.call(&signature);
    let none = B256::ZERO;
    // The twin of a signature recovers to the same account, and is refused.
    let twin = B256::from(ORDER - signature.s());
    for (v, r, s) in [
        (0, sound.r, sound.s),
        (29, sound.r, sound.s),
        (v(&signature) - 27, sound.r, sound.s),
        (sound.v, none, sound.s),
        (sound.v, sound.r, none),
        (27 + 28 - sound.v, sound.r, twin),
        (sound.v, B256::repeat_byte(0xff), sound.s),
    ] {
        let call = IPermit::permitCall {
            v,
            r,
            s,
            ..sound.clone()
        };
        let refused = local.refusal(local.stranger(), token, &call).await;
        assert_eq!(
            refused,
            IPermit::ECDSAInvalidSignature {}.abi_encode(),
            "{v} {r} {s}"
        );
        // A failed recovery is never taken for the zero address.
        let call = IPermit::permitCall {
            owner: Address::ZERO,
            ..call
        };
        let refused = local.refusal(local.stranger(), token, &call).await;
        assert_eq!(refused, IPermit::ECDSAInvalidSignature {}.abi_encode());
    }
}

#[tokio::test]
async fn says_what_is_signed() {
    let local = Local::start().await;
    let token = local.token().await;
    let separator = local.view(token, &IPermit::DOMAIN_SEPARATORCall {}).await;
    assert_eq!(separator, domain(&local, token).separator());
    let said = local.view(token, &IPermit::eip712DomainCall {}).await;
    assert_eq!(said.fields, FixedBytes([0x0f]));
    assert_eq!((said.name.as_str(), said.version.as_str()), ("Arbius", "1"));
    assert_eq!(said.chainId, U256::from(local.devnet.chain_id()));
    assert_eq!(said.verifyingContract, token);
    assert_eq!(said.salt, B256::ZERO);
    assert_eq!(said.extensions, Vec::<U256>::new());
}

#[tokio::test]
async fn pays_for_a_task_in_the_same_transaction() {
    let chain = TestChain::start().await.unwrap();
    let (requester, engine) = (chain.lane(Actor::Requester).unwrap(), chain.engine());
    let register = IEngine::registerModelCall {
        addr: chain.lane(Actor::ModelOwner).unwrap().address(),
        fee: U256::ZERO,
        template: b"template".into(),
    };
    let register = arbius_sdk::chain::Call::new(engine, &register);
    let registered = requester.execute(register).await.unwrap();
    let model = registered
        .events::<IEngine::ModelRegistered>(engine)
        .next()
        .expect("a model")
        .id;
    let fee = U256::from(AIUS);
    let permit = Permit {
        owner: requester.address(),
        spender: engine,
        value: fee,
        nonce: U256::ZERO,
        deadline: U256::MAX,
    };
    let domain = signed::domain(chain.devnet().chain_id(), chain.token());
    let key = chain.deployment().accounts[Actor::Requester.index()].key;
    let signer = PrivateKeySigner::from_bytes(&key).unwrap();
    let signature = sign(&signer, &permit, &domain);
    let submit = |fee| IEngine::submitTaskWithPermitCall {
        version: 0,
        owner: permit.owner,
        model,
        fee,
        input: b"input".into(),
        deadline: permit.deadline,
        v: v(&signature),
        r: signature.r().into(),
        s: signature.s().into(),
    };
    let call = arbius_sdk::chain::Call::new(engine, &submit(fee));
    let receipt = requester.execute(call).await.unwrap();
    assert_eq!(receipt.events::<IEngine::TaskSubmitted>(engine).count(), 1);
    let held = IToken::balanceOfCall { account: engine };
    let held = chain.chain().read(chain.token(), &held).await.unwrap();
    assert_eq!(held, U256::from(600_001 * AIUS));

    // The permit is spent, and its allowance with it.
    let call = arbius_sdk::chain::Call::new(engine, &submit(fee));
    let error = requester.execute(call).await.unwrap_err();
    assert!(error.is_revert("PermitFailed"), "{error}");
}
