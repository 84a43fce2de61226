//! Several models on several devices, and what they may take of memory.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::worker::{
    Limits, RuntimeChoice, Station, WorkerError, WorkerOptions, Workers,
};
use arbius_sdk::inference::{Blame, InferenceError, Solver, footprint};
use arbius_sdk::metrics::Metrics;
use arbius_sdk::model::{Bundle, Class, Manifest, Passport, Pinned};

#[cfg(unix)]
use crate::children::await_children;
use crate::onnx_writer::{Attribute, Graph, INT32, INT64, UINT8};
use crate::{INPUT, block_on, bundle, command, expected, options, pool};

/// The digits model under another title, and so another template, of that class, with that
/// graph.
pub(crate) fn another(title: &str, class: Class, graph: &[u8]) -> Bundle {
    let digits = arbius_models::digits();
    let passport = Passport::new(class, bundle().passport().goldens.clone()).unwrap();
    let passport = serde_json::to_vec(&passport).unwrap();
    let files: BTreeMap<String, Vec<u8>> = [
        ("generator.onnx".to_owned(), graph.to_vec()),
        ("passport.json".to_owned(), passport),
    ]
    .into();
    let manifest = Manifest::new(
        title.to_owned(),
        "MIT".into(),
        bundle().manifest().pipeline.clone(),
        "passport.json".into(),
        &files,
    );
    let manifest = serde_json::to_vec(&manifest.unwrap()).unwrap();
    let mut template: serde_json::Value = serde_json::from_slice(digits.template).unwrap();
    template["meta"]["title"] = title.into();
    template["meta"]["bundle"] = unixfs::cid_of(&manifest).to_string().into();
    let files = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), &bytes[..]));
    Bundle::from_bytes(template.to_string().as_bytes(), &manifest, files).unwrap()
}

fn station(workers: usize, memory: Option<u64>) -> Station {
    let workers = NonZeroUsize::new(workers).unwrap();
    Station::processor(vec![RuntimeChoice::Rten], options(), workers, memory)
}

#[cfg(unix)]
pub(crate) fn models_that_do_not_fit_together_take_turns() {
    block_on(async {
        let graph = bundle().file("generator.onnx").unwrap().clone();
        let other = another("another", Class::Integer {}, &graph);
        assert_ne!(other.cid(), bundle().cid());
        let room = footprint::of(&other).max(footprint::of(&bundle()));
        for (memory, kept) in [(None, 2), (Some(room), 1)] {
            let stations = vec![station(1, memory)];
            let workers = Workers::on(command("serve"), stations, Metrics::new());
            for bundle in [&bundle(), &other] {
                let solved = workers.solve(bundle, INPUT, 1).await;
                assert_eq!(solved.unwrap(), expected(1));
            }
            // Until one of a model has run, it is expected to take more than it then does.
            await_children(kept).await;
            let solved = workers.solve(&bundle(), INPUT, 2).await;
            assert_eq!(solved.unwrap(), expected(2));
        }
    });
}

#[cfg(not(unix))]
pub(crate) fn models_that_do_not_fit_together_take_turns() {}

pub(crate) fn stations_run_side_by_side() {
    block_on(async {
        let stations = vec![station(1, None), station(1, None)];
        let workers = Workers::on(command("serve"), stations, Metrics::new());
        let tasks = (0..8).map(|seed| {
            let workers = workers.clone();
            tokio::spawn(async move { workers.solve(&bundle(), INPUT, seed).await.unwrap() })
        });
        for (seed, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), expected(seed as u64));
        }
        #[cfg(unix)]
        await_children(2).await;
    });
}

