//! What a prediction returns, as the template's files.
//!
//! Cog returns a value or a list of values. A file is a data URI (RFC 2397) whose bytes are
//! taken as they are; any other text is its UTF-8. The values are the template's outputs in
//! their order, as with the reference's miners; where the one output is text, a list of
//! texts is what a model streamed and is joined.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::CogError;
use crate::inference::model::{OutputFile, Outputs};
use crate::model::template::{Output, OutputKind};

/// The files of a prediction's output.
///
/// # Errors
/// [`CogError::Output`], naming the file that is not there or not right.
pub fn files(outputs: &[Output], output: &Json, max_bytes: u64) -> Result<Outputs, CogError> {
    let values: Vec<&Json> = match output {
        Json::Array(list) => list.iter().collect(),
        value => vec![value],
    };
    let mut made: Vec<Vec<u8>> = Vec::with_capacity(outputs.len());
    let is_streamed = match outputs {
        [only] => {
            only.kind == OutputKind::Text
                && !values.is_empty()
                && values.iter().all(|value| is_plain_text(value))
        }
        _ => false,
    };
    if is_streamed {
        let texts = values.iter().filter_map(|value| value.as_str());
        made.push(texts.collect::<String>().into_bytes());
    } else {
        for (index, output) in outputs.iter().enumerate() {
            let wrong = |reason: String| CogError::Output {
                file: output.filename.clone(),
                reason,
            };
            let value = values
                .get(index)
                .ok_or_else(|| wrong("the prediction does not return it".into()))?;
            made.push(bytes(value, output.kind).map_err(wrong)?);
        }
        if let (Some(extra), Some(last)) = (values.get(outputs.len()), outputs.last()) {
            return Err(CogError::Output {
                file: last.filename.clone(),
                reason: format!(
                    "the prediction returns {} values for {} files; the next is {}",
                    values.len(),
                    outputs.len(),
                    kind_of(extra)
                ),
            });
        }
    }
    let total: usize = made.iter().map(Vec::len).sum();
    if let (true, Some(first)) = (total as u64 > max_bytes, outputs.first()) {
        return Err(CogError::Output {
            file: first.filename.clone(),
            reason: format!("the outputs have {total} bytes; at most {max_bytes} are allowed"),
        });
    }
    let files = outputs.iter().zip(made).map(|(output, bytes)| OutputFile {
        name: output.filename.clone(),
        bytes,
    });
    Ok(Outputs {
        files: files.collect(),
    })
}

fn is_plain_text(value: &Json) -> bool {
    value
        .as_str()
        .is_some_and(|text| !text.starts_with("data:"))
}

fn bytes(value: &Json, kind: OutputKind) -> Result<Vec<u8>, String> {
    let text = match value {
        Json::String(text) => text,
        other => return Err(format!("it is {}, not a file", kind_of(other))),
    };
    let Some(rest) = text.strip_prefix("data:") else {
        return match kind {
            OutputKind::Text => Ok(text.clone().into_bytes()),
            _ if text.starts_with("http://") || text.starts_with("https://") => {
                Err("it is an address elsewhere; start the server without --upload-url".into())
            }
            _ => Err("it is a text, not a data URI".into()),
        };
    };
    let (media, data) = rest.split_once(',').ok_or("its data URI has no comma")?;
    if !media.to_ascii_lowercase().ends_with(";base64") {
        return Err("its data URI is not in base64".into());
    }
    STANDARD
        .decode(data)
        .map_err(|error| format!("its base64 is damaged: {error}"))
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn output(filename: &str, kind: OutputKind) -> Output {
        Output {
            filename: filename.into(),
            kind,
        }
    }

    fn made(outputs: &[Output], value: Json) -> Result<Vec<Vec<u8>>, String> {
        files(outputs, &value, 100)
            .map(|outputs| outputs.files.into_iter().map(|file| file.bytes).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn data_uris_become_the_files_in_their_order() {
        let outputs = [
            output("out-1.png", OutputKind::Image),
            output("out-1.txt", OutputKind::Text),
        ];
        let value = json!(["data:image/png;base64,AAEC", "said"]);
        assert_eq!(
            made(&outputs, value),
            Ok(vec![vec![0, 1, 2], b"said".to_vec()])
        );
        let value = json!("data:application/octet-stream;base64,/w==");
        assert_eq!(made(&outputs[..1], value), Ok(vec![vec![255]]));
    }

    #[test]
    fn streamed_text_is_joined() {
        let outputs = [output("out-1.txt", OutputKind::Text)];
        assert_eq!(
            made(&outputs, json!(["a ", "stream", "\n"])),
            Ok(vec![b"a stream\n".to_vec()])
        );
        assert_eq!(
            made(&outputs, json!(["data:text/plain;base64,YQ=="])),
            Ok(vec![b"a".to_vec()])
        );
    }

    #[test]
    fn whatever_else_is_an_error_that_names_the_file() {
        let outputs = [output("out-1.png", OutputKind::Image)];
        for (value, words) in [
            (json!(null), "it is null"),
            (json!([]), "does not return it"),
            (json!({"a": 1}), "an object"),
            (json!("words"), "not a data URI"),
            (json!("https://example.org/x.png"), "--upload-url"),
            (json!("data:image/png"), "no comma"),
            (json!("data:image/png,abc"), "not in base64"),
            (json!("data:;base64,###"), "damaged"),
            (
                json!(["data:;base64,AA==", "data:;base64,AA=="]),
                "2 values for 1 files",
            ),
            (
                json!(format!("data:;base64,{}", "AAAA".repeat(40))),
                "120 bytes",
            ),
        ] {
            let error = made(&outputs, value.clone()).unwrap_err();
            assert!(
                error.contains(words) && error.contains("out-1.png"),
                "{value}: {error}"
            );
        }
    }
}
