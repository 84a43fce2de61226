//! What the governor says, without an account.

use alloy::rpc::types::Log;
use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolEvent;
use arbius_protocol::governance::{ProposalState, Support};

use super::{Action, CastVote, Contracts, GovError, Proposal, proposal::identifier};
use crate::{
    chain::{Chain, ChainError, Logs},
    content::unixfs,
    contracts::{IGovernor, ITimelock, topic},
    deploy::Deployment,
};

/// Proposals whose identifier this is a number of, in the order of their making, rather than
/// the identifier itself.
const MOST_NUMBERED: u64 = 1_000_000;

/// The DAO of a deployment, for reading.
///
/// ```
/// # #[cfg(not(feature = "deploy"))]
/// # fn main() {}
/// # #[cfg(feature = "deploy")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::{Address, U256};
/// use arbius_sdk::{deploy::settings::Dao, gov::Governance};
/// # let dao = Dao {
/// #     voting_delay: 10,
/// #     voting_period: 100,
/// #     proposal_threshold: U256::from(1),
/// #     quorum_percent: 4,
/// #     timelock_delay: 10,
/// #     guardian: Address::ZERO,
/// # };
/// # let local = arbius_testkit::TestChain::builder().dao(dao).start(|_| ()).await?;
/// # let deployment = local.deployment();
///
/// let governance = Governance::connect(deployment).await?;
/// println!("{} % have to vote", governance.settings().await?.quorum_percent);
/// for proposal in governance.proposals().await? {
///     println!("{}: {}", proposal.title(), proposal.state_name());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Governance {
    chain: Chain,
    contracts: Contracts,
    governor: Address,
    timelock: Address,
    token: Address,
    start: u64,
}

/// What a vote can change of the DAO itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Between a proposal and its vote, seconds.
    pub voting_delay: u64,
    /// How long a vote lasts, seconds.
    pub voting_period: u64,
    /// Votes that a proposal takes, wei of AIUS.
    pub proposal_threshold: U256,
    /// The quorum, percent of the supply.
    pub quorum_percent: U256,
    /// Between queueing and execution, seconds.
    pub timelock_delay: u64,
}

/// What an event says of a proposal.
struct Announced {
    event: IGovernor::ProposalCreated,
    actions: Vec<Action>,
    block: u64,
}

impl Governance {
    /// Connects to a deployment.
    ///
    /// # Errors
    ///
    /// [`GovError::Deployment`]: unreachable, another chain, no governor there.
    pub async fn connect(deployment: &Deployment) -> Result<Self, GovError> {
        let chain = deployment.connect().await?;
        Self::new(chain, deployment)
    }

    /// A deployment over a connection that there is already.
    ///
    /// # Errors
    ///
    /// [`GovError::Deployment`] if governor, timelock or token is not in it.
    pub fn new(chain: Chain, deployment: &Deployment) -> Result<Self, GovError> {
        Ok(Self {
            chain,
            contracts: Contracts::of(deployment),
            governor: deployment.contract("governor")?,
            timelock: deployment.contract("timelock")?,
            token: deployment.token()?,
            start: deployment.block,
        })
    }

    /// The connection.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The contracts by name.
    #[must_use]
    pub const fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// The governor's address.
    #[must_use]
    pub const fn governor(&self) -> Address {
        self.governor
    }

    /// The timelock's address.
    #[must_use]
    pub const fn timelock(&self) -> Address {
        self.timelock
    }

    /// The address of the token whose votes count.
    #[must_use]
    pub const fn token(&self) -> Address {
        self.token
    }

