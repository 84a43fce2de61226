//! Content on its way to a store.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::Body;
use tokio::io::AsyncWrite;
use tokio_util::io::ReaderStream;
use tokio_util::task::AbortOnDropHandle;

use super::PinError;
use crate::content::{BlockStore, Cid, car};

/// How much of a CAR is made ahead of what was sent, bytes.
const AHEAD: usize = 512 * 1024;

/// How many bytes the CAR of everything beneath `root` has; finds out on the way whether all of
/// it is there.
pub(super) async fn car_bytes(root: &Cid, source: &dyn BlockStore) -> Result<u64, PinError> {
    let exported = car::export(&[*root], source, Discard).await?;
    Ok(exported.bytes)
}

/// The CAR of everything beneath `root`, made while it is sent.
pub(super) fn car_body(root: &Cid, source: &Arc<dyn BlockStore>) -> Body {
    Body::wrap_stream(car_stream(*root, Arc::clone(source)))
}

fn car_stream(
    root: Cid,
    source: Arc<dyn BlockStore>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (reader, writer) = tokio::io::duplex(AHEAD);
    let making = tokio::spawn(async move { car::export(&[root], &*source, writer).await });
    let making = AbortOnDropHandle::new(making);
    // What cannot be made must not end as if it were whole.
    let failure = stream::once(making).filter_map(async |made| match made {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(Err(io::Error::other(error))),
        Err(stopped) => Some(Err(io::Error::other(stopped))),
    });
    ReaderStream::new(reader).chain(failure)
}

/// Takes everything and keeps nothing.
struct Discard;

impl AsyncWrite for Discard {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
