//! What requesters and their programs are refused.

use alloy_primitives::{Address, B256, U256};
use arbius_sdk::{
    client::{ClientError, Network, TaskRequest},
    deploy::DeploymentFileError,
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, chain_with_model, request, requester};

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_before_anything_is_sent() {
    let (chain, model) = chain_with_model().await;
    let requester = requester(&chain);
    let account = chain.lane(Actor::Requester).unwrap().address();
    let nonce = chain.chain().nonce(account, true).await.unwrap();
    let unknown = requester
        .submit(&request(B256::repeat_byte(9), "one"))
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, ClientError::UnknownModel { .. }),
        "{unknown}"
    );
    let cheap = TaskRequest {
        fee: U256::from(1),
        ..request(model, "one")
    };
    let error = requester.submit(&cheap).await.unwrap_err();
    assert!(
        matches!(error, ClientError::FeeBelowModelFee { .. }),
        "{error}"
    );
    let dear = TaskRequest {
        fee: U256::from(900_000 * AIUS),
        ..request(model, "one")
    };
    let error = requester.submit(&dear).await.unwrap_err();
    assert!(
        matches!(error, ClientError::InsufficientTokens { .. }),
        "{error}"
    );
    let large = TaskRequest {
        input: vec![b' '; 65_537].into(),
        ..request(model, "one")
    };
    let error = requester.submit(&large).await.unwrap_err();
    assert!(
        matches!(error, ClientError::InputTooLarge { .. }),
        "{error}"
    );
    let error = requester
        .network()
        .task(B256::repeat_byte(3))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::UnknownTask { .. }), "{error}");
    assert_eq!(chain.chain().nonce(account, true).await.unwrap(), nonce);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_whose_engine_is_something_else_is_refused() {
    let chain = TestChain::start().await.unwrap();
    let (engine, token) = (chain.engine(), chain.token());
    let connect = async |name: &str, address: Address| {
        let mut deployment = chain.deployment().clone();
        deployment.contracts.insert(name.to_owned(), address);
        match Network::connect(&deployment).await.unwrap_err() {
            ClientError::Deployment(error) => error,
            other => panic!("{other}"),
        }
    };
    let error = connect("engine", token).await;
    assert!(
        matches!(error, DeploymentFileError::NoEngine { engine, .. } if engine == token),
        "{error}"
    );
    let error = connect("token", engine).await;
    let text = error.to_string();
    assert!(
        matches!(error, DeploymentFileError::OtherToken { found, .. } if found == token),
        "{text}"
    );
    for address in [engine, token] {
        assert!(text.contains(&address.to_string()), "{text}");
    }
}
