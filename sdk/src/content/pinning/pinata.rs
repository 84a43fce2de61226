//! Pinata, by its own API, which takes uploads.
//!
//! The present API (v3) takes a CAR and keeps its CID. The older one (`pinFileToIPFS`) takes
//! the files of a folder and makes the CID itself, which is ours where the content is in
//! Kubo's layout for CIDv0, as results are. Either way the CID that comes back is compared
//! with ours. See the API reference at docs.pinata.cloud and the npm package `pinata`.

use std::sync::Arc;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::pinning_service::read_through;
use super::requests::{Answer, Requests};
use super::upload::{car_body, car_bytes};
use super::{PinError, PinFuture, PinState, PinStore, PinTimes, Pinned, Token};
use crate::content::block::Block;
use crate::content::unixfs::{self, Node};
use crate::content::{BlockStore, Cid, Fetcher, cids};
use crate::http;

/// Above this Pinata wants an upload in parts (tus), which is not spoken here; bytes.
const LONGEST_UPLOAD: u64 = 90 << 20;

/// Files that are listed at a time.
const PAGE: usize = 1000;

/// Pages that are read at most, should there be no end to them.
const PAGES: usize = 100;

/// Which of Pinata's APIs is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinataApi {
    /// Version 3: uploads are CARs.
    #[default]
    V3,
    /// `pinFileToIPFS`: uploads are the files of a folder, or one file. For keys without the
    /// rights of version 3.
    Legacy,
}

/// An account with Pinata.
#[derive(Debug)]
pub struct Pinata {
    api: PinataApi,
    data: Requests,
    uploads: Requests,
    gateways: Option<Arc<Fetcher>>,
}

#[derive(Deserialize)]
struct Enveloped<T> {
    data: T,
}

#[derive(Deserialize)]
struct Uploaded {
    id: String,
    cid: String,
}

#[derive(Deserialize)]
struct Files {
    #[serde(default)]
    files: Option<Vec<Uploaded>>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PinnedFile {
    ipfs_hash: String,
}

#[derive(Deserialize)]
struct Rows {
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    ipfs_pin_hash: String,
}

impl Pinata {
    /// The account that a token (a JWT) is of.
    ///
    /// # Errors
    /// [`PinError::Http`] if there is no HTTP client.
    pub fn new(token: Token, api: PinataApi, times: PinTimes) -> Result<Self, PinError> {
        let (data, uploads) = ("https://api.pinata.cloud", "https://uploads.pinata.cloud");
        Self::at(data, uploads, token, api, times)
    }

    /// An account with a service that speaks Pinata's API elsewhere.
    ///
    /// # Errors
    /// [`PinError::Url`] if an address is none of HTTP.
    pub fn at(
        data: &str,
        uploads: &str,
        token: Token,
        api: PinataApi,
        times: PinTimes,
    ) -> Result<Self, PinError> {
        let kind = "Pinata's API";
        let requests = |url, example| Requests::to(url, kind, example, Some(token.clone()), times);
        Ok(Self {
            api,
            data: requests(data, "https://api.pinata.cloud")?,
            uploads: requests(uploads, "https://uploads.pinata.cloud")?,
            gateways: None,
        })
    }

    /// Reads back through these gateways, such as the account's own.
    #[must_use]
    pub fn gateways(mut self, gateways: Arc<Fetcher>) -> Self {
        self.gateways = Some(gateways);
        self
    }

    fn accepted(&self, answer: Answer) -> Result<bytes::Bytes, PinError> {
        match answer.status.is_success() {
            true => Ok(answer.body),
            false => {
                let message = http::excerpt(&answer.body);
                Err(self.data.failed(&answer, message))
            }
        }
    }

    fn same(&self, root: &Cid, found: &str) -> Result<(), PinError> {
        match cids::parse(found) {
            Ok(found) if cids::same_content(root, &found) => Ok(()),
            _ => Err(PinError::OtherContent {
                store: self.name().to_owned(),
                cid: Box::new(*root),
                found: found.chars().take(80).collect(),
            }),
        }
    }

