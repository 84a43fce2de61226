//! What the chain says in the end.

use std::collections::{BTreeMap, BTreeSet};

use alloy::consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolEvent, SolInterface};
use arbius_protocol::{cid, ids};
use arbius_sdk::{chain::Revert, contracts::IEngine};
use arbius_testkit::{
    TestChain,
    devnet::chain::{Block, Receipt, Transaction},
};

/// A transaction that was included and failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is known of it.
    pub what: String,
    /// Whether its sender's free stake can have become too little after it was simulated: its own
    /// claims raise the validator minimum, and whoever contests its solutions locks stake of its.
    /// The stake is topped up then, and the same is sent again.
    pub outrun: bool,
}

/// Everything that was done with tasks, from the chain's events and transactions.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Tasks that were submitted.
    pub submitted: BTreeSet<B256>,
    /// Who solved each task, and how often.
    pub solved: BTreeMap<B256, Vec<Address>>,
    /// How often each task was claimed.
    pub claimed: BTreeMap<B256, u32>,
    /// Who contested each task.
    pub contested: BTreeMap<B256, Address>,
    /// Who voted on which task, and whether for its rejection.
    pub votes: Vec<(Address, B256, bool)>,
    /// Tasks whose solution was voted down.
    pub rejected: BTreeSet<B256>,
    /// Tasks whose solution was voted right.
    pub upheld: BTreeSet<B256>,
    /// How many winners of each vote got their stake back.
    pub paid: BTreeMap<B256, u32>,
    /// How often the consumer of each task was told.
    pub notified: BTreeMap<B256, u32>,
    /// What each account has deposited as stake, wei of AIUS.
    pub deposited: BTreeMap<Address, U256>,
    /// What each account has won in votes, beside its own stake, wei of AIUS.
    pub won: BTreeMap<Address, U256>,
    /// Solutions that a bulk reveal left out since one was there, and by whom.
    pub skipped: Vec<(Address, B256)>,
    /// The hashes that each account committed to.
    pub commitments: BTreeMap<Address, BTreeSet<B256>>,
    /// The hashes of what each account then revealed, alone or in bulk.
    pub revealed: BTreeMap<Address, BTreeSet<B256>>,
    /// Transactions that were included and failed, by sender.
    pub reverted: BTreeMap<Address, Vec<Failure>>,
    /// Transactions that succeeded, by sender.
    pub sent: BTreeMap<Address, u64>,
}

impl Audit {
    /// Reads the whole chain.
    #[must_use]
    pub fn of(chain: &TestChain) -> Self {
        let mut audit = Self::default();
        let devnet = chain.devnet().chain();
        for number in 0..=devnet.block_number() {
            // Every number up to the newest is one of a block.
            if let Ok(block) = devnet.block(number.into()) {
                audit.read(&block, chain.engine());
            }
        }
        audit
    }

    fn read(&mut self, block: &Block, engine: Address) {
        for (transaction, receipt) in block.transactions.iter().zip(&block.receipts) {
            if receipt.success {
                *self.sent.entry(transaction.from()).or_default() += 1;
                let from = transaction.from();
                if let Some(hash) = revealed(from, transaction.envelope().input()) {
                    self.revealed.entry(from).or_default().insert(hash);
                }
            } else {
                let failure = self.failure(transaction, receipt, block.header.number);
                let reverted = self.reverted.entry(transaction.from()).or_default();
                reverted.push(failure);
            }
            for log in receipt.logs.iter().filter(|log| log.address == engine) {
                self.take(log);
            }
        }
    }

    /// What is known of a failed transaction, when all before it has been read.
    fn failure(&self, transaction: &Transaction, receipt: &Receipt, block: u64) -> Failure {
        let (sender, envelope) = (transaction.from(), transaction.envelope());
        let call = IEngine::IEngineCalls::abi_decode(envelope.input()).ok();
        let revert = Revert::decode(receipt.output.clone());
        let outrun = match &call {
            // The engine says the same to a second vote, which nothing excuses.
            Some(IEngine::IEngineCalls::voteOnContestation(vote)) => {
                revert.is("NotAllowed") && !self.has_voted(sender, &vote.task)
            }
            _ => revert.is("MinStakedTooLow"),
        };
        let name = envelope.input().first_chunk::<4>();
        let name = name.and_then(|s| IEngine::IEngineCalls::name_by_selector(*s));
        let what = format!(
            "{} calling {name:?}, nonce {}, in block {block}: {revert} ({}), {} of {} gas",
            transaction.hash(),
            transaction.nonce(),
            receipt.failure.as_deref().unwrap_or_default(),
            receipt.gas_used,
            envelope.gas_limit(),
        );
        Failure { what, outrun }
    }

