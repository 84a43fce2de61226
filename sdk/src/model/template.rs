//! Templates: the JSON that a model registers on-chain.
//!
//! The format is that of the reference network, whose templates load unchanged:
//! `{"meta": {…}, "input": [{"variable", "type", "required", "default", …}], "output":
//! [{"filename", "type"}]}`. Input types are `string`, `int`, `int_enum`, `decimal`,
//! `string_enum` and `file`; ranges are `min` and `max`, which some templates spell `ge` and
//! `le`. Unknown keys are left alone, known keys must be right.

use serde_json::{Map, Value as Json};
use thiserror::Error;

/// The most bytes a template may have: what the chain stores of content, protocol section 2.
pub const MAX_TEMPLATE_BYTES: usize = 65_536;

/// Why a template was refused. Every variant names the field as a path into the JSON.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Longer than [`MAX_TEMPLATE_BYTES`].
    #[error("the template has {0} bytes; the chain stores at most {MAX_TEMPLATE_BYTES}")]
    TooLarge(usize),
    /// Not JSON at all.
    #[error("the template is not JSON: {0}")]
    NotJson(String),
    /// A field that must be there is not.
    #[error("template field `{field}` is missing; expected {expected}")]
    Missing {
        /// Path of the field.
        field: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A field holds something else than it should.
    #[error("template field `{field}` is {found}; expected {expected}")]
    Wrong {
        /// Path of the field.
        field: String,
        /// What is there.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// Two inputs or outputs share a name.
    #[error("template field `{field}` repeats the name `{name}`; names must be unique")]
    Repeated {
        /// Path of the second one.
        field: String,
        /// The name.
        name: String,
    },
}

/// The `meta` section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// A name for people.
    pub title: String,
    /// What the model does.
    pub description: String,
    /// Where its source lies, a URL; may be empty.
    pub git: String,
    /// Its container image; may be empty.
    pub docker: String,
    /// Version of the template, where it states one.
    pub version: Option<i64>,
    /// CID of the bundle's manifest, for models that run from a bundle.
    pub bundle: Option<String>,
}

/// The type of an input, with its range or choices and its default.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Any text.
    String {
        /// Used when an optional input is left out.
        default: Option<String>,
    },
    /// A whole number of 32 bits, both ends of the range included.
    Int {
        /// Used when an optional input is left out.
        default: Option<i32>,
        /// Least value.
        min: Option<i32>,
        /// Greatest value.
        max: Option<i32>,
    },
    /// One of several whole numbers.
    IntEnum {
        /// Used when an optional input is left out.
        default: Option<i32>,
        /// What may be chosen.
        choices: Vec<i32>,
    },
    /// A finite number, both ends of the range included.
    Decimal {
        /// Used when an optional input is left out.
        default: Option<f64>,
        /// Least value.
        min: Option<f64>,
        /// Greatest value.
        max: Option<f64>,
    },
    /// One of several texts.
    StringEnum {
        /// Used when an optional input is left out.
        default: Option<String>,
        /// What may be chosen.
        choices: Vec<String>,
    },
    /// A file by its CID, or by a folder's CID and the path in it; the default may be empty.
    File {
        /// Used when an optional input is left out.
        default: Option<String>,
    },
}

impl Kind {
    /// The name of the type in a template.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String { .. } => "string",
            Self::Int { .. } => "int",
            Self::IntEnum { .. } => "int_enum",
            Self::Decimal { .. } => "decimal",
            Self::StringEnum { .. } => "string_enum",
            Self::File { .. } => "file",
        }
    }
}

/// One input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its key in a task's input.
    pub variable: String,
    /// Whether a task must give it.
    pub required: bool,
    /// Its type.
    pub kind: Kind,
    /// For people; may be empty.
    pub description: String,
}

/// What kind of file an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Text.
    Text,
    /// Anything else.
    File,
}

impl OutputKind {
    /// The name of the kind in a template.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
            Self::File => "file",
        }
    }
}

/// One file that a model makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// A plain file name: no folder, no `..`.
    pub filename: String,
    /// Its kind.
    pub kind: OutputKind,
}

