//! Templates and the inputs of tasks.
#![cfg(feature = "inference")]

use arbius_sdk::model::input::MAX_INPUT_BYTES;
use arbius_sdk::model::template::{Kind, MAX_TEMPLATE_BYTES, OutputKind};
use arbius_sdk::model::{InputError, Template, TemplateError, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn rich() -> Json {
    json!({
        "meta": {"title": "Everything", "description": "All types", "git": "", "docker": "", "version": 3},
        "input": [
            {"variable": "prompt", "type": "string", "required": true, "default": "", "description": "text"},
            {"variable": "negative", "type": "string", "required": false, "default": "none"},
            {"variable": "steps", "type": "int", "required": false, "min": 1, "max": 50, "default": 20},
            {"variable": "width", "type": "int_enum", "required": false, "choices": [128, 512], "default": 512},
            {"variable": "scale", "type": "decimal", "required": false, "ge": 0.5, "le": 20, "default": 7.5},
            {"variable": "style", "type": "string_enum", "required": false, "choices": ["ink", "oil"], "default": "ink"},
            {"variable": "image", "type": "file", "required": false, "default": ""}
        ],
        "output": [{"filename": "out-1.png", "type": "image"}, {"filename": "log.txt", "type": "text"}]
    })
}

fn parse(json: &Json) -> Result<Template, TemplateError> {
    Template::parse(json.to_string().as_bytes())
}

/// The error after a change at a JSON pointer; `null` removes.
fn changed(pointer: &str, value: Json) -> String {
    let mut json = rich();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Json::Object(map) if value.is_null() => drop(map.remove(key)),
        Json::Object(map) => drop(map.insert(key.into(), value)),
        other => other[key.parse::<usize>().unwrap()] = value,
    }
    parse(&json).expect_err(pointer).to_string()
}

#[test]
fn reads_every_type_of_the_reference() {
    let template = parse(&rich()).unwrap();
    assert_eq!(template.meta.version, Some(3));
    let kinds: Vec<_> = template
        .input
        .iter()
        .map(|input| input.kind.name())
        .collect();
    let names = [
        "string",
        "string",
        "int",
        "int_enum",
        "decimal",
        "string_enum",
        "file",
    ];
    assert_eq!(kinds, names);
    assert_eq!(
        template.input("scale").unwrap().kind,
        Kind::Decimal {
            default: Some(7.5),
            min: Some(0.5),
            max: Some(20.0)
        }
    );
    assert_eq!(template.output[0].kind, OutputKind::Image);
}

#[test]
fn reads_templates_as_the_network_has_them() {
    // No version, a default that a required field never uses, bounds on one side only.
    let template = json!({
        "meta": {"title": "Film", "description": "", "git": "https://example.org", "docker": "r8.im/x@sha256:00"},
        "input": [
            {"variable": "input_image", "type": "file", "required": true, "default": ""},
            {"variable": "size", "type": "string_enum", "required": true, "choices": ["a"], "default": ""},
            {"variable": "fps", "type": "int", "required": false, "default": 6, "ge": 5, "description": "x"}
        ],
        "output": [{"filename": "out-1.mp4", "type": "video"}],
        "extra": {"unknown": true}
    });
    let template = parse(&template).unwrap();
    assert_eq!(template.meta.version, None);
    assert_eq!(
        template.input("fps").unwrap().kind,
        Kind::Int {
            default: Some(6),
            min: Some(5),
            max: None
        }
    );
}

