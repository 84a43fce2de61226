//! Random bodies: every method with hostile parameters, and bodies with bytes changed.
//!
//! A body must be answered with JSON-RPC, in bounded time, without a panic, and leave a
//! chain that works. The seed is printed; `ARBIUS_FUZZ_SEED` repeats it, and
//! `ARBIUS_FUZZ_CASES` says how many bodies are tried.

use std::time::{Duration, Instant};

use alloy_primitives::{B256, hex};
use arbius_devnet::{chain::Chain, rpc};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{client::start, common::*, methods::METHODS, websocket::Socket};

/// Bodies that a plain test run tries.
const CASES: u64 = 10_000;
/// Bodies after which a fresh chain is taken, so that they do not all meet a chain that
/// some earlier one has upset.
const CASES_PER_CHAIN: u64 = 500;
/// No body may take longer, on a loaded machine and in a debug build. What takes time is
/// execution, which gas bounds.
const SLOWEST: Duration = Duration::from_secs(60);

/// A small, fast generator (xorshift64*); what matters is that a seed repeats its bodies.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Makes a value of some kind.
type Maker = fn(&World, &mut Random) -> Value;

/// A chain with something on it, and what can be asked about it.
struct World {
    chain: Chain,
    addresses: Vec<Value>,
    hashes: Vec<Value>,
    raw: Vec<Value>,
}

impl World {
    fn new() -> Self {
        let chain = chain();
        let endless = deploy(&chain, &hex!("5b5f56"));
        let reverting = deploy(&chain, &hex!("365f5f37365ffd"));
        let writing = deploy(&chain, &writer());
        // Memory as large as the first word of the input says.
        let greedy = deploy(&chain, &hex!("5f35515f5260205ff3"));
        let program = deploy_program(&chain, &actor());
        let block = chain.latest_block();
        let sent = send(&chain, request(alice(&chain), writing, vec![1; 32]));
        let addresses = [
            alice(&chain),
            bob(&chain),
            endless,
            reverting,
            writing,
            greedy,
            program,
            alloy_primitives::Address::ZERO,
            arbius_devnet::evm::params::ARB_WASM,
            arbius_devnet::evm::params::ARB_SYS,
            arbius_devnet::evm::params::STYLUS_DEPLOYER,
        ];
        Self {
            addresses: addresses.iter().map(|address| json!(address)).collect(),
            hashes: [
                block.hash,
                sent.block.hash,
                sent.transaction().hash(),
                NOTHING,
                B256::ZERO,
            ]
            .iter()
            .map(|hash| json!(hash))
            .collect(),
            raw: vec![json!(hex::encode_prefixed(sent.transaction().encoded()))],
            chain,
        }
    }

    fn number(&self, random: &mut Random) -> Value {
        match random.below(12) {
            0 => json!(0),
            1 => json!("0x0"),
            2 => json!("0x1"),
            3 => json!(-1),
            4 => json!(1.5),
            5 => json!("0xffffffffffffffff"),
            6 => json!(u64::MAX),
            7 => json!(format!("0x{}", "f".repeat(64))),
            8 => json!(format!("0x1{}", "0".repeat(64))),
            9 => json!("12345678901234567890"),
            _ => json!(format!("{:#x}", random.below(40))),
        }
    }

    fn block(&self, random: &mut Random) -> Value {
        match random.below(6) {
            0 => {
                json!({ "blockHash": random.pick(&self.hashes), "requireCanonical": random.chance(50) })
            }
            1 => json!({ "blockNumber": self.number(random) }),
            2 => self.number(random),
            _ => json!(random.pick(&["latest", "pending", "earliest", "safe", "finalized"])),
        }
    }

    fn bytes(&self, random: &mut Random) -> Value {
        match random.below(8) {
            0 => json!("0x"),
            1 => json!("0x0"),
            2 => json!("zz"),
            3 => json!(format!("0x{}", "00".repeat(random.below(100_000)))),
            4 => random.pick(&self.raw).clone(),
            5 => json!(format!("0x{}", "ff".repeat(32))),
            6 => json!(format!("0xeff00000{:08x}", random.next())),
            _ => {
                let length = random.below(80);
                let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
                json!(hex::encode_prefixed(bytes))
            }
        }
    }

