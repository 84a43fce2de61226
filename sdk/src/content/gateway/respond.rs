//! What the gateway answers.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::content::Cid;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::ReaderStream;

use super::GatewayLimits;
use super::media;
use crate::content::cids;
use crate::content::store::{BlockStore, StoreError};
use crate::content::unixfs::{self, DirectoryEntry, Node, ReadError, Resolved};

/// The media type of a block.
const RAW_BLOCK: &str = "application/vnd.ipld.raw";

/// A CID names one content for ever; a year is the longest that caches honour.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Bytes of a file on their way between store and connection.
const IN_FLIGHT: usize = 256 * 1024;

#[derive(Clone)]
struct Shared {
    store: Arc<dyn BlockStore>,
    places: Arc<Semaphore>,
    file_bytes: u64,
}

pub(super) fn routes(store: Arc<dyn BlockStore>, limits: &GatewayLimits) -> Router {
    let shared = Shared {
        store,
        places: Arc::new(Semaphore::new(limits.responses)),
        file_bytes: limits.file_bytes,
    };
    // Content is read alone: no other method has an effect, and HEAD goes where GET goes.
    Router::new()
        .route("/ipfs/{cid}", get(root).options(preflight))
        .route("/ipfs/{cid}/", get(root).options(preflight))
        .route("/ipfs/{cid}/{*path}", get(beneath).options(preflight))
        .fallback(elsewhere)
        .with_state(shared)
}

async fn root(
    state: State<Shared>,
    Path(cid): Path<String>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(state.0, &cid, "", query.0.as_deref(), &method, &headers).await
}

async fn beneath(
    state: State<Shared>,
    Path((cid, path)): Path<(String, String)>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(state.0, &cid, &path, query.0.as_deref(), &method, &headers).await
}

async fn elsewhere() -> Response {
    let hint = "there is nothing here: ask for /ipfs/<cid>, /ipfs/<cid>/<path> or \
                /ipfs/<cid>?format=raw";
    Refused {
        status: StatusCode::NOT_FOUND,
        reason: hint.into(),
    }
    .into_response()
}

async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    open_to_all(response.headers_mut());
    response
}

async fn answer(
    shared: Shared,
    cid: &str,
    path: &str,
    query: Option<&str>,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let answered = match wanted(query, headers) {
        Ok(Form::Block) => block(&shared, cid, path, headers).await,
        Ok(Form::File) => file(&shared, cid, path, method, headers).await,
        Err(refused) => Err(refused),
    };
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    open_to_all(response.headers_mut());
    response
}

/// Web pages of any origin may read public content.
fn open_to_all(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, OPTIONS"),
    );
    // Browsers must not take a file for what it does not say it is, nor run what is in it
    // with the rights of this origin.
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox"),
    );
}

enum Form {
    Block,
    File,
}

/// `?format=` decides; without it the `Accept` header does.
fn wanted(query: Option<&str>, headers: &HeaderMap) -> Result<Form, Refused> {
    let format = query
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("format="));
    match format {
        Some("raw") => Ok(Form::Block),
        Some(other) => Err(Refused {
            status: StatusCode::NOT_ACCEPTABLE,
            reason: format!("this gateway does not serve format={other}, only format=raw"),
        }),
        None => {
            let accepts_block = headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.contains(RAW_BLOCK));
            Ok(if accepts_block {
                Form::Block
            } else {
                Form::File
            })
        }
    }
}

async fn block(
    shared: &Shared,
    cid: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let mut cid = cids::parse(cid).map_err(Refused::bad_request)?;
    if !path.is_empty() {
        cid = unixfs::follow(&cid, path, &*shared.store).await?.cid;
    }
    let tag = format!("\"{cid}.raw\"");
    let _place = shared.place()?;
    let block = shared.store.get(&cid).await.map_err(Refused::from)?;
    let block = block.ok_or(ReadError::Missing { cid })?;
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let named = format!("attachment; filename=\"{cid}.bin\"");
    let mut response = Body::from(block.data().clone()).into_response();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, RAW_BLOCK);
    set(headers, header::CONTENT_DISPOSITION, &named);
    cacheable(headers, &tag);
    Ok(response)
}