#[test]
fn reads_the_spellings_of_bounds_that_the_network_mixes() {
    // `ge` with `max`, required given last, no bounds at all: all of it is on the network.
    let template = json!({
        "meta": {"title": "Text", "description": "", "git": "", "docker": "", "version": 1},
        "input": [
            {"variable": "prompt", "type": "string", "required": true, "default": ""},
            {"variable": "temperature", "type": "decimal", "ge": 0, "max": 1, "default": 0.75, "required": false},
            {"variable": "top_p", "type": "decimal", "ge": 0.01, "max": 1, "default": 1, "required": false},
            {"variable": "noise", "type": "decimal", "default": 0.02, "required": false},
            {"variable": "frames", "type": "int", "default": 14, "required": false}
        ],
        "output": [{"filename": "out-1.txt", "type": "text"}]
    });
    let template = parse(&template).unwrap();
    let hydrate = |input: &str| template.hydrate(input.as_bytes(), 0);
    let inputs = hydrate(r#"{"prompt": "x", "temperature": 0, "noise": -7e9}"#).unwrap();
    assert_eq!(inputs.get("temperature"), Some(&Value::Decimal(0.0)));
    assert_eq!(inputs.get("top_p"), Some(&Value::Decimal(1.0)));
    assert_eq!(inputs.get("noise"), Some(&Value::Decimal(-7e9)));
    for (input, words) in [
        (
            r#"{"prompt": "", "temperature": 1.1}"#,
            "`temperature` is 1.1; the template allows 0 to 1",
        ),
        (r#"{"prompt": "", "top_p": 0}"#, "allows 0.01 to 1"),
        (
            r#"{"prompt": "", "frames": 1e300}"#,
            "a whole number of 32 bits",
        ),
    ] {
        let error = hydrate(input).unwrap_err().to_string();
        assert!(error.contains(words), "{input}: {error}");
    }
}

#[test]
fn an_input_beyond_what_the_chain_stores_is_refused_before_it_is_read() {
    let template = parse(&rich()).unwrap();
    let longest = MAX_INPUT_BYTES - r#"{"prompt": ""}"#.len();
    let input = |length: usize| format!(r#"{{"prompt": "{}"}}"#, "x".repeat(length));
    assert!(template.hydrate(input(longest).as_bytes(), 0).is_ok());
    assert_eq!(
        template.hydrate(input(longest + 1).as_bytes(), 0),
        Err(InputError::TooLarge(MAX_INPUT_BYTES + 1))
    );
    // Depth does no harm either.
    let deep = "[".repeat(60_000);
    assert!(matches!(
        template.hydrate(deep.as_bytes(), 0),
        Err(InputError::NotJson(_))
    ));
}

#[test]
fn errors_name_the_field_and_what_belongs_there() {
    for (pointer, value, words) in [
        ("/meta", Json::Null, "`meta` is missing"),
        ("/meta/title", json!(""), "`meta.title`"),
        (
            "/meta/version",
            json!("one"),
            "`meta.version` is the text \"one\"; expected a whole number",
        ),
        ("/input", json!({}), "`input` is an object"),
        (
            "/input/0/variable",
            Json::Null,
            "`input[0].variable` is missing",
        ),
        (
            "/input/0/variable",
            json!("steps"),
            "`input[2].variable` repeats the name `steps`",
        ),
        (
            "/input/0/variable",
            json!("seed"),
            "the seed comes from the task's id",
        ),
        (
            "/input/0/type",
            json!("text"),
            "`input[0].type` is `text`; expected one of string",
        ),
        ("/input/0/required", json!("yes"), "`input[0].required`"),
        (
            "/input/1/default",
            Json::Null,
            "`input[1].default` is missing",
        ),
        (
            "/input/2/default",
            json!(51),
            "`input[2].default` is 51; expected a value from 1 to 50",
        ),
        (
            "/input/2/default",
            json!(2.5),
            "`input[2].default` is 2.5; expected a whole number",
        ),
        ("/input/2/min", json!(51), "`input[2].max`"),
        ("/input/2/le", json!(40), "either `max` or `le`"),
        ("/input/3/choices", json!([]), "`input[3].choices`"),
        ("/input/3/choices", json!([1, "2"]), "`input[3].choices[1]`"),
        (
            "/input/3/default",
            json!(3),
            "`input[3].default` is not among the choices",
        ),
        ("/input/4/ge", json!("0"), "`input[4].ge`"),
        ("/input/5/default", json!("clay"), "`input[5].default`"),
        ("/output", json!([]), "`output[0]` is missing"),
        ("/output/0/type", json!("picture"), "`output[0].type`"),
        (
            "/output/0/filename",
            json!("../../etc/passwd"),
            "`output[0].filename`",
        ),
        (
            "/output/1/filename",
            json!("out-1.png"),
            "`output[1].filename` repeats",
        ),
    ] {
        let error = changed(pointer, value);
        assert!(error.contains(words), "{pointer}: {error}");
    }
}

#[test]
fn refuses_what_is_no_template_or_too_large() {
    for bytes in [
        &b""[..],
        b"template",
        b"[]",
        b"7",
        b"{\"meta\": 1}",
        b"\xff\xfe",
    ] {
        assert!(Template::parse(bytes).is_err(), "{bytes:?}");
    }
    let long = vec![b' '; MAX_TEMPLATE_BYTES + 1];
    assert_eq!(
        Template::parse(&long),
        Err(TemplateError::TooLarge(MAX_TEMPLATE_BYTES + 1))
    );
}

#[test]
fn inputs_are_filled_from_the_defaults() {
    let template = parse(&rich()).unwrap();
    let inputs = template
        .hydrate(br#"{"prompt": "x", "steps": 5.0, "stesp": 1}"#, 7)
        .unwrap();
    assert_eq!(inputs.seed, 7);
    assert_eq!(inputs.get("prompt"), Some(&Value::Text("x".into())));
    assert_eq!(inputs.get("steps"), Some(&Value::Int(5)));
    assert_eq!(inputs.get("width"), Some(&Value::Int(512)));
    assert_eq!(inputs.get("scale"), Some(&Value::Decimal(7.5)));
    assert_eq!(inputs.get("image"), Some(&Value::File(String::new())));
    assert_eq!(inputs.ignored, ["stesp"]);
}

#[test]
fn wrong_inputs_are_refused_by_name() {
    let template = parse(&rich()).unwrap();
    for (input, words) in [
        ("{}", "`prompt` is missing; the template requires a string"),
        ("[]", "a list of 0; expected an object"),
        ("{", "not JSON"),
        (
            r#"{"prompt": 7}"#,
            "`prompt` is 7; the template expects a text",
        ),
        (r#"{"prompt": null}"#, "`prompt` is null"),
        (
            r#"{"prompt": "", "steps": 0}"#,
            "`steps` is 0; the template allows 1 to 50",
        ),
        (r#"{"prompt": "", "steps": 51}"#, "allows 1 to 50"),
        (
            r#"{"prompt": "", "steps": 1.5}"#,
            "a whole number of 32 bits",
        ),
        (
            r#"{"prompt": "", "steps": 4294967297}"#,
            "a whole number of 32 bits",
        ),
        (r#"{"prompt": "", "width": 129}"#, "one of [128, 512]"),
        (r#"{"prompt": "", "scale": 0.4}"#, "0.5 to 20"),
        (r#"{"prompt": "", "scale": "1"}"#, "expects a number"),
        (
            r#"{"prompt": "", "style": "INK"}"#,
            "one of [\"ink\", \"oil\"]",
        ),
        (r#"{"prompt": "", "image": {}}"#, "`image` is an object"),
    ] {
        let error = template
            .hydrate(input.as_bytes(), 0)
            .expect_err(input)
            .to_string();
        assert!(error.contains(words), "{input}: {error}");
    }
    assert!(matches!(
        template.hydrate(b"\xff", 0),
        Err(InputError::NotJson(_))
    ));
}

proptest! {
    #[test]
    fn never_panics_on_a_damaged_template(at: usize, byte: u8) {
        let mut bytes = rich().to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(template) = Template::parse(&bytes) {
            let _ = template.hydrate(&bytes, 0);
        }
    }

    #[test]
    fn accepts_exactly_the_numbers_in_range(steps: i64) {
        let template = parse(&rich()).unwrap();
        let input = json!({"prompt": "", "steps": steps}).to_string();
        prop_assert_eq!(template.hydrate(input.as_bytes(), 0).is_ok(), (1..=50).contains(&steps));
    }
}