    /// Files of a content, or all of them, by version 3; at most `limit`.
    async fn files(&self, root: Option<&Cid>, limit: usize) -> Result<Vec<Uploaded>, PinError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let mut url = self.data.url("v3/files/public");
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("limit", &PAGE.to_string());
                if let Some(root) = root {
                    query.append_pair("cid", &root.to_string());
                }
                if let Some(token) = &token {
                    query.append_pair("pageToken", token);
                }
            }
            let request = self.data.request(Method::GET, url);
            let body = self.accepted(self.data.answer(request).await?)?;
            let page: Enveloped<Files> = self.data.json(&body)?;
            let files = page.data.files.unwrap_or_default();
            all.extend(files.into_iter().filter(|file| {
                root.is_none_or(|root| {
                    cids::parse(&file.cid).is_ok_and(|cid| cids::same_content(root, &cid))
                })
            }));
            token = page.data.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() || all.len() >= limit {
                break;
            }
        }
        all.truncate(limit);
        Ok(all)
    }

    /// CIDs that the older API lists, of a content or all of them; at most `limit`.
    async fn rows(&self, root: Option<&Cid>, limit: usize) -> Result<Vec<Cid>, PinError> {
        let mut all = Vec::new();
        for page in 0..PAGES {
            let mut url = self.data.url("data/pinList");
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("status", "pinned");
                query.append_pair("includeCount", "false");
                query.append_pair("pageLimit", &PAGE.to_string());
                query.append_pair("pageOffset", &(page * PAGE).to_string());
                if let Some(root) = root {
                    query.append_pair("hashContains", &root.to_string());
                }
            }
            let request = self.data.request(Method::GET, url);
            let body = self.accepted(self.data.answer(request).await?)?;
            let Rows { rows } = self.data.json(&body)?;
            let full = rows.len() >= PAGE;
            let found = rows
                .iter()
                .filter_map(|row| cids::parse(&row.ipfs_pin_hash).ok());
            all.extend(found.filter(|cid| root.is_none_or(|root| cids::same_content(root, cid))));
            if !full || all.len() >= limit {
                break;
            }
        }
        all.truncate(limit);
        Ok(all)
    }

    async fn find(&self, root: &Cid) -> Result<Option<Pinned>, PinError> {
        let kept = match self.api {
            PinataApi::V3 => !self.files(Some(root), 1).await?.is_empty(),
            PinataApi::Legacy => !self.rows(Some(root), 1).await?.is_empty(),
        };
        Ok(kept.then(|| Pinned::without_ticket(PinState::Pinned)))
    }

    fn check_size(&self, root: &Cid, bytes: u64) -> Result<(), PinError> {
        if bytes > LONGEST_UPLOAD {
            return Err(PinError::TooLarge {
                store: self.name().to_owned(),
                cid: Box::new(*root),
                bytes,
                limit: LONGEST_UPLOAD,
            });
        }
        Ok(())
    }

    async fn upload_car(&self, root: &Cid, source: &Arc<dyn BlockStore>) -> Result<(), PinError> {
        let bytes = car_bytes(root, &**source).await?;
        self.check_size(root, bytes)?;
        let name = root.to_string();
        let part = Part::stream_with_length(car_body(root, source), bytes)
            .file_name(format!("{name}.car"));
        let form = Form::new()
            .text("network", "public")
            .text("name", name)
            .text("car", "true")
            .part("file", part);
        let url = self.uploads.url("v3/files");
        let request = self.uploads.request(Method::POST, url).multipart(form);
        let time = self.uploads.times().upload(bytes);
        let body = self.accepted(self.uploads.answer_within(request, time).await?)?;
        let uploaded: Enveloped<Uploaded> = self.uploads.json(&body)?;
        let same = self.same(root, &uploaded.data.cid);
        if same.is_err() {
            self.take_back(self.delete_file(&uploaded.data.id).await);
        }
        same
    }

    async fn upload_files(&self, root: &Cid, source: &Arc<dyn BlockStore>) -> Result<(), PinError> {
        let name = root.to_string();
        let files = files_of(root, &**source).await?;
        let bytes = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let mut form = Form::new()
            .text("pinataOptions", r#"{"cidVersion":0}"#)
            .text(
                "pinataMetadata",
                serde_json::json!({ "name": name }).to_string(),
            );
        for (path, bytes) in files {
            let path = match path {
                // The parts' common folder becomes the root.
                Some(path) => format!("{name}/{path}"),
                None => name.clone(),
            };
            form = form.part("file", Part::bytes(bytes).file_name(path));
        }
        let url = self.data.url("pinning/pinFileToIPFS");
        let request = self.data.request(Method::POST, url).multipart(form);
        let time = self.data.times().upload(bytes);
        let body = self.accepted(self.data.answer_within(request, time).await?)?;
        let pinned: PinnedFile = self.data.json(&body)?;
        let same = self.same(root, &pinned.ipfs_hash);
        if same.is_err()
            && let Ok(other) = cids::parse(&pinned.ipfs_hash)
        {
            self.take_back(self.delete_pin(&other).await);
        }
        same
    }

    /// What was made of our content by mistake should not be paid for.
    fn take_back(&self, outcome: Result<(), PinError>) {
        if let Err(error) = outcome {
            tracing::warn!(store = self.name(), %error, "cannot delete what is not our content");
        }
    }

    async fn delete_file(&self, id: &str) -> Result<(), PinError> {
        if id.is_empty() || id.len() > 256 || id.contains(['/', '?', '#', '%', '.']) {
            return Err(self.data.garbage("an id of a file that is none"));
        }
        let url = self.data.url(&format!("v3/files/public/{id}"));
        self.delete(url).await
    }

    async fn delete_pin(&self, cid: &Cid) -> Result<(), PinError> {
        self.delete(self.data.url(&format!("pinning/unpin/{cid}")))
            .await
    }

    async fn delete(&self, url: reqwest::Url) -> Result<(), PinError> {
        let request = self.data.request(Method::DELETE, url);
        let answer = self.data.answer(request).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(()),
            _ => self.accepted(answer).map(drop),
        }
    }
}