async fn file(
    shared: &Shared,
    cid: &str,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let root = cids::parse(cid).map_err(Refused::bad_request)?;
    let place = shared.place()?;
    let Resolved { cid, node } = unixfs::resolve(&root, path, &*shared.store).await?;
    let tag = match &node {
        Node::File { .. } | Node::Symlink { .. } => format!("\"{cid}\""),
        Node::Directory { .. } => format!("\"list-{cid}\""),
    };
    if is_cached(headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let mut response = match node {
        Node::Directory { entries } => {
            let page = list(&root, path, &entries);
            let mut response = Body::from(page).into_response();
            set(
                response.headers_mut(),
                header::CONTENT_TYPE,
                "text/html; charset=utf-8",
            );
            response
        }
        Node::Symlink { target } => return Err(ReadError::IsSymlink { cid, target }.into()),
        Node::File { size } if size > shared.file_bytes => {
            return Err(ReadError::TooLarge {
                cid,
                size,
                limit: shared.file_bytes,
            }
            .into());
        }
        Node::File { size } => {
            let head = unixfs::head(&cid, &*shared.store, media::ENOUGH).await?;
            let body = match *method {
                Method::HEAD => Body::empty(),
                _ => stream(shared, cid, place),
            };
            let mut response = body.into_response();
            let headers = response.headers_mut();
            set(
                headers,
                header::CONTENT_TYPE,
                media::media_type(path, &head),
            );
            set(headers, header::CONTENT_LENGTH, &size.to_string());
            response
        }
    };
    cacheable(response.headers_mut(), &tag);
    Ok(response)
}

/// Sends a file block by block. A block that turns out to be missing or damaged ends the
/// stream early, which the length in the head gives away.
fn stream(shared: &Shared, cid: Cid, place: OwnedSemaphorePermit) -> Body {
    let (near, far) = tokio::io::duplex(IN_FLIGHT);
    let store = Arc::clone(&shared.store);
    let limit = shared.file_bytes;
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = unixfs::export(&cid, &*store, near, limit).await {
            tracing::debug!(%cid, %error, "a file could not be sent to its end");
        }
    });
    Body::from_stream(ReaderStream::with_capacity(far, IN_FLIGHT / 4))
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    // CIDs, numbers and media types are ASCII; anything else is better left out than sent.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn cacheable(headers: &mut HeaderMap, tag: &str) {
    set(headers, header::ETAG, tag);
    set(headers, header::CACHE_CONTROL, FOR_EVER);
}

fn unchanged(tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    cacheable(response.headers_mut(), tag);
    response
}

fn is_cached(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == tag || value == "*")
}

/// A directory for a person: its entries as links.
fn list(root: &Cid, path: &str, entries: &[DirectoryEntry]) -> String {
    let place = std::iter::once(root.to_string())
        .chain(
            path.split('/')
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
        )
        .collect::<Vec<_>>();
    let shown = escape(&place.join("/"));
    let base: String = place
        .iter()
        .map(|name| format!("/{}", percent(name)))
        .collect();
    let mut page = format!(
        "<!doctype html><meta charset=utf-8><title>{shown}</title><h1>/ipfs/{shown}</h1><ul>\n"
    );
    for entry in entries {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<li><a href=\"/ipfs{base}/{}\">{}</a> <code>{}</code>",
            percent(&entry.name),
            escape(&entry.name),
            entry.cid
        );
    }
    page.push_str("</ul>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl Shared {
    fn place(&self) -> Result<OwnedSemaphorePermit, Refused> {
        Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Refused {
                status: StatusCode::SERVICE_UNAVAILABLE,
                reason: "this gateway is busy; try again in a moment".into(),
            })
    }
}

/// An answer other than the content.
struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    fn bad_request(error: cids::CidError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason: error.to_string(),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        let status = match &error {
            ReadError::Missing { .. } | ReadError::NoEntry { .. } => StatusCode::NOT_FOUND,
            ReadError::Malformed { .. }
            | ReadError::WrongPart { .. }
            | ReadError::WrongShard { .. }
            | ReadError::IsSymlink { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ReadError::Cid(_) | ReadError::IsDirectory { .. } | ReadError::NotDirectory { .. } => {
                StatusCode::BAD_REQUEST
            }
            ReadError::OutOfRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            ReadError::TooLarge { .. } | ReadError::TooManyEntries { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            ReadError::Store(_) | ReadError::Write { .. } => {
                // Paths of this machine are nobody else's business.
                tracing::warn!(%error, "the gateway cannot read its store");
                return Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    reason: "the store behind this gateway cannot read that content".into(),
                };
            }
        };
        Self {
            status,
            reason: error.to_string(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.reason)).into_response();
        let headers = response.headers_mut();
        // It may be here in a moment.
        set(headers, header::CACHE_CONTROL, "no-store");
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            set(headers, header::RETRY_AFTER, "1");
        }
        response
    }
}
