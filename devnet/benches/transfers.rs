//! ERC-20 transfers per second, beside anvil's on the same machine in the same run:
//! `cargo bench -p arbius-devnet --bench transfers`.
//!
//! Both chains run in a process of their own, are sent the same signed bytes by the same
//! client over HTTP, and make a block of each transaction as it comes. Time ends when the
//! last nonce is seen, not when the last hash is answered. With eight connections each
//! waits for the receipt of one transfer before it sends the next, as clients do (and as
//! anvil, flooded by all eight, may stop making blocks). The rounds take turns.
//!
//! anvil is looked for in `$ANVIL`, then in `devnet/clients/node_modules`, where
//! `.ci/full` puts it.

#[path = "goals/mod.rs"]
mod goals;
#[path = "token/mod.rs"]
mod token;

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, hex};
use arbius_devnet::{DevAccount, Devnet};
use goals::Goals;
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;

const CHAIN_ID: u64 = 412_346;
const ROUNDS: usize = 5;
/// Transfers that one sender makes, one after the other, and then all senders at once.
const TRANSFERS: u64 = 1_000;
const SENDERS: usize = 8;
/// Accounts that each sender pays in turn.
const RECIPIENTS: u64 = 50;
/// Before something is asked for again: whoever asks on and on takes the processor from the
/// chain.
const PAUSE: Duration = Duration::from_millis(1);
/// For what should come at once.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<ExitCode, Failure> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let anvil = anvil();
    let load = Load::sign()?;
    // Of the devnet and of anvil, each on one connection and on eight.
    let mut figures: [[Vec<f64>; 2]; 2] = Default::default();
    for round in 0..ROUNDS {
        for place in 0..2 {
            // Whoever is first has the cooler machine.
            let contestant = (round + place) % 2;
            let node = match contestant {
                0 => Node::devnet()?,
                _ => Node::anvil(&anvil)?,
            };
            let measured = load.drive(node.address)?;
            for (figures, figure) in figures[contestant].iter_mut().zip(measured) {
                figures.push(figure);
            }
        }
    }
    let [devnet, anvil] = figures;
    let mut goals = Goals::of("transfers");
    let modes = ["one connection", "eight connections, with receipts"];
    for (mode, (devnet, anvil)) in modes.into_iter().zip(devnet.into_iter().zip(anvil)) {
        // Rounds are compared one by one: the machine may be busier in some than in others.
        let ratios = devnet
            .iter()
            .zip(&anvil)
            .map(|(devnet, anvil)| devnet / anvil)
            .collect();
        let unit = "transfers/s";
        goals.report(&format!("{mode}: devnet"), devnet, unit, ..);
        goals.report(&format!("{mode}: anvil"), anvil, unit, ..);
        goals.report(
            &format!("{mode}: devnet over anvil"),
            ratios,
            "times",
            1.0..,
        );
    }
    Ok(goals.conclude())
}

/// Serves a chain until standard input ends.
fn serve() -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let devnet = runtime.block_on(Devnet::builder().chain_id(CHAIN_ID).spawn())?;
    println!("{}", devnet.address());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}

fn anvil() -> PathBuf {
    std::env::var_os("ANVIL").map_or_else(
        || {
            [
                env!("CARGO_MANIFEST_DIR"),
                "clients/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil",
            ]
            .iter()
            .collect()
        },
        PathBuf::from,
    )
}

/// A chain in a process of its own, which ends with this.
struct Node {
    address: SocketAddr,
    process: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = killed {
            eprintln!("a chain goes on: {error}");
        }
    }
}

