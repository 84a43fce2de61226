//! Whether requests can be paid for.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use crate::{desk::Desk, funds};

/// `GET /v1/health`: 200 if requests are paid for and go through, else 503, with the reason.
pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Response {
    let looked = funds::look(&desk).await;
    let fee = desk.settings.fee;
    let reason = match &looked {
        Err(reason) => Some(reason.clone()),
        Ok(funds) if funds.aius < fee => Some(format!(
            "the account has {} wei of AIUS; a request pays {fee}",
            funds.aius
        )),
        Ok(funds) if funds.ether.is_zero() => Some("the account has no ether for gas".to_owned()),
        Ok(_) => desk.obstacle(),
    };
    let funds = looked.ok();
    let status = match reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({
        "healthy": reason.is_none(),
        "reason": reason,
        "account": desk.requester.address(),
        "aius": funds.map(|funds| funds.aius.to_string()),
        "ether": funds.map(|funds| funds.ether.to_string()),
        "fee": fee.to_string(),
        "model": desk.settings.model,
        "open": desk.open_count(),
        "limit": desk.limits().open,
    });
    (status, Json(body)).into_response()
}
