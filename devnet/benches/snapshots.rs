//! How long a hundred snapshots of a large chain take, and going back to each of them:
//! `cargo bench -p arbius-devnet --bench snapshots`.

#[path = "goals/mod.rs"]
mod goals;
#[path = "token/mod.rs"]
mod token;

use std::{error::Error, process::ExitCode, time::Instant};

use alloy_eips::BlockId;
use alloy_primitives::{Address, U256};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::{Devnet, chain::Chain};
use goals::Goals;
use token::account;

const ACCOUNTS: u64 = 10_000;
const SNAPSHOTS: u64 = 100;
const ROUNDS: usize = 5;
/// Seconds.
const MOST: f64 = 1.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let chain = Devnet::builder().build_chain();
    let owner = chain.accounts()[0].address;
    let creation = TransactionRequest::default()
        .from(owner)
        .input(token::creation(owner).into());
    let hash = chain.send(creation)?;
    let address = chain
        .mined(hash)
        .and_then(|mined| mined.receipt().contract_address)
        .ok_or("the token was not made")?;
    for number in 0..ACCOUNTS {
        chain.set_balance(account(number), U256::from(number + 1));
        // A slot for each account too, as tokens have them.
        chain.set_storage(address, U256::from(1_000 + number), U256::from(number + 1));
    }
    chain.mine();

    let mut alone = Vec::new();
    let mut between = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..SNAPSHOTS {
            let snapshot = chain.snapshot();
            assert!(chain.revert(snapshot), "the snapshot is there");
        }
        alone.push(start.elapsed().as_secs_f64());
        between.push(around_blocks(&chain, owner, address)?);
    }
    let mut goals = Goals::of("snapshots");
    goals.report("snapshots and reverts", alone, "s", ..=MOST);
    let measure = "the same around a block with a transfer each";
    goals.report(measure, between, "s", ..=MOST);
    Ok(goals.conclude())
}

/// Goes a hundred blocks forward with a snapshot before each, and back one by one.
fn around_blocks(chain: &Chain, owner: Address, token: Address) -> Result<f64, Box<dyn Error>> {
    let height = chain.block_number();
    let start = Instant::now();
    let mut snapshots = Vec::new();
    for number in 0..SNAPSHOTS {
        snapshots.push((number, chain.snapshot()));
        let transfer = TransactionRequest::default()
            .from(owner)
            .to(token)
            .gas_limit(token::GAS)
            .input(token::transfer(account(number), U256::ONE).into());
        chain.send(transfer)?;
        chain.set_balance(account(number), U256::ZERO);
    }
    assert_eq!(chain.block_number(), height + SNAPSHOTS);
    for (number, snapshot) in snapshots.into_iter().rev() {
        assert!(chain.revert(snapshot), "the snapshot is there");
        assert_eq!(chain.block_number(), height + number);
        assert_eq!(chain.balance(account(number)), U256::from(number + 1));
        let received = chain.call(
            BlockId::latest(),
            &TransactionRequest::default()
                .to(token)
                .input(token::balance_of(account(number)).into()),
            None,
        )?;
        assert_eq!(received, U256::ZERO.to_be_bytes_vec());
    }
    Ok(start.elapsed().as_secs_f64())
}
