//! Bundles: every byte is checked against what names it.
#![cfg(feature = "inference")]

mod onnx_writer;

use std::num::NonZeroUsize;

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{
    Blame, CertifyError, InferenceError, LoadedModel, SessionOptions, certify, pack,
};
use arbius_sdk::model::passport::{PassportError, Pinned};
use arbius_sdk::model::{Bundle, BundleError, Class, Golden, Manifest, Passport};
use onnx_writer::{FLOAT, Graph, UINT8};
use serde_json::{Value as Json, json};

/// The digits model as files that a test can damage.
struct Files {
    template: Vec<u8>,
    manifest: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
}

impl Files {
    fn new() -> Self {
        let digits = arbius_models::digits();
        let files = digits
            .files
            .iter()
            .map(|(name, bytes)| (name.to_string(), bytes.to_vec()));
        Self {
            template: digits.template.to_vec(),
            manifest: digits.manifest.to_vec(),
            files: files.collect(),
        }
    }

    fn bundle(&self) -> Result<Bundle, BundleError> {
        let files = self
            .files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        Bundle::from_bytes(&self.template, &self.manifest, files)
    }

    /// Changes the manifest's JSON and makes the template name the result.
    fn with_manifest(mut self, change: impl FnOnce(&mut Json)) -> Self {
        let mut manifest: Json = serde_json::from_slice(&self.manifest).unwrap();
        change(&mut manifest);
        self.manifest = manifest.to_string().into_bytes();
        let cid = unixfs::cid_of(&self.manifest).to_string();
        self.with_template(|template| template["meta"]["bundle"] = cid.into())
    }

    fn with_template(mut self, change: impl FnOnce(&mut Json)) -> Self {
        let mut template: Json = serde_json::from_slice(&self.template).unwrap();
        change(&mut template);
        self.template = template.to_string().into_bytes();
        self
    }

    /// Replaces the passport and what names it.
    fn with_passport(mut self, passport: &Passport) -> Self {
        let bytes = serde_json::to_vec(passport).unwrap();
        let cid = unixfs::cid_of(&bytes).to_string();
        let length = bytes.len();
        self.files
            .iter_mut()
            .find(|(name, _)| name == "passport.json")
            .unwrap()
            .1 = bytes;
        self.with_manifest(|manifest| {
            for file in manifest["files"].as_array_mut().unwrap() {
                if file["name"] == "passport.json" {
                    file["cid"] = cid.clone().into();
                    file["bytes"] = length.into();
                }
            }
        })
    }
}

#[test]
fn one_changed_byte_anywhere_is_refused() {
    assert!(Files::new().bundle().is_ok());
    let mut damaged = Files::new();
    damaged.files[0].1[5000] ^= 1;
    assert!(
        matches!(damaged.bundle(), Err(BundleError::Corrupt { name, .. }) if name == "generator.onnx")
    );
    let mut damaged = Files::new();
    damaged.files[0].1.pop();
    assert!(matches!(damaged.bundle(), Err(BundleError::Corrupt { .. })));
    let mut damaged = Files::new();
    damaged.manifest.push(b'\n');
    assert!(matches!(
        damaged.bundle(),
        Err(BundleError::WrongManifest { .. })
    ));
    let mut damaged = Files::new();
    damaged.files.remove(1);
    assert!(
        matches!(damaged.bundle(), Err(BundleError::MissingFile(name)) if name == "passport.json")
    );
}

#[test]
fn errors_of_a_manifest_name_the_field() {
    let error = |files: Files| files.bundle().unwrap_err().to_string();
    let no_bundle =
        Files::new().with_template(|t| drop(t["meta"].as_object_mut().unwrap().remove("bundle")));
    assert!(error(no_bundle).contains("meta.bundle"));
    let no_cid = Files::new().with_template(|t| t["meta"]["bundle"] = "Qm".into());
    assert!(error(no_cid).contains("`meta.bundle`"));
    for (change, words) in [
        (
            (|m| m["schema"] = 2.into()) as fn(&mut Json),
            "schema 2; this program knows 1",
        ),
        (|m| m["surprise"] = 1.into(), "surprise"),
        (|m| m["files"][0]["name"] = "../x".into(), "files[0].name"),
        (
            |m| m["files"][0]["name"] = "passport.json".into(),
            "named twice",
        ),
        (|m| m["files"][0]["cid"] = "x".into(), "files[0].cid"),
        (
            |m| m["passport"] = "p".into(),
            "`passport`: `p` is not among the files",
        ),
        (|m| m["pipeline"]["graph"] = "g".into(), "`pipeline.graph`"),
        (
            |m| m["pipeline"]["kind"] = "text_to_film".into(),
            "text_to_film",
        ),
        (
            |m| m["pipeline"]["prompt"]["variable"] = "p".into(),
            "pipeline.prompt.variable",
        ),
        (
            |m| m["pipeline"]["image"]["filename"] = "p".into(),
            "pipeline.image.filename",
        ),
    ] {
        let error = error(Files::new().with_manifest(change));
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(
        Manifest::parse(b"not json")
            .unwrap_err()
            .to_string()
            .contains("malformed")
    );
}

#[test]
fn a_folder_without_its_files_is_an_error_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let error = Bundle::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("template.json"), "{error}");
    let error = pack::pack_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("source.json"), "{error}");
}