/// A template, checked.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::model::{InputError, Template, Value};
///
/// let template = Template::parse(arbius_models::DIGITS.template)?;
/// let inputs = template.hydrate(br#"{"prompt": "a seven"}"#, 1)?;
/// assert_eq!(inputs.get("prompt"), Some(&Value::Text("a seven".to_owned())));
///
/// let error = template.hydrate(br#"{"promt": "a seven"}"#, 1).unwrap_err();
/// assert!(matches!(error, InputError::Missing { field, .. } if field == "prompt"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The `meta` section.
    pub meta: Meta,
    /// Inputs in the order of the template.
    pub input: Vec<Input>,
    /// Outputs in the order of the template; at least one.
    pub output: Vec<Output>,
}

impl Template {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// [`TemplateError`], naming the field that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, TemplateError> {
        if bytes.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLarge(bytes.len()));
        }
        let json: Json =
            serde_json::from_slice(bytes).map_err(|e| TemplateError::NotJson(e.to_string()))?;
        let root = object(&json, "template")?;
        Ok(Self {
            meta: meta(root)?,
            input: inputs(root)?,
            output: outputs(root)?,
        })
    }

    /// Whether tasks may name files.
    pub fn takes_files(&self) -> bool {
        let mut inputs = self.input.iter();
        inputs.any(|input| matches!(input.kind, Kind::File { .. }))
    }

    /// The input of that name.
    pub fn input(&self, variable: &str) -> Option<&Input> {
        self.input.iter().find(|input| input.variable == variable)
    }
}

fn meta(root: &Map<String, Json>) -> Result<Meta, TemplateError> {
    let field = "meta";
    let json = root
        .get(field)
        .ok_or_else(|| missing(field, "an object with a title"))?;
    let meta = object(json, field)?;
    let text = |key: &str| match meta.get(key) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(value) => string(value, &format!("{field}.{key}")),
    };
    let version = match meta.get("version") {
        None | Some(Json::Null) => None,
        Some(value) => Some(
            value
                .as_i64()
                .ok_or_else(|| wrong(&format!("{field}.version"), value, "a whole number"))?,
        ),
    };
    let title = text("title")?;
    if title.is_empty() {
        return Err(missing("meta.title", "a name for people"));
    }
    let bundle = match meta.get("bundle") {
        None | Some(Json::Null) => None,
        Some(value) => Some(string(value, "meta.bundle")?),
    };
    Ok(Meta {
        title,
        description: text("description")?,
        git: text("git")?,
        docker: text("docker")?,
        version,
        bundle,
    })
}

fn inputs(root: &Map<String, Json>) -> Result<Vec<Input>, TemplateError> {
    let rows = array(root, "input", "a list of inputs, which may be empty")?;
    let mut parsed: Vec<Input> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let path = format!("input[{index}]");
        let input = input(object(row, &path)?, &path)?;
        if parsed.iter().any(|other| other.variable == input.variable) {
            return Err(TemplateError::Repeated {
                field: format!("{path}.variable"),
                name: input.variable,
            });
        }
        parsed.push(input);
    }
    Ok(parsed)
}

fn input(row: &Map<String, Json>, path: &str) -> Result<Input, TemplateError> {
    let at = |key: &str| format!("{path}.{key}");
    let variable = match row.get("variable") {
        Some(value) => string(value, &at("variable"))?,
        None => return Err(missing(&at("variable"), "the name of the input")),
    };
    if variable.is_empty() {
        return Err(missing(&at("variable"), "the name of the input"));
    }
    if variable == "seed" {
        return Err(TemplateError::Wrong {
            field: at("variable"),
            found: "`seed`".into(),
            expected: "another name: the seed comes from the task's id".into(),
        });
    }
    let required = match row.get("required") {
        None => false,
        Some(Json::Bool(required)) => *required,
        Some(other) => return Err(wrong(&at("required"), other, "true or false")),
    };
    let description = match row.get("description") {
        None | Some(Json::Null) => String::new(),
        Some(value) => string(value, &at("description"))?,
    };
    let kind = match row.get("type") {
        Some(value) => kind(&string(value, &at("type"))?, row, path)?,
        None => return Err(missing(&at("type"), KINDS)),
    };
    // An optional input without a default would leave the model without a value.
    if !required && matches!(row.get("default"), None | Some(Json::Null)) {
        return Err(missing(&at("default"), "a default, or `required: true`"));
    }
    Ok(Input {
        variable,
        required,
        kind,
        description,
    })
}

const KINDS: &str = "one of string, int, int_enum, decimal, string_enum, file";

