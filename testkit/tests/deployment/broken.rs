//! The closing check is clean after a deployment, and names each property that is broken.

use alloy::providers::Provider as _;
use alloy_primitives::{Address, B256, U256, aliases::U48};
use alloy_sol_types::SolCall;
use arbius_protocol::{governance::PROPOSER_ROLE, interfaces::proxy::IMPLEMENTATION_SLOT};
use arbius_sdk::{
    chain::Lane,
    contracts::{IBridgedToken, IEngine, IGovernor, IProxy, ITimelock, IToken, IVesting},
    deploy::{
        Progress, Record, Settings,
        check::{CheckError, Property, Report, check},
        model::{ModelTerms, register_model},
    },
};
use serde_json::{Value, json};

use crate::world::World;

/// A finished deployment.
struct Finished {
    world: World,
    settings: Settings,
    record: Record,
}

impl Finished {
    async fn with(settings: impl Fn(&World) -> Settings) -> Self {
        let world = World::start().await;
        let settings = settings(&world);
        let progress = Progress::default();
        world
            .run_with(&settings, progress.clone(), |_| Ok(()))
            .await
            .unwrap();
        Self {
            world,
            settings,
            record: progress.record(),
        }
    }

    async fn check(&self) -> Report {
        check(&self.world.chain, &self.settings, &self.record)
            .await
            .unwrap()
    }

    fn at(&self, name: &str) -> Address {
        self.record.contracts[name]
    }

    /// Sends a call as somebody whose key nobody has.
    async fn send_as<C: SolCall>(&self, from: Address, to: Address, call: C) {
        let chain = self.world.devnet.chain();
        chain.set_balance(from, U256::from(10_u64.pow(19)));
        chain.impersonate(from);
        let transaction = json!([{
            "from": from,
            "to": to,
            "input": format!("0x{}", alloy_primitives::hex::encode(call.abi_encode())),
        }]);
        let client = self.world.chain.provider().client();
        let hash: B256 = client
            .request::<Value, B256>("eth_sendTransaction".to_owned(), transaction)
            .await
            .unwrap();
        chain.stop_impersonating(from);
        let receipt = self.world.chain.receipt(hash).await.unwrap().unwrap();
        assert!(receipt.success, "{} by {from}", C::SIGNATURE);
    }

    /// Sends a call as the timelock, as a vote would.
    async fn vote<C: SolCall>(&self, to: Address, call: C) {
        self.send_as(self.at("timelock"), to, call).await;
    }

    async fn model(&self) -> B256 {
        let model = &self.settings.models[0];
        let terms = ModelTerms {
            fee_address: model.fee_address,
            fee: model.fee,
        };
        let lane = Lane::new(self.world.chain.clone(), self.world.signer());
        register_model(&lane, self.at("engine"), terms, &model.template)
            .await
            .unwrap()
    }

