//! Fetches results, checked, and keeps them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arbius_sdk::content::{
    Cid, FetchError, PinMode,
    unixfs::{self, ReadError},
};
use eyre::Result;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use crate::{Id, OutputFile, Request, Step, desk::Desk};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Files of one result; a model's template names a few.
const MOST_FILES: usize = 64;

/// The longest name of a file, bytes, as in most file systems.
const LONGEST_NAME: usize = 255;

/// Fetches what was solved, a few at a time.
pub(crate) async fn run(
    desk: Arc<Desk>,
    mut solved: mpsc::UnboundedReceiver<Id>,
    work: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(desk.limits().fetching.max(1)));
    while let Some(id) = solved.recv().await {
        let (desk, places) = (Arc::clone(&desk), Arc::clone(&places));
        work.spawn(async move {
            let stop = desk.stop.clone();
            if let Some(Err(error)) = stop.run_until_cancelled(collect(&desk, &places, id)).await {
                tracing::error!(%id, %error, "a result cannot be kept");
            }
        });
    }
}

/// Tries until the result is here, is no longer wanted, or is given up.
async fn collect(desk: &Desk, places: &Semaphore, id: Id) -> Result<()> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(cid) = wanted(desk.store.get(id)?) else {
            return Ok(());
        };
        let root: Cid = cid.parse()?;
        let fetched = {
            // Given back while it waits for another try.
            let _place = places.acquire().await?;
            fetch(desk, &root).await
        };
        let step = match fetched {
            Ok(files) => {
                let cid = cid.clone();
                Step::Fetched { cid, files }
            }
            Err(NotFetched::Unavailable(error)) if begun.elapsed() < desk.limits().give_up => {
                tracing::warn!(%id, cid, %error, "a result cannot be fetched yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            Err(error) => Step::Failed {
                reason: format!("it is solved, but its result {cid} {error}"),
            },
        };
        // Kept through collections while a request has it, and no longer.
        let _results = desk.results_change().await;
        if matches!(step, Step::Fetched { .. }) {
            desk.results.pin(&root, PinMode::Recursive, None).await?;
        }
        let kept = desk.step(id, step, |request| {
            wanted(Some(request.clone())).as_ref() == Some(&cid)
        })?;
        if kept.is_none() && !desk.store.has_result(&cid)? {
            // Voted down meanwhile, perhaps: nobody asks for it any more.
            desk.results.unpin(&root).await?;
        }
        return Ok(());
    }
}

/// The result that a request waits for.
fn wanted(request: Option<Request>) -> Option<String> {
    let request = request.filter(|request| !request.is_over() && request.files().is_none())?;
    request.solution().map(|(cid, _)| cid.to_owned())
}

/// Why a result is not here.
#[derive(Debug, thiserror::Error)]
enum NotFetched {
    /// Nobody has it, or not all of it could be written down: another try may help.
    #[error("cannot be fetched: {0}")]
    Unavailable(eyre::Report),
    /// It is here, and no result.
    #[error("is none: {0}")]
    Unusable(String),
}

impl From<FetchError> for NotFetched {
    fn from(error: FetchError) -> Self {
        match error {
            // Of blocks that are what their CIDs say, and stay so.
            FetchError::Malformed { .. } | FetchError::TooDeep { .. } => {
                Self::Unusable(error.to_string())
            }
            other => Self::Unavailable(other.into()),
        }
    }
}

impl From<ReadError> for NotFetched {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Brings a result here, each block of it hashed as it comes, and lists its files.
async fn fetch(desk: &Desk, root: &Cid) -> Result<Vec<OutputFile>, NotFetched> {
    let unusable = |reason: String| Err(NotFetched::Unusable(reason));
    desk.fetcher.fetch(root, &desk.results).await?;
    let unixfs::Node::Directory { entries } = unixfs::resolve(root, "", &desk.results).await?.node
    else {
        return unusable("it is no directory of files".to_owned());
    };
    if entries.len() > MOST_FILES {
        let count = entries.len();
        return unusable(format!("it has {count} files; {MOST_FILES} are taken"));
    }
    let limit = desk.limits().fetch.bytes;
    let mut total = 0_u64;
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        let bytes = entry.name.len();
        if bytes > LONGEST_NAME {
            return unusable(format!(
                "a name in it has {bytes} bytes; {LONGEST_NAME} are taken"
            ));
        }
        let found = unixfs::resolve(&entry.cid, "", &desk.results).await?;
        let unixfs::Node::File { size } = found.node else {
            return unusable(format!("`{}` in it is no file", entry.name));
        };
        // Few blocks may be many files, and long ones: whoever reads them gets all the bytes.
        total = total.saturating_add(size);
        if total > limit {
            return unusable(format!("its files have more than {limit} bytes"));
        }
        files.push(OutputFile {
            name: entry.name,
            size,
        });
    }
    Ok(files)
}