fn kind(name: &str, row: &Map<String, Json>, path: &str) -> Result<Kind, TemplateError> {
    let default_at = format!("{path}.default");
    // Templates of the reference give required enums and numbers an empty or odd default
    // that nothing ever reads, so the default is judged only where it can be used.
    let required = row.get("required") == Some(&Json::Bool(true));
    let default = row.get("default").filter(|value| !value.is_null());
    let usable = default.filter(|_| !required);
    match name {
        "string" => Ok(Kind::String {
            default: text_default(default, &default_at)?,
        }),
        "file" => Ok(Kind::File {
            default: text_default(default, &default_at)?,
        }),
        "int" => {
            let (min, max) = range(row, path, "a whole number of 32 bits", whole)?;
            let default = typed(usable, &default_at, "a whole number of 32 bits", whole)?;
            within(default, min, max, &default_at)?;
            Ok(Kind::Int { default, min, max })
        }
        "decimal" => {
            let (min, max) = range(row, path, "a number", Json::as_f64)?;
            let default = typed(usable, &default_at, "a number", Json::as_f64)?;
            within(default, min, max, &default_at)?;
            Ok(Kind::Decimal { default, min, max })
        }
        "int_enum" => {
            let choices = choices(row, path, "a whole number of 32 bits", whole)?;
            let default = typed(usable, &default_at, "a whole number of 32 bits", whole)?;
            among(default.as_ref(), &choices, &default_at)?;
            Ok(Kind::IntEnum { default, choices })
        }
        "string_enum" => {
            let text = |value: &Json| value.as_str().map(str::to_owned);
            let choices = choices(row, path, "a text", text)?;
            let default = typed(usable, &default_at, "a text", text)?;
            among(default.as_ref(), &choices, &default_at)?;
            Ok(Kind::StringEnum { default, choices })
        }
        other => Err(TemplateError::Wrong {
            field: format!("{path}.type"),
            found: format!("`{other}`"),
            expected: KINDS.into(),
        }),
    }
}

/// A whole number of 32 bits; `5.0` is one, as it is to a JavaScript reader of the same
/// template.
pub(super) fn whole(value: &Json) -> Option<i32> {
    if let Some(int) = value.as_i64() {
        return i32::try_from(int).ok();
    }
    let number = value.as_f64()?;
    let inside = number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX);
    (number.fract() == 0.0 && inside).then_some(number as i32)
}

fn text_default(value: Option<&Json>, path: &str) -> Result<Option<String>, TemplateError> {
    value.map(|value| string(value, path)).transpose()
}

fn typed<T>(
    value: Option<&Json>,
    path: &str,
    expected: &'static str,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<Option<T>, TemplateError> {
    match value {
        None => Ok(None),
        Some(json) => read(json)
            .map(Some)
            .ok_or_else(|| wrong(path, json, expected)),
    }
}

fn range<T: PartialOrd + Copy + std::fmt::Display>(
    row: &Map<String, Json>,
    path: &str,
    expected: &'static str,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<(Option<T>, Option<T>), TemplateError> {
    let bound = |keys: [&str; 2]| {
        let mut found = None;
        for key in keys {
            let field = format!("{path}.{key}");
            let value = row.get(key).filter(|value| !value.is_null());
            if let Some(value) = typed(value, &field, expected, &read)? {
                if found.is_some() {
                    return Err(TemplateError::Wrong {
                        field,
                        found: "a second bound".into(),
                        expected: format!("either `{}` or `{}`", keys[0], keys[1]),
                    });
                }
                found = Some(value);
            }
        }
        Ok(found)
    };
    let (min, max) = (bound(["min", "ge"])?, bound(["max", "le"])?);
    if let (Some(low), Some(high)) = (min, max)
        && low > high
    {
        return Err(TemplateError::Wrong {
            field: format!("{path}.max"),
            found: high.to_string(),
            expected: format!("at least the least value, {low}"),
        });
    }
    Ok((min, max))
}

fn within<T: PartialOrd + std::fmt::Display>(
    value: Option<T>,
    min: Option<T>,
    max: Option<T>,
    path: &str,
) -> Result<(), TemplateError> {
    let Some(value) = value else { return Ok(()) };
    let low = min.as_ref().is_some_and(|min| value < *min);
    let high = max.as_ref().is_some_and(|max| value > *max);
    if low || high {
        let show = |bound: Option<T>| bound.map_or("any".to_owned(), |bound| bound.to_string());
        return Err(TemplateError::Wrong {
            field: path.to_owned(),
            found: value.to_string(),
            expected: format!("a value from {} to {}", show(min), show(max)),
        });
    }
    Ok(())
}

