//! The address that a monitor serves, and how others find it.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Observer, routes};
use crate::serve::{Bounds, HttpServer};

/// The name of the file within a miner's folder.
const FILE: &str = "monitor.json";

/// What a monitor gives to all who ask: a scraper, a probe and an operator need few
/// connections, and a backup over a slow disk some minutes.
const BOUNDS: Bounds = Bounds {
    connections: 32,
    // Most of who asks is on this machine, and so one visitor.
    connections_each: 32,
    head_time: Duration::from_secs(10),
    stall_time: Duration::from_secs(60),
    connection_time: Duration::from_secs(600),
};

/// A monitor that cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The address cannot be listened on.
    #[error(
        "the monitor cannot listen on {listen}: {source}; choose another address, or port 0 for any free one"
    )]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file that names the address cannot be written.
    #[error("{path} cannot be written: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Where the monitor of a running miner is. A miner that was killed leaves the file behind;
/// then nobody answers there, or another program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorAddress {
    /// `arbius/monitor/1`: the form of this object.
    pub schema: String,
    /// The URL, without a slash at the end.
    pub url: String,
    /// The process that serves it.
    pub pid: u32,
}

impl MonitorAddress {
    /// Reads the address from a miner's folder, if there is one.
    #[must_use]
    pub fn find(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// A monitor that is served. It stops when it is dropped.
#[derive(Debug)]
pub(in crate::miner) struct Monitor {
    server: HttpServer,
    file: AddressFile,
}

/// The file that names the address; it goes when the monitor goes. If it stays, because the
/// program was killed, whoever finds it learns that nobody answers.
#[derive(Debug)]
struct AddressFile(PathBuf);

impl Drop for AddressFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Monitor {
    /// Serves what `observer` sees on `listen`, and writes the address into `folder`.
    pub(in crate::miner) async fn start(
        listen: SocketAddr,
        observer: Observer,
        folder: &Path,
    ) -> Result<Self, MonitorError> {
        let routes = routes::routes(Arc::new(observer), listen.ip().is_loopback());
        let server = HttpServer::start("monitor", listen, routes, BOUNDS)
            .await
            .map_err(|source| MonitorError::Listen { listen, source })?;
        let file = folder.join(FILE);
        let address = MonitorAddress {
            schema: "arbius/monitor/1".to_owned(),
            url: format!("http://{}", from_here(server.address())),
            pid: std::process::id(),
        };
        write(&file, &address).map_err(|source| MonitorError::File {
            path: file.clone(),
            source,
        })?;
        Ok(Self {
            server,
            file: AddressFile(file),
        })
    }

    /// As [`HttpServer::shutdown`], and nobody finds the address any more.
    pub(in crate::miner) async fn shutdown(self) {
        let Self { server, file } = self;
        drop(file);
        server.shutdown().await;
    }

    /// Its address as a URL, without a slash at the end.
    pub(in crate::miner) fn url(&self) -> String {
        self.server.url()
    }
}

/// How a server on this address is reached from this machine.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn write(path: &Path, address: &MonitorAddress) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, address)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
