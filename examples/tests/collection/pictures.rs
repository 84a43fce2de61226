//! The picture: the final solution, never anything before it; and where it comes from.

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_example_interfaces::collection::ICollection::{
    ERC721NonexistentToken, MetadataUpdate, NotEngine, NotFinal,
};
use arbius_examples::collection::prove;
use arbius_protocol::ids;
use arbius_sdk::{
    chain::Call,
    client::Network,
    content::cids,
    contracts::{IEngine, TaskStatus},
};
use arbius_testkit::{Actor, aius, event, events, refusal, send, view};
use serde_json::{Value, json};

use crate::world::{World, answer, both};

both!(
    the_picture_is_the_final_solution_and_nothing_before,
    a_contested_picture_waits_for_the_vote,
    a_third_party_can_prove_where_a_token_comes_from,
    the_engine_tells_outcomes_and_nobody_else_does,
    tasks_of_others_that_name_the_collection_change_nothing,
    nothing_is_said_of_tokens_that_do_not_exist,
);

/// The metadata of token 1 as it should be.
fn described(world: &World, task: B256, status: &str, image: Option<String>) -> Value {
    let attribute = |name: &str, value: String| json!({ "trait_type": name, "value": value });
    let mut about = json!({
        "name": r#"Sti"ck\ers #1"#,
        "description": "a red car",
        "attributes": [
            attribute("Status", status.to_owned()),
            attribute("Model", world.model.to_string()),
            attribute("Task", task.to_string()),
            attribute("Seed", ids::seed(task).to_string()),
        ],
    });
    if let Some(image) = image {
        about["image"] = image.into();
    }
    about
}

async fn the_picture_is_the_final_solution_and_nothing_before(world: World) {
    let (token, task) = world.mint("a red car").await;
    let bob = &world.bob.collection;
    let early = |status| NotFinal {
        tokenId: token,
        status,
    };
    assert_eq!(refusal!(NotFinal, bob.pictureOf(token)), early(1));
    assert_eq!(
        world.metadata(token).await,
        described(&world, task, "open", None)
    );
    let origin = view!(bob.provenanceOf(token));
    assert_eq!(
        (origin.task, origin.modelId, origin.status),
        (task, world.model, 1)
    );
    assert_eq!(origin.input, view!(world.bob.engine.tasks(task)).cid);
    assert_eq!(origin.seed, U256::from(ids::seed(task)));
    assert_eq!(
        (origin.solver, origin.solution),
        (Address::ZERO, Bytes::new())
    );

    world.solve(task, &answer(7)).await;
    assert_eq!(refusal!(NotFinal, bob.pictureOf(token)), early(2));
    assert_eq!(
        world.metadata(token).await,
        described(&world, task, "solved", None)
    );

    world.pass(2_001);
    assert_eq!(view!(bob.pictureOf(token)), answer(7));
    let folder = cids::from_onchain(&answer(7)).unwrap();
    let image = Some(format!("ipfs://{folder}/out-1.png"));
    assert_eq!(
        world.metadata(token).await,
        described(&world, task, "final", image.clone())
    );
    let origin = view!(bob.provenanceOf(token));
    assert_eq!(
        (origin.status, origin.solver),
        (4, world.validators.solver.address())
    );
    assert_eq!(origin.solution, answer(7));

    // Claimed or not, told or not, it stays.
    let claim = IEngine::claimSolutionCall { task };
    let solver = world.chain.lane(Actor::Miner(0)).unwrap();
    let claim = Call::new(world.chain.engine(), &claim);
    solver.execute(claim).await.unwrap();
    assert!(world.tell(task).await.0);
    assert_eq!(
        world.metadata(token).await,
        described(&world, task, "final", image)
    );
}

async fn a_contested_picture_waits_for_the_vote(world: World) {
    let (token, task) = world.mint("a red car").await;
    world.solve(task, &answer(1)).await;
    world.validators.contest(task).await.unwrap();
    // The time to contest passes, and the picture is still not final.
    world.pass(2_001);
    let bob = &world.bob.collection;
    assert_eq!(refusal!(NotFinal, bob.pictureOf(token)).status, 3);
    assert_eq!(
        world.metadata(token).await,
        described(&world, task, "contested", None)
    );
    world.pass(2_001);
    world.validators.voter.settle(task).await.unwrap();
    // A tie sides with the solver.
    assert_eq!(view!(bob.pictureOf(token)), answer(1));
}

