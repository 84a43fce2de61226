//! A client of the service, over HTTP alone.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

/// Far longer than any answer takes here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Far longer than it is to the next event of a stream, where steps are tried again after longer
/// and longer pauses. All of a stream may take as long as it likes.
const EVENT_PATIENCE: Duration = Duration::from_secs(180);

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn of(url: String) -> Self {
        let http = arbius_sdk::http::client().unwrap();
        Self { url, http }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask_for_long(method, path).timeout(PATIENCE)
    }

    fn ask_for_long(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http.request(method, url)
    }

    pub(crate) async fn post(&self, body: &Value) -> (StatusCode, Value) {
        let made = self.ask(Method::POST, "/v1/requests").json(body);
        answer(made.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    /// Makes a request, which must be taken, and returns its id.
    pub(crate) async fn prompt(&self, prompt: &str) -> String {
        let (status, request) = self.post(&json!({ "prompt": prompt })).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{request}");
        request["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn show(&self, id: &str) -> Value {
        let (status, request) = self.get(&format!("/v1/requests/{id}")).await;
        assert_eq!(status, StatusCode::OK, "{request}");
        request
    }

    /// The events after one, up to one of this name, or to the end of the stream.
    pub(crate) async fn events(&self, id: &str, after: Option<&str>, last: &str) -> Vec<Event> {
        let mut asked = self.ask_for_long(Method::GET, &format!("/v1/requests/{id}/events"));
        if let Some(after) = after {
            asked = asked.header("last-event-id", after);
        }
        let response = timeout(PATIENCE, asked.send()).await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = response.bytes_stream();
        let mut text = String::new();
        let mut events = Vec::new();
        // Heartbeats come all the time, and are no events.
        let mut limit = Instant::now() + EVENT_PATIENCE;
        loop {
            let next = timeout_at(limit, stream.next()).await;
            let Some(bytes) = next.unwrap_or_else(|_| panic!("no more than {events:?}")) else {
                return events;
            };
            text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
            while let Some((block, rest)) = text.split_once("\n\n") {
                if let Some(event) = event(block) {
                    let end = event.name == last;
                    events.push(event);
                    limit = Instant::now() + EVENT_PATIENCE;
                    if end {
                        return events;
                    }
                }
                text = rest.to_owned();
            }
        }
    }
}

/// An event from its lines, if they are one and no comment.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    Some(Event {
        id: field("id")?.to_owned(),
        name: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).unwrap(),
    })
}

pub(crate) fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
