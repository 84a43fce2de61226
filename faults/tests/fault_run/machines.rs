//! The miners' processes.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use arbius_faults::{Config, Ended, MinerProcess, Scene};
use arbius_sdk::chain::Signer;
use rustix::process::Signal;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");

/// A miner under a supervisor: it is started again whenever it ends.
pub(crate) struct Machine {
    config: Config,
    account: Address,
    process: Option<MinerProcess>,
    _folder: TempDir,
    /// What it ended with, and how often.
    pub(crate) ends: BTreeMap<String, u32>,
}

impl Machine {
    pub(crate) async fn start(scene: &Scene, number: usize, urls: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = scene.miner(number, urls, folder.path()).unwrap();
        config.verify_percent = 100.0;
        let mut process = MinerProcess::start(PROGRAM, &config).await.unwrap();
        process.ready().await.unwrap();
        Self {
            account: Signer::from_key(&config.key).unwrap().address(),
            config,
            process: Some(process),
            _folder: folder,
            ends: BTreeMap::new(),
        }
    }

    pub(crate) const fn account(&self) -> Address {
        self.account
    }

    pub(crate) fn process(&self) -> Option<&MinerProcess> {
        self.process.as_ref()
    }

    pub(crate) fn log(&self) -> String {
        self.process().map(MinerProcess::log).unwrap_or_default()
    }

    /// Starts it again if it has ended.
    pub(crate) async fn keep_running(&mut self) {
        if let Some(mut process) = self.process.take() {
            if !process.is_over() {
                self.process = Some(process);
                return;
            }
            self.note(process.ended().await.unwrap());
        }
        // It need not get ready: whatever keeps it from that ends it, and it is tried again.
        self.process = Some(MinerProcess::start(PROGRAM, &self.config).await.unwrap());
    }

    pub(crate) async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // Inference that hangs would not notice its end, and stay for good.
            let _ = process.signal_workers(Signal::CONT);
            let ended = process.kill().await.unwrap();
            self.note(ended);
        }
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            let ended = process.stop().await.unwrap();
            assert!(matches!(ended, Ended::Stopped(_)), "{ended:?}");
        }
    }

    fn note(&mut self, ended: Ended) {
        let reason = match ended {
            Ended::Stopped(_) => "stopped".to_owned(),
            Ended::Failed(reason) => reason,
            Ended::Killed(signal) => format!("signal {signal}"),
        };
        *self.ends.entry(reason).or_default() += 1;
    }
}
