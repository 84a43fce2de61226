//! Deploying: twice, resumed, on the wrong chain, and where nothing answers.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Call, Chain, ChainError, Lane, Signer},
    contracts::{IEngine, IToken},
    deploy::{DeployError, Deployer, Deployment, DeploymentFileError, Genesis, Progress, Step},
};
use arbius_testkit::{Actor, TestChain};

async fn lane_of(devnet: &Devnet) -> Lane {
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    Lane::new(chain, Signer::from_key(&devnet.accounts()[0].key).unwrap())
}

fn genesis(lane: &Lane) -> Genesis {
    Genesis::local(lane.address(), Address::repeat_byte(0x7e))
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_an_interruption_at_every_step() {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let lane = lane_of(&devnet).await;
    let deployer = Deployer::new(&lane, genesis(&lane)).unwrap();
    let mut progress = Progress::default();
    let mut runs = 0;
    // The observer fails after each step that is new, as if the power went off there.
    let deployment = loop {
        runs += 1;
        let known = progress.contracts.len();
        let mut saved = progress.clone();
        let outcome = deployer
            .run(progress, |_, now| {
                saved = now.clone();
                if now.contracts.len() > known {
                    Err("power cut".into())
                } else {
                    Ok(())
                }
            })
            .await;
        progress = saved;
        match outcome {
            Ok(deployment) => break deployment,
            Err(DeployError::Save(reason)) => assert_eq!(reason.to_string(), "power cut"),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(
        runs,
        1 + Step::ALL
            .iter()
            .filter(|step| step.contract().is_some())
            .count()
    );
    let (engine, token) = (deployment.engine().unwrap(), deployment.token().unwrap());
    let chain = lane.chain();
    assert_eq!(
        chain
            .read(engine, &IEngine::baseTokenCall {})
            .await
            .unwrap(),
        token
    );
    assert_eq!(
        chain.read(engine, &IEngine::ownerCall {}).await.unwrap(),
        lane.address()
    );
    let call = IToken::balanceOfCall { account: engine };
    let reserve = chain.read(token, &call).await.unwrap();
    assert_eq!(reserve, arbius_sdk::deploy::genesis::MINING);

    // Finished: running it once more changes nothing.
    let nonce = chain.nonce(lane.address(), true).await.unwrap();
    let done = Progress {
        block: Some(0),
        contracts: deployment.contracts.clone(),
    };
    let again = deployer.run(done, |_, _| Ok(())).await.unwrap();
    assert_eq!(again.contracts, deployment.contracts);
    assert_eq!(chain.nonce(lane.address(), true).await.unwrap(), nonce);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_on_one_chain_do_not_share_anything_but_code() {
    let first = TestChain::start().await.unwrap();
    let lane = first.lane(Actor::Owner).unwrap();
    let deployer = Deployer::new(lane, genesis(lane)).unwrap();
    let second = deployer
        .run(Progress::default(), |_, _| Ok(()))
        .await
        .unwrap();
    assert_ne!(second.engine().unwrap(), first.engine());
    let token = second.token().unwrap();
    let other = first
        .chain()
        .read(second.engine().unwrap(), &IEngine::baseTokenCall {})
        .await;
    assert_eq!(other.unwrap(), token);
    assert_ne!(token, first.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_progress_of_another_chain() {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let lane = lane_of(&devnet).await;
    let deployer = Deployer::new(&lane, genesis(&lane)).unwrap();
    let nowhere = Address::repeat_byte(0x55);
    let contracts = BTreeMap::from([("token-implementation".to_owned(), nowhere)]);
    let progress = Progress {
        block: Some(0),
        contracts,
    };
    let error = deployer.run(progress, |_, _| Ok(())).await.unwrap_err();
    assert!(
        matches!(error, DeployError::StaleProgress { .. }),
        "{error}"
    );
    assert!(error.to_string().contains(&nowhere.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_initialises_a_deployment_again() {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::Requester).unwrap();
    let me = lane.address();
    let call = IEngine::initializeCall {
        token: me,
        treasury: me,
        owner: me,
        rest: me,
    };
    let error = lane
        .execute(Call::new(chain.engine(), &call))
        .await
        .unwrap_err();
    assert!(error.is_revert("AlreadyInitialized"), "{error}");
    let call = IToken::initializeCall {
        allocations: vec![IToken::Allocation {
            account: me,
            amount: U256::from(1),
        }],
    };
    let error = lane
        .execute(Call::new(chain.token(), &call))
        .await
        .unwrap_err();
    assert!(error.is_revert("InvalidInitialization"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_another_chain_is_refused_by_both_ids() {
    let devnet = Devnet::builder().chain_id(999_001).spawn().await.unwrap();
    let deployment = Deployment {
        chain_id: 42_170,
        rpc: devnet.url(),
        fallbacks: Vec::new(),
        block: 0,
        contracts: BTreeMap::from([
            ("engine".to_owned(), Address::repeat_byte(1)),
            ("token".to_owned(), Address::repeat_byte(2)),
        ]),
        accounts: Vec::new(),
    };
    let error = deployment.connect().await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(
            error,
            DeploymentFileError::Chain(ChainError::WrongChain { .. })
        ),
        "{text}"
    );
    assert!(text.contains("999001") && text.contains("42170"), "{text}");
    // The right chain, but nothing there.
    let error = Deployment {
        chain_id: 999_001,
        ..deployment
    }
    .connect()
    .await
    .unwrap_err();
    assert!(
        matches!(error, DeploymentFileError::Chain(ChainError::NoCode { .. })),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_answer_is_named() {
    // A port that was free a moment ago and is closed again.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let error = Chain::connect(&url).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&url), "{error}");
    for bad in ["", "127.0.0.1", "ftp://127.0.0.1", "http://"] {
        let error = Chain::connect(bad).await.unwrap_err();
        assert!(
            matches!(error, ChainError::MalformedUrl { .. }),
            "{bad}: {error}"
        );
    }
}
