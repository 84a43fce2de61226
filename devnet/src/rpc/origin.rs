//! Which web pages may talk to the server.
//!
//! A server on a loopback port is reachable by every page that a browser on the machine
//! has open, and this one signs for funded accounts and changes what code does. Browsers
//! say where a page comes from (`Origin`) and what name it asked for (`Host`); other
//! clients send no origin. So pages of this machine and browser extensions are served,
//! pages from elsewhere are not, unless the owner of the chain names their origin; and a
//! host name other than `localhost` is refused, as a page gets past the first rule by
//! giving a name of its own the address of this machine (DNS rebinding).

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// Origins that are served besides those of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedOrigins(pub(crate) Vec<String>);

impl AllowedOrigins {
    /// The origin that asks, if one does.
    ///
    /// # Errors
    ///
    /// Status 403 and a reason, if it may not.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, (StatusCode, String)> {
        let refused = |reason: String| Err((StatusCode::FORBIDDEN, reason));
        if let Some(host) = headers.get(header::HOST) {
            let host = host.to_str().unwrap_or_default();
            if !is_address(host) && !is_localhost(host) {
                return refused(format!(
                    "invalid host {host:?}: this chain is asked for as localhost or by its address"
                ));
            }
        }
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(None);
        };
        let name = origin.to_str().unwrap_or_default();
        let listed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(name);
        if is_local(name) || self.0.iter().any(listed) {
            return Ok(Some(origin.clone()));
        }
        refused(format!(
            "origin {name:?} is not allowed: serve the page from localhost, or start the chain \
             with this origin allowed"
        ))
    }
}

/// Adds what a browser wants to see before it shows a page the answer.
pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
}

/// The answer's headers to a browser that asks before it asks (a preflight request).
pub(super) fn allow_preflight(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, GET, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, accept"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (
            HeaderName::from_static("access-control-allow-private-network"),
            "true",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Pages of this machine, and extensions, which the browser's owner has installed.
fn is_local(origin: &str) -> bool {
    match origin.split_once("://") {
        Some(("http" | "https", host)) => {
            is_localhost(host)
                || host
                    .parse::<std::net::SocketAddr>()
                    .map(|address| address.ip())
                    .or_else(|_| host.trim_matches(['[', ']']).parse())
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Some(("chrome-extension" | "moz-extension" | "safari-web-extension", _)) => true,
        _ => false,
    }
}

fn is_localhost(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|digit| digit.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    name.eq_ignore_ascii_case("localhost")
        || name
            .get(name.len().saturating_sub(10)..)
            .is_some_and(|end| end.eq_ignore_ascii_case(".localhost"))
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::SocketAddr>().is_ok()
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(host: &str, origin: Option<&str>, allowed: &[&str]) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let allowed = AllowedOrigins(allowed.iter().map(ToString::to_string).collect());
        match allowed.check(&headers) {
            Ok(_) => 200,
            Err((status, _)) => status.as_u16(),
        }
    }

    #[test]
    fn programs_and_local_pages_are_served() {
        for host in ["127.0.0.1:8547", "localhost:8547", "LOCALHOST", "[::1]:1"] {
            assert_eq!(status(host, None, &[]), 200, "{host}");
        }
        for origin in [
            "http://localhost:3000",
            "https://app.localhost",
            "http://127.0.0.1:5173",
            "http://[::1]:80",
            "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn",
        ] {
            assert_eq!(status("localhost:1", Some(origin), &[]), 200, "{origin}");
        }
    }

    #[test]
    fn foreign_pages_are_refused_until_they_are_allowed() {
        for origin in [
            "https://example.org",
            "null",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "http://192.168.1.1",
            "file://",
            "",
        ] {
            assert_eq!(status("localhost:1", Some(origin), &[]), 403, "{origin}");
            assert_eq!(status("localhost:1", Some(origin), &["*"]), 200, "{origin}");
        }
        let listed = ["https://example.org"];
        assert_eq!(status("localhost", Some(listed[0]), &listed), 200);
        assert_eq!(status("localhost", Some("https://a.org"), &listed), 403);
    }

    #[test]
    fn names_that_were_rebound_to_this_machine_are_refused() {
        for host in [
            "example.org:8547",
            "localhost.example.org",
            "xlocalhost",
            "",
        ] {
            assert_eq!(status(host, None, &["*"]), 403, "{host}");
        }
    }
}
