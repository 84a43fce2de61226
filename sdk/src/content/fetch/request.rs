//! One request to a gateway, its redirects followed where that is safe.
//!
//! Public gateways send whoever asks `/ipfs/<cid>` on to `<cid>.ipfs.<their domain>`, so
//! redirects have to be followed. They are a stranger's word: only to http and https, only so
//! often, and only to addresses of the public internet, or to the address and port where the
//! gateway itself is, for one of the local network that does the same. The address is looked
//! up once, looked at, and connected to: a name that is answered differently the second time
//! gains nothing. A redirect is not taken through an HTTP proxy, since the proxy would look
//! the name up again.

use std::net::{IpAddr, SocketAddr};

use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Response, StatusCode, Url, redirect};
use rustls::ClientConfig;

use super::error::Refusal;
use super::public::is_public;
use crate::http::{self, HttpError};

/// Asks gateways, and whom they send it to.
#[derive(Debug)]
pub(super) struct Requests {
    direct: reqwest::Client,
    tls: ClientConfig,
}

impl Requests {
    pub(super) fn new() -> Result<Self, HttpError> {
        let tls = http::tls()?;
        let direct = http::builder_over(tls.clone())
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { direct, tls })
    }

    /// The answer 200 to `GET url`, wherever `gateway` sends it on to.
    pub(super) async fn get(
        &self,
        gateway: &Url,
        url: Url,
        accept: &str,
        redirects: usize,
    ) -> Result<Response, Refusal> {
        let mut url = url;
        let mut client = self.direct.clone();
        let mut followed = 0;
        loop {
            let request = client.get(url.clone()).header(ACCEPT, accept);
            let sent = request.send().await;
            let response = sent.map_err(|error| Refusal::Connection(http::cause(error)))?;
            match response.status() {
                StatusCode::OK => return Ok(response),
                StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Refusal::Absent),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    return Err(Refusal::Busy(http::retry_after(response.headers())));
                }
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {}
                status => return Err(Refusal::Status(status)),
            }
            if followed == redirects {
                return Err(Refusal::Redirects(redirects));
            }
            followed += 1;
            url = target(&url, &response)?;
            tracing::debug!(%gateway, to = %url, "a gateway sends on");
            client = self.client_for(gateway, &url).await?;
        }
    }

    /// A client that connects to nothing but what `url` may be reached at.
    async fn client_for(&self, gateway: &Url, url: &Url) -> Result<reqwest::Client, Refusal> {
        if url.origin() == gateway.origin() {
            return Ok(self.direct.clone());
        }
        let mut allowed = Vec::new();
        let mut own = None;
        for address in addresses(url).await? {
            let public = is_public(address.ip());
            if !public && own.is_none() {
                own = Some(addresses(gateway).await?);
            }
            if public || own.as_ref().is_some_and(|own| own.contains(&address)) {
                allowed.push(address);
            }
        }
        if allowed.is_empty() {
            return Err(Refusal::Private(url.host_str().unwrap_or_default().into()));
        }
        let mut builder = http::builder_over(self.tls.clone())
            .redirect(redirect::Policy::none())
            .no_proxy();
        if let Some(name) = url.domain() {
            builder = builder.resolve_to_addrs(name, &allowed);
        }
        let built = builder.build();
        built.map_err(|error| Refusal::Connection(http::cause(error)))
    }
}

/// Where a redirect leads.
fn target(from: &Url, response: &Response) -> Result<Url, Refusal> {
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|value| value.to_str().ok());
    let to = location
        .and_then(|location| from.join(location).ok())
        .filter(|to| matches!(to.scheme(), "http" | "https") && to.host().is_some())
        .filter(|to| to.username().is_empty() && to.password().is_none());
    to.ok_or_else(|| {
        let shown = location.unwrap_or("nowhere").chars().take(100).collect();
        Refusal::Redirect(shown)
    })
}

/// The addresses behind a URL, with its port.
async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, Refusal> {
    let unknown = || Refusal::Redirect(url.host_str().unwrap_or_default().to_owned());
    let port = url.port_or_known_default().ok_or_else(unknown)?;
    if let Some(name) = url.domain() {
        let found = tokio::net::lookup_host((name, port)).await;
        return Ok(found.map_err(|_| unknown())?.collect());
    }
    let literal = url.host_str().unwrap_or_default();
    let literal = literal.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = literal.parse().map_err(|_| unknown())?;
    Ok(vec![SocketAddr::new(address, port)])
}
