//! CARs: blocks one after the other, so that whoever asked can check all of them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use tokio::io::DuplexStream;

use super::answer::{Place, Shared, unchanged};
use super::asked::Asked;
use super::body;
use super::headers::{FOR_EVER, is_cached, set};
use super::path::Found;
use super::refusal::Refused;
use crate::content::block::{Block, sha256};
use crate::content::car::CarWriter;
use crate::content::store::{BlockStore as _, StoreError};
use crate::content::unixfs::{self, Contents, ReadError};
use crate::content::{Cid, Scope as Beneath, Traversal};

/// Blocks that all CARs under way together remember, so that each sends a block once: 2^19 are
/// 128 GiB of content as it is usually cut, and about 64 MB of memory. A CAR that would need more
/// breaks off there; with `dups=y` it needs none.
pub(super) const REMEMBERED: usize = 1 << 19;

/// The form of a CAR: version 1, depth first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CarForm {
    pub(super) scope: Scope,
    /// Whether a block is sent as often as it occurs.
    pub(super) duplicates: bool,
}

impl CarForm {
    /// The media type with its parameters.
    pub(super) fn media_type(&self) -> String {
        let dups = self.dups();
        format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}")
    }

    /// The parameters that the address lacks to give the same CAR without an `Accept` header.
    pub(super) fn query_beyond(&self, query: Option<&str>) -> &'static str {
        let is_there = query.is_some_and(|query| query.contains("car-dups="));
        match self.duplicates && !is_there {
            true => "&car-dups=y",
            false => "",
        }
    }

    /// The entity tag of the CAR of what `fingerprint` stands for, which ends at `cid`.
    pub(super) fn tag(&self, fingerprint: &str, cid: &Cid) -> String {
        let scope = match self.scope {
            Scope::Block => "block".to_owned(),
            Scope::Entity(None) => "entity".to_owned(),
            Scope::Entity(Some(EntityBytes { from, to: None })) => format!("entity.{from}:*"),
            Scope::Entity(Some(EntityBytes { from, to: Some(to) })) => {
                format!("entity.{from}:{to}")
            }
            Scope::All => "all".to_owned(),
        };
        // Weak, because the next version may write the same blocks in another way.
        format!("W/\"{scope}.dfs.{}.{fingerprint}.{cid}.car\"", self.dups())
    }

    fn dups(&self) -> char {
        if self.duplicates { 'y' } else { 'n' }
    }
}

/// How much of what a path leads to is sent: `dag-scope` and `entity-bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The block that the path leads to.
    Block,
    /// The blocks of the file, or these bytes of it; those of a directory without what is in
    /// it.
    Entity(Option<EntityBytes>),
    /// Everything beneath.
    All,
}

impl Scope {
    /// Reads the two parameters.
    ///
    /// # Errors
    /// 400 for what is neither.
    pub(super) fn of(scope: Option<&str>, bytes: Option<&str>) -> Result<Self, Refused> {
        let bytes = bytes.map(EntityBytes::parse).transpose()?;
        match (scope, bytes) {
            (None | Some("all"), None) => Ok(Self::All),
            // `entity-bytes` implies the scope.
            (None | Some("entity" | "all"), Some(bytes)) => Ok(Self::Entity(Some(bytes))),
            (Some("entity"), None) => Ok(Self::Entity(None)),
            (Some("block"), _) => Ok(Self::Block),
            (Some(other), _) => {
                let other: String = other.chars().take(80).collect();
                Err(Refused::bad_request(format!(
                    "dag-scope=`{other}` is none: it is block, entity or all"
                )))
            }
        }
    }
}

/// `entity-bytes=from:to`: offsets of the first and the last byte; negative ones count from
/// the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntityBytes {
    pub(super) from: i64,
    /// `None` for `*`, the last byte there is.
    pub(super) to: Option<i64>,
}

impl EntityBytes {
    fn parse(text: &str) -> Result<Self, Refused> {
        let read = || {
            let (from, to) = text.split_once(':')?;
            let to = match to {
                "*" => None,
                to => Some(to.parse().ok()?),
            };
            let from = from.parse().ok()?;
            Some(Self { from, to })
        };
        read().ok_or_else(|| {
            let text: String = text.chars().take(80).collect();
            Refused::bad_request(format!(
                "entity-bytes=`{text}` is no range: it is from:to, such as 0:1023, -1024:* or \
                 499:-1000"
            ))
        })
    }

    /// The bytes of a file of `size` bytes, `None` if there are none between the two ends.
    ///
    /// # Errors
    /// 400 if all of it lies outside of the file.
    pub(super) fn within(self, size: u64) -> Result<Option<Range<u64>>, Refused> {
        let size = i128::from(size);
        let at = |offset: i64| match i128::from(offset) {
            offset if offset < 0 => size + offset,
            offset => offset,
        };
        let from = at(self.from);
        // Behind the last byte.
        let end = self.to.map_or(size, |to| at(to) + 1);
        let is_outside = size > 0 && (from >= size || end <= 0);
        if is_outside {
            return Err(Refused::bad_request(format!(
                "entity-bytes lie outside of the {size} bytes that are there"
            )));
        }
        let range = from.max(0)..end.min(size);
        let offset = |at: i128| u64::try_from(at).unwrap_or_default();
        Ok((range.start < range.end).then(|| offset(range.start)..offset(range.end)))
    }
}

