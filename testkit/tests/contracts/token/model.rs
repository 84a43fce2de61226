//! Random calls beside a model: votes are the sum of what is delegated, and the past never
//! changes.

use std::collections::BTreeMap;

use alloy::{
    eips::BlockId,
    rpc::types::{TransactionInput, TransactionRequest},
};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use arbius_sdk::contracts::{IBridgedToken, IToken, IVotes};
use arbius_testkit::Random;

use super::SUPPLY;
use crate::local::Local;

/// Calls of each run.
const CALLS: usize = 400;

/// What the token should know.
#[derive(Default)]
struct Model {
    balances: BTreeMap<Address, u128>,
    delegates: BTreeMap<Address, Address>,
    supply: u128,
    /// Votes of each account and the supply (of the zero address), by second.
    past: BTreeMap<u64, BTreeMap<Address, u128>>,
}

impl Model {
    fn balance(&self, account: Address) -> u128 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// Moves an amount; false if `from` has less. The zero address is the bridge.
    fn moves(&mut self, from: Address, to: Address, amount: u128) -> bool {
        let bridged = from.is_zero() || to.is_zero();
        if from.is_zero() {
            if self.supply + amount > SUPPLY {
                return false;
            }
            self.supply += amount;
        } else {
            let Some(rest) = self.balance(from).checked_sub(amount) else {
                return false;
            };
            self.balances.insert(from, rest);
        }
        if to.is_zero() {
            self.supply -= amount;
        } else {
            *self.balances.entry(to).or_default() += amount;
        }
        let all: u128 = self.balances.values().sum();
        assert!(bridged || all == self.supply);
        true
    }

    /// Votes of everybody: the sum of what is delegated to each; and the supply.
    fn votes(&self) -> BTreeMap<Address, u128> {
        let mut votes = BTreeMap::from([(Address::ZERO, self.supply)]);
        for (account, delegate) in &self.delegates {
            if !delegate.is_zero() {
                *votes.entry(*delegate).or_default() += self.balance(*account);
            }
        }
        votes
    }
}

struct Run {
    local: Local,
    token: Address,
    /// Holders and delegates; the last is the gateway as well.
    people: Vec<Address>,
    model: Model,
}

impl Run {
    async fn start() -> Self {
        let local = Local::start().await;
        let token = local.token().await;
        let people: Vec<_> = local.lanes.iter().map(|lane| lane.address()).collect();
        let people = people[..6].to_vec();
        let gateway = people[5];
        let call = IBridgedToken::setGatewayCall { gateway };
        local.send(local.admin(), token, &call).await.unwrap();
        let mut model = Model {
            supply: SUPPLY,
            ..Model::default()
        };
        model.balances.insert(people[0], SUPPLY);
        Self {
            local,
            token,
            people,
            model,
        }
    }

    /// Sends a call and says whether it succeeded.
    fn send(&self, from: Address, input: Vec<u8>) -> bool {
        let chain = self.local.devnet.chain();
        let request = TransactionRequest {
            gas: Some(5_000_000),
            ..self.request(from, input)
        };
        let hash = chain.send(request).expect("it is sent");
        chain.mined(hash).expect("it is mined").receipt().success
    }

    fn request(&self, from: Address, input: Vec<u8>) -> TransactionRequest {
        TransactionRequest {
            from: Some(from),
            to: Some(TxKind::Call(self.token)),
            input: TransactionInput::new(Bytes::from(input)),
            ..TransactionRequest::default()
        }
    }

