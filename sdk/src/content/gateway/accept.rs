//! Which form of content a request wants: the `format` parameter, or else `Accept`
//! (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, StatusCode, header};

use super::car::{CarForm, Scope};
use super::query::Query;
use super::refusal::Refused;

/// The media type of a block.
pub(super) const RAW_TYPE: &str = "application/vnd.ipld.raw";
/// The media type of a CAR, without its parameters.
pub(super) const CAR_TYPE: &str = "application/vnd.ipld.car";

/// Formats that the specification of the path gateway names and that are not made here.
const OTHERS: [(&str, &str); 6] = [
    ("tar", "application/x-tar"),
    ("dag-json", "application/vnd.ipld.dag-json"),
    ("dag-cbor", "application/vnd.ipld.dag-cbor"),
    ("json", "application/json"),
    ("cbor", "application/cbor"),
    ("ipns-record", "application/vnd.ipfs.ipns-record"),
];

/// What is sent for a CID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// The file, or the page of a directory.
    Plain,
    /// The block.
    Block,
    /// A CAR.
    Car(CarForm),
}

impl Form {
    /// What the query and the headers of a request want.
    ///
    /// # Errors
    /// 406 for a form that is not made here, 400 for parameters that make no sense.
    pub(super) fn of(query: &Query, headers: &HeaderMap) -> Result<Self, Refused> {
        let accepted = accepted(headers);
        let car = || {
            let wanted = accepted.iter().find(|range| range.name == CAR_TYPE);
            car_form(query, wanted).map(Self::Car)
        };
        match query.format.as_deref() {
            Some("raw") => return Ok(Self::Block),
            Some("car") => return car(),
            Some(other) => return Err(not_made(&format!("format={other}"))),
            None => {}
        }
        let mut refused = None;
        for range in &accepted {
            match range.name.as_str() {
                RAW_TYPE => return Ok(Self::Block),
                CAR_TYPE => match car_form(query, Some(range)) {
                    Ok(form) => return Ok(Self::Car(form)),
                    // A form that comes after it in the list may be had.
                    Err(error) if error.status() == StatusCode::NOT_ACCEPTABLE => {
                        refused = Some(error);
                    }
                    Err(error) => return Err(error),
                },
                // JSON and CBOR may be what the file is.
                name if OTHERS.iter().any(|(format, other)| {
                    name == *other && !matches!(*format, "json" | "cbor")
                }) =>
                {
                    refused = Some(not_made(name));
                }
                _ => return Ok(Self::Plain),
            }
        }
        refused.map_or(Ok(Self::Plain), Err)
    }

    /// Whether a browser is to be kept from showing it, and under which name it is saved.
    pub(super) fn extension(&self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Block => Some("bin"),
            Self::Car(_) => Some("car"),
        }
    }
}

fn not_made(what: &str) -> Refused {
    let what: String = what.chars().take(80).collect();
    Refused::new(
        StatusCode::NOT_ACCEPTABLE,
        format!(
            "this gateway does not make {what}: ask for format=raw or format=car and take what you \
             need from the blocks, or for the file as it is"
        ),
    )
}

/// One entry of an `Accept` header.
#[derive(Debug)]
struct MediaRange {
    name: String,
    parameters: Vec<(String, String)>,
    /// In thousandths.
    quality: u16,
}

impl MediaRange {
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a request accepts, the most wanted first.
fn accepted(headers: &HeaderMap) -> Vec<MediaRange> {
    let mut ranges: Vec<MediaRange> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(media_range)
        .filter(|range| !range.name.is_empty() && range.quality > 0)
        .collect();
    // Stable: of equals the first counts.
    ranges.sort_by_key(|range| std::cmp::Reverse(range.quality));
    ranges
}

fn media_range(text: &str) -> MediaRange {
    let mut pieces = text.split(';').map(str::trim);
    let name = pieces.next().unwrap_or_default().to_ascii_lowercase();
    let mut range = MediaRange {
        name,
        parameters: Vec::new(),
        quality: 1000,
    };
    for (name, value) in pieces.filter_map(|piece| piece.split_once('=')) {
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        if name == "q" {
            let quality = value.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0);
            range.quality = (quality * 1000.0) as u16;
        } else {
            range.parameters.push((name, value));
        }
    }
    range
}