    /// The time by the governor's clock as the next block will have it, seconds since 1970: the
    /// last block's may be long ago on a chain that is quiet.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn now(&self) -> Result<u64, ChainError> {
        let now = self.chain.read(self.governor, &IGovernor::clockCall {});
        Ok(now.await?.to())
    }

    /// What a vote can change of the DAO itself.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn settings(&self) -> Result<Settings, ChainError> {
        let (chain, governor) = (&self.chain, self.governor);
        let delay = chain.read(governor, &IGovernor::votingDelayCall {}).await?;
        let period = chain
            .read(governor, &IGovernor::votingPeriodCall {})
            .await?;
        let threshold = IGovernor::proposalThresholdCall {};
        let quorum = IGovernor::quorumNumerator_0Call {};
        let waits = chain
            .read(self.timelock, &ITimelock::getMinDelayCall {})
            .await?;
        Ok(Settings {
            voting_delay: delay.saturating_to(),
            voting_period: period.saturating_to(),
            proposal_threshold: chain.read(governor, &threshold).await?,
            quorum_percent: chain.read(governor, &quorum).await?,
            timelock_delay: waits.saturating_to(),
        })
    }

    /// All proposals, the oldest first.
    ///
    /// # Errors
    ///
    /// [`GovError::Untrue`] if an event does not go with its proposal's identifier, and what
    /// the endpoint answers.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, GovError> {
        let announced = self.announced().await?;
        self.stand(announced.into_iter().enumerate().collect())
            .await
    }

    /// One proposal, by its identifier (decimal, or hexadecimal after `0x`) or by its number in
    /// the order of their making, from 1 on.
    ///
    /// # Errors
    ///
    /// [`GovError::UnknownProposal`], and as [`Governance::proposals`].
    pub async fn proposal(&self, asked: &str) -> Result<Proposal, GovError> {
        let announced = self.announced().await?;
        let count = announced.len();
        let unknown = || GovError::UnknownProposal {
            asked: asked.to_owned(),
            count,
        };
        let number: U256 = asked.parse().map_err(|_| unknown())?;
        let found = announced.into_iter().enumerate().find(|(index, one)| {
            one.event.proposalId == number
                || (number <= U256::from(MOST_NUMBERED) && number == U256::from(index + 1))
        });
        let found = found.ok_or_else(unknown)?;
        let proposals = self.stand(vec![found]).await?;
        proposals.into_iter().next().ok_or_else(unknown)
    }

    /// The votes on a proposal, the oldest first.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn votes(&self, proposal: &Proposal) -> Result<Vec<CastVote>, GovError> {
        let topics = vec![
            topic::<IGovernor::VoteCast>(),
            topic::<IGovernor::VoteCastWithParams>(),
        ];
        let mut votes = Vec::new();
        for log in self.events(topics, proposal.block).await? {
            let cast = if let Ok(event) = IGovernor::VoteCast::decode_log(&log.inner) {
                event.data
            } else if let Ok(event) = IGovernor::VoteCastWithParams::decode_log(&log.inner) {
                IGovernor::VoteCast {
                    voter: event.voter,
                    proposalId: event.proposalId,
                    support: event.support,
                    weight: event.weight,
                    reason: event.reason.clone(),
                }
            } else {
                continue;
            };
            if cast.proposalId == proposal.id
                && let Some(support) = Support::from_number(cast.support)
            {
                votes.push(CastVote {
                    voter: cast.voter,
                    support,
                    weight: cast.weight,
                    reason: cast.reason,
                    block: log.block_number.unwrap_or_default(),
                });
            }
        }
        Ok(votes)
    }

    async fn events(
        &self,
        topics: Vec<alloy_primitives::B256>,
        since: u64,
    ) -> Result<Vec<Log>, ChainError> {
        let mut logs = Logs::new(self.chain.clone(), self.governor, topics);
        logs.to_head(self.start.max(since)).await
    }

    /// What was proposed, by events that go with their identifiers.
    async fn announced(&self) -> Result<Vec<Announced>, GovError> {
        let mut announced = Vec::new();
        let topics = vec![topic::<IGovernor::ProposalCreated>()];
        for log in self.events(topics, 0).await? {
            let Ok(event) = IGovernor::ProposalCreated::decode_log(&log.inner) else {
                continue;
            };
            let event = event.data;
            let lists = event.values.iter().zip(&event.signatures);
            let lists = event.targets.iter().zip(lists.zip(&event.calldatas));
            let actions: Vec<Action> = lists
                .map(|(target, ((value, signature), data))| {
                    Action::proposed(*target, *value, signature, data)
                })
                .collect();
            let id = event.proposalId;
            if identifier(&actions, keccak256(&event.description)) != id {
                return Err(GovError::Untrue { id });
            }
            announced.push(Announced {
                event,
                actions,
                block: log.block_number.unwrap_or_default(),
            });
        }
        Ok(announced)
    }

    /// How proposals stand, each with its place in the order of their making.
    async fn stand(&self, announced: Vec<(usize, Announced)>) -> Result<Vec<Proposal>, GovError> {
        let (chain, governor) = (&self.chain, self.governor);
        let now = self.now().await?;
        let (mut states, mut votes, mut etas, mut quorums) = (vec![], vec![], vec![], vec![]);
        for (_, one) in &announced {
            let id = one.event.proposalId;
            states.push(IGovernor::stateCall { proposalId: id });
            votes.push(IGovernor::proposalVotesCall { proposalId: id });
            etas.push(IGovernor::proposalEtaCall { proposalId: id });
            quorums.push(IGovernor::quorumCall {
                // Of a time that is not past yet there is no quorum.
                timepoint: one.event.voteStart.min(U256::from(now.saturating_sub(1))),
            });
        }
        let states = chain.read_many(governor, &states).await?;
        let votes = chain.read_many(governor, &votes).await?;
        let etas = chain.read_many(governor, &etas).await?;
        let quorums = chain.read_many(governor, &quorums).await?;
        let stands = states.into_iter().zip(votes).zip(etas).zip(quorums);
        let mut proposals = Vec::with_capacity(announced.len());
        for ((index, one), (((state, votes), eta), quorum)) in announced.into_iter().zip(stands) {
            let (votes, eta) = (votes?, eta?);
            let event = one.event;
            proposals.push(Proposal {
                number: index + 1,
                id: event.proposalId,
                proposer: event.proposer,
                cid: unixfs::cid_of(event.description.as_bytes()),
                description: event.description,
                actions: one.actions,
                vote_start: event.voteStart.saturating_to(),
                vote_end: event.voteEnd.saturating_to(),
                block: one.block,
                state: state_of(state? as u8)?,
                against: votes.againstVotes,
                in_favour: votes.forVotes,
                abstain: votes.abstainVotes,
                quorum: quorum?,
                eta: (!eta.is_zero()).then(|| eta.saturating_to()),
            });
        }
        Ok(proposals)
    }
}

/// The state that a number stands for.
fn state_of(number: u8) -> Result<ProposalState, GovError> {
    [
        ProposalState::Pending,
        ProposalState::Active,
        ProposalState::Canceled,
        ProposalState::Defeated,
        ProposalState::Succeeded,
        ProposalState::Queued,
        ProposalState::Expired,
        ProposalState::Executed,
    ]
    .into_iter()
    .find(|state| *state as u8 == number)
    .ok_or(GovError::UnknownState { number })
}
