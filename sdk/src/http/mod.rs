//! The HTTP client that everything in this crate speaks through.
//!
//! - [`client`], [`builder`]: clients;
//! - `answer`: answers of strangers, of which no more is read than is wanted;
//! - `address`: addresses of servers, as they are given and as they may be shown.
//!
//! TLS is set up here, once per client and explicitly: rustls with ring and the
//! certificates of the machine. No crypto provider is installed for the process, so an
//! embedder's own choice is left alone.

mod address;
mod answer;

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore};

pub(crate) use address::{base, beneath, redacted};
pub(crate) use answer::{BodyError, body, cause, excerpt, retry_after};

/// How long a connection may take before the peer counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may stay silent before it is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// What can go wrong while a client is set up; nothing is sent yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// rustls refused the protocol versions that its provider offers.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// reqwest refused the settings.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// An HTTP client with TLS, time-outs and no proxy for loopback addresses.
///
/// # Errors
///
/// [`HttpError`] when TLS cannot be set up. A machine without CA certificates is no
/// error: plain HTTP works there, and HTTPS fails per request with an unknown issuer.
pub fn client() -> Result<reqwest::Client, HttpError> {
    Ok(builder()?.build()?)
}

/// As [`client`], for callers that add settings of their own (smaller time-outs, say).
///
/// # Errors
///
/// [`HttpError::Tls`] when TLS cannot be set up.
pub fn builder() -> Result<reqwest::ClientBuilder, HttpError> {
    Ok(builder_over(tls()?))
}

/// As [`builder`], with TLS that was set up before: reading the machine's certificates takes
/// longer than everything else about a client.
pub(crate) fn builder_over(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .user_agent(concat!("arbius/", env!("CARGO_PKG_VERSION")))
}

/// How this crate speaks TLS.
pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (_, ignored) = roots.add_parsable_certificates(native.certs);
    if ignored > 0 || !native.errors.is_empty() {
        tracing::debug!(ignored, errors = ?native.errors, "some CA certificates were not loaded");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_no_crypto_provider_for_the_process() {
        client().expect("a client without a process-wide provider");
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