/// The form of a CAR: what the query says, or else the media type's parameters.
fn car_form(query: &Query, accepted: Option<&MediaRange>) -> Result<CarForm, Refused> {
    let parameter = |asked: &Option<String>, name: &str| {
        let accepted = accepted.and_then(|range| range.parameter(name));
        asked.clone().or_else(|| accepted.map(str::to_owned))
    };
    let not_made = |what: &str, value: &str, made: &str| {
        let value: String = value.chars().take(80).collect();
        Refused::new(
            StatusCode::NOT_ACCEPTABLE,
            format!("this gateway makes no CAR of {what} `{value}`, only {made}"),
        )
    };
    match parameter(&query.car_version, "version").as_deref() {
        None | Some("1") => {}
        Some(other) => return Err(not_made("version", other, "1")),
    }
    match parameter(&query.car_order, "order").as_deref() {
        None | Some("dfs" | "unk") => {}
        Some(other) => return Err(not_made("order", other, "dfs")),
    }
    let duplicates = match parameter(&query.car_dups, "dups").as_deref() {
        None | Some("n") => false,
        Some("y") => true,
        Some(other) => return Err(not_made("dups", other, "n and y")),
    };
    let scope = Scope::of(query.dag_scope.as_deref(), query.entity_bytes.as_deref())?;
    Ok(CarForm { scope, duplicates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::gateway::car::EntityBytes;

    fn form(query: &str, accept: &str) -> Result<Form, u16> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        let query = Query::parse(Some(query));
        Form::of(&query, &headers).map_err(|refused| refused.status().as_u16())
    }

    fn car(scope: Scope, duplicates: bool) -> Result<Form, u16> {
        Ok(Form::Car(CarForm { scope, duplicates }))
    }

    #[test]
    fn the_query_comes_before_the_header() {
        assert_eq!(form("", ""), Ok(Form::Plain));
        assert_eq!(form("format=raw", CAR_TYPE), Ok(Form::Block));
        assert_eq!(form("format=car", RAW_TYPE), car(Scope::All, false));
        let dups = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
        assert_eq!(form("", dups), car(Scope::All, true));
        assert_eq!(form("format=car", dups), car(Scope::All, true));
        assert_eq!(form("format=car&car-dups=n", dups), car(Scope::All, false));
        assert_eq!(
            form("car-order=dfs", "application/vnd.ipld.car;order=foo"),
            car(Scope::All, false)
        );
    }

    #[test]
    fn the_most_wanted_form_that_is_made_is_sent() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_eq!(form("", browser), Ok(Form::Plain));
        assert_eq!(form("", "application/json"), Ok(Form::Plain));
        assert_eq!(
            form("", "text/html;q=0.1, Application/Vnd.Ipld.Raw"),
            Ok(Form::Block)
        );
        assert_eq!(
            form("", "application/vnd.ipld.raw;q=0, text/html"),
            Ok(Form::Plain)
        );
        let list = "application/vnd.ipld.car;order=foo, application/vnd.ipld.car;dups=y;q=0.5";
        assert_eq!(form("", list), car(Scope::All, true));
        assert_eq!(form("", "application/x-tar, */*;q=0.1"), Ok(Form::Plain));
    }

    #[test]
    fn what_is_not_made_is_not_acceptable() {
        for (query, accept) in [
            ("format=tar", ""),
            ("format=dag-json", "*/*"),
            ("", "application/x-tar"),
            ("", "application/vnd.ipfs.ipns-record"),
            ("", "application/vnd.ipld.car;version=2"),
            ("format=car&car-version=2", ""),
            ("format=car&car-order=bfs", ""),
            ("format=car&car-dups=maybe", ""),
        ] {
            assert_eq!(form(query, accept), Err(406), "{query} {accept}");
        }
    }

    #[test]
    fn scopes_are_read_and_nonsense_is_refused() {
        let scope = |query: &str| match form(&format!("format=car&{query}"), "") {
            Ok(Form::Car(car)) => Ok(car.scope),
            other => Err(other),
        };
        assert_eq!(scope("dag-scope=block"), Ok(Scope::Block));
        assert_eq!(scope("dag-scope=entity"), Ok(Scope::Entity(None)));
        assert_eq!(scope("dag-scope=all"), Ok(Scope::All));
        let bytes = |from, to| Ok(Scope::Entity(Some(EntityBytes { from, to })));
        assert_eq!(scope("entity-bytes=0:*"), bytes(0, None));
        assert_eq!(scope("entity-bytes=-1024:*"), bytes(-1024, None));
        assert_eq!(scope("entity-bytes=499:-1000"), bytes(499, Some(-1000)));
        for nonsense in [
            "dag-scope=everything",
            "entity-bytes=5",
            "entity-bytes=*:5",
            "entity-bytes=a:b",
            "entity-bytes=1:99999999999999999999",
        ] {
            assert_eq!(scope(nonsense), Err(Err(400)), "{nonsense}");
        }
    }
}