fn choices<T: PartialEq>(
    row: &Map<String, Json>,
    path: &str,
    expected: &'static str,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<Vec<T>, TemplateError> {
    let field = format!("{path}.choices");
    let list = match row.get("choices") {
        None => return Err(missing(&field, "a list of what may be chosen")),
        Some(Json::Array(list)) if !list.is_empty() => list,
        Some(other) => return Err(wrong(&field, other, "a list of at least one choice")),
    };
    list.iter()
        .enumerate()
        .map(|(i, value)| {
            read(value).ok_or_else(|| wrong(&format!("{field}[{i}]"), value, expected))
        })
        .collect()
}

fn among<T: PartialEq>(value: Option<&T>, choices: &[T], path: &str) -> Result<(), TemplateError> {
    match value {
        Some(value) if !choices.contains(value) => Err(TemplateError::Wrong {
            field: path.to_owned(),
            found: "not among the choices".into(),
            expected: "one of them".into(),
        }),
        _ => Ok(()),
    }
}

fn outputs(root: &Map<String, Json>) -> Result<Vec<Output>, TemplateError> {
    let rows = array(root, "output", "a list of at least one output")?;
    if rows.is_empty() {
        return Err(missing("output[0]", "at least one output"));
    }
    let mut parsed: Vec<Output> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let path = format!("output[{index}]");
        let row = object(row, &path)?;
        let at = |key: &str| format!("{path}.{key}");
        let filename = match row.get("filename") {
            Some(value) => string(value, &at("filename"))?,
            None => return Err(missing(&at("filename"), "the name of a file")),
        };
        if !is_plain_file_name(&filename) {
            return Err(TemplateError::Wrong {
                field: at("filename"),
                found: format!("{filename:?}"),
                expected: "a plain file name of at most 255 bytes, without folders".into(),
            });
        }
        let kind = match row.get("type") {
            Some(value) => output_kind(&string(value, &at("type"))?, &at("type"))?,
            None => return Err(missing(&at("type"), OUTPUT_KINDS)),
        };
        if parsed.iter().any(|other| other.filename == filename) {
            return Err(TemplateError::Repeated {
                field: at("filename"),
                name: filename,
            });
        }
        parsed.push(Output { filename, kind });
    }
    Ok(parsed)
}

const OUTPUT_KINDS: &str = "one of image, video, audio, text, file";

fn output_kind(name: &str, path: &str) -> Result<OutputKind, TemplateError> {
    match name {
        "image" => Ok(OutputKind::Image),
        "video" => Ok(OutputKind::Video),
        "audio" => Ok(OutputKind::Audio),
        "text" => Ok(OutputKind::Text),
        "file" => Ok(OutputKind::File),
        other => Err(TemplateError::Wrong {
            field: path.to_owned(),
            found: format!("`{other}`"),
            expected: OUTPUT_KINDS.into(),
        }),
    }
}

/// Whether a name can be given to a file in any folder without leaving it.
pub(super) fn is_plain_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', '\0'])
        && !name.chars().any(char::is_control)
}

fn object<'a>(json: &'a Json, path: &str) -> Result<&'a Map<String, Json>, TemplateError> {
    json.as_object()
        .ok_or_else(|| wrong(path, json, "an object"))
}

fn array<'a>(
    root: &'a Map<String, Json>,
    key: &str,
    expected: &'static str,
) -> Result<&'a Vec<Json>, TemplateError> {
    let json = root.get(key).ok_or_else(|| missing(key, expected))?;
    json.as_array().ok_or_else(|| wrong(key, json, expected))
}

fn string(json: &Json, path: &str) -> Result<String, TemplateError> {
    json.as_str()
        .map(str::to_owned)
        .ok_or_else(|| wrong(path, json, "a text"))
}

fn missing(field: &str, expected: &'static str) -> TemplateError {
    TemplateError::Missing {
        field: field.to_owned(),
        expected,
    }
}

fn wrong(field: &str, found: &Json, expected: &str) -> TemplateError {
    TemplateError::Wrong {
        field: field.to_owned(),
        found: describe(found),
        expected: expected.to_owned(),
    }
}

/// A JSON value in words, short enough for an error.
pub(crate) fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::Bool(value) => value.to_string(),
        Json::Number(value) => value.to_string(),
        Json::String(text) if text.chars().count() <= 40 => format!("the text {text:?}"),
        Json::String(text) => format!("a text of {} bytes", text.len()),
        Json::Array(list) => format!("a list of {}", list.len()),
        Json::Object(_) => "an object".into(),
    }
}
