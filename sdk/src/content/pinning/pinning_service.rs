//! A service that speaks the IPFS Pinning Service API (specification 1.0).
//!
//! It is told a CID and fetches the content itself, from whoever has it. Where a Kubo node of
//! ours is named, the content goes there first, the service is told its addresses (`origins`),
//! and the node connects to where the service says it waits (`delegates`). Without one, it has
//! to find the content by the origins that are given, or not at all.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::requests::{Answer, Requests};
use super::{Kubo, PinError, PinFuture, PinState, PinStore, PinTimes, Pinned, Token};
use crate::content::block::Block;
use crate::content::{BlockStore, Cid, FetchError, Fetcher, Refusal, cids};
use crate::http;

/// Pins that are asked for at a time: the most that the specification allows.
const PAGE: usize = 1000;

/// Pages that are read at most, should a service never come to an end.
const PAGES: usize = 100;

/// The most origins, and the most delegates, as the specification has it.
const MOST_ADDRESSES: usize = 20;

/// Identifiers of requests above this are none, bytes.
const LONGEST_TICKET: usize = 256;

const ALL_STATES: &str = "queued,pinning,pinned,failed";

/// A service that speaks the Pinning Service API.
#[derive(Debug)]
pub struct PinningService {
    requests: Requests,
    origins: Vec<String>,
    provider: Option<Kubo>,
    gateways: Option<Arc<Fetcher>>,
}

#[derive(Serialize)]
struct Request<'a> {
    cid: String,
    name: &'a str,
    origins: &'a [String],
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    results: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    requestid: String,
    status: PinState,
    created: String,
    pin: Object,
    #[serde(default)]
    delegates: Vec<String>,
    #[serde(default)]
    info: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Object {
    cid: String,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureReason,
}

#[derive(Deserialize)]
struct FailureReason {
    reason: String,
    #[serde(default)]
    details: Option<String>,
}

impl PinningService {
    /// The service whose API is at `url`: what `/pins` comes after.
    ///
    /// # Errors
    /// [`PinError::Url`] if that is no address of HTTP.
    pub fn new(url: &str, token: Token, times: PinTimes) -> Result<Self, PinError> {
        let kind = "a pinning service's API";
        let example = "https://pinning.example/psa";
        Ok(Self {
            requests: Requests::to(url, kind, example, Some(token), times)?,
            origins: Vec::new(),
            provider: None,
            gateways: None,
        })
    }

    /// Tells the service these multiaddrs, at which the content is; 20 at most are told.
    #[must_use]
    pub fn origins(mut self, origins: impl IntoIterator<Item = String>) -> Self {
        self.origins.extend(origins);
        self
    }

    /// Lets the service fetch the content from this node.
    #[must_use]
    pub fn provider(mut self, node: Kubo) -> Self {
        self.provider = Some(node);
        self
    }

    /// Reads back through these gateways: the service's own, or others.
    #[must_use]
    pub fn gateways(mut self, gateways: Arc<Fetcher>) -> Self {
        self.gateways = Some(gateways);
        self
    }

    fn accepted(&self, answer: Answer) -> Result<bytes::Bytes, PinError> {
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        let message = match serde_json::from_slice::<Failure>(&answer.body) {
            Ok(Failure { error }) => {
                let details = error.details.unwrap_or_default();
                http::excerpt(format!("{} {details}", error.reason).as_bytes())
            }
            Err(_) => http::excerpt(&answer.body),
        };
        Err(self.requests.failed(&answer, message))
    }

