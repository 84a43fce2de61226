//! Deploying twice, on the wrong chain, and where nothing answers.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Call, Chain, ChainError},
    contracts::{IEngine, IToken},
    deploy::{DeployError, Deployment, DeploymentFileError, Progress},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_on_one_chain_do_not_share_anything_but_code() {
    let world = World::start().await;
    let settings = world.settings();
    let deploy = || world.run_with(&settings, Progress::default(), |_| Ok(()));
    let (first, second) = (deploy().await.unwrap(), deploy().await.unwrap());
    assert_ne!(second.engine().unwrap(), first.engine().unwrap());
    let token = second.token().unwrap();
    let other = world
        .chain
        .read(second.engine().unwrap(), &IEngine::baseTokenCall {})
        .await;
    assert_eq!(other.unwrap(), token);
    assert_ne!(token, first.token().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_for_another_chain_are_refused_by_both_ids() {
    let world = World::start().await;
    let mut settings = world.settings();
    settings.chain_id = Some(42_170);
    let error = world
        .run_with(&settings, Progress::default(), |_| Ok(()))
        .await
        .unwrap_err();
    assert!(matches!(error, DeployError::WrongChain { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("42170"), "{text}");
    assert!(text.contains(&world.chain.id().to_string()), "{text}");
    assert_eq!(world.sent().await, 0);
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
