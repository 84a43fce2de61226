//! Files and directories as a browser or curl wants them.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncWriteExt as _, DuplexStream};

use super::answer::{Place, Shared, unchanged};
use super::asked::Asked;
use super::body::{self, Piece, Plan};
use super::headers::{FOR_A_WEEK, FOR_EVER, OWN_PAGE, is_cached, set};
use super::listing::{EDITION, Listing};
use super::media;
use super::path::Found;
use super::refusal::Refused;
use crate::content::Cid;
use crate::content::unixfs::{self, Contents, MAX_ENTRIES, ReadError};

/// What is shown of a directory that has it, in place of a list of what is in it.
const INDEX: &str = "index.html";

pub(super) async fn answer(
    shared: &Arc<Shared>,
    asked: &Asked,
    found: &Found,
    headers: &HeaderMap,
    place: Place,
) -> Result<Response, Refused> {
    match unixfs::follow(&found.cid, "", &shared.source)
        .await?
        .contents
    {
        Contents::File { size, .. } => {
            let file = File {
                cid: found.cid,
                size,
                name: asked.last_name(),
                tag: format!("\"{}\"", found.cid),
            };
            file.answer(shared, asked, headers, place).await
        }
        Contents::Symlink { target } => link(asked, &found.cid, &target, headers),
        Contents::Directory(_) | Contents::Shard(_) => {
            directory(shared, asked, found, headers, place).await
        }
    }
}

struct File<'a> {
    cid: Cid,
    size: u64,
    /// By which its kind is told.
    name: &'a str,
    tag: String,
}

impl File<'_> {
    async fn answer(
        &self,
        shared: &Arc<Shared>,
        asked: &Asked,
        headers: &HeaderMap,
        place: Place,
    ) -> Result<Response, Refused> {
        if is_cached(headers, &self.tag) {
            return Ok(unchanged(&self.tag, FOR_EVER));
        }
        let media_type = match unixfs::head(&self.cid, &shared.source, media::ENOUGH).await {
            Ok(beginning) => media::media_type(self.name, &beginning),
            // A range behind its beginning may be here all the same.
            Err(ReadError::Missing { cid }) if cid != self.cid => media::UNKNOWN,
            Err(error) => return Err(error.into()),
        };
        let plan = Plan::of(headers, &self.tag, self.size, media_type)?;
        let limit = shared.limits.response_bytes;
        if plan.content_bytes() > limit {
            return Err(Refused::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "{} has {} bytes and this gateway sends {limit} at a time: ask for it by ranges",
                    self.cid, self.size
                ),
            ));
        }
        let mut response = plan.response(asked.is_head, |pieces| {
            let (shared, cid) = (Arc::clone(shared), self.cid);
            body::piped(move |pipe| send(shared, cid, pieces, pipe, place))
        });
        asked.describe(&self.cid, response.headers_mut());
        set(response.headers_mut(), header::ETAG, &self.tag);
        set(response.headers_mut(), header::CACHE_CONTROL, FOR_EVER);
        Ok(response)
    }
}

/// Sends parts of a file block by block.
async fn send(
    shared: Arc<Shared>,
    cid: Cid,
    pieces: Vec<Piece>,
    mut pipe: DuplexStream,
    _place: Place,
) -> Result<(), ReadError> {
    for piece in pieces {
        match piece {
            Piece::Content(range) => {
                unixfs::export_range(&cid, &shared.source, &mut pipe, range).await?;
            }
            Piece::Text(text) => {
                let written = pipe.write_all(&text).await;
                written.map_err(|source| ReadError::Write { cid, source })?;
            }
        }
    }
    Ok(())
}

/// Where a symbolic link points, as text: what it means is for whoever unpacks the directory.
fn link(asked: &Asked, cid: &Cid, target: &str, headers: &HeaderMap) -> Result<Response, Refused> {
    let tag = format!("\"{cid}\"");
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag, FOR_EVER));
    }
    let text = target.to_owned();
    let plan = Plan::of(
        headers,
        &tag,
        text.len() as u64,
        "text/plain; charset=utf-8",
    )?;
    let mut response = plan.response(asked.is_head, |_| Body::from(text));
    asked.describe(cid, response.headers_mut());
    set(response.headers_mut(), header::ETAG, &tag);
    set(response.headers_mut(), header::CACHE_CONTROL, FOR_EVER);
    Ok(response)
}

async fn directory(
    shared: &Arc<Shared>,
    asked: &Asked,
    found: &Found,
    headers: &HeaderMap,
    place: Place,
) -> Result<Response, Refused> {
    let cid = found.cid;
    if !asked.is_folder {
        return Ok(moved(asked));
    }
    if let Some((index, size)) = index_of(&cid, shared).await? {
        let file = File {
            cid: index,
            size,
            name: INDEX,
            tag: format!("\"{cid}\""),
        };
        return file.answer(shared, asked, headers, place).await;
    }
    let tag = format!("\"DirIndex-{EDITION}_CID-{cid}\"");
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag, FOR_A_WEEK));
    }
    let entries = unixfs::list(&cid, &shared.source, MAX_ENTRIES).await?;
    let page = Listing {
        root: &asked.root,
        names: &asked.names,
        cid: &cid,
        entries: &entries,
    }
    .page();
    let length = page.len().to_string();
    let body = if asked.is_head {
        Body::empty()
    } else {
        Body::from(page)
    };
    let mut response = body.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LENGTH, &length),
        (header::CONTENT_SECURITY_POLICY, OWN_PAGE),
        (header::ETAG, &tag),
        (header::CACHE_CONTROL, FOR_A_WEEK),
    ] {
        set(response.headers_mut(), name, value);
    }
    Ok(response)
}

/// Directories have a slash at their end, so that links relative to them lead into them.
fn moved(asked: &Asked) -> Response {
    let query = asked.query.as_ref().map(|query| format!("?{query}"));
    let address = format!("{}/{}", asked.path, query.unwrap_or_default());
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    set(response.headers_mut(), header::LOCATION, &address);
    set(response.headers_mut(), header::CACHE_CONTROL, FOR_EVER);
    response
}

/// The file that a directory wants to be shown as, with its size.
async fn index_of(directory: &Cid, shared: &Shared) -> Result<Option<(Cid, u64)>, ReadError> {
    match unixfs::follow(directory, INDEX, &shared.source).await {
        Ok(index) => Ok(match index.contents {
            Contents::File { size, .. } => Some((index.cid, size)),
            _ => None,
        }),
        Err(ReadError::NoEntry { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
