//! Requests to a Cog server.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::CogError;
use crate::deadline;

/// How long the small questions may take.
const QUESTION: Duration = Duration::from_secs(10);
/// How long to wait before asking again what was not ready.
const PAUSE: Duration = Duration::from_millis(200);
/// How much of an error is kept.
const KEPT_REASON: usize = 2_000;
/// The most bytes of an answer to a small question.
const MAX_ANSWER: u64 = 1 << 20;

/// What a Cog server may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CogLimits {
    /// How long setting the model up may take.
    pub setup: Duration,
    /// How long one task may take.
    pub solve: Duration,
    /// The most bytes that a task's outputs may have.
    pub max_output_bytes: u64,
}

impl Default for CogLimits {
    /// Five minutes to set up, ten a task, 256 MiB of output.
    fn default() -> Self {
        Self {
            setup: Duration::from_secs(300),
            solve: Duration::from_secs(600),
            max_output_bytes: 256 << 20,
        }
    }
}

/// What a server says of itself.
#[derive(Debug, Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    setup: Option<Setup>,
}

#[derive(Debug, Deserialize)]
struct Setup {
    #[serde(default)]
    logs: Json,
}

#[derive(Debug, Deserialize)]
struct Prediction {
    status: String,
    #[serde(default)]
    output: Json,
    #[serde(default)]
    error: Option<String>,
}

/// A Cog server by its address.
#[derive(Debug, Clone)]
pub struct CogClient {
    url: Url,
    http: Client,
    limits: CogLimits,
}

impl CogClient {
    /// A server at an address such as `http://127.0.0.1:5000`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CogError::Url`], [`CogError::Client`].
    pub fn new(url: &str, limits: CogLimits) -> Result<Self, CogError> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .filter(|url| !url.cannot_be_a_base());
        let url = parsed.ok_or_else(|| CogError::Url {
            url: url.to_owned(),
        })?;
        let http = crate::http::builder()?
            // A model that computes is silent for as long as it may take.
            .read_timeout(limits.solve)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(crate::http::HttpError::from)?;
        Ok(Self { url, http, limits })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What it may take.
    pub fn limits(&self) -> &CogLimits {
        &self.limits
    }

    /// The version of Cog that it runs.
    ///
    /// # Errors
    /// [`CogError`].
    pub async fn version(&self) -> Result<String, CogError> {
        let deadline = Instant::now() + QUESTION;
        let request = self.http.get(self.at(""));
        let (_, body) = self
            .ask(request, "tell its version", deadline, QUESTION, MAX_ANSWER)
            .await?;
        let index: Json = self.parsed(&body)?;
        let version = index.get("cog_version").and_then(Json::as_str);
        version
            .map(str::to_owned)
            .ok_or_else(|| self.garbage("its index names no `cog_version`"))
    }

    /// Waits until its model is set up.
    ///
    /// # Errors
    /// [`CogError::Setup`] if that failed, [`CogError::TimedOut`], or what else goes wrong.
    pub async fn ready(&self) -> Result<(), CogError> {
        let limit = self.limits.setup;
        let deadline = Instant::from_std(deadline::after(limit));
        loop {
            let asked = self.health(deadline.min(Instant::now() + QUESTION)).await;
            let asked = match asked {
                Err(CogError::TimedOut { .. }) if Instant::now() >= deadline => {
                    return Err(self.late("get ready", limit));
                }
                // A server that is starting listens late.
                Err(CogError::Unreachable { .. } | CogError::TimedOut { .. })
                    if Instant::now() < deadline =>
                {
                    sleep(PAUSE).await;
                    continue;
                }
                other => other?,
            };
            match asked.status.as_str() {
                "READY" | "BUSY" => return Ok(()),
                "STARTING" | "UNKNOWN" => {}
                "SETUP_FAILED" | "DEFUNCT" => {
                    let logs = match asked.setup.map(|setup| setup.logs) {
                        Some(Json::String(logs)) => logs,
                        Some(Json::Array(lines)) => {
                            let lines = lines.iter().filter_map(Json::as_str);
                            lines.collect::<Vec<_>>().join("\n")
                        }
                        _ => asked.status,
                    };
                    let url = self.url.to_string();
                    return Err(CogError::Setup {
                        url,
                        logs: end_of(&logs),
                    });
                }
                other => {
                    return Err(self.garbage(format!("its status is {:?}", begin_of(other))));
                }
            }
            if Instant::now() >= deadline {
                return Err(self.late("get ready", limit));
            }
            sleep(PAUSE).await;
        }
    }

