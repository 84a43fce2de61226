//! Requests to the API of a store.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

use super::{PinError, PinTimes, Token};
use crate::http::{self, BodyError};

/// The longest answer that is read, bytes: a page of 1,000 pins with what belongs to each.
const LONGEST_ANSWER: usize = 8 << 20;

/// The API of one store, with its token.
#[derive(Debug)]
pub(super) struct Requests {
    client: Client,
    base: Url,
    name: String,
    token: Option<Token>,
    times: PinTimes,
}

/// An answer that is none of the errors that all APIs have in common.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Requests {
    /// To the API at `url`, of which `kind` and `example` say in an error what it should be.
    pub(super) fn to(
        url: &str,
        kind: &'static str,
        example: &'static str,
        token: Option<Token>,
        times: PinTimes,
    ) -> Result<Self, PinError> {
        let base = http::base(url).map_err(|reason| PinError::Url {
            url: url.to_owned(),
            kind,
            reason,
            example,
        })?;
        let client = http::builder()?
            .redirect(redirect::Policy::none())
            .build()
            .map_err(http::HttpError::from)?;
        Ok(Self {
            client,
            name: http::redacted(&base),
            base,
            token,
            times,
        })
    }

    /// Its address, without credentials.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn times(&self) -> &PinTimes {
        &self.times
    }

    /// The address of `path` below the API's.
    pub(super) fn url(&self, path: &str) -> Url {
        http::beneath(&self.base, path)
    }

    /// A request with the token.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, token.header()),
            None => request,
        }
    }

    /// Sends a request that needs no upload and reads the answer.
    pub(super) async fn answer(&self, request: RequestBuilder) -> Result<Answer, PinError> {
        self.answer_within(request, self.times.answer).await
    }

    /// Sends a request and reads the answer, all in so much time.
    pub(super) async fn answer_within(
        &self,
        request: RequestBuilder,
        time: Duration,
    ) -> Result<Answer, PinError> {
        self.in_time(time, async {
            let mut response = self.send(request).await?;
            let status = response.status();
            let body = self.body(&mut response, LONGEST_ANSWER).await?;
            self.common(status, &response, &body)?;
            Ok(Answer { status, body })
        })
        .await
    }

    /// Sends a request whose answer is a body of at most `limit` bytes; other answers are
    /// read as by [`Requests::answer`].
    pub(super) async fn bytes(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Answer, PinError> {
        self.in_time(self.times.answer, async {
            let mut response = self.send(request).await?;
            let status = response.status();
            let limit = match status.is_success() {
                true => limit,
                false => LONGEST_ANSWER,
            };
            let body = self.body(&mut response, limit).await?;
            self.common(status, &response, &body)?;
            Ok(Answer { status, body })
        })
        .await
    }

    /// An error with this status, which is none of those that all APIs have in common.
    pub(super) fn failed(&self, answer: &Answer, message: String) -> PinError {
        PinError::Status {
            store: self.name.clone(),
            status: answer.status,
            message,
        }
    }

    pub(super) fn garbage(&self, reason: impl Into<String>) -> PinError {
        PinError::Garbage {
            store: self.name.clone(),
            reason: reason.into(),
        }
    }

    /// Reads an answer as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, PinError> {
        serde_json::from_slice(body)
            .map_err(|error| self.garbage(format!("{error}: `{}`", http::excerpt(body))))
    }

    async fn in_time<T>(
        &self,
        time: Duration,
        work: impl Future<Output = Result<T, PinError>>,
    ) -> Result<T, PinError> {
        let done = tokio::time::timeout(time, work).await;
        done.unwrap_or_else(|_| {
            Err(PinError::Late {
                store: self.name.clone(),
                time,
            })
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, PinError> {
        request
            .send()
            .await
            .map_err(|error| self.unreachable(error))
    }

    async fn body(&self, response: &mut Response, limit: usize) -> Result<Bytes, PinError> {
        let body = http::body(response, limit).await;
        body.map_err(|error| match error {
            BodyError::TooLong(_) => PinError::Endless {
                store: self.name.clone(),
                limit,
            },
            BodyError::Broken(error) => self.unreachable(error),
        })
    }

    fn unreachable(&self, error: reqwest::Error) -> PinError {
        PinError::Unreachable {
            store: self.name.clone(),
            reason: http::cause(error),
        }
    }

    /// The errors that all APIs have in common.
    fn common(&self, status: StatusCode, response: &Response, body: &[u8]) -> Result<(), PinError> {
        let store = self.name.clone();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(PinError::Denied {
                store,
                status,
                message: http::excerpt(body),
            }),
            StatusCode::TOO_MANY_REQUESTS => Err(PinError::Busy {
                store,
                pause: http::retry_after(response.headers()),
            }),
            _ if status.is_redirection() => Err(PinError::Redirect { store, status }),
            _ => Ok(()),
        }
    }
}
