//! A Kubo node, by its RPC API.
//!
//! Every call is a POST to `/api/v0/<command>`; an error is a status 500 with
//! `{"Message": …, "Code": …, "Type": "error"}`. The API gives whoever reaches it the whole
//! node, so it belongs behind loopback, or behind a proxy that asks for a token. See the Kubo
//! RPC API v0 reference.

use std::sync::Arc;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::Deserializer;

use super::requests::{Answer, Requests};
use super::upload::{car_body, car_bytes};
use super::{PinError, PinFuture, PinState, PinStore, PinTimes, Pinned, Token};
use crate::content::block::{Block, MAX_BLOCK_BYTES};
use crate::content::{BlockStore, Cid, cids};
use crate::http;

/// A Kubo node.
///
/// ```
/// use std::sync::Arc;
/// use arbius_sdk::content::pinning::{Kubo, PinStore, PinTimes};
///
/// // Without a token: its RPC API is for this machine alone, unless something stands before it.
/// let node = Kubo::new("http://127.0.0.1:5001", None, PinTimes::default())?;
/// let stores: Vec<Arc<dyn PinStore>> = vec![Arc::new(node)];
/// # Ok::<(), arbius_sdk::content::pinning::PinError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Kubo {
    requests: Arc<Requests>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Imported {
    root: Option<ImportedRoot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImportedRoot {
    cid: Link,
    #[serde(default)]
    pin_error_msg: String,
}

/// A CID in DAG-JSON.
#[derive(Deserialize)]
struct Link {
    #[serde(rename = "/")]
    cid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPin {
    cid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stat {
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    #[serde(default)]
    addresses: Option<Vec<String>>,
}

impl Kubo {
    /// The node whose RPC API is at `url`, as `http://127.0.0.1:5001`.
    ///
    /// # Errors
    /// [`PinError::Url`] if that is no address of HTTP.
    pub fn new(url: &str, token: Option<Token>, times: PinTimes) -> Result<Self, PinError> {
        let kind = "a Kubo node's RPC API";
        let requests = Requests::to(url, kind, "http://127.0.0.1:5001", token, times)?;
        Ok(Self {
            requests: Arc::new(requests),
        })
    }

    /// Puts one block into the node, without pinning it.
    ///
    /// # Errors
    /// [`PinError`], among them [`PinError::OtherContent`] if the node names it otherwise.
    pub async fn put_block(&self, block: &Block) -> Result<(), PinError> {
        let codec = match block.cid().codec() {
            cids::DAG_PB => "dag-pb",
            _ => "raw",
        };
        let mut url = self.command("block/put");
        url.query_pairs_mut()
            .append_pair("cid-codec", codec)
            .append_pair("mhtype", "sha2-256")
            .append_pair("allow-big-block", "true");
        let part = Part::stream(block.data().clone()).file_name("data");
        let request = self.requests.request(Method::POST, url);
        let request = request.multipart(Form::new().part("data", part));
        let answer = self.requests.answer(request).await?;
        let stat: Stat = self.requests.json(&self.accepted(answer)?)?;
        self.same(block.cid(), &stat.key)
    }

    /// The addresses that others reach the node's libp2p at, as multiaddrs.
    ///
    /// # Errors
    /// [`PinError`] if it does not say.
    pub async fn addresses(&self) -> Result<Vec<String>, PinError> {
        let answer = self.call("id", &[]).await?;
        let identity: Identity = self.requests.json(&self.accepted(answer)?)?;
        Ok(identity.addresses.unwrap_or_default())
    }

    /// Connects the node with a peer, by its multiaddr.
    ///
    /// # Errors
    /// [`PinError`] if it cannot.
    pub async fn connect(&self, peer: &str) -> Result<(), PinError> {
        let answer = self.call("swarm/connect", &[("arg", peer)]).await?;
        self.accepted(answer).map(drop)
    }

    fn command(&self, command: &str) -> reqwest::Url {
        self.requests.url(&format!("api/v0/{command}"))
    }

    async fn call(&self, command: &str, arguments: &[(&str, &str)]) -> Result<Answer, PinError> {
        let mut url = self.command(command);
        url.query_pairs_mut().extend_pairs(arguments);
        let request = self.requests.request(Method::POST, url);
        self.requests.answer(request).await
    }

    /// The body of an answer that is no error.
    fn accepted(&self, answer: Answer) -> Result<bytes::Bytes, PinError> {
        match answer.status.is_success() {
            true => Ok(answer.body),
            false => Err(self.requests.failed(&answer, said(&answer))),
        }
    }

    /// Sees to it that the node named our content as we do, whatever the version of the CID.
    fn same(&self, cid: &Cid, found: &str) -> Result<(), PinError> {
        match cids::parse(found) {
            Ok(found) if cids::same_content(cid, &found) => Ok(()),
            _ => Err(PinError::OtherContent {
                store: self.name().to_owned(),
                cid: Box::new(*cid),
                found: found.chars().take(80).collect(),
            }),
        }
    }

    async fn import(&self, root: &Cid, source: &Arc<dyn BlockStore>) -> Result<Pinned, PinError> {
        let bytes = car_bytes(root, &**source).await?;
        let mut url = self.command("dag/import");
        url.query_pairs_mut()
            .append_pair("pin-roots", "true")
            .append_pair("allow-big-block", "true");
        let part = Part::stream_with_length(car_body(root, source), bytes).file_name("content.car");
        let request = self.requests.request(Method::POST, url);
        let request = request.multipart(Form::new().part("file", part));
        let time = self.requests.times().upload(bytes);
        let answer = self.requests.answer_within(request, time).await?;
        let lines = self.accepted(answer)?;
        // One object a line. What goes wrong after the first is told in a trailer, and the
        // root is then not among them.
        for line in Deserializer::from_slice(&lines).into_iter::<Imported>() {
            let line = line.map_err(|error| self.requests.garbage(error.to_string()))?;
            let Some(imported) = line.root else {
                continue;
            };
            self.same(root, &imported.cid.cid)?;
            if !imported.pin_error_msg.is_empty() {
                return Err(PinError::Refused {
                    store: self.name().to_owned(),
                    cid: Box::new(*root),
                    message: http::excerpt(imported.pin_error_msg.as_bytes()),
                });
            }
            return Ok(Pinned::without_ticket(PinState::Pinned));
        }
        Err(self
            .requests
            .garbage("the import ended without a word about the root"))
    }

    async fn is_pinned(&self, root: &Cid) -> Result<bool, PinError> {
        let cid = root.to_string();
        let arguments = [("arg", cid.as_str()), ("type", "recursive")];
        let answer = self.call("pin/ls", &arguments).await?;
        if answer.status.as_u16() == 500 && said(&answer).contains("is not pinned") {
            return Ok(false);
        }
        self.accepted(answer).map(|_| true)
    }
}

impl PinStore for Kubo {
    fn name(&self) -> &str {
        self.requests.name()
    }

    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned> {
        Box::pin(async move {
            if self.is_pinned(root).await? {
                return Ok(Pinned::without_ticket(PinState::Pinned));
            }
            self.import(root, source).await
        })
    }

    fn state<'a>(
        &'a self,
        root: &'a Cid,
        _ticket: Option<&'a str>,
    ) -> PinFuture<'a, Option<Pinned>> {
        Box::pin(async move {
            let pinned = self.is_pinned(root).await?;
            Ok(pinned.then(|| Pinned::without_ticket(PinState::Pinned)))
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()> {
        Box::pin(async move {
            let cid = root.to_string();
            let answer = self.call("pin/rm", &[("arg", cid.as_str())]).await?;
            if answer.status.as_u16() == 500 && said(&answer).contains("not pinned") {
                return Ok(());
            }
            self.accepted(answer).map(drop)
        })
    }

    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>> {
        Box::pin(async move {
            let arguments = [("type", "recursive"), ("stream", "true")];
            let answer = self.call("pin/ls", &arguments).await?;
            let lines = self.accepted(answer)?;
            let mut pins = Vec::new();
            for line in Deserializer::from_slice(&lines)
                .into_iter::<ListedPin>()
                .take(limit)
            {
                let pin = line.map_err(|error| self.requests.garbage(error.to_string()))?;
                // Content by other hashes is none of ours.
                if let Ok(cid) = cids::parse(&pin.cid) {
                    pins.push((cid, PinState::Pinned));
                }
            }
            Ok(pins)
        })
    }

    fn can_read(&self) -> bool {
        true
    }

    /// What the node has itself: it does not look for it elsewhere.
    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>> {
        Box::pin(async move {
            let mut url = self.command("block/get");
            url.query_pairs_mut()
                .append_pair("arg", &cid.to_string())
                .append_pair("offline", "true");
            let request = self.requests.request(Method::POST, url);
            let answer = self.requests.bytes(request, MAX_BLOCK_BYTES).await?;
            let missing = ["not found", "could not find"];
            if answer.status.as_u16() == 500
                && missing.iter().any(|text| said(&answer).contains(text))
            {
                return Ok(None);
            }
            let block = Block::verified(*cid, self.accepted(answer)?);
            block.map(Some).map_err(|reason| PinError::Lie {
                store: self.name().to_owned(),
                reason: Box::new(reason),
            })
        })
    }
}

/// What an error says.
fn said(answer: &Answer) -> String {
    match serde_json::from_slice::<Failure>(&answer.body) {
        Ok(failure) => http::excerpt(failure.message.as_bytes()),
        Err(_) => http::excerpt(&answer.body),
    }
}
