//! How much memory 100,000 blocks take: `cargo bench -p arbius-devnet --bench memory`.
//!
//! A chain keeps the states of its newest blocks only, and of the others the headers,
//! transactions, receipts and logs: so the figures per block are what a chain grows by.

#[path = "goals/mod.rs"]
mod goals;
#[path = "token/mod.rs"]
mod token;

use std::{
    error::Error,
    process::{Command, ExitCode},
};

use alloy_eips::BlockId;
use alloy_primitives::U256;
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::{Devnet, chain::Chain};
use goals::Goals;

const BLOCKS: u64 = 100_000;
/// Accounts that receive tokens in turn.
const RECIPIENTS: u64 = 1_000;
type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Blocks of one kind.
struct Kind {
    name: &'static str,
    /// MiB that a chain of them may take.
    largest: f64,
    add: fn(&Chain, u64) -> Done,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "empty",
        largest: 256.0,
        add: empty,
    },
    Kind {
        name: "transfer",
        largest: 512.0,
        add: transfers,
    },
];

fn main() -> Done<ExitCode> {
    // Each in a process of its own, as memory that was given back is not always the system's
    // again.
    let named = std::env::args().nth(1);
    if let Some(kind) = KINDS
        .iter()
        .find(|kind| Some(kind.name) == named.as_deref())
    {
        return grow(kind);
    }
    let mut goals = Goals::of("memory");
    for Kind { name, largest, .. } in KINDS {
        let output = Command::new(std::env::current_exe()?).arg(name).output()?;
        if !output.status.success() {
            return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let figures = String::from_utf8(output.stdout)?;
        let [before, half, whole] = figures
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<Vec<f64>, _>>()?[..]
        else {
            return Err(format!("not three figures: {figures}").into());
        };
        let mib = f64::from(1 << 20);
        let measure = format!("{BLOCKS} blocks ({name})");
        goals.report(&measure, vec![whole / mib], "MiB", ..=largest);
        // What is kept of each block must not grow with the chain.
        let growth = (whole - half) / (half - before).max(1.0);
        let measure = format!("{measure}: growth in the second half over that in the first");
        goals.report(&measure, vec![growth], "times", ..=1.25);
    }
    Ok(goals.conclude())
}

/// Prints the resident memory before the blocks, after half of them, and after all.
fn grow(kind: &Kind) -> Done<ExitCode> {
    let chain = Devnet::builder().build_chain();
    println!("{}", resident()?);
    for _ in 0..2 {
        (kind.add)(&chain, BLOCKS / 2)?;
        println!("{}", resident()?);
    }
    assert!(chain.block_number() >= BLOCKS);
    Ok(ExitCode::SUCCESS)
}

fn empty(chain: &Chain, count: u64) -> Done {
    chain.mine_many(count, 1)?;
    Ok(())
}

fn transfers(chain: &Chain, count: u64) -> Done {
    let maker = chain.accounts()[0].address;
    let token = maker.create(0);
    let owner = token::account(0);
    if chain.nonce(maker) == 0 {
        let creation = TransactionRequest::default()
            .from(maker)
            .input(token::creation(owner).into());
        chain.send(creation)?;
        // Nothing else is signed: that would take most of the time.
        chain.impersonate(owner);
        chain.set_balance(owner, U256::MAX);
    }
    let sent = chain.nonce(owner);
    for number in 0..count {
        let transfer = TransactionRequest::default()
            .from(owner)
            .to(token)
            .gas_limit(token::GAS)
            .input(token::transfer(token::account(1 + number % RECIPIENTS), U256::ONE).into());
        chain.send(transfer)?;
    }
    let received = chain.call(
        BlockId::latest(),
        &TransactionRequest::default()
            .to(token)
            .input(token::balance_of(token::account(1)).into()),
        None,
    )?;
    let expected = U256::from((sent + count) / RECIPIENTS);
    assert_eq!(received, expected.to_be_bytes_vec());
    Ok(())
}

/// Bytes of memory that this process holds.
fn resident() -> Done<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"))
        .ok_or("no VmRSS in /proc/self/status")?
        .trim()
        .parse()?;
    Ok(kib << 10)
}
