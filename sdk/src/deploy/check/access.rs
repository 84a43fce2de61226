//! What is refused to whoever owns nothing.

use alloy::{eips::BlockId, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U48, keccak256};
use alloy_sol_types::SolCall;
use arbius_protocol::governance::{DEFAULT_ADMIN_ROLE, PROPOSER_ROLE};

use super::{
    Property, Report,
    report::answer,
    subject::{CheckError, Subject},
};
use crate::contracts::{IBridgedToken, IEngine, IGovernor, IProxy, ITimelock, IToken, IVesting};
use crate::deploy::settings::Beneficiary;

/// An account that is nobody's: nobody knows a key whose address is this hash.
pub(super) fn stranger() -> Address {
    Address::from_word(keccak256("a stranger to Arbius"))
}

/// A call that its owner alone may make: what it is, where, and its input.
type Privileged = (String, Address, Vec<u8>);

impl Subject<'_> {
    pub(super) async fn access(&self, report: &mut Report) -> Result<(), CheckError> {
        let deployer = self.begun.deployer;
        // On a chain of one's own the deployer may be the owner, or somebody else who is
        // named; only what it was not given is then held against it.
        let is_owner = deployer == self.owner();
        let mut callers = vec![("a stranger", stranger())];
        if !is_owner {
            callers.push(("the deployer", deployer));
        }
        for (title, to, input) in self.privileged() {
            for (who, caller) in &callers {
                let request = TransactionRequest::default()
                    .from(*caller)
                    .to(to)
                    .input(input.clone().into());
                let simulated = self
                    .chain
                    .simulate(request, &title, BlockId::latest())
                    .await;
                let found = match answer(simulated)? {
                    Ok(_) => "accepted",
                    Err(_) => "refused",
                };
                let subject = format!("{title} by {who}");
                report.note(Property::Refusals, subject, "refused", found);
            }
        }
        if !is_owner {
            self.deployer(report, deployer).await?;
        }
        Ok(())
    }

    /// Every call that belongs to the owner, with arguments that it could make it with.
    fn privileged(&self) -> Vec<Privileged> {
        let stranger = stranger();
        let (engine, token) = (self.at("engine"), self.at("token"));
        let mut calls = vec![
            own(
                engine,
                &IEngine::transferOwnershipCall { newOwner: stranger },
            ),
            own(engine, &IEngine::transferTreasuryCall { to: stranger }),
            own(engine, &IEngine::transferPauserCall { to: stranger }),
            own(engine, &IEngine::setVersionCall { version: U256::ONE }),
            own(
                engine,
                &IEngine::setEngineRestCall {
                    rest: self.at("engine-rest"),
                },
            ),
            own(token, &IBridgedToken::setGatewayCall { gateway: stranger }),
            own(
                token,
                &IBridgedToken::setL1AddressCall {
                    l1Address: stranger,
                },
            ),
            own(
                token,
                &IBridgedToken::bridgeMintCall {
                    account: stranger,
                    amount: U256::ZERO,
                },
            ),
        ];
        for (name, address, program) in self.proxies() {
            let (title, to, input) = own(
                address,
                &IProxy::upgradeToAndCallCall {
                    newImplementation: self.at(program),
                    data: Bytes::new(),
                },
            );
            calls.push((format!("{title} of `{name}`"), to, input));
            let (title, to, input) = own(address, &IProxy::changeAdminCall { newAdmin: stranger });
            calls.push((format!("{title} of `{name}`"), to, input));
        }
        if self.settings.dao().is_some() {
            calls.extend(self.privileged_of_the_dao());
        }
        calls
    }

    fn privileged_of_the_dao(&self) -> Vec<Privileged> {
        let stranger = stranger();
        let (timelock, governor) = (self.at("timelock"), self.at("governor"));
        let mut calls = vec![
            own(
                timelock,
                &ITimelock::scheduleCall {
                    target: stranger,
                    value: U256::ZERO,
                    data: Bytes::new(),
                    predecessor: B256::ZERO,
                    salt: B256::ZERO,
                    delay: U256::from(30 * 86_400),
                },
            ),
            own(
                timelock,
                &ITimelock::grantRoleCall {
                    role: PROPOSER_ROLE,
                    account: stranger,
                },
            ),
            own(
                timelock,
                &ITimelock::updateDelayCall {
                    newDelay: U256::from(86_400),
                },
            ),
            own(
                timelock,
                &ITimelock::setGuardianCall {
                    newGuardian: stranger,
                    engine: self.at("engine"),
                },
            ),
            own(
                governor,
                &IGovernor::setVotingDelayCall {
                    newVotingDelay: U48::from(86_400),
                },
            ),
            own(
                governor,
                &IGovernor::updateTimelockCall {
                    newTimelock: timelock,
                },
            ),
            own(
                governor,
                &IGovernor::relayCall {
                    target: stranger,
                    value: U256::ZERO,
                    data: Bytes::new(),
                },
            ),
        ];
        for grant in self.settings.grants.iter() {
            let (Some(name), true) = (grant.contract(), grant.part.is_revocable()) else {
                continue;
            };
            // A beneficiary may name another for what is its own.
            let is_deployers = grant.beneficiary == Beneficiary::Account(self.begun.deployer);
            let (title, to, input) = own(self.at(&name), &IVesting::revokeCall {});
            calls.push((format!("{title} of `{name}`"), to, input));
            if !is_deployers {
                let call = IVesting::setBeneficiaryCall {
                    beneficiary: stranger,
                };
                let (title, to, input) = own(self.at(&name), &call);
                calls.push((format!("{title} of `{name}`"), to, input));
            }
        }
        calls
    }

    /// What the deployer still has.
    async fn deployer(&self, report: &mut Report, deployer: Address) -> Result<(), CheckError> {
        let allocated = self
            .settings
            .grants
            .iter()
            .filter(|grant| !grant.vests && grant.beneficiary == Beneficiary::Account(deployer))
            .fold(U256::ZERO, |sum, grant| sum.saturating_add(grant.amount));
        report
            .view(
                Property::Deployer,
                "the AIUS of the deployer",
                self.chain,
                (
                    self.at("token"),
                    IToken::balanceOfCall { account: deployer },
                ),
                aius(allocated),
                // It may have spent some of its own.
                |found| aius(if found < allocated { allocated } else { found }),
            )
            .await?;
        if self.settings.dao().is_some() {
            for (role, title) in [
                (DEFAULT_ADMIN_ROLE, "administer roles"),
                (PROPOSER_ROLE, "propose"),
            ] {
                let call = ITimelock::hasRoleCall {
                    role,
                    account: deployer,
                };
                let subject = format!("whether the deployer may {title}");
                let show = |found: bool| found.to_string();
                let timelock = self.at("timelock");
                report
                    .view(
                        Property::Deployer,
                        subject,
                        self.chain,
                        (timelock, call),
                        false,
                        show,
                    )
                    .await?;
            }
        }
        Ok(())
    }
}

fn own<C: SolCall>(to: Address, call: &C) -> Privileged {
    (C::SIGNATURE.to_owned(), to, call.abi_encode())
}

/// An amount in AIUS.
pub(super) fn aius(wei: U256) -> String {
    format!("{} AIUS", alloy_primitives::utils::format_ether(wei))
}
