//! A miner of the sdk in a process of its own, for [`arbius_faults::MinerProcess`].

fn main() -> eyre::Result<()> {
    arbius_faults::run_as_child()
}