    /// The address of one request. Its identifier is the service's word.
    fn request_url(&self, ticket: &str) -> Result<reqwest::Url, PinError> {
        let plain = !ticket.is_empty() && ticket.len() <= LONGEST_TICKET;
        if !plain || ticket == "." || ticket == ".." || ticket.chars().any(char::is_control) {
            return Err(self.requests.garbage("a requestid that is none"));
        }
        let mut url = self.requests.url("pins");
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(ticket);
        }
        Ok(url)
    }

    /// One page of pins, newest first; those created before a time, if one is given.
    async fn page(&self, cid: Option<&Cid>, before: Option<&str>) -> Result<Page, PinError> {
        let mut url = self.requests.url("pins");
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("status", ALL_STATES);
            query.append_pair("limit", &PAGE.to_string());
            if let Some(cid) = cid {
                query.append_pair("cid", &versions(cid));
            }
            if let Some(before) = before {
                query.append_pair("before", before);
            }
        }
        let request = self.requests.request(Method::GET, url);
        let answer = self.requests.answer(request).await?;
        self.requests.json(&self.accepted(answer)?)
    }

    /// Pins of a content, or all of them; newest first, at most `limit`.
    async fn list(&self, cid: Option<&Cid>, limit: usize) -> Result<Vec<Status>, PinError> {
        let mut all: Vec<Status> = Vec::new();
        let mut before: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.page(cid, before.as_deref()).await?.results;
            let full = page.len() >= PAGE;
            let last = page.last().map(|status| status.created.clone());
            // A service may take no notice of what was asked for.
            let wanted = |status: &Status| {
                cid.is_none_or(|cid| {
                    cids::parse(&status.pin.cid).is_ok_and(|found| cids::same_content(cid, &found))
                })
            };
            all.extend(page.into_iter().filter(wanted));
            if !full || all.len() >= limit || last == before {
                break;
            }
            before = last;
        }
        all.truncate(limit);
        Ok(all)
    }

    /// What the service says of a request, if it is one for this content.
    fn read(&self, root: &Cid, status: Status) -> Result<Pinned, PinError> {
        let same = cids::parse(&status.pin.cid).is_ok_and(|cid| cids::same_content(root, &cid));
        if !same {
            return Err(PinError::OtherContent {
                store: self.name().to_owned(),
                cid: Box::new(*root),
                found: status.pin.cid.chars().take(80).collect(),
            });
        }
        if status.status == PinState::Failed {
            let info = status.info.map(|info| info.to_string()).unwrap_or_default();
            tracing::debug!(store = self.name(), cid = %root, info = http::excerpt(info.as_bytes()), "a pin failed");
        }
        Ok(Pinned {
            state: status.status,
            ticket: Some(status.requestid),
        })
    }

    /// The pin of a content that has got furthest.
    async fn best(&self, root: &Cid) -> Result<Option<Status>, PinError> {
        let found = self.list(Some(root), PAGE).await?;
        Ok(found.into_iter().max_by_key(|status| status.status))
    }

    async fn submit(&self, root: &Cid, replaced: Option<&str>) -> Result<Pinned, PinError> {
        let mut origins = self.origins.clone();
        if let Some(node) = &self.provider {
            origins.extend(node.addresses().await?);
        }
        origins.truncate(MOST_ADDRESSES);
        let cid = root.to_string();
        let body = Request {
            name: &cid,
            cid: cid.clone(),
            origins: &origins,
        };
        let url = match replaced {
            Some(ticket) => self.request_url(ticket)?,
            None => self.requests.url("pins"),
        };
        let request = self.requests.request(Method::POST, url).json(&body);
        let answer = self.requests.answer(request).await?;
        let status: Status = self.requests.json(&self.accepted(answer)?)?;
        if let Some(node) = &self.provider {
            self.bring_together(node, &status.delegates).await;
        }
        self.read(root, status)
    }

    /// Connects our node with where the service waits. That it cannot is no failure: the
    /// service may come by itself.
    async fn bring_together(&self, node: &Kubo, delegates: &[String]) {
        for delegate in delegates.iter().take(MOST_ADDRESSES) {
            if let Err(error) = node.connect(delegate).await {
                tracing::debug!(store = self.name(), %error, "no connection with a delegate");
            }
        }
    }
}

impl PinStore for PinningService {
    fn name(&self) -> &str {
        self.requests.name()
    }

    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned> {
        Box::pin(async move {
            if let Some(node) = &self.provider {
                node.pin(root, source).await?;
            }
            match self.best(root).await? {
                Some(status) if status.status != PinState::Failed => {
                    if let Some(node) = &self.provider
                        && status.status != PinState::Pinned
                    {
                        self.bring_together(node, &status.delegates).await;
                    }
                    self.read(root, status)
                }
                Some(failed) => self.submit(root, Some(&failed.requestid)).await,
                None => self.submit(root, None).await,
            }
        })
    }

    fn state<'a>(
        &'a self,
        root: &'a Cid,
        ticket: Option<&'a str>,
    ) -> PinFuture<'a, Option<Pinned>> {
        Box::pin(async move {
            if let Some(ticket) = ticket {
                let url = self.request_url(ticket)?;
                let request = self.requests.request(Method::GET, url);
                let answer = self.requests.answer(request).await?;
                if answer.status != StatusCode::NOT_FOUND {
                    let status = self.requests.json(&self.accepted(answer)?)?;
                    return self.read(root, status).map(Some);
                }
            }
            let best = self.best(root).await?;
            best.map(|status| self.read(root, status)).transpose()
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()> {
        Box::pin(async move {
            for status in self.list(Some(root), PAGE).await? {
                let url = self.request_url(&status.requestid)?;
                let request = self.requests.request(Method::DELETE, url);
                let answer = self.requests.answer(request).await?;
                if answer.status != StatusCode::NOT_FOUND {
                    self.accepted(answer)?;
                }
            }
            Ok(())
        })
    }

    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>> {
        Box::pin(async move {
            let listed = self.list(None, limit).await?.into_iter();
            let pins = listed.filter_map(|status| {
                // Content by other hashes is none of ours.
                Some((cids::parse(&status.pin.cid).ok()?, status.status))
            });
            Ok(pins.collect())
        })
    }

    fn can_read(&self) -> bool {
        self.gateways.is_some()
    }

    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>> {
        Box::pin(read_through(self.gateways.as_deref(), cid))
    }
}

/// A block through gateways, if there are any; `None` if all of them say that they do not
/// have it.
pub(super) async fn read_through(
    gateways: Option<&Fetcher>,
    cid: &Cid,
) -> Result<Option<Block>, PinError> {
    let Some(gateways) = gateways else {
        return Ok(None);
    };
    match gateways.block(cid).await {
        Ok(block) => Ok(Some(block)),
        Err(FetchError::Unavailable { refusals, .. })
            if refusals
                .iter()
                .all(|(_, refusal)| matches!(refusal, Refusal::Absent)) =>
        {
            Ok(None)
        }
        Err(error) => Err(PinError::Gateway(Box::new(error))),
    }
}

/// A CID in both versions where it has both: a service may know it by either.
fn versions(cid: &Cid) -> String {
    match cids::other_version(cid) {
        Some(other) => format!("{cid},{other}"),
        None => cid.to_string(),
    }
}
