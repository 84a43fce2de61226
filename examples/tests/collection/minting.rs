//! Minting: what is submitted, for whom, and what is refused.

use alloy::{network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::{SolCall, SolError};
use arbius_example_interfaces::collection::ICollection::{
    Minted, ModelDoesNotExist, NotAnEngine, NotText, PromptLength, SoldOut, Transfer, mintCall,
};
use arbius_examples::collection::{Implementation, Terms, deploy};
use arbius_sdk::contracts::{IEngine, IToken};
use arbius_testkit::{Actor, aius, event, events, refusal, send, view};
use serde_json::json;

use crate::world::{World, both, terms};

both!(
    a_mint_submits_the_prompt_as_a_task_of_the_minter,
    a_prompt_is_text_of_a_bounded_length,
    quotes_backslashes_and_other_scripts_reach_the_network_as_they_are,
    there_are_never_more_tokens_than_the_collection_says,
    a_mint_that_cannot_pay_leaves_nothing_behind,
    a_collection_needs_an_engine_a_model_and_names_that_are_text,
);

async fn a_mint_submits_the_prompt_as_a_task_of_the_minter(world: World) {
    let (alice, engine) = (&world.alice, &world.bob.engine);
    let before = world.balance(alice.address).await;
    let receipt = send!(alice.collection.mint("a red car".to_owned(), aius(5)));
    let minted: Minted = event(&receipt);
    let token = U256::from(1);
    assert_eq!(
        (minted.tokenId, minted.minter, minted.fee),
        (token, alice.address, aius(5))
    );
    assert_eq!(minted.prompt, "a red car");
    let collection = world.collection();
    let transfers = events::<Transfer>(&receipt);
    assert!(transfers.contains(&Transfer {
        from: Address::ZERO,
        to: alice.address,
        tokenId: token
    }));

    let task = view!(engine.tasks(minted.task));
    assert_eq!(
        (task.model, task.fee, task.owner),
        (world.model, aius(5), alice.address)
    );
    let input: IEngine::TaskInput = event(&receipt);
    assert_eq!(input.input.as_ref(), br#"{"prompt":"a red car"}"#);
    assert_eq!(view!(engine.taskConsumer(minted.task)).consumer, collection);
    assert_eq!(world.balance(alice.address).await, before - aius(5));
    assert_eq!(world.balance(collection).await, U256::ZERO);

    let bob = &world.bob.collection;
    assert_eq!(view!(bob.ownerOf(token)), alice.address);
    assert_eq!(view!(bob.minterOf(token)), alice.address);
    assert_eq!(view!(bob.promptOf(token)), "a red car");
    assert_eq!(view!(bob.taskOf(token)), minted.task);
    assert_eq!(view!(bob.tokenOf(minted.task)), token);
    assert_eq!(view!(bob.tokenOf(B256::ZERO)), U256::ZERO);
    assert_eq!(view!(bob.totalSupply()), token);
    assert_eq!(view!(bob.maxSupply()), U256::from(3));
    assert_eq!(
        (view!(bob.engine()), view!(bob.model())),
        (world.chain.engine(), world.model)
    );
    assert_eq!(view!(bob.token()), world.chain.token());
    assert_eq!(view!(bob.pictureFile()), "out-1.png");
    assert_eq!(view!(bob.name()), r#"Sti"ck\ers"#);
    assert_eq!(view!(bob.symbol()), "STICK");
}

async fn a_prompt_is_text_of_a_bounded_length(world: World) {
    let collection = &world.alice.collection;
    let max = U256::from(256);
    for prompt in [String::new(), "a".repeat(257), "ä".repeat(129)] {
        let length = U256::from(prompt.len());
        let refused = refusal!(PromptLength, collection.mint(prompt, aius(5)));
        assert_eq!(refused, PromptLength { length, max });
    }
    for prompt in ["a\nb", "\0", "tab\t", "\u{7f}", "\u{1f}end"] {
        refusal!(NotText, collection.mint(prompt.to_owned(), aius(5)));
        refusal!(NotText, collection.inputFor(prompt.to_owned()));
    }
    // What no client that knows of strings would send: bytes that are no UTF-8.
    let provider = collection.provider();
    let expected = match world.implementation {
        // The call does not come as far as the contract's own code.
        Implementation::Stylus => Bytes::new(),
        Implementation::Solidity => NotText {}.abi_encode().into(),
    };
    for bytes in [
        &[0xff][..],
        &[0xc0, 0x80],
        &[0xe0, 0x9f, 0xbf],
        &[0xed, 0xa0, 0x80],
        &[0xe2, 0x82],
        &[0xf0, 0x8f, 0xbf, 0xbf],
        &[0xf4, 0x90, 0x80, 0x80],
    ] {
        let filler = "~".repeat(bytes.len());
        let fee = aius(5);
        let mut input = mintCall {
            prompt: filler.clone(),
            fee,
        }
        .abi_encode();
        let at = input
            .windows(filler.len())
            .position(|part| part == filler.as_bytes());
        let at = at.unwrap();
        input[at..at + bytes.len()].copy_from_slice(bytes);
        let request = TransactionRequest::default()
            .with_from(world.alice.address)
            .with_to(world.collection())
            .with_input(Bytes::from(input));
        let error = provider.call(request).await.unwrap_err();
        let answer = error.as_error_resp().unwrap().as_revert_data();
        assert_eq!(answer, Some(expected.clone()), "{bytes:x?}: {error}");
    }
    assert_eq!(view!(collection.totalSupply()), U256::ZERO);
}

async fn quotes_backslashes_and_other_scripts_reach_the_network_as_they_are(world: World) {
    let collection = &world.alice.collection;
    // First and last of what takes two, three and four bytes, and what surrogates lie between.
    for bound in [
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ] {
        let input = view!(collection.inputFor(bound.into()));
        assert_eq!(input, json!({ "prompt": bound }).to_string().into_bytes());
    }
    for prompt in [r#"a "red" \ car"#, "ein Bär, 熊, 🐻", &"ä".repeat(127)] {
        let input = view!(collection.inputFor(prompt.to_owned()));
        assert_eq!(input, json!({ "prompt": prompt }).to_string().into_bytes());
        let receipt = send!(collection.mint(prompt.to_owned(), aius(5)));
        let submitted: IEngine::TaskInput = event(&receipt);
        assert_eq!(submitted.input, input);
        let token = event::<Minted>(&receipt).tokenId;
        assert_eq!(view!(collection.promptOf(token)), prompt);
        assert!(view!(collection.proves(token, prompt.to_owned())));
        assert!(!view!(collection.proves(token, format!("{prompt} "))));
        assert_eq!(world.metadata(token).await["description"], prompt);
    }
}

async fn there_are_never_more_tokens_than_the_collection_says(world: World) {
    for prompt in ["one", "two"] {
        world.mint(prompt).await;
    }
    let (third, _) = world.rejected("three").await;
    let collection = &world.alice.collection;
    let refused = refusal!(SoldOut, collection.mint("four".to_owned(), aius(5)));
    assert_eq!(refused.maxSupply, U256::from(3));
    // What is burned makes room, and its number is not used again.
    send!(world.bob.collection.refund(third));
    let (fourth, _) = world.mint("four").await;
    assert_eq!(fourth, U256::from(4));
    refusal!(SoldOut, collection.mint("five".to_owned(), aius(5)));
}

async fn a_mint_that_cannot_pay_leaves_nothing_behind(world: World) {
    let (alice, bob) = (&world.alice.collection, &world.bob.collection);
    let mint = || "a red car".to_owned();
    refusal!(
        IToken::ERC20InsufficientAllowance,
        bob.mint(mint(), aius(5))
    );
    let too_much = aius(1_000_000);
    refusal!(
        IToken::ERC20InsufficientBalance,
        alice.mint(mint(), too_much)
    );
    // The model's own fee is 1 AIUS.
    let too_little = aius(1) - U256::from(1);
    refusal!(
        IEngine::LowerFeeThanModelFee,
        alice.mint(mint(), too_little)
    );
    send!(world.model_owner.engine.setModelEnabled(world.model, false));
    refusal!(IEngine::ModelDisabled, alice.mint(mint(), aius(5)));
    assert_eq!(view!(alice.totalSupply()), U256::ZERO);
}

async fn a_collection_needs_an_engine_a_model_and_names_that_are_text(world: World) {
    let chain = &world.chain;
    let good = terms(chain, world.model);
    let nobody = address!("00000000000000000000000000000000000000aa");
    let no_text = |text: &str| format!("{text}\n");
    let cases: [(Terms, [u8; 4]); 6] = [
        (
            Terms {
                engine: nobody,
                ..good.clone()
            },
            NotAnEngine::SELECTOR,
        ),
        (
            Terms {
                engine: chain.token(),
                ..good.clone()
            },
            NotAnEngine::SELECTOR,
        ),
        (
            Terms {
                model: B256::ZERO,
                ..good.clone()
            },
            ModelDoesNotExist::SELECTOR,
        ),
        (
            Terms {
                name: no_text("name"),
                ..good.clone()
            },
            NotText::SELECTOR,
        ),
        (
            Terms {
                symbol: no_text("symbol"),
                ..good.clone()
            },
            NotText::SELECTOR,
        ),
        (
            Terms {
                file: no_text("file"),
                ..good.clone()
            },
            NotText::SELECTOR,
        ),
    ];
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    for (terms, selector) in cases {
        let case = format!("{terms:?}");
        let error = deploy(lane, terms, world.implementation).await.unwrap_err();
        let name = match selector {
            NotAnEngine::SELECTOR => "NotAnEngine",
            ModelDoesNotExist::SELECTOR => "ModelDoesNotExist",
            _ => "NotText",
        };
        let text = format!("{error:?}");
        let hex = alloy_primitives::hex::encode(selector);
        assert!(text.contains(name) || text.contains(&hex), "{case}: {text}");
    }
}
