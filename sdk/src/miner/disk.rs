//! A disk that is full: nothing is begun that could not be written down, until there is room.

use std::{io, time::Duration};

use super::{MinerError, MonitorError, journal};
use crate::{chain::ChainError, content};

/// How long to wait after the disk failed.
pub(super) const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Whether the operating system says that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Whether an error is the disk's and may pass. Says so.
pub(super) fn waits_for_disk(error: &MinerError) -> bool {
    let passing = matches!(error, MinerError::Store(error) if error.is_passing());
    if passing {
        tracing::error!(%error, "nothing can be written down, so nothing is begun");
    }
    passing
}

/// Does something that writes, again and again while the disk is full: a miner that is started
/// anew by its supervisor must not give up over what it would wait for while it runs. Any other
/// failure of the disk at the start is the operator's to see at once.
///
/// # Errors
///
/// Whatever else `attempt` fails of.
pub(super) async fn once_there_is_room<T>(
    mut attempt: impl AsyncFnMut() -> Result<T, MinerError>,
) -> Result<T, MinerError> {
    loop {
        match attempt().await {
            Err(error) if is_for_want_of_room(&error) => {
                tracing::error!(%error, "the miner starts once there is room on the disk");
                tokio::time::sleep(DISK_PAUSE).await;
            }
            other => return other,
        }
    }
}

fn is_for_want_of_room(error: &MinerError) -> bool {
    match error {
        MinerError::Store(error) => error.is_full(),
        MinerError::Chain(ChainError::Journal(error)) => journal::is_full(error),
        MinerError::Blocks(error) => matches!(error, content::StoreError::DiskFull { .. }),
        MinerError::Monitor(MonitorError::File { source, .. }) => is_full(source),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::miner::StoreError;

    fn store(kind: io::ErrorKind) -> MinerError {
        let source = Box::new(redb::Error::Io(kind.into()));
        let path = PathBuf::new();
        MinerError::Store(StoreError::Open { path, source })
    }

    #[tokio::test]
    async fn the_start_waits_for_room_and_for_nothing_else() {
        let mut ahead = vec![
            Ok(7),
            Err(store(io::ErrorKind::FileTooLarge)),
            Err(store(io::ErrorKind::StorageFull)),
        ];
        let done = once_there_is_room(async || ahead.pop().unwrap()).await;
        assert_eq!(done.unwrap(), 7);
        let denied = async || Err::<(), _>(store(io::ErrorKind::PermissionDenied));
        assert!(once_there_is_room(denied).await.is_err());
    }
}
