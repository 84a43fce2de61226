//! Making, looking at and taking back requests.

use std::sync::Arc;

use arbius_sdk::serve::Visitor;
use axum::{
    Extension, Json,
    extract::{self, Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, body, token};
use crate::{
    Id, Request, Step,
    desk::{Desk, Full, now_millis},
};

/// What of a file's name is encoded in a path: all but what is in every name.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The longest key of a client's.
const LONGEST_KEY: usize = 128;

/// What a client sends: a prompt, or all inputs of the model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    prompt: Option<String>,
    input: Option<serde_json::Map<String, Value>>,
}

/// `POST /v1/requests`.
pub(super) async fn make(
    State(desk): State<Arc<Desk>>,
    visitor: Option<Extension<Visitor>>,
    headers: HeaderMap,
    asked: extract::Request,
) -> Result<Response, Refusal> {
    token::check(&desk, &headers)?;
    let input = input(&desk, &body::read(&desk, asked).await?)?;
    let key = key(&headers)?;
    if let Some(key) = &key
        && let Some(known) = desk.store.with_key(key)?
    {
        return again(&known, &input);
    }
    let request = Request::new(
        Id::random()?,
        input.clone(),
        desk.settings.fee,
        key,
        now_millis(),
    );
    let id = request.id;
    match desk.take(request, visitor.map(|Extension(visitor)| visitor))? {
        Ok(request) if request.id == id => Ok(answer(StatusCode::ACCEPTED, &request)),
        // Another with the same key was faster.
        Ok(known) => again(&known, &input),
        Err(Full::All) => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "full",
            "too many requests are open; send it again later",
        )),
        Err(Full::Visitor) => Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many",
            "you have too many open requests; wait until one is over",
        )),
    }
}

/// `GET /v1/requests/{id}`.
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &find(&desk, id)?))
}

/// `DELETE /v1/requests/{id}`.
pub(super) async fn cancel(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Response, Refusal> {
    token::check(&desk, &headers)?;
    let request = find(&desk, id)?;
    let waits = |request: &Request| matches!(request.last(), Some(Step::Queued));
    match desk.step(request.id, Step::Cancelled, waits)? {
        Some(cancelled) => Ok(answer(StatusCode::OK, &cancelled)),
        None => Err(Refusal::new(
            StatusCode::CONFLICT,
            "sent",
            "it is too late: the request is on the chain, or on its way there",
        )),
    }
}

/// The request with an id that was asked for.
pub(super) fn find(desk: &Desk, id: Result<Path<Id>, PathRejection>) -> Result<Request, Refusal> {
    let Path(id) = id?;
    desk.store
        .get(id)?
        .ok_or_else(|| Refusal::not_found("no request has this id, or it was forgotten"))
}

/// A request as clients see it.
pub(super) fn shown(request: &Request) -> Value {
    let path = format!("/v1/requests/{}", request.id);
    let files = request.files().map(|(_, files)| files).unwrap_or_default();
    let files: Vec<Value> = files
        .iter()
        .map(|file| {
            let name = utf8_percent_encode(&file.name, ENCODED);
            let path = format!("{path}/files/{name}");
            json!({ "name": file.name, "size": file.size, "path": path })
        })
        .collect();
    json!({
        "id": request.id,
        "input": serde_json::from_str::<Value>(&request.input).unwrap_or_default(),
        "fee": request.fee.to_string(),
        "state": request.last().map(Step::name),
        "over": request.is_over(),
        "task": request.task(),
        "cid": request.solution().map(|(cid, _)| cid),
        "files": files,
        "events": format!("{path}/events"),
        "steps": request.steps,
    })
}

/// What is answered to a request that was made before with the same key.
fn again(known: &Request, input: &str) -> Result<Response, Refusal> {
    if known.input != input {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "key-taken",
            "another request was made with this Idempotency-Key; choose another key",
        ));
    }
    Ok(answer(StatusCode::OK, known))
}

fn answer(status: StatusCode, request: &Request) -> Response {
    let location = format!("/v1/requests/{}", request.id);
    (status, [(header::LOCATION, location)], Json(shown(request))).into_response()
}

/// The input that a body asks for, as the chain is to have it.
fn input(desk: &Desk, body: &[u8]) -> Result<String, Refusal> {
    let made: Made = serde_json::from_slice(body).map_err(|error| {
        Refusal::malformed(format!(
            "the body is no request: {error}; send {{\"prompt\": \"…\"}} or {{\"input\": {{…}}}}"
        ))
    })?;
    let input = match (made.prompt, made.input) {
        (Some(prompt), None) => json!({ "prompt": prompt }).to_string(),
        (None, Some(input)) => Value::Object(input).to_string(),
        _ => {
            return Err(Refusal::malformed(
                "send either a `prompt` or an `input`, not both",
            ));
        }
    };
    let (size, limit) = (input.len(), desk.limits().input_bytes);
    if size > limit {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("the input has {size} bytes; {limit} are taken"),
        ));
    }
    // Nobody solves what does not fit the model, and it would be paid for all the same.
    let unfit = |message: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit", message);
    // The seed is the chain's to give; any will do to see whether the input fits.
    let inputs = desk
        .template
        .hydrate(input.as_bytes(), 0)
        .map_err(|error| unfit(error.to_string()))?;
    if !inputs.ignored.is_empty() {
        let names = inputs.ignored.join("`, `");
        return Err(unfit(format!("the model has no input `{names}`")));
    }
    Ok(input)
}

/// The key that a client gives its request, so that sending it again makes no other.
fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(Refusal::malformed(format!(
            "an Idempotency-Key is 1 to {LONGEST_KEY} printable characters"
        ))),
    }
}
