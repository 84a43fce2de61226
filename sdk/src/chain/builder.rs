//! Several endpoints, and how to use them.

use std::{fmt, time::Duration};

use reqwest::Url;

use super::{
    Agreement, Chain, ChainError,
    pool::{Fault, Pool, PoolOptions},
};
use crate::metrics::Metrics;

/// Connects to a chain by several endpoints.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use arbius_sdk::chain::{Agreement, Chain};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
/// # let (first, second) = (deployment.rpc.clone(), deployment.rpc.clone());
///
/// let chain = Chain::builder()
///     .endpoint(first)
///     .endpoint_limited(second, 5.0) // asked at most five times a second
///     .chain_id(deployment.chain_id)
///     .agreement(Agreement::Required)
///     .request_timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// assert_eq!(chain.endpoints().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ChainBuilder {
    endpoints: Vec<(String, Option<f64>)>,
    chain_id: Option<u64>,
    agreement: Agreement,
    rate: Option<f64>,
    metrics: Metrics,
    options: PoolOptions,
}

impl ChainBuilder {
    /// Adds an endpoint, less preferred than those before it: `http`, `https`, `ws` or `wss`.
    /// Those of WebSocket tell of new events at once (see [`Events`](super::Events)).
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoints.push((url.into(), None));
        self
    }

    /// Adds an endpoint that takes no more than so many requests per second.
    #[must_use]
    pub fn endpoint_limited(mut self, url: impl Into<String>, per_second: f64) -> Self {
        self.endpoints.push((url.into(), Some(per_second)));
        self
    }

    /// Adds endpoints, in order of preference.
    #[must_use]
    pub fn endpoints(self, urls: impl IntoIterator<Item: Into<String>>) -> Self {
        urls.into_iter().fold(self, Self::endpoint)
    }

    /// Insists on a chain id. Without, the first endpoint that answers sets it.
    #[must_use]
    pub const fn chain_id(mut self, id: u64) -> Self {
        self.chain_id = Some(id);
        self
    }

    /// Requests per second that each endpoint is sent at most, where nothing else was said.
    /// Whatever is set, an endpoint that refuses some is sent fewer.
    #[must_use]
    pub const fn requests_per_second(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// How many endpoints have to share an answer that money depends on.
    #[must_use]
    pub const fn agreement(mut self, agreement: Agreement) -> Self {
        self.agreement = agreement;
        self
    }

    /// Where requests are counted, by endpoint and method.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// How long an endpoint may take for one answer; 20 seconds by default.
    #[must_use]
    pub const fn request_timeout(mut self, limit: Duration) -> Self {
        self.options.request_timeout = limit;
        self
    }

    /// How long a request waits for endpoints that are asked too often; 20 seconds by default.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// How large an answer may be, bytes; 32 MiB by default.
    #[must_use]
    pub const fn max_response(mut self, bytes: usize) -> Self {
        self.options.max_response = bytes;
        self
    }

    /// How far an endpoint may be behind the others before it is not asked while another
    /// can be: by blocks (200 by default) or by the time of its newest (60 seconds).
    #[must_use]
    pub const fn max_lag(mut self, blocks: u64, time: Duration) -> Self {
        self.options.max_lag_blocks = blocks;
        self.options.max_lag = time;
        self
    }

    /// How often the endpoints' heads are compared while requests are made; 10 seconds by
    /// default. It takes one or two requests of each endpoint.
    #[must_use]
    pub const fn compare_every(mut self, pause: Duration) -> Self {
        self.options.compare_every = pause;
        self
    }

    /// Connects. Endpoints that do not answer now are tried again later, as long as one does.
    ///
    /// # Errors
    ///
    /// [`ChainError::MalformedUrl`] for whatever is no URL, [`ChainError::Unreachable`] if none
    /// answers, [`ChainError::WrongChain`] if one serves another chain.
    pub async fn connect(self) -> Result<Chain, ChainError> {
        let mut urls = Vec::with_capacity(self.endpoints.len());
        for (text, rate) in &self.endpoints {
            urls.push((parse(text)?, sensible(rate.or(self.rate))));
        }
        if urls.is_empty() {
            return Err(malformed("", "there is no endpoint at all"));
        }
        let client = crate::http::builder()?
            .connect_timeout(self.options.request_timeout.min(CONNECT_TIMEOUT))
            .build()
            .map_err(crate::http::HttpError::from)?;
        let tls = crate::http::tls().map_err(crate::http::HttpError::from)?;
        let pool = Pool::new(urls, &client, tls.into(), self.options, self.metrics);
        let found = pool.chain_ids().await;
        let mut id = self.chain_id;
        for (name, answer) in &found {
            let Ok(found) = answer else { continue };
            let expected = *id.get_or_insert(*found);
            if *found != expected {
                return Err(ChainError::WrongChain {
                    url: name.clone(),
                    expected,
                    found: *found,
                });
            }
        }
        if found.iter().all(|(_, answer)| answer.is_err()) {
            let faults: Vec<(String, Fault)> = found
                .into_iter()
                .filter_map(|(name, answer)| Some((name, answer.err()?)))
                .collect();
            return Err(ChainError::from_faults(&faults, "eth_chainId"));
        }
        let id = id.unwrap_or_default();
        pool.must_serve(id);
        Ok(Chain::of(pool, id, self.agreement))
    }
}

/// Without the URLs, which may hold keys.
impl fmt::Debug for ChainBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainBuilder")
            .field("endpoints", &self.endpoints.len())
            .field("chain_id", &self.chain_id)
            .finish_non_exhaustive()
    }
}

/// Long enough for any endpoint that is worth asking.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn parse(text: &str) -> Result<Url, ChainError> {
    let url: Url = text
        .parse()
        .map_err(|error| malformed(text, format!("{error}")))?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
        return Err(malformed(text, format!("its scheme is `{}`", url.scheme())));
    }
    Ok(url)
}

fn malformed(url: &str, reason: impl Into<String>) -> ChainError {
    ChainError::MalformedUrl {
        url: url.to_owned(),
        reason: reason.into(),
    }
}

/// A rate that makes sense: less than one in an hour, or none of a number, is no limit.
fn sensible(rate: Option<f64>) -> Option<f64> {
    rate.filter(|rate| rate.is_finite() && *rate > 1.0 / 3600.0)
}
