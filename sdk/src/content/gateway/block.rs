//! Single blocks: `format=raw`.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;

use super::accept::RAW_TYPE;
use super::answer::{Shared, unchanged};
use super::asked::Asked;
use super::body::{self, Piece};
use super::headers::{FOR_EVER, is_cached, set};
use super::path::Found;
use super::refusal::Refused;
use crate::content::store::BlockStore as _;
use crate::content::unixfs::ReadError;

pub(super) async fn answer(
    shared: &Shared,
    asked: &Asked,
    found: &Found,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let cid = found.cid;
    let block = shared.source.get(&cid).await?;
    let block = block.ok_or(ReadError::Missing { cid })?;
    let tag = format!("\"{cid}.raw\"");
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag, FOR_EVER));
    }
    let data = block.data();
    let plan = body::Plan::of(headers, &tag, data.len() as u64, RAW_TYPE)?;
    let mut response = plan.response(asked.is_head, |pieces| {
        let cut = |piece: Piece| match piece {
            Piece::Text(text) => text,
            // A block fits into memory, so its offsets do too.
            Piece::Content(range) => data.slice(range.start as usize..range.end as usize),
        };
        let mut parts: Vec<Bytes> = pieces.into_iter().map(cut).collect();
        match parts.len() {
            1 => Body::from(parts.remove(0)),
            _ => Body::from(parts.concat()),
        }
    });
    asked.describe(&cid, response.headers_mut());
    set(response.headers_mut(), header::ETAG, &tag);
    set(response.headers_mut(), header::CACHE_CONTROL, FOR_EVER);
    Ok(response)
}
