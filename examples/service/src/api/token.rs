//! Who may spend the operator's money.

use alloy_primitives::keccak256;
use axum::http::{HeaderMap, StatusCode, header};

use super::Refusal;
use crate::desk::Desk;

/// Asserts that a request shows the token, if the service has one.
pub(super) fn check(desk: &Desk, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(token) = &desk.settings.token else {
        return Ok(());
    };
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    // Of hashes, how far they agree says nothing about the token.
    match shown {
        Some(shown) if keccak256(shown) == keccak256(token) => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "this service wants a token: `Authorization: Bearer TOKEN`",
        )),
    }
}
