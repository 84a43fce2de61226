//! The server itself: its port, its clock, its connections.

use alloy_primitives::Address;
use arbius_devnet::{Devnet, DevnetError};

use crate::{client::*, common::request};

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (devnet, _client) = start().await;
    let port = devnet.address().port();
    let error = Devnet::builder().port(port).spawn().await.unwrap_err();
    assert!(matches!(error, DevnetError::PortInUse(named) if named == port));
    assert!(error.to_string().contains(&port.to_string()));
    // Dropping the first frees it.
    drop(devnet);
    let again = Devnet::builder().port(port).spawn().await.unwrap();
    assert_eq!(again.address().port(), port);
}

#[tokio::test]
async fn a_block_time_makes_blocks_by_itself() {
    let devnet = Devnet::builder()
        .block_time(std::time::Duration::from_millis(50))
        .spawn()
        .await
        .unwrap();
    let chain = devnet.chain();
    let hash = chain
        .send(request(funded(&devnet), Address::ZERO, Vec::new()))
        .unwrap();
    for _ in 0..1_200 {
        if chain.mined(hash).is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no block took the transaction in a minute");
}