    fn view<C: SolCall<Return = U256>>(&self, call: &C) -> u128 {
        let request = self.request(self.people[0], call.abi_encode());
        let answer = self
            .local
            .devnet
            .chain()
            .call(BlockId::latest(), &request, None)
            .unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE));
        C::abi_decode_returns(&answer).expect("a number").to()
    }

    /// One random call, by the model and on the chain.
    fn step(&mut self, random: &mut Random) {
        let mut person = || random.pick(&self.people).expect("there are people");
        let (one, two, three) = (person(), person(), person());
        let gateway = self.people[5];
        let amount = if random.chance(10) {
            random.up_to(2 * SUPPLY)
        } else {
            // So that some of it is mostly there.
            random.up_to(self.model.balance(one))
        };
        let value = U256::from(amount);
        let (sent, expected) = match random.below(10) {
            0..4 => {
                let call = IToken::transferCall { to: two, value };
                let sent = self.send(one, call.abi_encode());
                (sent, self.model.moves(one, two, amount))
            }
            4..6 => {
                let approve = IToken::approveCall {
                    spender: three,
                    value,
                };
                assert!(self.send(one, approve.abi_encode()));
                let call = IToken::transferFromCall {
                    from: one,
                    to: two,
                    value,
                };
                let sent = self.send(three, call.abi_encode());
                (sent, self.model.moves(one, two, amount))
            }
            6..8 => {
                let delegatee = if random.chance(20) {
                    Address::ZERO
                } else {
                    two
                };
                self.model.delegates.insert(one, delegatee);
                let call = IVotes::delegateCall { delegatee };
                (self.send(one, call.abi_encode()), true)
            }
            8 => {
                let amount = amount / 4;
                let call = IBridgedToken::bridgeBurnCall {
                    account: one,
                    amount: U256::from(amount),
                };
                let sent = self.send(gateway, call.abi_encode());
                (sent, self.model.moves(one, Address::ZERO, amount))
            }
            _ => {
                let call = IBridgedToken::bridgeMintCall {
                    account: two,
                    amount: value,
                };
                let sent = self.send(gateway, call.abi_encode());
                (sent, self.model.moves(Address::ZERO, two, amount))
            }
        };
        assert_eq!(sent, expected, "whether it succeeds");
        self.model.past.insert(self.local.now(), self.model.votes());
    }

    /// What the token says now is what the model says.
    fn compare_now(&self) {
        let votes = self.model.votes();
        for account in &self.people {
            let account = *account;
            let balance = self.view(&IToken::balanceOfCall { account });
            assert_eq!(balance, self.model.balance(account));
            let expected = votes.get(&account).copied().unwrap_or(0);
            assert_eq!(self.view(&IVotes::getVotesCall { account }), expected);
        }
        let supply = self.view(&IToken::totalSupplyCall {});
        assert_eq!(supply, self.model.supply);
        assert!(supply <= SUPPLY);
    }

    /// What the token says of each second is what the model said then.
    fn compare_past(&self) {
        for (time, votes) in &self.model.past {
            let timepoint = U256::from(*time);
            for account in &self.people {
                let account = *account;
                let past = self.view(&IVotes::getPastVotesCall { account, timepoint });
                let expected = votes.get(&account).copied().unwrap_or(0);
                assert_eq!(past, expected, "{account} at {time}");
            }
            let past = self.view(&IVotes::getPastTotalSupplyCall { timepoint });
            assert_eq!(past, votes[&Address::ZERO], "supply at {time}");
        }
    }
}

#[tokio::test]
async fn votes_are_what_is_delegated_and_the_past_never_changes() {
    let mut run = Run::start().await;
    run.local
        .devnet
        .chain()
        .set_block_timestamp_interval(Some(0));
    let mut random = Random::new(8);
    for call in 0..CALLS {
        // Several calls in a second, and long silences.
        if random.chance(40) {
            let wait = if random.chance(10) { 100_000 } else { 3 };
            run.local
                .pass_until(run.local.now() + random.between(1, wait));
        }
        run.step(&mut random);
        run.compare_now();
        if call == CALLS / 2 {
            run.local.pass_until(run.local.now() + 1);
            run.compare_past();
        }
    }
    run.local.pass_until(run.local.now() + 1);
    run.compare_past();
}