#[test]
fn a_passport_needs_goldens_and_a_known_version() {
    assert_eq!(
        Passport::new(Class::Integer {}, vec![]),
        Err(PassportError::NoGoldens)
    );
    let wrong = Golden {
        input: json!({}),
        seed: 0,
        cid: "Qm".into(),
    };
    assert!(matches!(
        Passport::new(Class::Integer {}, vec![wrong]),
        Err(PassportError::Golden { .. })
    ));
    assert_eq!(
        Passport::parse(br#"{"schema": 9}"#),
        Err(PassportError::Schema(9))
    );
    assert!(Passport::parse(br#"{"schema": 1, "class": {"kind": "float"}}"#).is_err());
}

#[test]
fn certify_refuses_a_golden_that_comes_out_differently() {
    let mut goldens = Files::new().bundle().unwrap().passport().goldens.clone();
    goldens[2].seed += 1;
    let passport = Passport::new(Class::Integer {}, goldens).unwrap();
    let bundle = Files::new().with_passport(&passport).bundle().unwrap();
    let error = certify(&bundle, &Rten, &SessionOptions::default()).unwrap_err();
    assert!(
        matches!(
            &error,
            CertifyError::Inference(InferenceError::Golden { index: 2, .. })
        ),
        "{error}"
    );
}

/// A graph with the ports of the generator and floats between them.
fn float_generator() -> Vec<u8> {
    let cast = |to| [("to", onnx_writer::Attribute::Int(to))];
    Graph::new()
        .input("prompt", UINT8, &[1, 256])
        .input("latent", UINT8, &[1, 16])
        .input("choice", UINT8, &[1, 10])
        .node("Cast", &["prompt"], "float", &cast(FLOAT))
        .node("Cast", &["float"], "image", &cast(UINT8))
        .output("image", UINT8, &[1, 256])
        .finish()
}

#[test]
fn a_float_model_is_refused_the_class_integer() {
    let mut files = Files::new();
    let ports: Json = serde_json::from_slice(&files.manifest).unwrap();
    assert_eq!(ports["pipeline"]["image"]["tensor"], "image");
    files.files[0].1 = float_generator();
    let (cid, length) = (
        unixfs::cid_of(&files.files[0].1).to_string(),
        files.files[0].1.len(),
    );
    let bundle = files
        .with_manifest(|m| {
            for file in m["files"].as_array_mut().unwrap() {
                if file["name"] == "generator.onnx" {
                    file["cid"] = cid.clone().into();
                    file["bytes"] = length.into();
                }
            }
        })
        .bundle()
        .unwrap();
    let options = SessionOptions::default();
    let error = LoadedModel::load(&Rten, &bundle, &options).err().unwrap();
    assert!(
        matches!(error, InferenceError::NotInteger { .. }),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Model);
    assert!(matches!(
        certify(&bundle, &Rten, &options),
        Err(CertifyError::NotInteger { .. })
    ));
}

#[test]
fn a_pinned_model_runs_on_what_it_is_pinned_to_and_nothing_else() {
    let pinned = |version: &str| {
        let class = Class::Pinned(Pinned {
            runtime: "rten".into(),
            version: version.into(),
            provider: "cpu".into(),
            threads: NonZeroUsize::MIN,
            optimisation: "all".into(),
            gpu: None,
        });
        let goldens = Files::new().bundle().unwrap().passport().goldens.clone();
        let passport = Passport::new(class, goldens).unwrap();
        Files::new().with_passport(&passport).bundle().unwrap()
    };
    let options = SessionOptions::default();
    assert!(certify(&pinned("0.27.0"), &Rten, &options).is_ok());
    let error = LoadedModel::load(&Rten, &pinned("0.26.0"), &options)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("pinned to rten 0.26.0"),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Machine);
    let threads = SessionOptions {
        threads: 2.try_into().unwrap(),
        ..options
    };
    assert!(LoadedModel::load(&Rten, &pinned("0.27.0"), &threads).is_err());
}

#[test]
fn a_task_that_does_not_fit_the_template_is_nobodys_task() {
    let bundle = Files::new().bundle().unwrap();
    let mut model = LoadedModel::load(&Rten, &bundle, &SessionOptions::default()).unwrap();
    for input in [&b""[..], b"{}", b"{\"prompt\": 1}", b"\xff", b"[[[[[["] {
        assert_eq!(
            model.solve(input, 0).unwrap_err().blame(),
            Blame::Input,
            "{input:?}"
        );
    }
}

#[test]
fn a_pipeline_that_does_not_fit_the_graph_is_refused_and_the_error_names_the_field() {
    for (field, change) in [
        (
            "pipeline.prompt.tensor",
            (|m| m["pipeline"]["prompt"]["tensor"] = "p".into()) as fn(&mut Json),
        ),
        ("pipeline.prompt.length", |m| {
            m["pipeline"]["prompt"]["length"] = 255.into();
        }),
        ("pipeline.prompt.length", |m| {
            m["pipeline"]["prompt"]["length"] = 0.into();
        }),
        ("pipeline.noise[0].length", |m| {
            m["pipeline"]["noise"][0]["length"] = (1u64 << 40).into();
        }),
        ("pipeline.graph", |m| m["pipeline"]["noise"] = json!([])),
        ("pipeline.image.tensor", |m| {
            m["pipeline"]["image"]["tensor"] = "latent".into();
        }),
    ] {
        match Files::new().with_manifest(change).bundle() {
            Err(BundleError::Field { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn a_graph_that_is_no_onnx_file_is_refused_when_the_bundle_is_read() {
    let mut files = Files::new();
    files.files[0].1 = b"this is no graph".to_vec();
    let cid = unixfs::cid_of(&files.files[0].1).to_string();
    let files = files.with_manifest(|m| {
        for file in m["files"].as_array_mut().unwrap() {
            if file["name"] == "generator.onnx" {
                file["cid"] = cid.clone().into();
                file["bytes"] = 16.into();
            }
        }
    });
    let error = files.bundle().unwrap_err().to_string();
    assert!(
        error.contains("`pipeline.graph`: `generator.onnx`"),
        "{error}"
    );
}