    fn call(&self, random: &mut Random) -> Value {
        let mut call = json!({});
        let fields: [(&str, usize, Maker); 12] = [
            ("from", 60, |world, random| {
                random.pick(&world.addresses).clone()
            }),
            ("to", 80, |world, random| {
                random.pick(&world.addresses).clone()
            }),
            ("data", 60, Self::bytes),
            ("input", 20, Self::bytes),
            ("value", 20, Self::number),
            ("gasPrice", 10, Self::number),
            ("maxFeePerGas", 10, Self::number),
            ("maxPriorityFeePerGas", 10, Self::number),
            ("nonce", 15, Self::number),
            ("chainId", 5, Self::number),
            (
                "accessList",
                5,
                |world, random| json!([{ "address": random.pick(&world.addresses), "storageKeys": random.pick(&world.hashes) }]),
            ),
            ("type", 5, Self::number),
        ];
        for (name, percent, value) in fields {
            if random.chance(percent) {
                call[name] = value(self, random);
            }
        }
        // Endless loops run until their gas is used up: all of it now and then.
        if random.chance(97) {
            call["gas"] = json!(format!("{:#x}", random.below(200_000)));
        } else if random.chance(50) {
            call["gas"] = self.number(random);
        }
        call
    }

    fn filter(&self, random: &mut Random) -> Value {
        let mut filter = json!({});
        for name in ["fromBlock", "toBlock"] {
            if random.chance(50) {
                filter[name] = self.block(random);
            }
        }
        if random.chance(50) {
            filter["address"] = match random.below(3) {
                0 => random.pick(&self.addresses).clone(),
                1 => json!(self.addresses),
                _ => json!([]),
            };
        }
        if random.chance(50) {
            filter["topics"] = json!([random.pick(&self.hashes), null, self.hashes]);
        }
        if random.chance(10) {
            filter["blockHash"] = random.pick(&self.hashes).clone();
        }
        filter
    }

    fn overrides(&self, random: &mut Random) -> Value {
        let mut overrides = json!({});
        for _ in 0..random.below(4) {
            let address = random.pick(&self.addresses).as_str().unwrap().to_string();
            overrides[address] = json!({
                "balance": self.number(random),
                "nonce": self.number(random),
                "code": self.bytes(random),
                "stateDiff": { random.pick(&self.hashes).as_str().unwrap(): random.pick(&self.hashes) },
            });
        }
        overrides
    }

    fn simulation(&self, random: &mut Random) -> Value {
        let blocks: Value = (0..random.below(4))
            .map(|_| {
                json!({
                    "blockOverrides": if random.chance(30) {
                        json!({ "number": self.number(random), "time": self.number(random) })
                    } else {
                        json!({})
                    },
                    "stateOverrides": self.overrides(random),
                    "calls": [self.call(random), self.call(random)],
                })
            })
            .collect();
        json!({ "blockStateCalls": blocks, "validation": random.chance(5) })
    }

    fn junk(&self, random: &mut Random, depth: usize) -> Value {
        match random.below(if depth > 3 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(random.chance(50)),
            2 => self.number(random),
            3 => json!("\u{0}\u{fffd}\"\\"),
            4 => self.bytes(random),
            5 => json!("x".repeat(random.below(1_000))),
            6 => (0..random.below(5))
                .map(|_| self.junk(random, depth + 1))
                .collect(),
            7 => json!({ "": self.junk(random, depth + 1) }),
            _ => {
                let mut value = json!(1);
                for _ in 0..random.below(200) {
                    value = json!([value]);
                }
                value
            }
        }
    }

    fn param(&self, random: &mut Random) -> Value {
        match random.below(14) {
            0 | 1 => random.pick(&self.addresses).clone(),
            2 | 3 => random.pick(&self.hashes).clone(),
            4 => self.number(random),
            5 => self.block(random),
            6 => self.bytes(random),
            7 => self.call(random),
            8 => self.filter(random),
            9 => self.overrides(random),
            10 => json!(random.chance(50)),
            11 => json!([25.0, 1e300, -1, 75]),
            12 => {
                json!({ "tracer": random.pick(&["callTracer", "prestateTracer", "4byteTracer", "x"]) })
            }
            _ => self.junk(random, 0),
        }
    }

