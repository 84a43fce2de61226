//! The part of a URL behind the question mark.

/// The parameters that a gateway knows; of a doubled one the first counts, and others are
/// left aside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) format: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) download: bool,
    pub(super) dag_scope: Option<String>,
    pub(super) entity_bytes: Option<String>,
    pub(super) car_version: Option<String>,
    pub(super) car_order: Option<String>,
    pub(super) car_dups: Option<String>,
}

impl Query {
    pub(super) fn parse(text: Option<&str>) -> Self {
        let mut query = Self::default();
        let mut download = None;
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            let place = match &*name {
                "format" => &mut query.format,
                "filename" => &mut query.filename,
                "download" => &mut download,
                "dag-scope" => &mut query.dag_scope,
                "entity-bytes" => &mut query.entity_bytes,
                "car-version" => &mut query.car_version,
                "car-order" => &mut query.car_order,
                "car-dups" => &mut query.car_dups,
                _ => continue,
            };
            if place.is_none() && !value.is_empty() {
                *place = Some(value.into_owned());
            }
        }
        query.download = download.as_deref() == Some("true");
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_are_read_and_decoded() {
        let query = Query::parse(Some(
            "format=car&x=y&filename=a+b%C3%A4.car&download=true&format=raw&car-dups=",
        ));
        let expected = Query {
            format: Some("car".into()),
            filename: Some("a bä.car".into()),
            download: true,
            ..Query::default()
        };
        assert_eq!(query, expected);
        assert_eq!(Query::parse(None), Query::default());
        assert!(!Query::parse(Some("download=1")).download);
    }
}