impl Node {
    fn devnet() -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self {
            address: line.trim().parse()?,
            process,
        })
    }

    fn anvil(program: &PathBuf) -> Result<Self, Failure> {
        // Quiet, it does not tell the port that it has chosen.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let process = Command::new(program)
            .args(["--quiet", "--port", &port.to_string()])
            .args(["--chain-id", &CHAIN_ID.to_string()])
            .spawn()
            .map_err(|error| {
                format!(
                    "cannot start {}: {error}: name anvil in ANVIL, or run `npm ci` in \
                     devnet/clients",
                    program.display()
                )
            })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let node = Self { address, process };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > until {
                return Err("anvil does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(node)
    }
}

/// Requests that are made beforehand, so that the client has little to do.
struct Load {
    senders: Vec<Sender>,
    token: Address,
    /// Makes the token and gives some to every sender.
    preparation: Vec<String>,
}

struct Sender {
    address: Address,
    first_nonce: u64,
    /// Sent alone.
    alone: Vec<String>,
    /// Sent while the others send theirs.
    together: Vec<String>,
}

impl Load {
    fn sign() -> Result<Self, Failure> {
        let accounts = DevAccount::first(SENDERS);
        let owner = accounts[0];
        let token = owner.address.create(0);
        let mut preparation = vec![request(
            &owner,
            0,
            TxKind::Create,
            token::creation(owner.address),
            2_000_000,
        )?];
        for (nonce, account) in (1..).zip(&accounts) {
            let input = token::transfer(account.address, U256::from(1_000_000));
            preparation.push(request(&owner, nonce, token.into(), input, token::GAS)?);
        }
        let mut senders = Vec::new();
        for (index, account) in (0..).zip(accounts) {
            let first_nonce = match index {
                0 => preparation.len() as u64,
                _ => 0,
            };
            let transfers = |nonces: std::ops::Range<u64>| {
                nonces
                    .map(|nonce| {
                        let to = token::account(index * RECIPIENTS + nonce % RECIPIENTS);
                        let input = token::transfer(to, U256::ONE);
                        request(&account, nonce, token.into(), input, token::GAS)
                    })
                    .collect::<Result<Vec<_>, _>>()
            };
            // The first sender alone makes transfers one by one.
            let middle = match index {
                0 => first_nonce + TRANSFERS,
                _ => first_nonce,
            };
            senders.push(Sender {
                address: account.address,
                first_nonce,
                alone: transfers(first_nonce..middle)?,
                together: transfers(middle..middle + TRANSFERS / 4)?,
            });
        }
        Ok(Self {
            senders,
            token,
            preparation,
        })
    }

    /// Transfers per second of one sender, and of all at once.
    fn drive(&self, address: SocketAddr) -> Result<[f64; 2], Failure> {
        let mut client = Client::connect(address)?;
        for request in &self.preparation {
            client.ask_for_text(request)?;
        }
        let first = &self.senders[0];
        client.wait_for_nonce(first.address, first.first_nonce)?;

        let start = Instant::now();
        for request in &first.alone {
            client.ask_for_text(request)?;
        }
        let nonce = first.first_nonce + first.alone.len() as u64;
        client.wait_for_nonce(first.address, nonce)?;
        let alone = first.alone.len() as f64 / start.elapsed().as_secs_f64();

        let start = Instant::now();
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .senders
                .iter()
                .map(|sender| scope.spawn(|| sender.send_together(address)))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| "a sender panicked")?)
        })?;
        let count: usize = self
            .senders
            .iter()
            .map(|sender| sender.together.len())
            .sum();
        let together = count as f64 / start.elapsed().as_secs_f64();
        self.check(&mut client)?;
        Ok([alone, together])
    }

    /// Whether all tokens are where they were sent.
    fn check(&self, client: &mut Client) -> Result<(), Failure> {
        let mut received = U256::ZERO;
        for number in 0..SENDERS as u64 * RECIPIENTS {
            let call =
                json!({"to": self.token, "input": token::balance_of(token::account(number))});
            let balance = client.ask_for_text(&body("eth_call", &json!([call, "latest"])))?;
            received += balance.parse::<U256>()?;
        }
        let sent: usize = self
            .senders
            .iter()
            .map(|sender| sender.alone.len() + sender.together.len())
            .sum();
        if received != U256::from(sent) {
            return Err(format!("{sent} tokens were sent and {received} received").into());
        }
        Ok(())
    }
}

impl Sender {
    fn send_together(&self, address: SocketAddr) -> Result<(), Failure> {
        let mut client = Client::connect(address)?;
        for request in &self.together {
            let hash = client.ask_for_text(request)?;
            client.wait_for_receipt(&hash)?;
        }
        Ok(())
    }
}

/// The body of `eth_sendRawTransaction`.
fn request(
    account: &DevAccount,
    nonce: u64,
    to: TxKind,
    input: Bytes,
    gas_limit: u64,
) -> Result<String, Failure> {
    let unsigned = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit,
        max_fee_per_gas: 4_000_000_000,
        max_priority_fee_per_gas: 0,
        to,
        value: U256::ZERO,
        access_list: Vec::new().into(),
        input,
    };
    let key = SigningKey::from_bytes(&account.key.0.into())?;
    let (signature, recovery) =
        key.sign_prehash_recoverable(unsigned.signature_hash().as_slice())?;
    let signature = Signature::from((signature, recovery));
    let signed = TxEnvelope::from(unsigned.into_signed(signature));
    let raw = hex::encode_prefixed(signed.encoded_2718());
    Ok(body("eth_sendRawTransaction", &json!([raw])))
}

fn body(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// A connection that asks one thing at a time.
struct Client {
    stream: BufReader<TcpStream>,
    written: Vec<u8>,
    read: Vec<u8>,
    line: String,
}

impl Client {
    fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            written: Vec::new(),
            read: Vec::new(),
            line: String::new(),
        })
    }

    /// Posts a body; the answer is in `read` afterwards.
    fn post(&mut self, body: &str) -> Result<(), Failure> {
        self.written.clear();
        write!(
            self.written,
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.get_mut().write_all(&self.written)?;
        let mut length = None;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line)?;
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        self.read
            .resize(length.ok_or("an answer without length")?, 0);
        self.stream.read_exact(&mut self.read)?;
        Ok(())
    }

    fn ask(&mut self, body: &str) -> Result<Value, Failure> {
        self.post(body)?;
        let mut answer: Value = serde_json::from_slice(&self.read)?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(answer.to_string().into()),
        }
    }

    /// A result that is a string.
    fn ask_for_text(&mut self, body: &str) -> Result<String, Failure> {
        match self.ask(body)? {
            Value::String(text) => Ok(text),
            other => Err(format!("{other} is no string").into()),
        }
    }

    /// Waits for the receipt of a transaction, which must have succeeded.
    fn wait_for_receipt(&mut self, hash: &str) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        let request = body("eth_getTransactionReceipt", &json!([hash]));
        loop {
            let receipt = self.ask(&request)?;
            if receipt["status"] == "0x1" {
                return Ok(());
            }
            if !receipt.is_null() || Instant::now() > until {
                return Err(format!("{hash} did not succeed: {receipt}").into());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until all transactions before a nonce are in blocks.
    fn wait_for_nonce(&mut self, address: Address, nonce: u64) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        let request = body("eth_getTransactionCount", &json!([address, "latest"]));
        let expected = format!("{nonce:#x}");
        while self.ask_for_text(&request)? != expected {
            if Instant::now() > until {
                return Err(format!("{address} does not come to nonce {nonce}").into());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}