pub(super) async fn answer(
    shared: &Arc<Shared>,
    asked: &Asked,
    form: &CarForm,
    found: &Found,
    headers: &HeaderMap,
    place: Place,
) -> Result<Response, Refused> {
    let scope = scope_of(form, found, shared).await?;
    let tag = form.tag(&fingerprint(asked), &found.cid);
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag, FOR_EVER));
    }
    let body = match asked.is_head {
        true => body::unknown(),
        false => {
            let blocks = Blocks {
                shared: Arc::clone(shared),
                root: found.cid,
                path: found.through.clone(),
                scope,
                duplicates: form.duplicates,
            };
            body::piped(move |pipe| blocks.send(pipe, place))
        }
    };
    let mut response = body.into_response();
    asked.describe(&found.cid, response.headers_mut());
    for (name, value) in [
        (header::CONTENT_TYPE, form.media_type().as_str()),
        // Its length is not known before it is made.
        (header::ACCEPT_RANGES, "none"),
        (header::ETAG, &tag),
        (header::CACHE_CONTROL, FOR_EVER),
    ] {
        set(response.headers_mut(), name, value);
    }
    Ok(response)
}

/// Two paths that lead to the same content have different CARs: the path's blocks are in them.
fn fingerprint(asked: &Asked) -> String {
    let path = format!("{}/{}", asked.root, asked.names.join("/"));
    let digest = sha256(path.as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What is sent of what a path leads to. It is read here, so that 404 can still be said.
async fn scope_of(form: &CarForm, found: &Found, shared: &Shared) -> Result<Beneath, Refused> {
    let cid = found.cid;
    let block = shared.source.get(&cid).await?;
    let block = block.ok_or(ReadError::Missing { cid })?;
    let Scope::Entity(bytes) = form.scope else {
        return Ok(match form.scope {
            Scope::Block => Beneath::Block,
            _ => Beneath::All,
        });
    };
    // An entity that is no UnixFS is its block.
    let (Ok(contents), Some(bytes)) = (unixfs::parse(&block), bytes) else {
        return Ok(match unixfs::parse(&block) {
            Ok(_) => Beneath::Entity(None),
            Err(_) => Beneath::Block,
        });
    };
    match contents {
        Contents::File { size, .. } => Ok(match bytes.within(size)? {
            Some(range) => Beneath::Entity(Some(range)),
            None => Beneath::Block,
        }),
        // Directories have no bytes to choose among.
        _ => Ok(Beneath::Entity(None)),
    }
}

/// The blocks of one CAR.
struct Blocks {
    shared: Arc<Shared>,
    root: Cid,
    /// Those of the path, before what it leads to.
    path: Vec<Cid>,
    scope: Beneath,
    duplicates: bool,
}

/// A CAR that ends before its end.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the CAR could not be written: {0}")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the block {0} is not served here")]
    Denied(Cid),
    #[error("the CAR is longer than an answer may be")]
    TooLong,
    #[error("the CARs under way remember too many blocks")]
    TooManyBlocks,
}

impl Blocks {
    async fn send(self, pipe: DuplexStream, _place: Place) -> Result<(), Cut> {
        let source = &self.shared.source;
        let mut car = CarWriter::new(pipe, &[self.root]).await?;
        let mut left = self.shared.limits.response_bytes;
        let mut remembered = None;
        for cid in &self.path {
            let block = source.get(cid).await?;
            let block = block.ok_or(ReadError::Missing { cid: *cid })?;
            self.write(&block, &mut car, &mut left).await?;
        }
        let mut beneath = Traversal::new(self.root, self.scope.clone());
        if self.duplicates {
            beneath = beneath.with_duplicates();
        }
        while let Some(block) = beneath.next(source).await? {
            if !self.duplicates {
                let one = Arc::clone(&self.shared.remembered).try_acquire_owned();
                let one = one.map_err(|_| Cut::TooManyBlocks)?;
                match &mut remembered {
                    None => remembered = Some(one),
                    Some(others) => others.merge(one),
                }
            }
            self.write(&block, &mut car, &mut left).await?;
        }
        car.finish().await?;
        Ok(())
    }

    async fn write(
        &self,
        block: &Block,
        car: &mut CarWriter<DuplexStream>,
        left: &mut u64,
    ) -> Result<(), Cut> {
        let cid = block.cid();
        if Block::inline(cid).is_some() {
            // It is in the CID already, and no CAR may hold it.
            return Ok(());
        }
        if self.shared.denied.contains(cid) {
            return Err(Cut::Denied(*cid));
        }
        let bytes = block.data().len() as u64;
        *left = left.checked_sub(bytes).ok_or(Cut::TooLong)?;
        Ok(car.write(block).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(from: i64, to: Option<i64>, size: u64) -> Result<Option<Range<u64>>, u16> {
        EntityBytes { from, to }
            .within(size)
            .map_err(|refused| refused.status().as_u16())
    }

    #[test]
    fn offsets_count_from_either_end_and_are_cut_at_it() {
        for (from, to, range) in [
            (0, None, 0..1026),
            (512, Some(1023), 512..1024),
            (512, Some(-256), 512..771),
            (-5, None, 1021..1026),
            (-9999, None, 0..1026),
            (-9999, Some(-3), 0..1024),
            (0, Some(0), 0..1),
            (1000, Some(i64::MAX), 1000..1026),
        ] {
            assert_eq!(within(from, to, 1026), Ok(Some(range)), "{from}:{to:?}");
        }
    }

    #[test]
    fn an_empty_range_is_none_and_one_outside_is_refused() {
        assert_eq!(within(5, Some(4), 10), Ok(None));
        assert_eq!(within(0, None, 0), Ok(None));
        assert_eq!(within(10, None, 10), Err(400));
        assert_eq!(within(i64::MIN, Some(-11), 10), Err(400));
    }
}
