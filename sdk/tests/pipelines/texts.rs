//! Texts that tasks bring: by themselves, or in files that they name.

use std::sync::Arc;

use arbius_sdk::content::unixfs::{self, Layout};
use arbius_sdk::content::{Cid, FolderStore};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::task_files::MAX_PATH_NAMES;
use arbius_sdk::inference::{
    Blame, FileError, FileSource, FileSources, InProcess, InferenceError, Solver,
};
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};

use crate::made::{Model, runtimes};
use crate::onnx_writer::{Graph, INT64, UINT8};

/// Bytes that the model below takes and gives.
const LENGTH: i64 = 32;

/// A model that says what it was told.
fn echo() -> Model {
    let graph = Graph::new()
        .input("prompt", UINT8, &[1, LENGTH])
        .constant("shape", INT64, &[2], &[4, LENGTH / 4])
        .node("Reshape", &["prompt", "shape"], "text", &[])
        .output("text", UINT8, &[4, LENGTH / 4]);
    Model {
        pipeline: json!({
            "kind": "text_to_text", "graph": "echo.onnx",
            "prompt": {
                "variable": ["prompt", "text"], "tensor": "prompt",
                "encoding": "spaced_bytes", "length": LENGTH,
            },
            "noise": [],
            "text": {"tensor": "text", "filename": "out-1.txt"},
        }),
        inputs: json!([
            {"variable": "prompt", "type": "string", "default": ""},
            {"variable": "text", "type": "file", "default": ""},
        ]),
        output: ("out-1.txt", "text"),
        files: [("echo.onnx".to_owned(), graph.finish())].into(),
    }
}

/// A folder of blocks that holds a file as a task's output lies there, and the folder's CID.
async fn kept(bytes: &[u8]) -> (tempfile::TempDir, FolderStore, Cid) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let files = [("out-1.txt", bytes)];
    let made = unixfs::import_files(Layout::KUBO, &files, &store).await;
    let cid = made.unwrap().cid;
    (folder, store, cid)
}

/// What the model makes of an input, with files from there.
async fn said(source: Arc<dyn FileSource>, input: Json) -> Result<String, InferenceError> {
    let bundle = echo().bundle(&Rten).unwrap();
    let solver = InProcess::default().with_files(source);
    let made = solver
        .solve(&bundle, input.to_string().as_bytes(), 0)
        .await?;
    Ok(String::from_utf8(made.files[0].bytes.clone()).unwrap())
}

#[test]
fn a_text_is_what_the_graph_gives_without_its_zeros_on_every_runtime() {
    for runtime in runtimes() {
        let say = |text: &str| echo().solve(runtime.as_ref(), &json!({ "prompt": text }), 0);
        assert_eq!(say("a fox").unwrap(), b" a fox ");
        // Cut in the middle of a letter, so that what comes out is no text.
        let error = say(&format!("x{}", "ö".repeat(40))).unwrap_err();
        assert_eq!(error.blame(), Blame::Model, "{error}");
        assert!(error.to_string().contains("not UTF-8"), "{error}");
    }
}

#[tokio::test]
async fn a_task_names_the_output_of_another_by_its_cid_and_path() {
    let (_folder, store, cid) = kept(b"a fox\n").await;
    let store = Arc::new(store);
    let text = format!("{cid}/out-1.txt");
    let named = said(store.clone(), json!({ "text": text })).await;
    assert_eq!(named.unwrap(), " a fox\n ");
    let both = said(store.clone(), json!({ "prompt": "draw", "text": text })).await;
    assert_eq!(both.unwrap(), " draw a fox\n ");
    // The file by itself, and neither.
    let file = unixfs::cid_of(b"a fox\n").to_string();
    assert_eq!(
        said(store.clone(), json!({ "text": file })).await.unwrap(),
        " a fox\n "
    );
    assert_eq!(said(store, json!({})).await.unwrap(), "  ");
}

#[tokio::test]
async fn what_is_no_text_or_too_long_is_the_task_s_fault() {
    let long = vec![b'x'; (1 << 16) + 1];
    for (bytes, reason) in [
        (&[b'a', 0xff][..], "its byte 1 is not UTF-8"),
        (&long, "a file of 65537 bytes; a text has at most 65536"),
    ] {
        let (_folder, store, cid) = kept(bytes).await;
        let input = json!({ "text": format!("{cid}/out-1.txt") });
        let error = said(Arc::new(store), input).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("input `text`") && text.contains(reason),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_path_that_leads_to_no_file_is_the_task_s_fault_everywhere() {
    let (_folder, store, cid) = kept(b"a fox").await;
    let store: Arc<dyn FileSource> = Arc::new(store);
    let deep = format!("{cid}{}", "/a".repeat(MAX_PATH_NAMES + 1));
    let long = format!("{cid}/{}", "a".repeat(1025));
    let nowhere = [
        (format!("{cid}"), "is a directory"),
        (format!("{cid}/out-2.txt"), "has no entry `out-2.txt`"),
        (format!("{cid}/out-1.txt/more"), "no entry"),
        (format!("{cid}/"), "every name of a path"),
        (format!("{cid}//out-1.txt"), "every name of a path"),
        (format!("{cid}/../out-1.txt"), "every name of a path"),
        (deep, "at most 16 names"),
        (long, "at most 16 names and 1024 bytes"),
        ("/out-1.txt".into(), "is not a CID"),
        (format!("/ipfs/{cid}/out-1.txt"), "is not a CID"),
    ];
    for (text, reason) in nowhere {
        let error = said(store.clone(), json!({ "text": text }))
            .await
            .unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{text}: {error}");
        assert!(error.to_string().contains(reason), "{text}: {error}");
    }
}

/// A source that cannot be reached.
#[derive(Debug)]
struct Away;

impl FileSource for Away {
    fn read<'a>(&'a self, _: &'a Cid, _: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async { Err(FileError::Unavailable("it is away".into())) })
    }
}

#[tokio::test]
async fn sources_are_asked_in_turn_and_a_file_that_none_has_is_nobody_s_fault() {
    let (_folder, store, cid) = kept(b"a fox").await;
    let (_empty_folder, empty, _) = kept(b"something else").await;
    let input = json!({ "text": format!("{cid}/out-1.txt") });
    let found = FileSources(vec![
        Arc::new(Away),
        Arc::new(empty.clone()),
        Arc::new(store),
    ]);
    assert_eq!(
        said(Arc::new(found), input.clone()).await.unwrap(),
        " a fox "
    );
    for sources in [
        vec![],
        vec![Arc::new(empty) as Arc<dyn FileSource>, Arc::new(Away)],
    ] {
        let error = said(Arc::new(FileSources(sources)), input.clone()).await;
        let error = error.unwrap_err();
        assert_eq!(error.blame(), Blame::Machine, "{error}");
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    for (field, change) in [
        (
            "prompt.variable",
            (|p| p["prompt"]["variable"] = "p".into()) as fn(&mut Json),
        ),
        ("prompt.variable", |p| p["prompt"]["variable"] = json!([])),
        ("prompt.variable", |p| {
            p["prompt"]["variable"] = json!(vec!["prompt"; 9])
        }),
        ("prompt.tensor", |p| p["prompt"]["tensor"] = "t".into()),
        ("prompt.length", |p| p["prompt"]["length"] = 33.into()),
        ("text.tensor", |p| p["text"]["tensor"] = "t".into()),
        ("text.filename", |p| p["text"]["filename"] = "f".into()),
        ("graph", |p| p["graph"] = "g.onnx".into()),
    ] {
        let error = echo().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
}
