//! How long it takes from nothing to the first answer:
//! `cargo bench -p arbius-devnet --bench start`.

#[path = "goals/mod.rs"]
mod goals;

use std::{
    error::Error,
    io::{Read, Write},
    net::TcpStream,
    process::ExitCode,
    time::Instant,
};

use arbius_devnet::Devnet;
use goals::Goals;

const ROUNDS: usize = 30;
/// Milliseconds.
const MOST: f64 = 100.0;
const REQUEST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut started = Vec::new();
    let mut answered = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let devnet = Devnet::builder().spawn().await?;
        started.push(start.elapsed().as_secs_f64() * 1e3);
        let answer = ask(&devnet)?;
        answered.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(answer.contains(r#""result":"0x64aba""#), "{answer}");
    }
    let mut goals = Goals::of("start");
    goals.report("spawn", started, "ms", ..=MOST);
    let slowest = answered.iter().copied().fold(0.0, f64::max);
    goals.report("spawn and first answer", answered, "ms", ..=MOST);
    goals.report("slowest of them", vec![slowest], "ms", ..);
    Ok(goals.conclude())
}

fn ask(devnet: &Devnet) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(devnet.address())?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{REQUEST}",
        REQUEST.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
