//! Models on Cog servers: a real one, and ones that misbehave in every way.
//!
//! The real server needs a Python with the package cog, named by `ARBIUS_COG_PYTHON`
//! (`.ci/install-cog` makes one and prints its path). Without it those tests are skipped,
//! unless `ARBIUS_REQUIRE` names `cog`.
#![cfg(feature = "inference")]

mod parts;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arbius_sdk::inference::cog::{CogCommand, CogError, CogLimits, CogProcess};
use arbius_sdk::inference::pack::{Example, Parts, pack_with};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::worker::Limits;
use arbius_sdk::inference::{
    Blame, Cog, InProcess, InferenceError, LoadedModel, Outputs, SessionOptions, Solver, Solvers,
};
use arbius_sdk::model::pipeline::Cog as Container;
use arbius_sdk::model::{Bundle, Class, Pinned, Pipeline};
use parts::part;
use serde_json::{Value as Json, json};

const IMAGE: &str =
    "r8.im/somebody/model@sha256:8dadcc4452c92696c3ef329dde575c295b1d40ccfbf7361000f5200421795c4a";

/// A model in a container, pinned to that version of Cog.
fn pinned(version: &str) -> Class {
    Class::Pinned(Pinned {
        runtime: "cog".into(),
        version: version.into(),
        provider: "cpu".into(),
        threads: NonZeroUsize::MIN,
        optimisation: "all".into(),
        gpu: None,
    })
}

/// What the author of a model in a container writes.
fn parts(class: Class, template: &Json) -> Parts {
    Parts {
        template: template.to_string().into_bytes(),
        name: "container".into(),
        license: "MIT".into(),
        pipeline: Pipeline::Cog(Container {
            image: IMAGE.into(),
        }),
        files: [("picture.bin".to_owned(), b"a picture".to_vec())].into(),
        class,
        examples: vec![Example {
            input: json!({"prompt": "x"}),
            seed: 7,
        }],
    }
}

/// Its bundle, with the outputs of a server that returns a byte.
fn bundle(template: &Json) -> Bundle {
    let server = Server::predicting(|stream| ok(stream, &succeeded(json!("data:;base64,AA=="))));
    let cog = Cog::at(&server.url, limits()).unwrap();
    let packed = block_on(pack_with(&parts(pinned("0.14.12"), template), &cog));
    packed.unwrap().bundle
}

fn template() -> Json {
    json!({
        "meta": {"title": "Container", "docker": "r8.im/somebody/model@sha256:00"},
        "input": [
            {"variable": "prompt", "type": "string", "required": true, "default": ""},
            {"variable": "steps", "type": "int", "required": false, "min": 1, "default": 20},
            {"variable": "image", "type": "file", "required": false, "default": ""}
        ],
        "output": [{"filename": "out-1.png", "type": "image"}]
    })
}

