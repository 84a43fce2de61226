//! A voter whose callers go.

use std::time::Duration;

use alloy_primitives::{Address, U256};
use arbius_protocol::governance::{ProposalState, Support};
use arbius_sdk::{
    chain::Outcome,
    deploy::settings::Dao,
    gov::{Draft, GovError, Governance, Proposal, Voter},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, Books, dropped_wherever_it_waits};

const DELAY: u64 = 3_600;

struct World {
    chain: TestChain,
    books: Books,
    voter: Voter,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let dao = Dao {
            voting_delay: DELAY,
            voting_period: 86_400,
            proposal_threshold: U256::from(AIUS),
            quorum_percent: 1,
            timelock_delay: 3_600,
            guardian: Address::ZERO,
        };
        let chain = TestChain::builder().dao(dao).start(|_| ()).await.unwrap();
        let books = Books::of(chain.chain(), chain.signer(Actor::Requester).unwrap());
        let governance = Governance::new(chain.chain().clone(), chain.deployment()).unwrap();
        let voter = Voter::new(books.lane.clone(), governance);
        Self {
            chain,
            books,
            voter,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn draft(&self, number: usize) -> Draft {
        let path = self.folder.path().join(format!("{number}.toml"));
        let text = format!(
            "description = 'Number {number}'\n[[actions]]\ntarget = 'engine'\n\
             function = 'setSolutionFeePercentage'\narguments = ['0.05 ether']\n"
        );
        std::fs::write(&path, text).unwrap();
        Draft::read(&path, self.voter.governance().contracts()).unwrap()
    }

    async fn proposals(&self) -> Vec<Proposal> {
        self.voter.governance().proposals().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delegating_proposing_and_voting_dropped_anywhere_happen_once_or_never() {
    let world = World::new().await;
    let (books, voter) = (&world.books, &world.voter);
    let account = voter.address();
    dropped_wherever_it_waits(
        async |_| voter.delegate(account).await,
        async || books.assert_sound().await,
    )
    .await
    .unwrap();
    let power = voter.power().await.unwrap();
    assert_eq!((power.delegate, power.votes), (account, power.balance));
    // Votes are counted from the second after.
    world.chain.pass(Duration::from_secs(2)).unwrap();

    dropped_wherever_it_waits(
        async |number| {
            let draft = world.draft(number);
            voter.propose(&draft).await
        },
        async || books.assert_sound().await,
    )
    .await
    .unwrap();
    let proposals = world.proposals().await;
    assert!(!proposals.is_empty());
    let mut proposed = 0;
    for proposal in &proposals {
        let purpose = format!("proposing {}", proposal.id);
        proposed += books.ledger.count(&purpose, Outcome::Included);
    }
    assert_eq!(proposed, proposals.len(), "by this account, each once");

    // Enough to vote on wherever voting waits.
    for number in 1_000..1_120 {
        voter.propose(&world.draft(number)).await.unwrap();
    }
    world.chain.pass(Duration::from_secs(DELAY + 1)).unwrap();
    let active: Vec<_> = world
        .proposals()
        .await
        .into_iter()
        .filter(|proposal| proposal.state == ProposalState::Active)
        .collect();
    dropped_wherever_it_waits(
        async |number| voter.vote(&active[number], Support::For, "").await,
        async || books.assert_sound().await,
    )
    .await
    .unwrap();
    for proposal in world.proposals().await {
        // Whether a dropped vote was cast or not, voting again leads to one vote.
        match voter.vote(&proposal, Support::For, "").await {
            Ok(_) | Err(GovError::Voted { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let votes = voter.governance().votes(&proposal).await.unwrap();
        assert_eq!(votes.len(), 1);
        assert_eq!(votes[0].weight, power.votes);
    }
}
