//! Serves a chain until it is interrupted: `cargo run -p arbius-devnet --example serve -- 8547`.

use arbius_devnet::Devnet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port
            .parse()
            .map_err(|_| format!("{port:?} is no port: give 0 to 65535"))?,
        None => 0,
    };
    let devnet = Devnet::builder().port(port).spawn().await?;
    println!("chain {} at {}", devnet.chain_id(), devnet.url());
    for account in devnet.accounts() {
        println!("{} with key {}", account.address, account.key);
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
