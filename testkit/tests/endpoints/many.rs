//! Many reads in one request.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::sol;
use arbius_sdk::chain::{Chain, ChainError};

use crate::world::{Hostile, builder, devnet};

sol! {
    function echo(uint256 number) external view returns (uint256);
}

/// Answers with what it is called with, without the selector.
const ECHO: Address = Address::repeat_byte(0xec);
/// Reverts with all that it is called with.
const FAIL: Address = Address::repeat_byte(0xfa);

async fn chain() -> (arbius_devnet::Devnet, Hostile, Chain) {
    let devnet = devnet().await;
    // calldatacopy(0, 4, size - 4); return(0, size - 4)
    let echo = [
        0x60, 4, 0x36, 0x03, 0x60, 4, 0x60, 0, 0x37, 0x60, 4, 0x36, 0x03, 0x60, 0, 0xf3,
    ];
    devnet.chain().set_code(ECHO, echo.to_vec().into());
    // calldatacopy(0, 0, size); revert(0, size)
    let fail = [0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0xfd];
    devnet.chain().set_code(FAIL, fail.to_vec().into());
    let endpoint = Hostile::before(&devnet).await;
    let chain = builder([endpoint.url().as_str()]).connect().await.unwrap();
    (devnet, endpoint, chain)
}

fn calls(count: u64) -> Vec<echoCall> {
    let number = |number| echoCall {
        number: U256::from(number),
    };
    (0..count).map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dozens_of_reads_take_one_request_and_hundreds_a_few() {
    let (_devnet, endpoint, chain) = chain().await;
    for (count, most) in [(0, 0), (1, 1), (2, 1), (48, 1), (500, 12)] {
        let before = endpoint.asked("eth_call");
        let answers = chain.read_many(ECHO, &calls(count)).await.unwrap();
        let answers: Vec<U256> = answers.into_iter().map(Result::unwrap).collect();
        let expected: Vec<U256> = (0..count).map(U256::from).collect();
        assert_eq!(answers, expected);
        let asked = endpoint.asked("eth_call") - before;
        assert!(asked <= most, "{asked} requests for {count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_its_own_answer_or_revert() {
    let (_devnet, _endpoint, chain) = chain().await;
    let input = |text: &'static [u8]| Bytes::from_static(text);
    let calls = [
        (ECHO, input(b"abcd one")),
        (FAIL, input(b"no way")),
        (Address::repeat_byte(1), Bytes::new()),
        (ECHO, input(b"abcdtwo")),
    ];
    let answers = chain.call_many(&calls).await.unwrap();
    assert_eq!(answers[0], Ok(input(b" one")));
    assert_eq!(answers[1].as_ref().unwrap_err().data, input(b"no way"));
    assert_eq!(answers[2], Ok(Bytes::new()));
    assert_eq!(answers[3], Ok(input(b"two")));

    let failed = chain.read_many(FAIL, &self::calls(3)).await.unwrap();
    for answer in failed {
        assert!(matches!(answer, Err(ChainError::WouldRevert { .. })));
    }
    let nobody = chain
        .read_many(Address::repeat_byte(1), &self::calls(2))
        .await
        .unwrap();
    for answer in nobody {
        assert!(matches!(answer, Err(ChainError::NoCode { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_too_large_together_are_had_in_parts() {
    let (_devnet, _endpoint, chain) = chain().await;
    // Each answer alone is allowed, thirty of them are more than a contract may be long.
    let calls: Vec<_> = (0..30_u8)
        .map(|byte| (ECHO, Bytes::from([&[0; 4][..], &[byte; 1200]].concat())))
        .collect();
    let answers = chain.call_many(&calls).await.unwrap();
    for (byte, answer) in (0..).zip(answers) {
        assert_eq!(answer, Ok(Bytes::from(vec![byte; 1200])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_creations_is_asked_one_by_one() {
    let (_devnet, endpoint, chain) = chain().await;
    endpoint.lies(|method, params, ask| {
        if method == "eth_call" && params[0]["to"].is_null() {
            return serde_json::json!({
                "jsonrpc": "2.0", "id": null, "error": { "code": -32602, "message": "to is missing" },
            });
        }
        ask(params)
    });
    let answers = chain.read_many(ECHO, &calls(20)).await.unwrap();
    assert_eq!(answers.len(), 20);
    assert!(
        answers
            .into_iter()
            .zip(0..)
            .all(|(answer, number)| answer.unwrap() == U256::from(number))
    );
}