/// The files beneath a root with their paths; no path for a root that is a file itself.
async fn files_of(
    root: &Cid,
    store: &dyn BlockStore,
) -> Result<Vec<(Option<String>, Vec<u8>)>, PinError> {
    let mut files = Vec::new();
    let mut left = LONGEST_UPLOAD;
    let mut ahead = vec![(None, *root)];
    while let Some((path, cid)) = ahead.pop() {
        match unixfs::resolve(&cid, "", store).await?.node {
            Node::File { .. } => {
                let bytes = unixfs::read(&cid, store, left).await?;
                left -= bytes.len() as u64;
                files.push((path, bytes));
            }
            Node::Symlink { .. } => {
                return Err(PinError::Refused {
                    store: "Pinata's older API".to_owned(),
                    cid: Box::new(*root),
                    message: "it has symbolic links, which are not uploaded".to_owned(),
                });
            }
            Node::Directory { entries } => {
                ahead.extend(entries.into_iter().map(|entry| {
                    let path = match &path {
                        Some(path) => format!("{path}/{}", entry.name),
                        None => entry.name,
                    };
                    (Some(path), entry.cid)
                }));
            }
        }
    }
    Ok(files)
}

impl PinStore for Pinata {
    fn name(&self) -> &str {
        self.data.name()
    }

    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned> {
        Box::pin(async move {
            if let Some(pinned) = self.find(root).await? {
                return Ok(pinned);
            }
            match self.api {
                PinataApi::V3 => self.upload_car(root, source).await?,
                PinataApi::Legacy => self.upload_files(root, source).await?,
            }
            Ok(Pinned::without_ticket(PinState::Pinned))
        })
    }

    fn state<'a>(
        &'a self,
        root: &'a Cid,
        _ticket: Option<&'a str>,
    ) -> PinFuture<'a, Option<Pinned>> {
        Box::pin(self.find(root))
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()> {
        Box::pin(async move {
            match self.api {
                PinataApi::V3 => {
                    for file in self.files(Some(root), PAGE).await? {
                        self.delete_file(&file.id).await?;
                    }
                }
                PinataApi::Legacy => {
                    for cid in self.rows(Some(root), PAGE).await? {
                        self.delete_pin(&cid).await?;
                    }
                }
            }
            Ok(())
        })
    }

    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>> {
        Box::pin(async move {
            let cids: Vec<Cid> = match self.api {
                PinataApi::V3 => {
                    let files = self.files(None, limit).await?;
                    let cids = files.iter().filter_map(|file| cids::parse(&file.cid).ok());
                    cids.collect()
                }
                PinataApi::Legacy => self.rows(None, limit).await?,
            };
            let pinned = cids.into_iter().map(|cid| (cid, PinState::Pinned));
            Ok(pinned.collect())
        })
    }

    fn can_read(&self) -> bool {
        self.gateways.is_some()
    }

    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>> {
        Box::pin(read_through(self.gateways.as_deref(), cid))
    }
}
