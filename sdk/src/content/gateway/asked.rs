//! What a request asks for: the address and the headers, read and checked.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};

use super::accept::Form;
use super::disposition::disposition;
use super::headers::set;
use super::query::Query;
use super::refusal::Refused;
use crate::content::Cid;
use crate::content::cids::{self, CidError};

/// The longest address, bytes of its path and query.
const ADDRESS_BYTES: usize = 4_096;

/// The longest way from a root, in names.
const NAMES: usize = 64;

/// A request for content.
#[derive(Debug)]
pub(super) struct Asked {
    /// The CID that the path begins with.
    pub(super) root: Cid,
    /// The names behind it, decoded.
    pub(super) names: Vec<String>,
    /// The whole path as it was sent, percent-encoded.
    pub(super) path: String,
    /// The query as it was sent.
    pub(super) query: Option<String>,
    /// Whether the path ends with a slash, as those of directories do.
    pub(super) is_folder: bool,
    /// What is to be sent.
    pub(super) form: Form,
    /// Whether the form was chosen by the `Accept` header.
    pub(super) negotiated: bool,
    /// The name to save it under, if the request gives one.
    pub(super) filename: Option<String>,
    /// Whether it is to be saved and not shown.
    pub(super) download: bool,
    /// Whether only the head of the answer is wanted.
    pub(super) is_head: bool,
}

impl Asked {
    /// Reads the head of a GET or HEAD request.
    ///
    /// # Errors
    /// The answer to give instead of content.
    pub(super) fn of(head: &Parts) -> Result<Self, Refused> {
        let address = head
            .uri
            .path_and_query()
            .map_or(0, |all| all.as_str().len());
        if address > ADDRESS_BYTES {
            return Err(Refused::new(
                StatusCode::URI_TOO_LONG,
                format!("an address has at most {ADDRESS_BYTES} bytes here"),
            ));
        }
        let path = head.uri.path();
        let Some(content) = path.strip_prefix("/ipfs/").filter(|rest| !rest.is_empty()) else {
            return Err(Refused::new(
                StatusCode::NOT_FOUND,
                "there is nothing here: ask for /ipfs/<cid>, /ipfs/<cid>/<path>, or \
                 /ipfs/<cid>?format=raw or car",
            ));
        };
        let mut segments = content.split('/').filter(|segment| !segment.is_empty());
        let root = root(segments.next().unwrap_or_default())?;
        let names: Vec<String> = segments.map(name).collect::<Result<_, _>>()?;
        if names.len() > NAMES {
            return Err(Refused::bad_request(format!(
                "a path has at most {NAMES} names here; begin at a CID further down"
            )));
        }
        let query = head.uri.query();
        let parameters = Query::parse(query);
        let form = Form::of(&parameters, &head.headers)?;
        // A worker takes over a part of this origin, which belongs to no content here.
        if head.headers.contains_key("service-worker") {
            return Err(Refused::bad_request(
                "service workers cannot be registered on this gateway",
            ));
        }
        Ok(Self {
            root,
            names,
            path: utf8_percent_encode(path, CONTROLS).to_string(),
            query: query.map(str::to_owned),
            is_folder: path.ends_with('/'),
            negotiated: parameters.format.is_none() && form != Form::Plain,
            form,
            filename: parameters.filename,
            download: parameters.download,
            is_head: head.method == Method::HEAD,
        })
    }

    /// Where the same answer is found without an `Accept` header, so that caches keep it
    /// apart from the others.
    pub(super) fn content_location(&self) -> Option<String> {
        let form = match &self.form {
            _ if !self.negotiated => return None,
            Form::Plain => return None,
            Form::Block => "format=raw".to_owned(),
            Form::Car(car) => format!("format=car{}", car.query_beyond(self.query.as_deref())),
        };
        let rest = match self.query.as_deref() {
            Some(query) if !query.is_empty() => format!("&{query}"),
            _ => String::new(),
        };
        Some(format!("{}?{form}{rest}", self.path))
    }

