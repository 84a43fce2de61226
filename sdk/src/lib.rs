//! Mine, request and verify machine learning tasks on Arbius.
//!
//! Arbius is a network in which anyone asks for a computation by an open model, and anyone
//! computes it. A requester puts a task and a fee on a chain. A solver runs the model on the
//! task's input, bit for bit as everybody else would, commits to what came out, reveals it, and
//! is paid the fee and newly emitted AIUS unless somebody shows within some time that it is
//! wrong. This crate is all of that from a program's side: asking, answering, and watching over
//! those who answer.
//!
//! This page is a walk through it. Its examples run, as all in this documentation do: each
//! starts a chain of its own with the whole protocol on it (`arbius-testkit`, of the same
//! repository). On a real network the only difference is the [`Deployment`], which is read from
//! a file that the network publishes, and that `arbius devnet` writes for a local one:
//!
//! ```
//! use std::path::Path;
//! use arbius_sdk::deploy::Deployment;
//!
//! let error = Deployment::load(Path::new("arbius.json")).unwrap_err();
//! assert!(error.to_string().contains("`arbius devnet --deployment arbius.json` writes one"));
//! ```
//!
//! # Choosing features
//!
//! | feature | what it adds | for |
//! |---|---|---|
//! | `client` (default) | [`client`]: submit, await, fetch; stake, contest, vote; [`model`]: templates and inputs | apps, watchers |
//! | `keystore` (default) | keys in files that a password opens | programs that people run |
//! | `gov` | [`gov`]: proposals and votes | voters |
//! | `deploy` | the rest of [`deploy`]: the contracts' code, and putting it onto a chain | operators |
//! | `gateway` | [`content::Gateway`]: serving content over HTTP | who has results to give |
//! | `pinning` | [`content::pinning`]: Kubo, pinning services, Pinata | the same |
//! | `inference` | [`inference`]: running models | who checks results |
//! | `miner` | [`miner`]: from an event to a claim; brings all above but `gov`, `deploy` and `keystore` | miners |
//! | `ethers` | `ethers`: the contracts as types of ethers-rs 2 | programs that are still on it |
//! | `cuda` | NVIDIA GPUs; nothing of CUDA is needed to build | miners |
//!
//! An app that only asks takes `default-features = false, features = ["client"]`: it builds no
//! runtime for models, no HTTP server and no contract code.
//!
//! # Asking
//!
//! [`client::Requester`] is an account that asks. It needs a [`chain::Lane`], which is the
//! transactions of one key in order, and a model's id. The result is on the chain as a CID; its
//! bytes come from any gateway, and are hashed before this crate hands them out.
//!
//! ```
//! # #[cfg(not(feature = "miner"))]
//! # fn main() {}
//! # #[cfg(feature = "miner")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use alloy_primitives::U256;
//! use arbius_sdk::{
//!     chain::{Lane, Signer},
//!     client::{Network, Outputs, Requester, TaskRequest},
//!     content::{FetchLimits, Fetcher},
//!     contracts::AIUS,
//! };
//! # use arbius_sdk::{inference::InProcess, miner::{Catalogue, Miner}, model::Bundle};
//! # let digits = arbius_models::digits();
//! # let builder = arbius_testkit::TestChain::builder();
//! # let local = builder.model("digits", digits.template, U256::ZERO, U256::from(10).pow(U256::from(18))).start(|_| ()).await?;
//! # let deployment = local.deployment().clone();
//! # let account = deployment.accounts[3].clone();
//! # let folder = tempfile::tempdir()?;
//! # let bundle = Bundle::from_bytes(digits.template, digits.manifest, digits.files.iter().copied())?;
//! # let id = Network::connect(&deployment).await?.models().await?[0].id;
//! # let miner = Miner::builder()
//! #     .deployment(deployment.clone())
//! #     .signer(local.signer(arbius_testkit::Actor::Miner(0))?)
//! #     .solver(std::sync::Arc::new(InProcess::default()))
//! #     .catalogue(Catalogue::new().with(id, std::sync::Arc::new(bundle)))
//! #     .folder(folder.path())
//! #     .gateway(([127, 0, 0, 1], 0).into())
//! #     .spawn()
//! #     .await?;
//! # let gateways = [miner.gateway().unwrap()];
//! let network = Network::connect(&deployment).await?;
//! let model = network.models().await?[0].id;
//!
//! let signer = Signer::from_key(&account.key)?;
//! let requester = Requester::new(Lane::new(network.chain().clone(), signer), &deployment)?;
//! let submitted = requester
//!     .submit(&TaskRequest {
//!         model,
//!         fee: U256::from(AIUS / 2),
//!         input: br#"{"prompt": "a handwritten seven"}"#.to_vec().into(),
//!         owner: None,
//!     })
//!     .await?;
//!
//! let solution = requester.await_solution(submitted.task, Duration::from_secs(60)).await?;
//! let fetcher = Fetcher::new(gateways, FetchLimits::default())?;
//! let outputs = Outputs::fetch(&fetcher, solution.cid).await?;
//! assert!(outputs.files[0].bytes.starts_with(b"\x89PNG"));
//! # miner.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! What [`await_solution`](client::Requester::await_solution) gives is the *optimistic* result:
//! there within seconds, and anyone may still contest it. What depends on it for money waits for
//! [`await_final`](client::Requester::await_final) instead. A model's template says what an input
//! looks like; [`model::Template::hydrate`] checks one before it is paid for:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use arbius_sdk::model::Template;
//!
//! # let bytes = arbius_models::digits().template;
//! let template = Template::parse(bytes)?; // as `Network::template` gives it
//! let error = template.hydrate(br#"{"promt": "a handwritten seven"}"#, 0).unwrap_err();
//! assert!(error.to_string().contains("prompt"));
//! # Ok(())
//! # }
//! ```
//!
//! # Watching
//!
//! [`client::Network`] answers questions without an account: models, tasks, solutions,
//! contestations, and lists of them ([`client::TaskFilter`]). [`chain::Events`] follows the
//! engine's events as they happen, each once, across reconnects, reorganisations and restarts of
//! the program: it hands out a [`chain::Cursor`] to store and go on from. [`contracts`] has every
//! function, event and error of every contract as alloy types; they go through
//! [`Chain::read`](chain::Chain::read) and [`Lane::execute`](chain::Lane::execute), or through
//! alloy's own instances.
//!
//! # Sending
//!
//! All that changes something is a [`chain::Call`] on a [`chain::Lane`]. A lane simulates each
//! call first, so that a contract's refusal costs nothing and comes back by its name; it writes
//! down what it signs in a [`chain::Journal`], sends, offers more when a transaction is stuck,
//! within a [`chain::FeePolicy`], and returns what the chain says came of it.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use alloy_primitives::{B256, U256};
//! use arbius_sdk::{chain::Call, contracts::{IEngine, IToken}};
//! # let local = arbius_testkit::TestChain::start().await?;
//! # let (engine, token) = (local.engine(), local.token());
//! # let lane = local.lane(arbius_testkit::Actor::Requester)?;
//!
//! let approve = IToken::approveCall { spender: engine, value: U256::from(1) };
//! let receipt = lane.execute(Call::new(token, &approve).for_purpose("approving")).await?;
//! assert!(receipt.success);
//!
//! // Refused without having been sent.
//! let claim = IEngine::claimSolutionCall { task: B256::ZERO };
//! let error = lane.execute(Call::new(engine, &claim)).await.unwrap_err();
//! assert!(error.is_revert("SolutionNotFound"));
//! # Ok(())
//! # }
//! ```
//!
//! # Answering
//!
//! A model is a [`model::Bundle`]: a template, which is what the chain knows it by, the files
//! behind it, and a [`model::Passport`] that says what it promises about its bytes.
//! [`inference::solve`] runs one.
//!
//! ```
//! # #[cfg(not(feature = "inference"))]
//! # fn main() {}
//! # #[cfg(feature = "inference")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use arbius_sdk::{inference, model::Bundle};
//!
//! let digits = arbius_models::digits();
//! let files = digits.files.iter().copied();
//! let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
//!
//! let input = br#"{"prompt": "a handwritten seven"}"#;
//! let (here, there) = (inference::solve(&bundle, input, 1)?, inference::solve(&bundle, input, 1)?);
//! assert_eq!(here.cid()?, there.cid()?); // on any machine
//! # Ok(())
//! # }
//! ```
//!
//! [`miner::Miner`] does that for every task of the models in its [`miner::Catalogue`]: it
//! stakes, commits, reveals, serves the outputs, claims, and survives being killed at any time.
//! It also computes a share of the others' solutions again, contests what is wrong and votes.
//! Its [handle](miner::MinerHandle) tells what happens and stops it.
//!
//! # Judging
//!
//! [`client::Validator`] is an account with a stake: [`contest`](client::Validator::contest),
//! [`vote`](client::Validator::vote) and [`settle`](client::Validator::settle) by hand.
//! [`miner::recompute`] says whether a solution is right, wrong, or cannot be judged on this
//! machine, which is never a reason to vote against somebody.
//!
//! # Governing and deploying
//!
//! [`gov::Draft`] reads a proposal from a file, [`gov::Governance`] shows those that there are,
//! [`gov::Voter`] takes part. [`deploy::Deployer`] puts the whole protocol onto a Stylus chain
//! and goes on where it was interrupted; [`deploy::check`](mod@deploy::check) reads everything
//! back.
//!
//! # What holds everywhere
//!
//! - **Errors** are typed, say what was wrong, and what would be right. What a contract answers
//!   is a [`chain::Revert`] with the name of its error.
//! - **Nothing panics** on what a stranger says: an endpoint, a gateway, a task, a model, a
//!   file. Answers have limits of size and time, which are fields of the types that set them.
//! - **Futures may be dropped** wherever they wait. A transaction that was not written down is
//!   not sent; one that was goes on without whoever waited for it, and nonces and allowances
//!   stay sound for the next call.
//! - **Amounts** are wei of AIUS in [`U256`](alloy_primitives::U256), **times** seconds since
//!   1970, unless a field says otherwise. Ids are [`B256`](alloy_primitives::B256).
//! - **tokio** drives it: async functions want its runtime with time and I/O enabled. What runs
//!   for long is a task that its handle stops. Hashing, files and models run on threads that may
//!   block.
//! - **No global state**: no crypto provider, logger or allocator is installed. It tells what it
//!   does by [`tracing`](https://docs.rs/tracing) spans and by [`metrics::Metrics`].
//! - **Unsafe code** is where the operating system or a runtime's library is called, each with
//!   its reason.
//!
//! # Modules
//!
//! | module | what it is for |
//! |---|---|
//! | [`chain`] | RPC endpoints, a key, its transactions, events |
//! | [`contracts`] | the interfaces of all contracts, and where they are deployed |
//! | [`content`] | CIDs and UnixFS, a folder of blocks, its gateway, verified fetching |
//! | [`deploy`] | the file that describes a deployment; the whole protocol onto a Stylus chain |
//! | [`client`] | submit a task, await its outcome, fetch and verify the bytes |
//! | [`gov`] | proposals and votes of the DAO |
//! | [`model`] | templates, bundles and passports |
//! | [`inference`] | running models, in this process or in a child |
//! | [`miner`] | from an event to a claim |
//! | [`metrics`] | what is counted, for Prometheus |
//! | [`http`] | the HTTP client beneath them all |
//! | [`serve`] | the HTTP server beneath them all |
//!
//! [`Deployment`]: deploy::Deployment

// Nothing here may panic on what a stranger or a caller says. Where an `expect` is left, the
// comment beside it says why it cannot fail.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
// Whoever holds one of these types derives `Debug` for their own.
#![warn(missing_debug_implementations)]

pub mod chain;
#[cfg(feature = "client")]
pub mod client;
pub mod content;
pub mod contracts;
mod deadline;
pub mod deploy;
#[cfg(feature = "ethers")]
pub mod ethers;
#[cfg(feature = "gov")]
pub mod gov;
pub mod http;
#[cfg(feature = "inference")]
pub mod inference;
pub mod metrics;
#[cfg(feature = "miner")]
pub mod miner;
#[cfg(any(feature = "client", feature = "inference"))]
pub mod model;
#[cfg(feature = "gateway")]
pub mod serve;