    /// Makes a property untrue.
    async fn breaks(&self, property: Property) {
        let nobody = Address::repeat_byte(0x55);
        let (engine, token) = (self.at("engine"), self.at("token"));
        let (timelock, governor) = (self.at("timelock"), self.at("governor"));
        let team = self.at("vesting-team");
        let holder = self.world.devnet.accounts()[5].address;
        let chain = self.world.devnet.chain();
        let one = U256::ONE;
        match property {
            Property::Code => {
                let other = chain.code(self.at("vesting-implementation"));
                chain.set_code(self.at("governor-implementation"), other);
            }
            Property::Implementation => {
                let other = U256::from_be_slice(self.at("vesting-implementation").as_slice());
                chain.set_storage(token, IMPLEMENTATION_SLOT.into(), other);
            }
            Property::Active => {
                chain.increase_time(366 * 86_400).unwrap();
                chain.mine();
            }
            Property::Sealed => {
                // What says that the engine is initialised: that it has a token.
                let slot = (0..64)
                    .map(U256::from)
                    .find(|slot| {
                        let word = chain.storage(engine, *slot).to_be_bytes::<32>();
                        word.windows(20).any(|bytes| bytes == token.as_slice())
                    })
                    .unwrap();
                chain.set_storage(engine, slot, U256::ZERO);
            }
            Property::Upgrades | Property::TokenOwner => {
                self.vote(token, IProxy::changeAdminCall { newAdmin: nobody })
                    .await;
            }
            Property::EngineOwner => {
                let call = IEngine::transferOwnershipCall { newOwner: nobody };
                self.vote(engine, call).await;
            }
            Property::Treasury => {
                self.vote(engine, IEngine::transferTreasuryCall { to: nobody })
                    .await;
            }
            Property::Pauser => {
                self.vote(engine, IEngine::transferPauserCall { to: nobody })
                    .await;
            }
            Property::Roles => {
                let call = ITimelock::grantRoleCall {
                    role: PROPOSER_ROLE,
                    account: nobody,
                };
                self.vote(timelock, call).await;
            }
            Property::Guardian => {
                let call = ITimelock::setGuardianCall {
                    newGuardian: nobody,
                    engine,
                };
                self.vote(timelock, call).await;
            }
            Property::Governor => {
                let call = IGovernor::updateTimelockCall { newTimelock: token };
                self.vote(governor, call).await;
            }
            Property::Deployer => {
                let call = IToken::transferCall {
                    to: self.world.deployer(),
                    value: one,
                };
                self.send_as(holder, token, call).await;
            }
            Property::Refusals => {
                let call = IEngine::transferOwnershipCall {
                    newOwner: self.world.deployer(),
                };
                self.vote(engine, call).await;
            }
            Property::Supply => {
                let gateway = self.world.devnet.accounts()[8].address;
                let call = IBridgedToken::bridgeBurnCall {
                    account: holder,
                    amount: one,
                };
                self.send_as(gateway, token, call).await;
            }
            Property::Reserve => {
                let call = IToken::transferCall {
                    to: nobody,
                    value: one,
                };
                self.send_as(engine, token, call).await;
            }
            Property::Allocations => {
                let call = IToken::transferCall {
                    to: nobody,
                    value: one,
                };
                self.send_as(team, token, call).await;
            }
            Property::Vesting => {
                let call = IVesting::setBeneficiaryCall {
                    beneficiary: nobody,
                };
                self.send_as(holder, team, call).await;
            }
            Property::Parameters => {
                self.vote(engine, IEngine::setVersionCall { version: one })
                    .await;
            }
            Property::StartTime => {
                let call = IEngine::setStartBlockTimeCall { startBlockTime: 1 };
                self.vote(engine, call).await;
            }
            Property::Models => {
                let call = IEngine::setSolutionMineableRateCall {
                    id: self.model().await,
                    rate: one,
                };
                self.vote(engine, call).await;
            }
            Property::Voting => {
                let call = IGovernor::setVotingDelayCall {
                    newVotingDelay: U48::from(7_200),
                };
                self.vote(governor, call).await;
            }
            Property::Bridge => {
                let call = IBridgedToken::setL1AddressCall { l1Address: nobody };
                self.vote(token, call).await;
            }
        }
    }
}

fn broken(report: &Report) -> Vec<Property> {
    let mut broken: Vec<_> = report.differences().map(|one| one.property).collect();
    broken.dedup();
    broken
}

fn assert_clean(report: &Report) {
    let differences: Vec<_> = report.differences().map(ToString::to_string).collect();
    assert!(report.is_clean(), "{differences:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_a_dao_is_clean() {
    let finished = Finished::with(World::settings).await;
    let report = finished.check().await;
    assert_clean(&report);
    assert_eq!(report.counts(Property::Parameters), (19, 19));
    assert_eq!(report.counts(Property::Roles), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_clean_in_every_property() {
    let finished = Finished::with(World::dao_settings).await;
    let report = finished.check().await;
    assert_clean(&report);
    for property in Property::ALL {
        let (read, held) = report.counts(property);
        assert!(read > 0, "nothing was read for `{property}`");
        assert_eq!(read, held);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_property_that_is_broken_is_named() {
    let finished = Finished::with(World::dao_settings).await;
    let chain = finished.world.devnet.chain();
    for property in Property::ALL {
        let before = chain.snapshot();
        finished.breaks(property).await;
        let report = finished.check().await;
        let found = broken(&report);
        assert!(
            found.contains(&property),
            "`{property}` is broken, but the check names {found:?}"
        );
        // What is about one thing alone breaks nothing else.
        let alone = [
            Property::Treasury,
            Property::Pauser,
            Property::Roles,
            Property::Guardian,
            Property::Deployer,
            Property::Vesting,
            Property::Parameters,
            Property::StartTime,
            Property::Models,
            Property::Voting,
            Property::Bridge,
        ];
        if alone.contains(&property) {
            assert_eq!(found, [property]);
        }
        assert!(chain.revert(before));
    }
    assert_clean(&finished.check().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_begun_cannot_be_checked() {
    let world = World::start().await;
    let error = check(&world.chain, &world.settings(), &Record::default()).await;
    assert!(matches!(error, Err(CheckError::NotBegun)));
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_of_strangers_break_nothing() {
    let finished = Finished::with(World::dao_settings).await;
    let holder = finished.world.devnet.accounts()[5].address;
    for to in ["engine", "vesting-team", "timelock"] {
        let call = IToken::transferCall {
            to: finished.at(to),
            value: U256::ONE,
        };
        finished.send_as(holder, finished.at("token"), call).await;
    }
    assert_clean(&finished.check().await);
}
