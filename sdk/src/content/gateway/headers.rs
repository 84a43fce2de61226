//! Headers that answers have in common.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What the path gateway's specification asks for everything under `/ipfs`: a CID names one
/// content for ever.
pub(super) const FOR_EVER: &str = "public, max-age=29030400, immutable";

/// The page of a directory may look different in the next version.
pub(super) const FOR_A_WEEK: &str = "public, max-age=604800, stale-while-revalidate=2678400";

/// What a page that this gateway made itself may do: nothing but look like something.
pub(super) const OWN_PAGE: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// What content may do. All of it shares this origin, whoever made it, so nothing in it may
/// run, and it may load no more than pictures, sounds, fonts and styles from beside it.
const CONTENT: &str = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self' data:; \
                       font-src 'self' data:; style-src 'self' 'unsafe-inline'";

/// Browsers show no PDF in a sandbox. Their viewers keep what runs in it apart by themselves.
const PDF: &str = "application/pdf";

const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Sets a header.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // CIDs, numbers, media types and what is percent-encoded are ASCII; anything else is
    // better left out than sent.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Where content was found: the path as it was asked for, and the root of each of its parts.
pub(super) fn found(headers: &mut HeaderMap, path: &str, roots: &[crate::content::Cid]) {
    set(headers, X_IPFS_PATH, path);
    let roots: Vec<_> = roots.iter().map(ToString::to_string).collect();
    set(headers, X_IPFS_ROOTS, &roots.join(","));
}

/// Web pages of any origin may read public content, and no page of this one may act for it.
pub(super) fn open_to_all(headers: &mut HeaderMap) {
    let pairs = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Accept, Cache-Control, Content-Type, If-None-Match, If-Range, Range, User-Agent, \
             X-Requested-With",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Accept-Ranges, Content-Disposition, Content-Length, Content-Location, Content-Range, \
             Etag, Retry-After, X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output",
        ),
        (RESOURCE_POLICY, "cross-origin"),
        // Browsers must not take a file for what it does not say it is.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // What is sent depends on what is accepted.
        (header::VARY, "Accept"),
    ];
    for (name, value) in pairs {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let is_pdf = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PDF);
    if !is_pdf && !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static(CONTENT);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Whether a cache has what carries this entity tag: `If-None-Match` compares weakly
/// (RFC 9110, section 13.1.2).
pub(super) fn is_cached(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| opaque(value) == tag || value.trim() == "*")
}

/// Whether content is only wanted if it need not be fetched.
pub(super) fn only_if_cached(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("only-if-cached"))
}
