//! An account that takes part in votes.

use alloy_primitives::{Address, U256};
use arbius_protocol::governance::{ProposalState, Support};

use super::{Draft, GovError, Governance, Proposal, proposal::lists};
use crate::{
    chain::{Call, ChainError, Lane, Receipt},
    contracts::{IGovernor, IGovernorBravo, IToken, IVotes},
};

/// An account that delegates, proposes, votes, queues, executes and cancels.
///
/// ```
/// # #[cfg(not(feature = "deploy"))]
/// # fn main() {}
/// # #[cfg(feature = "deploy")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::{Address, U256};
/// use arbius_sdk::{
///     deploy::settings::Dao,
///     gov::{Draft, Governance, ProposalState, Support, Voter},
/// };
/// # let dao = Dao {
/// #     voting_delay: 10,
/// #     voting_period: 100,
/// #     proposal_threshold: U256::from(1),
/// #     quorum_percent: 1,
/// #     timelock_delay: 10,
/// #     guardian: Address::ZERO,
/// # };
/// # let local = arbius_testkit::TestChain::builder().dao(dao).start(|_| ()).await?;
/// # let lane = local.lane(arbius_testkit::Actor::Owner)?.clone();
/// # let deployment = local.deployment();
/// # let seconds = std::time::Duration::from_secs;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("proposal.toml");
/// # std::fs::write(&path, r#"
/// # description = "Lower the solution fee"
/// # [[actions]]
/// # target = "engine"
/// # function = "setSolutionFeePercentage"
/// # arguments = ["0.05 ether"]
/// # "#)?;
///
/// let governance = Governance::connect(deployment).await?;
/// let draft = Draft::read(&path, governance.contracts())?;
/// let voter = Voter::new(lane, governance);
/// voter.delegate(voter.address()).await?; // to oneself, or what one holds does not count
/// # local.pass(seconds(1))?;
/// voter.propose(&draft).await?;
///
/// # local.pass(seconds(11))?;
/// let governance = voter.governance();
/// let proposal = governance.proposal(&draft.id().to_string()).await?;
/// assert_eq!(proposal.state, ProposalState::Active);
/// voter.vote(&proposal, Support::For, "it is due").await?;
/// # local.pass(seconds(101))?;
/// voter.queue(&governance.proposal("1").await?).await?;
/// # local.pass(seconds(11))?;
/// voter.execute(&governance.proposal("1").await?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Voter {
    lane: Lane,
    governance: Governance,
}

/// What an account can say in votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Power {
    /// What it holds, wei of AIUS.
    pub balance: U256,
    /// Who votes with that; zero for nobody.
    pub delegate: Address,
    /// With how many it votes, its own and others', wei of AIUS.
    pub votes: U256,
}

impl Voter {
    /// An account that signs with `lane`.
    #[must_use]
    pub const fn new(lane: Lane, governance: Governance) -> Self {
        Self { lane, governance }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.lane.address()
    }

    /// The DAO that it takes part in.
    #[must_use]
    pub const fn governance(&self) -> &Governance {
        &self.governance
    }

