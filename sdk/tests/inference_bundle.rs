//! Bundles: every byte is checked against what names it.
#![cfg(feature = "inference")]

mod onnx_writer;

use std::num::NonZeroUsize;

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::machine::{FoundRuntime, Gpu};
use arbius_sdk::inference::placement::{Misfit, Place};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::worker::{RuntimeChoice, Station, WorkerOptions};
use arbius_sdk::inference::{
    Blame, CertifyError, InferenceError, LoadedModel, SessionOptions, certify, pack,
};
use arbius_sdk::inference::{Device, Optimisation, RuntimeId};
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

fn gpu(name: &str) -> Gpu {
    Gpu {
        ordinal: 1,
        name: name.into(),
        memory_bytes: 24 << 30,
        compute_capability: "9.0".into(),
    }
}

fn place(name: &str, version: &str, providers: &[&str], gpu: Option<&Gpu>) -> Place {
    Place {
        runtime: RuntimeId {
            name: name.into(),
            version: version.into(),
        },
        providers: providers.iter().map(|name| (*name).to_owned()).collect(),
        device: gpu.map_or(Device::Cpu, |gpu| Device::Cuda {
            ordinal: gpu.ordinal,
            memory_bytes: None,
        }),
        gpu: gpu.map(Gpu::class),
        memory_bytes: None,
    }
}

/// A model that is pinned to a GPU.
fn on_gpu(gpu: &Gpu) -> Bundle {
    let class = Class::Pinned(Pinned {
        runtime: "onnxruntime".into(),
        version: "1.31.1".into(),
        provider: "cuda".into(),
        threads: NonZeroUsize::MIN,
        optimisation: "basic".into(),
        gpu: Some(gpu.class()),
    });
    let goldens = Files::new().bundle().unwrap().passport().goldens.clone();
    let passport = Passport::new(class, goldens).unwrap();
    Files::new().with_passport(&passport).bundle().unwrap()
}

#[test]
fn the_passport_chooses_the_place_and_every_misfit_has_a_remedy() {
    let options = SessionOptions::default();
    let (h100, other) = (gpu("NVIDIA H100 80GB HBM3"), gpu("NVIDIA A10"));
    let both = ["cpu", "cuda"];
    let integer = Files::new().bundle().unwrap();
    assert_eq!(
        place("rten", "0.27.0", &["cpu"], None).fits(&integer, &options),
        Ok(options.clone())
    );
    let misfit = |place: Place, bundle: &Bundle| place.fits(bundle, &options).unwrap_err();
    let on_gpus = place("onnxruntime", "1.31.1", &both, Some(&h100));
    assert_eq!(misfit(on_gpus.clone(), &integer), Misfit::Integer);

    let pinned = on_gpu(&h100);
    let session = on_gpus.fits(&pinned, &options).unwrap();
    assert_eq!(session.optimisation, Optimisation::Basic);
    assert_eq!(session.device, on_gpus.device);
    for (place, words, remedy) in [
        (
            place("rten", "0.27.0", &["cpu"], None),
            "pinned to onnxruntime, and this is rten",
            "--onnxruntime",
        ),
        (
            place("onnxruntime", "1.31.1", &["cpu"], None),
            "provider cuda, and this is cpu",
            "NVIDIA GPU",
        ),
        (
            place("onnxruntime", "1.30.0", &both, Some(&h100)),
            "1.31.1, and this is 1.30.0",
            "onnxruntime==1.31.1",
        ),
        (
            place("onnxruntime", "1.31.1", &["cpu"], Some(&h100)),
            "built without the provider cuda",
            "onnxruntime-gpu",
        ),
        (
            place("onnxruntime", "1.31.1", &both, Some(&other)),
            "H100 80GB HBM3, compute capability 9.0, and this is NVIDIA A10",
            "machine with a NVIDIA H100",
        ),
        (
            Place {
                memory_bytes: Some(1 << 20),
                ..on_gpus.clone()
            },
            "may have 1 MiB",
            "--worker-memory",
        ),
    ] {
        let misfit = misfit(place, &pinned);
        assert!(misfit.to_string().contains(words), "{words}: {misfit}");
        assert!(
            misfit.remedy().contains(remedy),
            "{remedy}: {}",
            misfit.remedy()
        );
    }
    // Without the GPU in this machine it is not loaded on that either.
    let error = LoadedModel::load(&Rten, &pinned, &session).err().unwrap();
    assert!(
        error.to_string().contains("on cuda (NVIDIA H100"),
        "{error}"
    );
}

#[test]
fn a_passport_that_is_pinned_to_nonsense_is_refused_by_field() {
    let right = json!({
        "kind": "pinned", "runtime": "onnxruntime", "version": "1.31.1", "provider": "cuda",
        "threads": 1, "optimisation": "all",
        "gpu": {"name": "NVIDIA A10", "compute_capability": "8.6"}
    });
    let parse = |class: &Json| {
        let golden = Files::new().bundle().unwrap().passport().goldens[0].clone();
        let passport = json!({"schema": 1, "class": class, "goldens": [golden]});
        Passport::parse(passport.to_string().as_bytes())
    };
    assert!(parse(&right).is_ok());
    for (field, value, words) in [
        ("runtime", json!("torch"), "`class.runtime`"),
        ("version", json!(""), "`class.version`"),
        ("provider", json!("rocm"), "`class.provider`"),
        ("provider", json!("cpu"), "`class.gpu`"),
        ("runtime", json!("rten"), "`class.provider`"),
        ("gpu", Json::Null, "`class.gpu`"),
        ("optimisation", json!("much"), "`class.optimisation`"),
        ("threads", json!(0), "nonzero"),
    ] {
        let mut class = right.clone();
        class[field] = value;
        let error = parse(&class).unwrap_err().to_string();
        assert!(error.contains(words), "{field}: {error}");
    }
}

#[test]
fn workers_share_a_gpus_memory_and_need_a_runtime_that_can_use_it() {
    let found = |providers: &[&str]| FoundRuntime {
        choice: RuntimeChoice::OnnxRuntime {
            library: "lib.so".into(),
        },
        id: RuntimeId {
            name: "onnxruntime".into(),
            version: "1.31.1".into(),
        },
        providers: providers.iter().map(|name| (*name).to_owned()).collect(),
    };
    let two = NonZeroUsize::new(2).unwrap();
    let station = |providers: &[&str]| {
        let runtimes = [found(providers)];
        Station::gpu(&gpu("NVIDIA A10"), &runtimes, WorkerOptions::default(), two)
    };
    assert!(station(&["cpu"]).is_none());
    let station = station(&["cpu", "cuda"]).unwrap();
    // A gibibyte for each CUDA context is left out.
    assert_eq!(station.memory_bytes, Some(22 << 30));
    let each = Device::Cuda {
        ordinal: 1,
        memory_bytes: Some(11 << 30),
    };
    assert_eq!((station.device, station.workers), (each, two));
}
