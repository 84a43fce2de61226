//! `arbius ipfs serve`.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arbius_sdk::content::{DeniedContent, Gateway, GatewayLimits};
use eyre::WrapErr as _;
use serde_json::json;

use super::blocks;
use crate::commands::StopSignal;
use crate::{args, show};

/// How often the list of what is not served is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(args: args::Serve, json: bool) -> eyre::Result<()> {
    let folder = blocks::open_or_make(&args.folder)?;
    let mut denied = args.deny.as_deref().map(DenyFile::read).transpose()?;
    let limits = GatewayLimits {
        connections: args.connections.get(),
        connections_each: args.connections_each.get(),
        requests_per_second: args.rate(),
        ..GatewayLimits::default()
    };
    let gateway = Gateway::start_with(args.gateway, Arc::new(folder), limits).await?;
    if let Some(denied) = &denied {
        gateway.deny(denied.list.clone());
    }
    let place = blocks::place(&args.folder);
    let mut stop = StopSignal::listen()?;
    if json {
        show::json_line(&json!({
            "event": "started",
            "gateway": gateway.url(),
            "blocks": place,
        }))?;
    } else {
        show::line(format!("serving {} at {}", place.display(), gateway.url()))?;
        show::line(format!(
            "files at {}/ipfs/CID; Ctrl-C stops it",
            gateway.url()
        ))?;
    }
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = look.tick() => {
                if let Some(denied) = &mut denied
                    && let Some(list) = denied.changed()
                {
                    gateway.deny(list);
                }
            }
        }
    }
    gateway.shutdown().await;
    if json {
        show::json_line(&json!({ "event": "stopped" }))?;
    }
    Ok(())
}

/// The list of what is not served, and the file that it is in.
struct DenyFile<'a> {
    path: &'a Path,
    written: Option<SystemTime>,
    list: DeniedContent,
}

impl<'a> DenyFile<'a> {
    fn read(path: &'a Path) -> eyre::Result<Self> {
        Ok(Self {
            path,
            written: written(path),
            list: list(path)?,
        })
    }

    /// The list, if the file has changed since. One that cannot be read changes nothing.
    fn changed(&mut self) -> Option<DeniedContent> {
        let written = written(self.path);
        if written == self.written {
            return None;
        }
        self.written = written;
        match list(self.path) {
            Ok(list) => {
                self.list = list;
                Some(self.list.clone())
            }
            Err(error) => {
                tracing::warn!("the list of before stays in force: {error:#}");
                None
            }
        }
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn list(path: &Path) -> eyre::Result<DeniedContent> {
    let about = || format!("cannot use {}", path.display());
    let text = fs::read_to_string(path).wrap_err_with(about)?;
    DeniedContent::parse(&text).wrap_err_with(about)
}