    /// Parameters, more often than not of the kinds that the method takes.
    fn params(&self, method: &str, random: &mut Random) -> Value {
        if random.chance(3) {
            return self.junk(random, 0);
        }
        let mut params = Vec::new();
        if random.chance(75) {
            match method {
                "eth_call" | "eth_estimateGas" | "eth_createAccessList" | "debug_traceCall" => {
                    params.extend([
                        self.call(random),
                        self.block(random),
                        self.overrides(random),
                    ]);
                }
                "eth_simulateV1" => params.push(self.simulation(random)),
                "eth_sendTransaction" | "eth_signTransaction" => params.push(self.call(random)),
                "eth_sendRawTransaction" => params.push(self.bytes(random)),
                "eth_getLogs" | "eth_newFilter" => params.push(self.filter(random)),
                "eth_feeHistory" => params.extend([
                    self.number(random),
                    self.block(random),
                    json!([0, 50.5, 100]),
                ]),
                "eth_getFilterChanges"
                | "eth_getFilterLogs"
                | "eth_uninstallFilter"
                | "evm_revert" => params.push(json!(format!("{:#x}", random.below(8)))),
                _ if method.contains("ByNumber") => params.push(self.block(random)),
                _ if method.contains("Hash") || method.contains("Receipt") => {
                    params.push(random.pick(&self.hashes).clone());
                }
                _ if method.contains("mine") => {}
                _ => params.push(random.pick(&self.addresses).clone()),
            }
        }
        // The number of blocks to mine is bounded by the server, and still the bound takes
        // seconds: here it stays small.
        let more = if method.ends_with("mine") {
            0
        } else {
            random.below(4)
        };
        params.extend((0..more).map(|_| self.param(random)));
        json!(params)
    }

    fn request(&self, random: &mut Random) -> Value {
        let method = *random.pick(METHODS);
        let mut request = json!({
            "jsonrpc": "2.0",
            "id": random.below(1_000),
            "method": method,
            "params": self.params(method, random),
        });
        if random.chance(5) {
            let key = *random.pick(&["jsonrpc", "id", "method", "params"]);
            request[key] = self.junk(random, 0);
        }
        request
    }

    fn body(&self, random: &mut Random) -> Vec<u8> {
        let body = match random.below(20) {
            0 => self.junk(random, 0),
            1 | 2 => (0..random.below(8)).map(|_| self.request(random)).collect(),
            _ => self.request(random),
        };
        let mut body = body.to_string().into_bytes();
        if random.chance(15) {
            for _ in 0..1 + random.below(8) {
                mutate(&mut body, random);
            }
        }
        body
    }
}

/// Changes, removes, repeats or inserts bytes.
fn mutate(body: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&[u8]; 8] = [b"[", b"{", b"\"", b"\\u", b"1e999", b"\xff", b"null", b","];
    if body.is_empty() {
        return;
    }
    let at = random.below(body.len());
    match random.below(5) {
        0 => body[at] = random.next() as u8,
        1 => body.truncate(at),
        2 => {
            let piece = *random.pick(&PIECES);
            let repeated = piece.repeat(1 + random.below(300));
            body.splice(at..at, repeated);
        }
        3 => {
            let end = (at + random.below(20)).min(body.len());
            let piece = body[at..end].to_vec();
            body.splice(at..at, piece);
        }
        _ => {
            let end = (at + random.below(20)).min(body.len());
            body.drain(at..end);
        }
    }
}

/// Whether this is what JSON-RPC 2.0 allows as a response.
fn is_response(response: &Value) -> bool {
    let error = &response["error"];
    response["jsonrpc"] == "2.0"
        && response.get("id").is_some()
        && response.get("result").is_some() != error.is_object()
        && (error.is_null() || (error["code"].is_i64() && error["message"].is_string()))
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {value}")),
    )
}

/// The generator of a run, and the run's number of bodies.
fn begin(cases: u64) -> (Random, u64) {
    let cases = setting("ARBIUS_FUZZ_CASES").unwrap_or(cases);
    let seed = setting("ARBIUS_FUZZ_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.unwrap().as_nanos() % u128::from(u64::MAX)).unwrap()
    });
    println!("{cases} bodies, ARBIUS_FUZZ_SEED={seed}");
    // The generator stands still at zero.
    (Random(seed | 1), cases)
}

