//! The service as a program of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, ExitStatus, Stdio},
};

use alloy_primitives::hex;
use arbius_testkit::Actor;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::{client::Client, world::World};

pub(crate) struct Program {
    child: Child,
    pub(crate) client: Client,
}

impl Program {
    /// Starts the program and waits until it serves.
    pub(crate) fn start(world: &World, gateway: &str) -> Self {
        let folder = world.folder.path();
        let deployment = folder.join("arbius.json");
        world.chain.deployment().save(&deployment).unwrap();
        let account = &world.chain.deployment().accounts[Actor::Requester.index()];
        // A write beyond the limit of file sizes, which stands for a full disk, is to fail: the
        // default action of its signal would end the process.
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
            .arg(env!("CARGO_BIN_EXE_arbius-example-service"))
            .args(["--listen", "127.0.0.1:0", "--gateway", gateway])
            .args(["--fee", "1000000000000000000"])
            .arg("--deployment")
            .arg(&deployment)
            .arg("--folder")
            .arg(folder.join("service"))
            .env("ARBIUS_KEY", hex::encode(account.key))
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("serving at ").unwrap().to_owned();
        Self {
            child,
            client: Client::of(url),
        }
    }

    /// Fills its disk, or gives it room again.
    pub(crate) fn fill_disk(&self, full: bool) {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = if full { Some(0) } else { maximum };
        let limit = Rlimit { current, maximum };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Waits until it ends by itself: how it ended, and what it said.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It is gone already, where the test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
