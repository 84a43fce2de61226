//! The child's end: what `arbius infer-worker` runs.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use thiserror::Error;

use super::frame::{self, Frame};
use super::limits::{self, Limits};
use super::message::{PROTOCOL, Request, Response};
use crate::inference::model::LoadedModel;
use crate::inference::runtime::{Runtime, SessionOptions};
use crate::inference::{Blame, InferenceError};
use crate::model::{Bundle, BundleError};

/// The most bytes that a bundle may have in one message.
pub const MAX_REQUEST_BYTES: u64 = 1 << 36;

/// Why the child gives up. What goes wrong with a model is answered, not returned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The pipes failed, or what came was not a frame. Somebody who starts the worker by
    /// hand sees this.
    #[error(
        "the worker speaks frames on standard input and output, with the program that starts it: {0}"
    )]
    Pipe(#[from] io::Error),
    /// A message could not be read.
    #[error("a message cannot be read: {0}. Use the same version of the program on both ends")]
    Message(#[from] serde_json::Error),
    /// The parent is of another version.
    #[error("the parent speaks version {0}, this worker {PROTOCOL}; use the same program for both")]
    Protocol(u32),
    /// The first message was not a greeting.
    #[error("the first message must be a greeting")]
    NoGreeting,
}

/// Serves until standard input ends.
///
/// # Errors
/// [`ServeError`] if the parent cannot be understood.
pub fn serve(mut from: impl Read, mut to: impl Write) -> Result<(), ServeError> {
    let Some(first) = frame::read(&mut from, MAX_REQUEST_BYTES)? else {
        return Ok(());
    };
    let Request::Hello {
        protocol,
        runtime,
        session,
        limits,
    } = serde_json::from_slice(&first.header)?
    else {
        return Err(ServeError::NoGreeting);
    };
    if protocol != PROTOCOL {
        return Err(ServeError::Protocol(protocol));
    }
    let started = runtime
        .start()
        .map_err(InferenceError::from)
        .and_then(|runtime| {
            // Loading a library opens files; what follows needs no more than memory.
            limits::confine(&limits).map_err(|reason| InferenceError::Reported {
                blame: Blame::Machine,
                message: format!("the worker cannot be confined: {reason}"),
            })?;
            limits::allow_cpu_time(&limits);
            Ok(runtime)
        });
    let runtime = match started {
        Ok(runtime) => runtime,
        Err(error) => return answer(&mut to, &failed(&error), Vec::new()),
    };
    answer(
        &mut to,
        &Response::Ready {
            runtime: runtime.id(),
            providers: runtime.providers(),
        },
        Vec::new(),
    )?;
    let mut worker = Serving {
        runtime,
        session,
        limits,
        models: HashMap::new(),
    };
    while let Some(frame) = frame::read(&mut from, MAX_REQUEST_BYTES)? {
        let (response, blobs) = match worker.handle(frame)? {
            Ok(done) => done,
            Err(error) => (failed(&error), Vec::new()),
        };
        answer(&mut to, &response, blobs)?;
    }
    Ok(())
}

fn answer(to: &mut impl Write, response: &Response, blobs: Vec<Vec<u8>>) -> Result<(), ServeError> {
    frame::write(
        to,
        &Frame {
            header: serde_json::to_vec(response)?,
            blobs,
        },
    )?;
    Ok(())
}

fn failed(error: &InferenceError) -> Response {
    Response::Failed {
        blame: error.blame(),
        message: error.to_string(),
    }
}

struct Serving {
    runtime: Arc<dyn Runtime>,
    session: SessionOptions,
    limits: Limits,
    models: HashMap<String, LoadedModel>,
}

type Answer = Result<(Response, Vec<Vec<u8>>), InferenceError>;

impl Serving {
    fn handle(&mut self, frame: Frame) -> Result<Answer, ServeError> {
        let request: Request = serde_json::from_slice(&frame.header)?;
        limits::allow_cpu_time(&self.limits);
        Ok(match request {
            Request::Hello { .. } => Err(reported(Blame::Machine, "a second greeting")),
            Request::Load { files } => self.load(&files, &frame.blobs),
            Request::Solve {
                bundle,
                seed,
                files,
            } => self.solve(&bundle, seed, files, frame.blobs),
        })
    }

    fn load(&mut self, names: &[String], blobs: &[Vec<u8>]) -> Answer {
        let [template, manifest, files @ ..] = blobs else {
            return Err(reported(
                Blame::Machine,
                "a bundle without template and manifest",
            ));
        };
        let files = names
            .iter()
            .map(String::as_str)
            .zip(files.iter().map(Vec::as_slice));
        let bundle = Bundle::from_bytes(template, manifest, files)
            .map_err(|error: BundleError| reported(Blame::Model, error.to_string()))?;
        let model = LoadedModel::load(self.runtime.as_ref(), &bundle, &self.session)?;
        let cid = bundle.template_cid().to_string();
        self.models.insert(cid.clone(), model);
        Ok((Response::Loaded { bundle: cid }, Vec::new()))
    }

    fn solve(&mut self, bundle: &str, seed: u64, cids: Vec<String>, blobs: Vec<Vec<u8>>) -> Answer {
        if blobs.len() != cids.len() + 1 {
            return Err(reported(
                Blame::Machine,
                "a task without its input or files",
            ));
        }
        let mut blobs = blobs.into_iter();
        let input = blobs.next().unwrap_or_default();
        let files = cids.into_iter().zip(blobs.map(Arc::from)).collect();
        let model = self
            .models
            .get_mut(bundle)
            .ok_or_else(|| reported(Blame::Machine, format!("bundle {bundle} is not loaded")))?;
        let outputs = model.solve_with(&input, seed, &files)?;
        let (files, blobs) = outputs
            .files
            .into_iter()
            .map(|file| (file.name, file.bytes))
            .unzip();
        Ok((Response::Solved { files }, blobs))
    }
}

fn reported(blame: Blame, message: impl Into<String>) -> InferenceError {
    InferenceError::Reported {
        blame,
        message: message.into(),
    }
}