#[test]
fn every_body_is_answered_with_json_rpc() {
    let (mut random, cases) = begin(CASES);
    let (mut results, mut errors, mut silent) = (0u64, 0u64, 0u64);
    let mut slowest = (Duration::ZERO, String::new());
    let begun = Instant::now();
    let mut case = 0;
    while case < cases {
        let world = World::new();
        for _ in 0..CASES_PER_CHAIN.min(cases - case) {
            case += 1;
            let body = world.body(&mut random);
            let started = Instant::now();
            let answer = rpc::answer(&world.chain, &body);
            let took = started.elapsed();
            let shown = || String::from_utf8_lossy(&body[..body.len().min(2_000)]).into_owned();
            if took > slowest.0 {
                slowest = (took, shown());
            }
            assert!(took < SLOWEST, "body {case} took {took:?}: {}", shown());
            let Some(answer) = answer else {
                silent += 1;
                continue;
            };
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let responses = answer
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![answer.clone()]);
            assert!(!responses.is_empty(), "body {case}: {}", shown());
            for response in &responses {
                assert!(
                    is_response(response),
                    "body {case}: {}\n{response}",
                    shown()
                );
                // That is how a panic would look, if one were caught.
                assert_ne!(
                    response["error"]["code"],
                    -32603,
                    "body {case}: {}",
                    shown()
                );
                if response.get("error").is_some() {
                    errors += 1;
                } else {
                    results += 1;
                }
            }
        }
        // Whatever was sent, the chain still makes blocks.
        let number = world.chain.block_number();
        assert_eq!(world.chain.mine().header.number, number + 1);
    }
    println!(
        "{results} results, {errors} errors, {silent} unanswered in {:.0?}; the slowest took {:.2?}: {:.300}",
        begun.elapsed(),
        slowest.0,
        slowest.1
    );
    // The generator is worth something only if it gets past the parser.
    assert!(
        results * 5 > cases,
        "only {results} of {cases} gave results"
    );
    assert!(errors * 5 > cases, "only {errors} of {cases} gave errors");
}

#[test]
fn every_method_refuses_parameters_of_other_kinds() {
    let hostile = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5e300),
        json!(u64::MAX),
        json!(""),
        json!("0x"),
        json!("0xzz"),
        json!("\u{0}"),
        json!(format!("0x{}", "f".repeat(65))),
        json!(format!("0x{}", "ff".repeat(100_000))),
        json!([]),
        json!([[[[]]]]),
        json!({}),
        json!({ "": { "": [] } }),
        json!({ "from": [], "to": 5, "gas": "x", "blockHash": {}, "fromBlock": "x" }),
    ];
    for method in METHODS {
        let world = World::new();
        let usual = json!(world.addresses[0]);
        for position in 0..4 {
            for value in &hostile {
                let mut params = vec![usual.clone(); position];
                params.push(value.clone());
                let body = json!({ "id": 1, "method": method, "params": params }).to_string();
                let answer = rpc::answer(&world.chain, body.as_bytes()).unwrap();
                let answer: Value = serde_json::from_str(&answer).unwrap();
                assert!(is_response(&answer), "{body:.300}\n{answer}");
                assert_ne!(answer["error"]["code"], -32603, "{body:.300}\n{answer}");
            }
        }
        // An object in the place of the list of parameters is refused by all alike.
        let body = json!({ "id": 1, "method": method, "params": { "a": 1 } }).to_string();
        let answer = rpc::answer(&world.chain, body.as_bytes()).unwrap();
        assert!(answer.contains("-32602"), "{answer}");
    }
}

#[tokio::test]
async fn every_message_of_a_websocket_is_answered() {
    let (mut random, cases) = begin(CASES / 5);
    let world = World::new();
    let (devnet, http) = start().await;
    let mut socket = Socket::open(&devnet).await;
    let (mut answers, mut told) = (0u64, 0u64);
    for case in 0..cases {
        let body = match random.below(4) {
            // What only a WebSocket can ask for.
            0 => {
                let kind = random.pick(&["newHeads", "logs", "newPendingTransactions", "syncing"]);
                let method = random.pick(&["eth_subscribe", "eth_subscribe", "eth_unsubscribe"]);
                json!({ "id": case, "method": method, "params": [kind, world.param(&mut random)] })
                    .to_string()
                    .into_bytes()
            }
            1 => json!({ "id": case, "method": "evm_mine" })
                .to_string()
                .into_bytes(),
            _ => world.body(&mut random),
        };
        let sentinel = format!("after {case}");
        for message in [
            Message::binary(body),
            Message::text(json!({ "id": sentinel, "method": "eth_chainId" }).to_string()),
        ] {
            socket.stream.send(message).await.unwrap();
        }
        loop {
            let message = socket.message().await;
            if message["method"] == "eth_subscription" {
                assert!(message["params"]["subscription"].is_string(), "{message}");
                told += 1;
                continue;
            }
            answers += 1;
            let responses = message.as_array().cloned();
            for response in responses.unwrap_or_else(|| vec![message.clone()]) {
                assert!(is_response(&response), "{response}");
                assert_ne!(response["error"]["code"], -32603, "{response}");
            }
            if message["id"] == *sentinel {
                break;
            }
        }
    }
    println!("{answers} answers, {told} notifications");
    assert!(answers > cases && told > cases / 10);
    http.ok("eth_blockNumber", json!([])).await;
}