    /// Makes a prediction and returns its output. Waits while the server is busy with
    /// another; dropping the future cancels the prediction.
    ///
    /// # Errors
    /// [`CogError`].
    pub async fn predict(&self, input: &Map<String, Json>) -> Result<Json, CogError> {
        let limit = self.limits.solve;
        let deadline = Instant::from_std(deadline::after(limit));
        // Base64 takes four bytes for three; the rest is what a prediction says of itself.
        let most = (self.limits.max_output_bytes / 3 * 4).saturating_add(MAX_ANSWER);
        loop {
            let id = format!("{:016x}", random());
            let body = json!({ "id": id, "input": input });
            let mut cancel = Cancel {
                client: self,
                id: Some(id),
            };
            let request = self.http.post(self.at("predictions")).json(&body);
            let (status, body) = self.ask(request, "answer", deadline, limit, most).await?;
            // It answered, so there is nothing left to cancel.
            cancel.id = None;
            match status {
                StatusCode::OK | StatusCode::CREATED => return self.output(&body),
                StatusCode::CONFLICT if Instant::now() + PAUSE < deadline => sleep(PAUSE).await,
                StatusCode::CONFLICT => return Err(self.late("have time", limit)),
                StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => {
                    let reason = begin_of(&String::from_utf8_lossy(&body));
                    return Err(CogError::Refused { reason });
                }
                status => {
                    return Err(CogError::Status {
                        url: self.url.to_string(),
                        status: status.as_u16(),
                        reason: begin_of(&String::from_utf8_lossy(&body)),
                    });
                }
            }
        }
    }

    fn output(&self, body: &[u8]) -> Result<Json, CogError> {
        let prediction: Prediction = self.parsed(body)?;
        match prediction.status.as_str() {
            "succeeded" => Ok(prediction.output),
            "failed" | "canceled" => Err(CogError::Failed {
                status: prediction.status,
                reason: begin_of(prediction.error.as_deref().unwrap_or("it does not say why")),
            }),
            other => Err(self.garbage(format!("a prediction that is {:?}", begin_of(other)))),
        }
    }

    async fn health(&self, deadline: Instant) -> Result<Health, CogError> {
        let request = self.http.get(self.at("health-check"));
        let (status, body) = self
            .ask(request, "tell its health", deadline, QUESTION, MAX_ANSWER)
            .await?;
        if !status.is_success() {
            return Err(CogError::Status {
                url: self.url.to_string(),
                status: status.as_u16(),
                reason: begin_of(&String::from_utf8_lossy(&body)),
            });
        }
        self.parsed(&body)
    }

    /// Sends a request and reads the answer, at most `most` bytes of it and until the
    /// deadline.
    async fn ask(
        &self,
        request: RequestBuilder,
        what: &'static str,
        deadline: Instant,
        limit: Duration,
        most: u64,
    ) -> Result<(StatusCode, Vec<u8>), CogError> {
        // The limit of its reads may end an exchange a moment before the deadline does.
        let failed = |error: reqwest::Error| match error.is_timeout() && !error.is_connect() {
            true => self.late(what, limit.min(self.limits.solve)),
            false => CogError::Unreachable {
                url: self.url.to_string(),
                reason: with_causes(&error),
            },
        };
        let exchange = async {
            let mut answer = request.send().await.map_err(failed)?;
            let status = answer.status();
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(failed)? {
                if (body.len() as u64).saturating_add(chunk.len() as u64) > most {
                    let url = self.url.to_string();
                    return Err(CogError::TooLarge { url, limit: most });
                }
                body.extend_from_slice(&chunk);
            }
            Ok((status, body))
        };
        match timeout_at(deadline, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(self.late(what, limit)),
        }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    fn parsed<'a, T: Deserialize<'a>>(&self, body: &'a [u8]) -> Result<T, CogError> {
        serde_json::from_slice(body).map_err(|error| self.garbage(error.to_string()))
    }

    pub(super) fn garbage(&self, reason: impl Into<String>) -> CogError {
        CogError::Garbage {
            url: self.url.to_string(),
            reason: reason.into(),
        }
    }

    fn late(&self, what: &'static str, limit: Duration) -> CogError {
        let url = self.url.to_string();
        CogError::TimedOut { url, what, limit }
    }
}

/// Cancels a prediction that nobody waits for any more: the server would compute it to its
/// end and refuse the next one until then.
struct Cancel<'a> {
    client: &'a CogClient,
    id: Option<String>,
}

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let url = self.client.at(&format!("predictions/{id}/cancel"));
        let request = self.client.http.post(url).timeout(QUESTION);
        runtime.spawn(async move {
            if let Err(error) = request.send().await {
                tracing::debug!(%error, id, "a prediction could not be cancelled");
            }
        });
    }
}

/// A number that no other prediction is likely to have.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Each state is seeded anew by the system.
    RandomState::new().hash_one(0)
}

fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    begin_of(&text)
}

fn begin_of(text: &str) -> String {
    text.chars().take(KEPT_REASON).collect()
}

fn end_of(text: &str) -> String {
    let excess = text.chars().count().saturating_sub(KEPT_REASON);
    text.chars().skip(excess).collect()
}
