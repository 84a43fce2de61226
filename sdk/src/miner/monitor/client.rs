//! Asking the monitor of a running miner.

use std::{io::Write as _, path::Path, time::Duration};

use alloy_primitives::B256;
use serde::de::DeserializeOwned;

use super::{MonitorAddress, Status};
use crate::{
    http::{self, HttpError},
    miner::{Backup, BackupError, Job, JobFilter},
};

/// How long an answer may take: a long list of jobs, a backup.
const PATIENCE: Duration = Duration::from_secs(120);

/// The largest answer that is read, bytes.
const LARGEST: usize = 256 << 20;

/// Why a monitor gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody answers at the address: the miner was killed and has left its file behind.
    #[error("no miner answers at {url}")]
    Gone {
        /// The address.
        url: String,
    },
    /// Something else went wrong.
    #[error("{url} cannot be asked: {reason}")]
    Failed {
        /// The address.
        url: String,
        /// What.
        reason: String,
    },
    /// The client cannot be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What came cannot be kept.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// A connection to the monitor of a running miner.
#[derive(Clone, Debug)]
pub struct MonitorClient {
    client: reqwest::Client,
    url: String,
}

impl MonitorClient {
    /// The monitor of the miner that runs with `folder`, if its address is there.
    ///
    /// # Errors
    ///
    /// [`AskError::Http`].
    pub fn find(folder: &Path) -> Result<Option<Self>, AskError> {
        let Some(address) = MonitorAddress::find(folder) else {
            return Ok(None);
        };
        let builder = http::builder()?.timeout(PATIENCE).no_proxy();
        let client = builder.build().map_err(HttpError::from)?;
        Ok(Some(Self {
            client,
            url: address.url,
        }))
    }

    /// How the miner stands.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub async fn status(&self) -> Result<Status, AskError> {
        self.json("/status".to_owned())
            .await?
            .ok_or_else(|| self.failed("it has no status; is another program at that address?"))
    }

    /// Jobs that a filter lets through, oldest first.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, AskError> {
        let mut query = Vec::new();
        if !filter.states.is_empty() {
            let names: Vec<_> = filter.states.iter().map(|state| state.name()).collect();
            query.push(format!("states={}", names.join(",")));
        }
        query.extend(filter.model.map(|model| format!("model={model}")));
        query.extend(filter.since.map(|since| format!("since={since}")));
        query.extend(filter.limit.map(|limit| format!("limit={limit}")));
        let jobs = self.json(format!("/jobs?{}", query.join("&"))).await?;
        Ok(jobs.unwrap_or_default())
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub async fn job(&self, task: B256) -> Result<Option<Job>, AskError> {
        self.json(format!("/jobs/{task}")).await
    }

    /// Writes a backup of its store, whole or not at all, and checks it.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub async fn backup(&self, to: &Path) -> Result<Backup, AskError> {
        let mut response = self.get("/backup".to_owned()).await?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let failed = |source| BackupError::File {
            path: to.to_owned(),
            action: "written",
            source,
        };
        let folder = match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".backup-")
            .tempfile_in(folder)
            .map_err(failed)?;
        while let Some(bytes) = response
            .chunk()
            .await
            .map_err(|error| self.failed(error.to_string()))?
        {
            file.write_all(&bytes).map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        let backup = Backup::verify(file.path())?;
        file.persist(to).map_err(|error| failed(error.error))?;
        Ok(backup)
    }

    /// What is at a path; nothing where there is nothing.
    async fn json<T: DeserializeOwned>(&self, path: String) -> Result<Option<T>, AskError> {
        let response = self.get(path).await?;
        let status = response.status();
        if status.as_u16() == 404 {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(self.refused(response).await);
        }
        let bytes = self.bytes(response).await?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            self.failed(format!(
                "its answer cannot be read ({error}); is another program at that address?"
            ))
        })
    }

    /// A whole answer, if it is not too large: another program may have the address by now.
    async fn bytes(&self, mut response: reqwest::Response) -> Result<Vec<u8>, AskError> {
        let mut bytes = Vec::new();
        while let Some(more) = response
            .chunk()
            .await
            .map_err(|error| self.failed(error.to_string()))?
        {
            if bytes.len() + more.len() > LARGEST {
                return Err(self.failed("its answer is too large; ask for fewer jobs"));
            }
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }

    async fn get(&self, path: String) -> Result<reqwest::Response, AskError> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await;
        answer.map_err(|error| match error.is_connect() {
            true => AskError::Gone {
                url: self.url.clone(),
            },
            false => self.failed(error.without_url().to_string()),
        })
    }

    async fn refused(&self, response: reqwest::Response) -> AskError {
        let status = response.status();
        let told: Option<serde_json::Value> = match self.bytes(response).await {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(_) => None,
        };
        let reason = told
            .as_ref()
            .and_then(|told| told["error"].as_str())
            .map_or_else(|| status.to_string(), str::to_owned);
        self.failed(reason)
    }

    fn failed(&self, reason: impl Into<String>) -> AskError {
        AskError::Failed {
            url: self.url.clone(),
            reason: reason.into(),
        }
    }
}