async fn a_third_party_can_prove_where_a_token_comes_from(world: World) {
    let prompt = r#"a "red" Bär"#;
    let (token, task) = world.mint(prompt).await;
    let (chain, collection) = (&world.chain, world.collection());
    let network = Network::new(chain.chain().clone(), chain.deployment()).unwrap();
    let attempt = |model, prompt| {
        let network = &network;
        async move { prove(network, collection, token, model, prompt).await }
    };
    let early = attempt(world.model, prompt).await.unwrap_err();
    assert!(
        early.to_string().contains("not final: its task is Open"),
        "{early}"
    );

    world.solve(task, &answer(7)).await;
    world.pass(2_001);
    let proven = attempt(world.model, prompt).await.unwrap();
    assert_eq!((proven.task.id, proven.task.model), (task, world.model));
    assert_eq!(proven.task.status, TaskStatus::Final);
    assert_eq!(proven.seed, ids::seed(task));
    assert_eq!(proven.solution.solver, world.validators.solver.address());
    assert_eq!(proven.solution.cid, cids::from_onchain(&answer(7)).unwrap());

    let other = attempt(B256::ZERO, prompt).await.unwrap_err();
    assert!(
        other.to_string().contains("was drawn by the model"),
        "{other}"
    );
    let other = attempt(world.model, "a red Bär").await.unwrap_err();
    assert!(
        other.to_string().contains("not drawn for this prompt"),
        "{other}"
    );
}

async fn the_engine_tells_outcomes_and_nobody_else_does(world: World) {
    let (token, task) = world.minted("a red car").await;
    let forged = world.bob.collection.onTaskOutcome(task, 4, answer(9));
    assert_eq!(refusal!(NotEngine, forged).caller, world.bob.address);
    let (accepted, receipt) = world.tell(task).await;
    assert!(accepted);
    let update: MetadataUpdate = event(&receipt);
    assert_eq!(update._tokenId, token);
    assert_eq!(view!(world.bob.collection.pictureOf(token)), answer(1));

    // Of a rejection it is told as well; the token is there until somebody has it refunded.
    let (rejected, task) = world.rejected("a blue car").await;
    let (accepted, receipt) = world.tell(task).await;
    assert!(accepted);
    assert_eq!(event::<MetadataUpdate>(&receipt)._tokenId, rejected);
    assert_eq!(
        world.metadata(rejected).await["attributes"][0]["value"],
        "rejected"
    );
    assert_eq!(
        refusal!(NotFinal, world.bob.collection.pictureOf(rejected)).status,
        5
    );
}

async fn tasks_of_others_that_name_the_collection_change_nothing(world: World) {
    let bob = &world.bob;
    send!(bob.token.approve(world.chain.engine(), U256::MAX));
    let submit = bob.engine.submitTaskWithConsumer(
        0,
        bob.address,
        world.model,
        aius(5),
        Bytes::from_static(b"in"),
        world.collection(),
        200_000,
    );
    let task = event::<IEngine::TaskSubmitted>(&send!(submit)).id;
    world.solve(task, &answer(1)).await;
    world.pass(2_001);
    let (accepted, receipt) = world.tell(task).await;
    assert!(!accepted);
    assert_eq!(events::<MetadataUpdate>(&receipt), []);
    assert_eq!(view!(bob.collection.totalSupply()), U256::ZERO);
    assert_eq!(view!(bob.collection.tokenOf(task)), U256::ZERO);
}

async fn nothing_is_said_of_tokens_that_do_not_exist(world: World) {
    let bob = &world.bob.collection;
    for token in [U256::ZERO, U256::from(1), U256::MAX] {
        let none = ERC721NonexistentToken { tokenId: token };
        assert_eq!(refusal!(ERC721NonexistentToken, bob.ownerOf(token)), none);
        assert_eq!(refusal!(ERC721NonexistentToken, bob.tokenURI(token)), none);
        assert_eq!(refusal!(ERC721NonexistentToken, bob.taskOf(token)), none);
        assert_eq!(refusal!(ERC721NonexistentToken, bob.minterOf(token)), none);
        assert_eq!(refusal!(ERC721NonexistentToken, bob.promptOf(token)), none);
        assert_eq!(refusal!(ERC721NonexistentToken, bob.pictureOf(token)), none);
        assert_eq!(
            refusal!(ERC721NonexistentToken, bob.provenanceOf(token)),
            none
        );
        assert_eq!(
            refusal!(ERC721NonexistentToken, bob.getApproved(token)),
            none
        );
        assert_eq!(refusal!(ERC721NonexistentToken, bob.refund(token)), none);
        let prompt = || "a".to_owned();
        assert_eq!(
            refusal!(ERC721NonexistentToken, bob.proves(token, prompt())),
            none
        );
        let (from, to) = (world.alice.address, world.bob.address);
        assert_eq!(
            refusal!(ERC721NonexistentToken, bob.approve(to, token)),
            none
        );
        assert_eq!(
            refusal!(ERC721NonexistentToken, bob.transferFrom(from, to, token)),
            none
        );
    }
}