pub(crate) fn a_model_that_does_not_fit_is_refused_before_it_is_loaded() {
    block_on(async {
        let needed = footprint::of(&bundle());
        let stations = vec![station(1, Some(needed - 1))];
        // A child that hangs when it is told to load a model is never told.
        let workers = Workers::on(command("serve"), stations, Metrics::new());
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        let refused = matches!(error, InferenceError::Memory { .. });
        assert!(refused && error.blame() == Blame::Machine, "{error}");
        assert!(
            error.to_string().contains("raise the memory limit"),
            "{error}"
        );
        let limits = Limits {
            memory_bytes: Some(needed - 1),
            ..Limits::default()
        };
        let options = WorkerOptions {
            limits,
            ..options()
        };
        let error = pool("serve", options, 1).solve(&bundle(), INPUT, 0).await;
        let error = error.unwrap_err();
        assert!(matches!(error, InferenceError::Memory { .. }), "{error}");
    });
}

fn pinned(version: &str, threads: usize) -> Class {
    Class::Pinned(Pinned {
        runtime: "rten".into(),
        version: version.into(),
        provider: "cpu".into(),
        threads: NonZeroUsize::new(threads).unwrap(),
        optimisation: "disabled".into(),
        gpu: None,
    })
}

pub(crate) fn a_model_that_takes_all_memory_ends_its_worker_only() {
    block_on(async {
        // 4 GiB of ones, of which the picture is a corner.
        let graph = Graph::new()
            .input("prompt", UINT8, &[1, 256])
            .input("latent", UINT8, &[1, 16])
            .input("choice", UINT8, &[1, 10])
            .constant("wide", INT64, &[2], &[4 << 20, 256])
            .constant("from", INT64, &[2], &[0, 0])
            .constant("to", INT64, &[2], &[64, 64])
            .node(
                "Cast",
                &["prompt"],
                "numbers",
                &[("to", Attribute::Int(INT32))],
            )
            .node("Expand", &["numbers", "wide"], "large", &[])
            .node("Slice", &["large", "from", "to"], "corner", &[])
            .node(
                "Cast",
                &["corner"],
                "image",
                &[("to", Attribute::Int(UINT8))],
            )
            .output("image", UINT8, &[64, 64])
            .finish();
        let greedy = another("greedy", pinned("0.27.0", 1), &graph);
        let limits = Limits {
            memory_bytes: Some(2 << 30),
            ..Limits::default()
        };
        let options = WorkerOptions {
            limits,
            ..options()
        };
        let workers = pool("serve", options, 1);
        let error = workers.solve(&greedy, INPUT, 0).await.unwrap_err();
        let exhausted = matches!(
            error,
            InferenceError::Worker(WorkerError::OutOfMemory { .. })
        );
        assert!(exhausted && error.blame() == Blame::Machine, "{error}");
        // The next task is served as if nothing had been.
        let solved = workers.solve(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
    });
}

pub(crate) fn a_pinned_model_runs_with_its_own_options_and_on_nothing_else() {
    block_on(async {
        let graph = bundle().file("generator.onnx").unwrap().clone();
        // Two threads, whatever the pool is told.
        let two = another("two threads", pinned("0.27.0", 2), &graph);
        let workers = pool("serve", options(), 1);
        assert_eq!(workers.solve(&two, INPUT, 5).await.unwrap(), expected(5));
        let old = another("old", pinned("0.26.0", 1), &graph);
        let error = workers.solve(&old, INPUT, 5).await.unwrap_err();
        assert!(matches!(error, InferenceError::Pinned { .. }), "{error}");
        let elsewhere = Class::Pinned(Pinned {
            runtime: "onnxruntime".into(),
            version: "1.31.1".into(),
            provider: "cpu".into(),
            threads: NonZeroUsize::MIN,
            optimisation: "all".into(),
            gpu: None,
        });
        let elsewhere = another("elsewhere", elsewhere, &graph);
        let error = workers.solve(&elsewhere, INPUT, 5).await.unwrap_err();
        assert!(matches!(error, InferenceError::Nowhere { .. }), "{error}");
        assert_eq!(error.blame(), Blame::Machine);
    });
}
