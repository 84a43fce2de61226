//! Addresses of servers, as they are given and as they may be shown.

use reqwest::Url;

/// A path's parts beyond this length may be keys, as most providers have them there.
const LONGEST_SHOWN: usize = 12;

/// The address of a server, below which its paths lie. Says what is wrong with one that is no
/// address of HTTP.
pub(crate) fn base(url: &str) -> Result<Url, String> {
    let mut url = Url::parse(url).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its scheme is `{}`", url.scheme()));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// The address of `path` below a server's.
pub(crate) fn beneath(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// A URL as it may be shown: without credentials and query, and without the parts of the
/// path that may be keys.
pub(crate) fn redacted(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let mut shown = format!("{}://{host}{port}", url.scheme());
    for part in url.path().split('/').filter(|part| !part.is_empty()) {
        shown.push('/');
        shown.push_str(if part.len() > LONGEST_SHOWN {
            "…"
        } else {
            part
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_keys() {
        let shown = |url: &str| redacted(&url.parse().unwrap());
        assert_eq!(shown("http://127.0.0.1:8547"), "http://127.0.0.1:8547");
        assert_eq!(
            shown("https://me:secret@rpc.example/v3?key=1"),
            "https://rpc.example/v3"
        );
        assert_eq!(
            shown("wss://nova.example/v2/0123456789abcdef0123"),
            "wss://nova.example/v2/…"
        );
    }

    #[test]
    fn paths_lie_below_whatever_is_there() {
        for (server, expected) in [
            ("http://a.example", "http://a.example/ipfs/x"),
            ("http://a.example/", "http://a.example/ipfs/x"),
            ("http://a.example/b/?c#d", "http://a.example/b/ipfs/x"),
        ] {
            assert_eq!(beneath(&base(server).unwrap(), "ipfs/x").as_str(), expected);
        }
        for server in ["a.example", "ftp://a.example", "", "http://"] {
            assert!(base(server).is_err(), "{server}");
        }
    }
}
