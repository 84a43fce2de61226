//! The files of a result.

use std::{io, sync::Arc};

use arbius_sdk::content::{Cid, FolderStore, unixfs};
use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;

use super::{Refusal, requests};
use crate::{Id, desk::Desk};

/// Bytes that are read at a time.
const PIECE: u64 = 256 << 10;

/// `GET /v1/requests/{id}/files/{name}`: every block of it is hashed as it is read.
pub(super) async fn read(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    path: Result<Path<(Id, String)>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path((id, name)) = path?;
    let request = requests::find(&desk, Ok(Path(id)))?;
    let Some((cid, files)) = request.files() else {
        return Err(Refusal::not_found(
            "the result is not here yet; follow the request's events",
        ));
    };
    let Some(file) = files.iter().find(|file| file.name == name) else {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        return Err(Refusal::not_found(format!(
            "the result has no such file; there is {}",
            names.join(", ")
        )));
    };
    let lost = |error: String| {
        tracing::error!(%id, cid, error, "a result cannot be read");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the result cannot be read; the service's log says why",
        )
    };
    let root: Cid = cid.parse().map_err(|error| lost(format!("{error}")))?;
    let found = unixfs::resolve(&root, &file.name, &desk.results)
        .await
        .map_err(|error| lost(error.to_string()))?;
    // What a CID names never changes.
    let tag = format!("\"{}\"", found.cid);
    let same = headers.get(header::IF_NONE_MATCH);
    if same.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let body = Body::from_stream(pieces(desk.results.clone(), found.cid, file.size));
    let mut response = body.into_response();
    let media_type = media_type(&file.name);
    let size = file.size.to_string();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, size.as_str()),
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "private, max-age=604800, immutable"),
        // A model's output is a stranger's: it runs nothing in the service's name.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("x-ipfs-path"),
            &format!("/ipfs/{cid}"),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A file piece by piece, as its reader takes them.
fn pieces(
    store: FolderStore,
    cid: Cid,
    size: u64,
) -> impl stream::Stream<Item = io::Result<Vec<u8>>> {
    stream::try_unfold((store, 0), move |(store, at)| async move {
        if at >= size {
            return Ok(None);
        }
        let end = size.min(at + PIECE);
        let mut piece = Vec::new();
        unixfs::export_range(&cid, &store, &mut piece, at..end)
            .await
            .map_err(io::Error::other)?;
        Ok(Some((piece, (store, end))))
    })
}

/// Of the kinds of files that models make.
fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
