//! The token as it runs: WASM behind a proxy on a local chain, through JSON-RPC.

mod bridge;
mod erc20;
mod model;
mod openzeppelin;
mod permit;
mod votes;

use alloy_primitives::{Address, U256};
use arbius_sdk::contracts::IToken;

use crate::local::{AIUS, Local};

/// All that exists.
const SUPPLY: u128 = 1_000_000 * AIUS;

async fn balance(local: &Local, token: Address, account: Address) -> U256 {
    local.view(token, &IToken::balanceOfCall { account }).await
}

fn transfer(to: Address, value: u128) -> IToken::transferCall {
    IToken::transferCall {
        to,
        value: U256::from(value),
    }
}