    fn take(&mut self, log: &alloy_primitives::Log) {
        if let Ok(event) = IEngine::SolutionSubmitted::decode_log(log) {
            self.solved.entry(event.task).or_default().push(event.addr);
        } else if let Ok(event) = IEngine::SolutionClaimed::decode_log(log) {
            *self.claimed.entry(event.task).or_default() += 1;
        } else if let Ok(event) = IEngine::SignalCommitment::decode_log(log) {
            let hashes = self.commitments.entry(event.addr).or_default();
            hashes.insert(event.commitment);
        } else if let Ok(event) = IEngine::SolutionSkipped::decode_log(log) {
            self.skipped.push((event.addr, event.task));
        } else if let Ok(event) = IEngine::ContestationSubmitted::decode_log(log) {
            self.contested.insert(event.task, event.addr);
        } else if let Ok(event) = IEngine::ContestationVote::decode_log(log) {
            self.votes.push((event.addr, event.task, event.yea));
        } else if let Ok(event) = IEngine::ContestationVoteFinish::decode_log(log) {
            let paid = self.paid.entry(event.id).or_default();
            *paid = event.end_idx.max(*paid);
        } else if let Ok(event) = IEngine::ContestationShare::decode_log(log) {
            *self.won.entry(event.validator).or_default() += event.share;
        } else if let Ok(event) = IEngine::ConsumerNotified::decode_log(log) {
            *self.notified.entry(event.task).or_default() += u32::from(event.success);
        } else if let Ok(event) = IEngine::ValidatorDeposit::decode_log(log) {
            *self.deposited.entry(event.validator).or_default() += event.amount;
        } else if let Ok(event) = IEngine::TaskSubmitted::decode_log(log) {
            self.submitted.insert(event.id);
        } else if let Ok(event) = IEngine::ContestationSettled::decode_log(log) {
            if event.rejected {
                self.rejected.insert(event.task);
            } else {
                self.upheld.insert(event.task);
            }
        }
    }

    /// Whether an account has voted on a task.
    #[must_use]
    pub fn has_voted(&self, account: Address, task: &B256) -> bool {
        let mut votes = self.votes.iter();
        votes.any(|(voter, voted, _)| *voter == account && voted == task)
    }

    /// How many of these tasks are solved.
    #[must_use]
    pub fn count_solved(&self, tasks: &[B256]) -> usize {
        tasks
            .iter()
            .filter(|t| self.solved.contains_key(*t))
            .count()
    }

    /// How many of these tasks are claimed.
    #[must_use]
    pub fn count_claimed(&self, tasks: &[B256]) -> usize {
        tasks
            .iter()
            .filter(|t| self.claimed.contains_key(*t))
            .count()
    }

    /// How many winners of a vote did not get their stake back yet.
    #[must_use]
    pub fn unpaid(&self, task: &B256) -> u32 {
        let votes = |side: bool| {
            let votes = self
                .votes
                .iter()
                .filter(|(_, t, yea)| t == task && *yea == side);
            u32::try_from(votes.count()).unwrap_or(u32::MAX)
        };
        // The larger side wins, and a tie sides with the solver.
        let winners = votes(true).max(votes(false));
        winners.saturating_sub(self.paid.get(task).copied().unwrap_or_default())
    }

    /// What is wrong when these tasks should all be claimed and `miners` should have done
    /// nothing in vain: a task not claimed, or claimed or solved more than once; a solution
    /// that was sent a second time; a commitment that was forgotten; a transaction that
    /// failed.
    #[must_use]
    pub fn complaints(&self, tasks: &[B256], miners: &[Address]) -> Vec<String> {
        let mut complaints = Vec::new();
        for task in tasks {
            match self.claimed.get(task) {
                Some(1) => {}
                Some(times) => complaints.push(format!("{task} was claimed {times} times")),
                None => complaints.push(format!("{task} was never claimed")),
            }
            let solvers = self.solved.get(task).map_or(0, Vec::len);
            if solvers != 1 {
                complaints.push(format!("{task} was solved {solvers} times"));
            }
        }
        for (account, task) in &self.skipped {
            if miners.contains(account) {
                complaints.push(format!("{account} sent a solution of {task} in vain"));
            }
        }
        for miner in miners {
            let failed = self.reverted.get(miner).into_iter().flatten();
            for Failure { what, .. } in failed.filter(|failure| !failure.outrun) {
                complaints.push(format!("a transaction of {miner} failed: {what}"));
            }
        }
        // A lone miner commits once for what it solves; rivals may commit and come too late.
        if let [miner] = miners {
            let made = self.commitments.get(miner).cloned().unwrap_or_default();
            let revealed = self.revealed.get(miner).cloned().unwrap_or_default();
            for hash in made.difference(&revealed) {
                complaints.push(format!("{miner} committed to {hash} and forgot it"));
            }
        }
        complaints
    }
}

/// What a call of the engine reveals: the hash that `sender` has to have committed to.
pub(crate) fn revealed(sender: Address, input: &[u8]) -> Option<B256> {
    match IEngine::IEngineCalls::abi_decode(input).ok()? {
        IEngine::IEngineCalls::submitSolution(call) => {
            let digest = cid::decode(&call.cid).ok()?;
            Some(ids::commitment(sender, call.task, digest))
        }
        IEngine::IEngineCalls::bulkSubmitSolution(call) => {
            let digests = call.cids.iter().map(|bytes| cid::decode(bytes).ok());
            let pairs: Option<Vec<_>> = call
                .tasks
                .into_iter()
                .zip(digests)
                .map(|(task, digest)| Some((task, digest?)))
                .collect();
            Some(ids::bulk_commitment(sender, &pairs?))
        }
        _ => None,
    }
}
