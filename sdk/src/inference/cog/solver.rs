//! Cog servers behind [`Solver`].

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;

use super::{CogClient, CogCommand, CogError, CogLimits, CogProcess, output};
use crate::inference::model::Outputs;
use crate::inference::runtime::{Device, RuntimeId, SessionOptions};
use crate::inference::task_files::{self, FileSource};
use crate::inference::{InferenceError, Solver, pin};
use crate::model::input::{Inputs, Value};
use crate::model::{Bundle, Class};

/// A model on a Cog server, one task at a time.
///
/// ```
/// use std::sync::Arc;
/// use arbius_sdk::inference::{
///     Cog, Solver,
///     cog::{CogCommand, CogLimits},
/// };
///
/// // A container that runs already, or a predictor that is started for the first task.
/// let container: Arc<dyn Solver> = Arc::new(Cog::at("http://127.0.0.1:5000", CogLimits::default())?);
/// let command = CogCommand::python("python3", "models/predictor");
/// let process: Arc<dyn Solver> = Arc::new(Cog::start(command, CogLimits::default()));
/// # Ok::<(), arbius_sdk::inference::cog::CogError>(())
/// ```
#[derive(Debug)]
pub struct Cog {
    server: Server,
    limits: CogLimits,
    files: Option<Arc<dyn FileSource>>,
    version: SyncMutex<Option<String>>,
}

#[derive(Debug)]
enum Server {
    /// Somebody else's: found, and never restarted.
    Elsewhere(CogClient, Mutex<()>),
    /// Our own: started when it is needed, and again when it has died.
    Ours(Box<CogCommand>, Mutex<Option<Box<CogProcess>>>),
}

impl Cog {
    /// A server that runs, such as a model's container, by its address.
    ///
    /// # Errors
    /// [`CogError::Url`], [`CogError::Client`].
    pub fn at(url: &str, limits: CogLimits) -> Result<Self, CogError> {
        let client = CogClient::new(url, limits.clone())?;
        Ok(Self::new(
            Server::Elsewhere(client, Mutex::default()),
            limits,
        ))
    }

    /// A server that is started as a child process for its first task.
    pub fn start(command: CogCommand, limits: CogLimits) -> Self {
        Self::new(Server::Ours(Box::new(command), Mutex::default()), limits)
    }

    fn new(server: Server, limits: CogLimits) -> Self {
        Self {
            server,
            limits,
            files: None,
            version: SyncMutex::default(),
        }
    }

    /// Names where the files that tasks name come from.
    #[must_use]
    pub fn with_files(mut self, source: Arc<dyn FileSource>) -> Self {
        self.files = Some(source);
        self
    }

    async fn run(
        &self,
        bundle: &Bundle,
        input: &[u8],
        seed: u64,
        afresh: bool,
    ) -> Result<Outputs, InferenceError> {
        let files = task_files::bring(self.files.as_deref(), bundle, input).await?;
        let inputs = bundle.template().hydrate(input, seed)?;
        let files = task_files::by_variable(bundle, inputs.values(), &files)?;
        let input = input_of(&inputs.with_files(files));
        match &self.server {
            Server::Elsewhere(client, turn) => {
                let _turn = turn.lock().await;
                client.ready().await?;
                self.checked(bundle, client).await?;
                let output = client.predict(&input).await?;
                self.outputs(bundle, &output)
            }
            Server::Ours(command, process) => {
                // The lock is the turn as well. A task that is given up leaves the server as
                // it is: the prediction is cancelled.
                let mut slot = process.lock().await;
                let is_dead = match slot.as_mut() {
                    Some(process) => process.death().await.is_some(),
                    None => false,
                };
                if is_dead || afresh {
                    *slot = None;
                }
                if slot.is_none() {
                    *slot = Some(Box::new(CogProcess::start(command, &self.limits).await?));
                }
                let Some(process) = slot.as_mut() else {
                    return Err(InferenceError::Nowhere {
                        reasons: "the Cog server is gone".into(),
                    });
                };
                let client = process.client().clone();
                self.checked(bundle, &client).await?;
                match client.predict(&input).await {
                    Ok(output) => self.outputs(bundle, &output),
                    Err(error) => {
                        // A broken connection is explained better by the end of the server.
                        let death = process.death().await;
                        let keeps =
                            matches!(error, CogError::Refused { .. } | CogError::Failed { .. });
                        if death.is_some() || !keeps {
                            *slot = None;
                        }
                        Err(death.unwrap_or(error).into())
                    }
                }
            }
        }
    }

    fn outputs(&self, bundle: &Bundle, output: &Json) -> Result<Outputs, InferenceError> {
        let outputs = &bundle.template().output;
        Ok(output::files(
            outputs,
            output,
            self.limits.max_output_bytes,
        )?)
    }

    /// Asserts that a model that is pinned is pinned to this.
    async fn checked(&self, bundle: &Bundle, client: &CogClient) -> Result<(), InferenceError> {
        let version = client.version().await?;
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.clone());
        let Class::Pinned(pinned) = &bundle.passport().class else {
            return Ok(());
        };
        let runtime = RuntimeId {
            name: "cog".into(),
            version,
        };
        // Threads and levels are the container's own affair, and so is its GPU's number.
        let device = match pinned.provider.as_str() {
            "cuda" => Device::Cuda {
                ordinal: 0,
                memory_bytes: None,
            },
            _ => Device::Cpu,
        };
        let options = pin::session_options(pinned, device).unwrap_or(SessionOptions {
            device,
            ..SessionOptions::default()
        });
        pin::check(pinned, &runtime, &options)
    }
}

impl Solver for Cog {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(self.run(bundle, input, seed, false))
    }

    /// A server of our own is started anew; one that is somebody else's cannot be.
    fn solve_afresh<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(self.run(bundle, input, seed, true))
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        let version = self.version.lock();
        let version = version.unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(RuntimeId {
            name: "cog".into(),
            version,
        })
    }
}

/// The template's variables and the seed, as the reference's miners send them; files as data
/// URIs (RFC 2397), which Cog reads as it reads addresses.
fn input_of(inputs: &Inputs) -> Map<String, Json> {
    let mut input = Map::new();
    for (variable, value) in inputs.values() {
        let json = match value {
            Value::Text(text) => text.clone().into(),
            Value::Int(number) => (*number).into(),
            Value::Decimal(number) => (*number).into(),
            Value::File(_) => match inputs.file(variable) {
                Some(bytes) => {
                    let data = STANDARD.encode(bytes);
                    format!("data:application/octet-stream;base64,{data}").into()
                }
                // An optional one that was left out.
                None => continue,
            },
        };
        input.insert(variable.clone(), json);
    }
    input.insert("seed".into(), inputs.seed.into());
    input
}