    /// What it can say in votes.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn power(&self) -> Result<Power, ChainError> {
        let (chain, token) = (self.governance.chain(), self.governance.token());
        let account = self.address();
        let balance = IToken::balanceOfCall { account };
        let delegate = IVotes::delegatesCall { account };
        let votes = IVotes::getVotesCall { account };
        Ok(Power {
            balance: chain.read(token, &balance).await?,
            delegate: chain.read(token, &delegate).await?,
            votes: chain.read(token, &votes).await?,
        })
    }

    /// Lets `delegate` vote with what the account holds; itself if that is its own address.
    ///
    /// # Errors
    ///
    /// What the transaction ends in.
    pub async fn delegate(&self, delegate: Address) -> Result<Receipt, GovError> {
        let call = IVotes::delegateCall {
            delegatee: delegate,
        };
        let call = Call::new(self.governance.token(), &call)
            .for_purpose(format!("delegating votes to {delegate}"));
        Ok(self.lane.execute(call).await?)
    }

    /// Sees that the account has the votes to propose this, and that nobody has proposed it.
    ///
    /// # Errors
    ///
    /// [`GovError::Exists`], [`GovError::Threshold`].
    pub async fn check(&self, draft: &Draft) -> Result<(), GovError> {
        let (chain, governor) = (self.governance.chain(), self.governance.governor());
        let id = draft.id();
        let call = IGovernor::proposalSnapshotCall { proposalId: id };
        if !chain.read(governor, &call).await?.is_zero() {
            return Err(GovError::Exists { id });
        }
        let account = self.address();
        let threshold = IGovernor::proposalThresholdCall {};
        let threshold = chain.read(governor, &threshold).await?;
        // Votes are those of the second before.
        let before = self.governance.now().await?.saturating_sub(1);
        let votes = IGovernor::getVotesCall {
            account,
            timepoint: U256::from(before),
        };
        let votes = chain.read(governor, &votes).await?;
        match votes < threshold {
            true => Err(GovError::Threshold {
                account,
                votes,
                threshold,
            }),
            false => Ok(()),
        }
    }

    /// Proposes it.
    ///
    /// # Errors
    ///
    /// As [`Voter::check`], and what the transaction ends in.
    pub async fn propose(&self, draft: &Draft) -> Result<Receipt, GovError> {
        self.check(draft).await?;
        let (targets, values, calldatas) = lists(&draft.actions);
        let call = IGovernor::proposeCall {
            targets,
            values,
            calldatas,
            description: draft.description.clone(),
        };
        self.send(&call, format!("proposing {}", draft.id())).await
    }

    /// Votes, and says why unless `reason` is empty.
    ///
    /// # Errors
    ///
    /// [`GovError::WrongState`], [`GovError::Voted`], [`GovError::NoVotes`], and what the
    /// transaction ends in.
    pub async fn vote(
        &self,
        proposal: &Proposal,
        support: Support,
        reason: &str,
    ) -> Result<Receipt, GovError> {
        let id = proposal.id;
        needs(proposal, &[ProposalState::Active], "voted on")?;
        let (chain, governor) = (self.governance.chain(), self.governance.governor());
        let account = self.address();
        let voted = IGovernor::hasVotedCall {
            proposalId: id,
            account,
        };
        if chain.read(governor, &voted).await? {
            return Err(GovError::Voted { id, voter: account });
        }
        let votes = IGovernor::getVotesCall {
            account,
            timepoint: U256::from(proposal.vote_start),
        };
        if chain.read(governor, &votes).await?.is_zero() {
            return Err(GovError::NoVotes { id, account });
        }
        let purpose = format!("voting on proposal {id}");
        let support = support as u8;
        if reason.is_empty() {
            let call = IGovernor::castVoteCall {
                proposalId: id,
                support,
            };
            return self.send(&call, purpose).await;
        }
        let call = IGovernor::castVoteWithReasonCall {
            proposalId: id,
            support,
            reason: reason.to_owned(),
        };
        self.send(&call, purpose).await
    }

    /// Hands a proposal that passed to the timelock. Anyone may.
    ///
    /// # Errors
    ///
    /// [`GovError::WrongState`], and what the transaction ends in.
    pub async fn queue(&self, proposal: &Proposal) -> Result<Receipt, GovError> {
        needs(proposal, &[ProposalState::Succeeded], "queued")?;
        let id = proposal.id;
        let call = IGovernorBravo::queueCall { proposalId: id };
        self.send(&call, format!("queueing proposal {id}")).await
    }

    /// Executes a proposal whose time in the timelock is over. Anyone may.
    ///
    /// # Errors
    ///
    /// [`GovError::WrongState`], [`GovError::TooEarly`], and what the transaction ends in.
    pub async fn execute(&self, proposal: &Proposal) -> Result<Receipt, GovError> {
        needs(proposal, &[ProposalState::Queued], "executed")?;
        let id = proposal.id;
        let now = self.governance.now().await?;
        if let Some(eta) = proposal.eta.filter(|eta| *eta > now) {
            return Err(GovError::TooEarly { id, eta, now });
        }
        let call = IGovernorBravo::executeCall { proposalId: id };
        self.send(&call, format!("executing proposal {id}")).await
    }

    /// Takes the account's own proposal back before its vote begins.
    ///
    /// # Errors
    ///
    /// [`GovError::WrongState`], [`GovError::NotProposer`], and what the transaction ends in.
    pub async fn cancel(&self, proposal: &Proposal) -> Result<Receipt, GovError> {
        needs(proposal, &[ProposalState::Pending], "canceled")?;
        let (id, account) = (proposal.id, self.address());
        if proposal.proposer != account {
            return Err(GovError::NotProposer {
                id,
                proposer: proposal.proposer,
                account,
            });
        }
        let call = IGovernorBravo::cancelCall { proposalId: id };
        self.send(&call, format!("canceling proposal {id}")).await
    }

    async fn send<C: alloy_sol_types::SolCall>(
        &self,
        call: &C,
        purpose: String,
    ) -> Result<Receipt, GovError> {
        let call = Call::new(self.governance.governor(), call).for_purpose(purpose);
        Ok(self.lane.execute(call).await?)
    }
}

fn needs(
    proposal: &Proposal,
    needed: &'static [ProposalState],
    done: &'static str,
) -> Result<(), GovError> {
    match needed.contains(&proposal.state) {
        true => Ok(()),
        false => Err(GovError::WrongState {
            id: proposal.id,
            state: proposal.state,
            needed,
            done,
        }),
    }
}
