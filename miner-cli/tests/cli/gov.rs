//! The DAO from the command line: the life of a proposal, and what is said of mistakes.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256, hex};
use alloy_sol_types::SolEvent;
use arbius_sdk::contracts::{IEngine, IGovernor};
use arbius_sdk::deploy::settings::Dao;
use arbius_testkit::TestChain;
use serde_json::Value;

use crate::program::{arbius, command, rpc, succeeds};

/// Who holds most of what votes.
const WHALE: &[&str] = &["--account", "0"];
/// Others, who hold some and delegate to nobody.
const OTHER: &[&str] = &["--account", "4"];

const LOWER_FEE: &str = "\
description = \"\"\"
# Lower the solution fee

A tenth is more than it takes.
\"\"\"

[[actions]]
target = \"engine\"
function = \"setSolutionFeePercentage\"
arguments = [\"0.05 ether\"]
";

fn gov(folder: &Path, args: &[&str], account: &[&str]) -> String {
    succeeds(folder, &[&["gov"], args, account].concat())
}

fn json(folder: &Path, args: &[&str], account: &[&str]) -> Value {
    let text = gov(folder, &[args, &["--json"]].concat(), account);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Asserts that it fails, with one line of error that says this.
#[track_caller]
fn refused(folder: &Path, args: &[&str], account: &[&str], says: &str) {
    let output: Output = arbius(folder, &[&["gov"], args, account].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let last = errors.lines().last().unwrap_or_default();
    assert!(last.contains(says), "no `{says}` in: {errors}");
}

fn pass(chain: &TestChain, seconds: u64) {
    chain.pass(Duration::from_secs(seconds)).unwrap();
}

async fn fee(chain: &TestChain) -> U256 {
    let call = IEngine::solutionFeePercentageCall {};
    chain.chain().read(chain.engine(), &call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_lives_from_a_file_to_its_execution() {
    let dao = Dao::default();
    // Of what has vested, most stays with the owner, who alone can reach the quorum then.
    let builder = TestChain::builder().dao(dao.clone());
    let builder = builder.allowance(U256::from(1_000_000_000_000_000_000_u64));
    let chain = builder.start(|_| ()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    chain.deployment().save(&path.join("arbius.json")).unwrap();
    fs::write(path.join("fee.toml"), LOWER_FEE).unwrap();
    fs::write(path.join("hello.txt"), "hello").unwrap();
    // There is a block folder then.
    succeeds(path, &["ipfs", "add", "hello.txt"]);

    assert_eq!(gov(path, &["list"], &[]), "no such proposals\n");
    let propose = &["propose", "fee.toml"][..];
    let now = [propose, &["--yes"]].concat();
    refused(path, &now, WHALE, "arbius gov delegate self");
    let power = json(path, &["delegate", "self"], WHALE);
    assert_eq!(power["votes"], power["balance"]);
    pass(&chain, 2);

    let shown = gov(path, &[propose, &["--dry-run"]].concat(), WHALE);
    for text in [
        "# Lower the solution fee",
        "setSolutionFeePercentage(uint256)",
        "50000000000000000 (0.05 × 10^18)",
        "nothing was sent",
    ] {
        assert!(shown.contains(text), "no `{text}` in: {shown}");
    }
    // Nobody is there who could be asked.
    refused(path, propose, WHALE, "--yes");
    assert_eq!(gov(path, &["list"], &[]), "no such proposals\n");

    let proposed = json(path, &now, WHALE);
    assert_eq!(
        (&proposed["sent"], &proposed["kept"]["folder"]),
        (&true.into(), &true.into())
    );
    let cid = proposed["cid"].as_str().unwrap();
    let text = succeeds(path, &["ipfs", "cat", cid, "--offline"]);
    assert_eq!(
        text,
        "# Lower the solution fee\n\nA tenth is more than it takes."
    );
    refused(path, &now, WHALE, "proposed before");
    let list = json(path, &["list"], &[]);
    let listed = &list["proposals"][0];
    for (field, value) in [
        ("id", &proposed["id"]),
        ("cid", &proposed["cid"]),
        ("state", &"pending".into()),
        ("number", &1.into()),
        ("title", &"Lower the solution fee".into()),
    ] {
        assert_eq!(&listed[field], value, "{field}");
    }
    assert_eq!(listed["actions"], proposed["actions"]);
    refused(path, &["vote", "1", "for"], WHALE, "is pending");

    pass(&chain, dao.voting_delay + 1);
    refused(path, &["vote", "1", "for"], OTHER, "had no votes");
    let reason = ["vote", "1", "for", "--reason", "cheaper is enough"];
    let voted = json(path, &reason, WHALE);
    assert_eq!(voted["proposal"]["for"], power["votes"]);
    refused(path, &["vote", "1", "against"], WHALE, "has voted");
    let id = proposed["id"].as_str().unwrap();
    let shown = gov(path, &["show", id], &[]);
    for text in ["active", "reached", "cheaper is enough", "engine ("] {
        assert!(shown.contains(text), "no `{text}` in: {shown}");
    }
    // Times are those of the clocks here, two hours ahead, and of everybody's.
    let shown = command(path, &["gov", "show", "1"])
        .env("TZ", "HERE-2")
        .output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    assert!(
        shown.contains(" HERE, 2") && shown.contains(" UTC (in "),
        "{shown}"
    );
    refused(path, &["queue", "1"], OTHER, "is active");

    pass(&chain, dao.voting_period + 1);
    // Whoever comes along may go on with it.
    assert!(gov(path, &["queue", "1"], OTHER).contains("it can be executed from"));
    refused(path, &["execute", "1"], OTHER, "can be executed from");
    pass(&chain, dao.timelock_delay + 1);
    let before = fee(&chain).await;
    gov(path, &["execute", "1"], OTHER);
    let after = fee(&chain).await;
    assert_eq!(after, U256::from(50_000_000_000_000_000_u64));
    assert_ne!(before, after);
    let shown = json(path, &["show", "1"], &[]);
    assert_eq!(shown["state"], "executed");
    assert_eq!(shown["votes"][0]["reason"], "cheaper is enough");

    let again = LOWER_FEE.replace("0.05", "0.06");
    fs::write(path.join("fee.toml"), again).unwrap();
    json(path, &now, WHALE);
    refused(path, &["cancel", "2"], OTHER, "cannot cancel");
    assert!(gov(path, &["cancel", "2"], WHALE).contains("it is over"));
    let canceled = json(path, &["list", "--state", "canceled"], &[]);
    assert_eq!(canceled["proposals"].as_array().unwrap().len(), 1);
    refused(path, &["show", "3"], &[], "there is no proposal 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_whose_identifier_it_does_not_have_is_not_believed() {
    let chain = TestChain::start().await.unwrap();
    let devnet = chain.devnet();
    let governor = Address::repeat_byte(0x60);
    // Emits a proposal of whatever it is called with.
    let topic = hex::encode(IGovernor::ProposalCreated::SIGNATURE_HASH);
    let code = hex::decode(format!("365f5f377f{topic}365fa100")).unwrap();
    devnet.chain().set_code(governor, code.into());
    let mut deployment = chain.deployment().clone();
    for name in ["governor", "timelock"] {
        deployment.contracts.insert(name.to_owned(), governor);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    deployment.save(&path.join("arbius.json")).unwrap();
    let said = IGovernor::ProposalCreated {
        proposalId: U256::from(7),
        proposer: governor,
        targets: vec![governor],
        values: vec![U256::ZERO],
        signatures: vec![String::new()],
        calldatas: vec![Bytes::new()],
        voteStart: U256::from(1),
        voteEnd: U256::from(2),
        description: "pay me".to_owned(),
    };
    let from = devnet.accounts()[0].address;
    let data = hex::encode_prefixed(said.encode_data());
    let call = format!("[{{\"from\":\"{from}\",\"to\":\"{governor}\",\"data\":\"{data}\"}}]");
    rpc(&devnet.url(), "eth_sendTransaction", &call);
    refused(path, &["list"], &[], "its identifier shows to be false");
}

#[test]
fn every_command_of_the_dao_shows_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "propose", "list", "show", "vote", "delegate", "queue", "execute", "cancel",
    ] {
        let help = succeeds(folder.path(), &["gov", command, "--help"]);
        assert!(help.contains(&format!("arbius gov {command}")), "{help}");
    }
}