fn limits() -> CogLimits {
    CogLimits {
        setup: Duration::from_secs(60),
        solve: Duration::from_secs(20),
        max_output_bytes: 1 << 20,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A server of which each answer is written here. It keeps the requests that it got.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

type Answer = Arc<dyn Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync>;

impl Server {
    /// A server that is well but for its predictions.
    fn predicting(
        predict: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |path, stream| match path {
            "/" => ok(stream, &json!({"cog_version": "0.14.12"})),
            "/health-check" => ok(stream, &json!({"status": "READY", "setup": {}})),
            "/predictions" => predict(stream),
            _ => ok(stream, &json!({})),
        })
    }

    fn new(
        answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let answer: Answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                std::thread::spawn(move || {
                    let Ok(mut stream) = stream else { return };
                    let Some(request) = read(&mut stream) else {
                        return;
                    };
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    kept.lock().unwrap().push(request);
                    let _ = answer(&path, &mut stream);
                });
            }
        });
        Self { url, requests }
    }

    fn solve(&self, limits: CogLimits) -> Result<Outputs, InferenceError> {
        let cog = Cog::at(&self.url, limits).unwrap();
        block_on(cog.solve(&bundle(&template()), br#"{"prompt": "x"}"#, 7))
    }

    /// Waits until it has got a request that fits.
    async fn got(&self, fits: impl Fn(&str) -> bool) {
        let has = || {
            let requests = self.requests.lock().unwrap();
            requests.iter().any(|text| fits(text))
        };
        for _ in 0..600 {
            if has() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{:?}", self.requests.lock().unwrap());
    }

    fn fails(&self, limits: CogLimits) -> CogError {
        match self.solve(limits) {
            Err(InferenceError::Cog(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

/// One request with its body.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let line = line.to_ascii_lowercase();
                line.strip_prefix("content-length:")?
                    .trim()
                    .parse::<usize>()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

fn respond(stream: &mut TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}

fn ok(stream: &mut TcpStream, body: &Json) -> std::io::Result<()> {
    respond(stream, "200 OK", body.to_string().as_bytes())
}

fn succeeded(output: Json) -> Json {
    json!({"status": "succeeded", "output": output})
}

#[test]
fn a_model_in_a_container_runs_on_its_server_and_nowhere_else() {
    let server = Server::predicting(|stream| ok(stream, &succeeded(json!("data:;base64,AA=="))));
    let bundle = bundle(&template());
    let golden = &bundle.passport().goldens[0];
    let graphs: Arc<dyn Solver> = Arc::new(InProcess::default());
    let none = Solvers::new(Arc::clone(&graphs));
    let input = golden.input.to_string();
    let error = block_on(none.solve(&bundle, input.as_bytes(), golden.seed)).unwrap_err();
    assert!(error.to_string().contains("--cog container=URL"), "{error}");
    assert_eq!(error.blame(), Blame::Machine);
    let cog: Arc<dyn Solver> = Arc::new(Cog::at(&server.url, limits()).unwrap());
    let solvers = Solvers::new(graphs).with(*bundle.cid(), cog);
    let outputs = block_on(solvers.solve(&bundle, input.as_bytes(), golden.seed)).unwrap();
    assert_eq!(outputs.cid().unwrap().to_string(), golden.cid);
    let error = LoadedModel::load(&Rten, &bundle, &SessionOptions::default());
    assert!(matches!(error.err(), Some(InferenceError::Pinned { .. })));
}

#[test]
fn a_container_of_another_version_or_class_is_refused() {
    let server = Server::predicting(|stream| ok(stream, &succeeded(json!("data:;base64,AA=="))));
    let cog = Cog::at(&server.url, limits()).unwrap();
    let pack = |parts: &Parts| match block_on(pack_with(parts, &cog)) {
        Ok(_) => panic!("it was packed"),
        Err(error) => error.to_string(),
    };
    let error = pack(&parts(pinned("0.9.0"), &template()));
    assert!(
        error.contains("pinned to cog 0.9.0") && error.contains("cog 0.14.12"),
        "{error}"
    );
    // There is no graph to decide that class from.
    let error = pack(&parts(Class::Integer {}, &template()));
    assert!(error.contains("`pipeline.kind`"), "{error}");
    let mut loose = parts(pinned("0.14.12"), &template());
    loose.pipeline = Pipeline::Cog(Container {
        image: "r8.im/somebody/model:latest".into(),
    });
    let error = pack(&loose);
    assert!(
        error.contains("`pipeline.image`") && error.contains("digest"),
        "{error}"
    );
}

#[test]
fn inputs_and_the_seed_go_out_and_files_come_back() {
    let server =
        Server::predicting(|stream| ok(stream, &succeeded(json!(["data:image/png;base64,AAEC"]))));
    let outputs = server.solve(limits()).unwrap();
    assert_eq!(outputs.files.len(), 1);
    assert_eq!(
        (outputs.files[0].name.as_str(), &outputs.files[0].bytes[..]),
        ("out-1.png", &[0, 1, 2][..])
    );
    let requests = server.requests.lock().unwrap();
    let sent = requests
        .iter()
        .find(|text| text.starts_with("POST /predictions "))
        .unwrap();
    let body: Json = serde_json::from_str(sent.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        body["input"],
        json!({"prompt": "x", "steps": 20, "seed": 7})
    );
}

#[test]
fn files_of_a_task_go_out_as_data_uris() {
    let server = Server::predicting(|stream| ok(stream, &succeeded(json!("data:;base64,AA=="))));
    let bundle = bundle(&template());
    // A file of the bundle needs nobody to bring it.
    let file = bundle.manifest().file("picture.bin").unwrap();
    let input = json!({"prompt": "x", "image": file.cid}).to_string();
    let cog = Cog::at(&server.url, limits()).unwrap();
    block_on(cog.solve(&bundle, input.as_bytes(), 7)).unwrap();
    let requests = server.requests.lock().unwrap();
    let sent = requests
        .iter()
        .find(|text| text.starts_with("POST /predictions "))
        .unwrap();
    assert!(
        sent.contains("\"image\":\"data:application/octet-stream;base64,YSBwaWN0dXJl"),
        "{sent}"
    );
}

#[test]
fn what_the_server_answers_wrongly_is_an_error_with_its_kind() {
    let error = Server::predicting(|stream| {
        respond(
            stream,
            "422 Unprocessable Entity",
            b"{\"detail\": \"steps > 50\"}",
        )
    })
    .fails(limits());
    assert!(matches!(&error, CogError::Refused { reason } if reason.contains("steps > 50")));
    assert_eq!(error.blame(), Blame::Input);

    let error =
        Server::predicting(|stream| respond(stream, "503 Service Unavailable", b"overloaded"))
            .fails(limits());
    assert!(
        matches!(&error, CogError::Status { status: 503, reason, .. } if reason == "overloaded"),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Machine);

    for body in [
        "",
        "<html>",
        "[]",
        "{\"status\": 7}",
        "{\"status\": \"dancing\"}",
        "\u{0}",
    ] {
        let error = Server::predicting(move |stream| respond(stream, "200 OK", body.as_bytes()))
            .fails(limits());
        assert!(
            matches!(error, CogError::Garbage { .. }),
            "{body:?}: {error}"
        );
        assert_eq!(error.blame(), Blame::Machine);
    }

    let error = Server::predicting(|stream| {
        ok(
            stream,
            &json!({"status": "failed", "error": "CUDA out of memory", "output": null}),
        )
    })
    .fails(limits());
    assert!(matches!(&error, CogError::Failed { reason, .. } if reason == "CUDA out of memory"));
    assert_eq!(error.blame(), Blame::Machine);

    let error =
        Server::predicting(|stream| ok(stream, &succeeded(json!({"a": 1})))).fails(limits());
    assert!(matches!(error, CogError::Output { .. }), "{error}");

    // A redirection leads nowhere, not even where it points.
    let error = Server::predicting(|stream| {
        write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
        )
    })
    .fails(limits());
    assert!(
        matches!(error, CogError::Status { status: 302, .. }),
        "{error}"
    );
}

#[test]
fn a_server_that_is_not_there_or_hangs_up_is_an_error() {
    let short = CogLimits {
        setup: Duration::from_millis(500),
        ..limits()
    };
    let cog = Cog::at("http://127.0.0.1:1", short).unwrap();
    let error = block_on(cog.solve(&bundle(&template()), br#"{"prompt": "x"}"#, 7)).unwrap_err();
    let absent = matches!(
        error,
        InferenceError::Cog(CogError::Unreachable { .. } | CogError::TimedOut { .. })
    );
    assert!(absent, "{error}");
    let error = Server::predicting(|_| Ok(())).fails(limits());
    assert!(matches!(error, CogError::Unreachable { .. }), "{error}");
    assert!(matches!(
        Cog::at("ftp://x", limits()),
        Err(CogError::Url { .. })
    ));
    assert!(matches!(
        Cog::at("seven", limits()),
        Err(CogError::Url { .. })
    ));
}

#[test]
fn a_server_that_hangs_is_given_up_and_its_prediction_cancelled() {
    let server = Server::predicting(|_| {
        std::thread::sleep(Duration::from_secs(3600));
        Ok(())
    });
    let limit = Duration::from_millis(700);
    let started = Instant::now();
    let error = server.fails(CogLimits {
        solve: limit,
        ..limits()
    });
    assert!(matches!(error, CogError::TimedOut { .. }), "{error}");
    assert_eq!(error.blame(), Blame::Machine);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_task_that_is_given_up_is_cancelled_at_the_server() {
    let server = Server::predicting(|_| {
        std::thread::sleep(Duration::from_secs(3600));
        Ok(())
    });
    let cog = Cog::at(&server.url, limits()).unwrap();
    let bundle = bundle(&template());
    block_on(async {
        // Who asks for it gives it up as soon as the server has it.
        tokio::select! {
            solved = cog.solve(&bundle, br#"{"prompt": "x"}"#, 7) => panic!("{solved:?}"),
            () = server.got(|text| text.starts_with("POST /predictions ")) => {}
        }
        server
            .got(|text| text.starts_with("POST /predictions/") && text.contains("/cancel "))
            .await;
    });
}

#[test]
fn an_endless_body_is_cut_off() {
    let error = Server::predicting(|stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{\"output\": \""
        )?;
        loop {
            stream.write_all(&[b'A'; 65_536])?;
        }
    })
    .fails(limits());
    assert!(matches!(error, CogError::TooLarge { .. }), "{error}");
    // One that trickles in is cut off by the clock.
    let error = Server::predicting(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
        loop {
            stream.write_all(b" ")?;
            std::thread::sleep(Duration::from_millis(50));
        }
    })
    .fails(CogLimits {
        solve: Duration::from_millis(900),
        ..limits()
    });
    assert!(matches!(error, CogError::TimedOut { .. }), "{error}");
}

#[test]
fn a_busy_server_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let server = Server::predicting(move |stream| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => respond(stream, "409 Conflict", b"{\"detail\": \"Already running\"}"),
        _ => ok(stream, &succeeded(json!("data:;base64,AA=="))),
    });
    assert_eq!(server.solve(limits()).unwrap().files[0].bytes, [0]);
    let error =
        Server::predicting(|stream| respond(stream, "409 Conflict", b"{}")).fails(CogLimits {
            solve: Duration::from_millis(700),
            ..limits()
        });
    assert!(matches!(error, CogError::TimedOut { .. }), "{error}");
}

#[test]
fn a_model_that_cannot_be_set_up_says_why() {
    let server = Server::new(|_, stream| {
        ok(
            stream,
            &json!({"status": "SETUP_FAILED", "setup": {"logs": ["No module named 'torch'"]}}),
        )
    });
    let error = server.fails(limits());
    assert!(
        matches!(&error, CogError::Setup { logs, .. } if logs.contains("torch")),
        "{error}"
    );
    let starting = Server::new(|_, stream| ok(stream, &json!({"status": "STARTING"})));
    let error = starting.fails(CogLimits {
        setup: Duration::from_millis(500),
        ..limits()
    });
    assert!(matches!(error, CogError::TimedOut { .. }), "{error}");
}

/// A Python with the package cog, or `None` where the test may be skipped.
fn python() -> Option<PathBuf> {
    part("cog", "ARBIUS_COG_PYTHON").map(PathBuf::from)
}

fn command(python: &Path) -> CogCommand {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cog");
    CogCommand {
        limits: Limits {
            memory_bytes: Some(8 << 30),
            cpu_seconds: None,
        },
        ..CogCommand::python(python, folder)
    }
}

#[test]
fn a_real_server_solves_refuses_fails_and_is_replaced() {
    let Some(python) = python() else { return };
    let cog = Cog::start(command(&python), limits());
    let bundle = bundle(&template());
    let run = async |input: Json| cog.solve(&bundle, input.to_string().as_bytes(), 9).await;
    block_on(async {
        let outputs = run(json!({"prompt": "say", "steps": 3})).await.unwrap();
        assert_eq!(outputs.files[0].bytes, b"say 3 9");
        assert_eq!(cog.runtime_id().unwrap().to_string(), "cog 0.14.12");

        let file = bundle.manifest().file("picture.bin").unwrap();
        let outputs = run(json!({"prompt": "p", "image": file.cid}))
            .await
            .unwrap();
        assert!(outputs.files[0].bytes.starts_with(b"p 20 9 a picture"));

        // Above the container's limit, which the template does not know.
        let error = run(json!({"prompt": "say", "steps": 99}))
            .await
            .unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{error}");
        assert!(error.to_string().contains("steps"), "{error}");

        let error = run(json!({"prompt": "fail"})).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Machine, "{error}");
        assert!(error.to_string().contains("asked to"), "{error}");

        // Its worker ends, and perhaps the server; the next task is served all the same.
        run(json!({"prompt": "die"})).await.unwrap_err();
        let outputs = run(json!({"prompt": "again"})).await.unwrap();
        assert_eq!(outputs.files[0].bytes, b"again 20 9");
        let outputs = cog
            .solve_afresh(&bundle, br#"{"prompt": "new"}"#, 1)
            .await
            .unwrap();
        assert_eq!(outputs.files[0].bytes, b"new 20 1");
    });
}

#[test]
fn a_real_server_that_takes_too_long_is_replaced() {
    let Some(python) = python() else { return };
    // The new server has as long for its first answer as the one that sleeps.
    let limits = CogLimits {
        solve: Duration::from_secs(15),
        ..limits()
    };
    let cog = Cog::start(command(&python), limits);
    let bundle = bundle(&template());
    block_on(async {
        let error = cog
            .solve(&bundle, br#"{"prompt": "sleep"}"#, 1)
            .await
            .unwrap_err();
        assert_eq!(error.blame(), Blame::Machine, "{error}");
        let outputs = cog.solve(&bundle, br#"{"prompt": "on"}"#, 1).await.unwrap();
        assert_eq!(outputs.files[0].bytes, b"on 20 1");
    });
}

#[test]
fn a_server_that_cannot_start_says_why() {
    block_on(async {
        let nowhere = command(Path::new("/nowhere/python"));
        let error = CogProcess::start(&nowhere, &limits()).await.unwrap_err();
        assert!(matches!(&error, CogError::Start { .. }), "{error}");
        assert!(error.to_string().contains("PyPI package cog"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let ends = CogCommand {
            arguments: vec!["-c".into(), "echo no such module >&2; exit 3".into()],
            folder: folder.path().to_owned(),
            ..command(Path::new("/bin/sh"))
        };
        let error = CogProcess::start(&ends, &limits()).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains('3') && text.contains("no such module"),
            "{text}"
        );
    });
}