    /// Says under which name content is saved, and whether it is shown.
    pub(super) fn describe(&self, cid: &Cid, headers: &mut HeaderMap) {
        let made = self
            .form
            .extension()
            .map(|ending| format!("{cid}.{ending}"));
        let is_saved = self.download || made.is_some();
        let name = self.filename.clone().or(made);
        if is_saved || name.is_some() {
            let text = disposition(is_saved, name.as_deref());
            set(headers, header::CONTENT_DISPOSITION, &text);
        }
    }

    /// The name by which the kind of a file is told.
    pub(super) fn last_name(&self) -> &str {
        let last = self
            .filename
            .as_deref()
            .or(self.names.last().map(String::as_str));
        last.unwrap_or_default()
    }
}

fn root(text: &str) -> Result<Cid, Refused> {
    match cids::parse(text) {
        Ok(cid)
        | Err(CidError::Hash {
            cid,
            code: cids::IDENTITY,
            ..
        }) => Ok(cid),
        Err(error) => Err(error.into()),
    }
}

fn name(segment: &str) -> Result<String, Refused> {
    let name = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| Refused::bad_request(format!("`{segment}` in the path is not UTF-8")))?;
    if name.contains('/') {
        return Err(Refused::bad_request(format!(
            "`{segment}` in the path stands for a name with a slash, which no file has"
        )));
    }
    Ok(name.into_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const CID: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

    fn asked(address: &str, accept: Option<&str>) -> Result<Asked, u16> {
        let mut request = Request::get(address);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        Asked::of(&head).map_err(|refused| refused.status().as_u16())
    }

    #[test]
    fn names_are_decoded_once_and_empty_ones_left_out() {
        let asked = asked(&format!("/ipfs/{CID}//a%20b/100%2525/%C3%A4/"), None).unwrap();
        assert_eq!(asked.names, ["a b", "100%25", "ä"]);
        assert!(asked.is_folder);
        assert_eq!(asked.last_name(), "ä");
    }

    #[test]
    fn the_same_content_has_an_address_without_headers() {
        let location = |address: &str, accept| {
            asked(&format!("/ipfs/{CID}{address}"), Some(accept))
                .unwrap()
                .content_location()
                .map(|location| location.replace(CID, ""))
        };
        let raw = "application/vnd.ipld.raw";
        assert_eq!(location("", "*/*"), None);
        assert_eq!(location("?format=raw", raw), None);
        assert_eq!(location("", raw).unwrap(), "/ipfs/?format=raw");
        assert_eq!(
            location("/a%20b?filename=x", raw).unwrap(),
            "/ipfs//a%20b?format=raw&filename=x"
        );
        assert_eq!(
            location("?dag-scope=block", "application/vnd.ipld.car;dups=y").unwrap(),
            "/ipfs/?format=car&car-dups=y&dag-scope=block"
        );
    }

    #[test]
    fn what_cannot_be_content_is_refused() {
        let long = format!("/ipfs/{CID}/{}", "a".repeat(ADDRESS_BYTES));
        let deep = format!("/ipfs/{CID}{}", "/a".repeat(NAMES + 1));
        for (address, status) in [
            ("/".to_owned(), 404),
            ("/ipfs/".to_owned(), 404),
            ("/ipns/example.org".to_owned(), 404),
            ("/ipfs/nonsense".to_owned(), 400),
            (format!("/ipfs/{CID}/a%2Fb"), 400),
            (format!("/ipfs/{CID}/%FF"), 400),
            (format!("/ipfs/{CID}?format=tar"), 406),
            (long, 414),
            (deep, 400),
        ] {
            assert_eq!(asked(&address, None).unwrap_err(), status, "{address}");
        }
    }

    #[test]
    fn a_cid_may_be_of_any_base_and_hold_its_content() {
        let v1 = cids::parse(CID).unwrap().into_v1().unwrap();
        for text in [CID.to_owned(), v1.to_string(), "bafkqaaa".to_owned()] {
            assert!(asked(&format!("/ipfs/{text}"), None).is_ok(), "{text}");
        }
    }
}
