//! Fetching that is dropped half-way.

use std::sync::Arc;

use arbius_sdk::{
    client::Outputs,
    content::{FetchLimits, Fetcher, FolderStore, Gateway, MemoryStore, Repair, unixfs},
};

use crate::world::dropped_wherever_it_waits;

/// A gateway that serves a folder of files, of which one is several blocks large.
async fn served() -> (Gateway, arbius_sdk::content::Cid, Vec<u8>) {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let store = MemoryStore::new();
    let files = [("large.bin", large.as_slice()), ("small.txt", b"small")];
    let root = unixfs::put_files(&files, &store).await.unwrap();
    let listen = ([127, 0, 0, 1], 0).into();
    let gateway = Gateway::start(listen, Arc::new(store)).await.unwrap();
    (gateway, root.cid, large)
}

#[tokio::test(flavor = "multi_thread")]
async fn fetching_dropped_anywhere_goes_on_where_it_stopped_and_blames_nobody() {
    let (gateway, cid, large) = served().await;
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let fetcher = Fetcher::new([gateway.url()], FetchLimits::default()).unwrap();
    dropped_wherever_it_waits(
        async |_| fetcher.fetch(&cid, &store).await,
        async || {
            let checked = store.check(Repair::Report, |_, _| {}).await.unwrap();
            assert!(checked.is_sound(), "{checked:?}");
            let health = &fetcher.health()[0];
            assert_eq!((health.failures, health.lies), (0, 0));
        },
    )
    .await
    .unwrap();
    let file = unixfs::resolve(&cid, "large.bin", &store).await.unwrap();
    let bytes = unixfs::read(&file.cid, &store, u64::MAX).await.unwrap();
    assert_eq!(bytes, large);
}

#[tokio::test(flavor = "multi_thread")]
async fn fetching_outputs_may_be_dropped_anywhere() {
    let (gateway, cid, large) = served().await;
    let fetcher = Fetcher::new([gateway.url()], FetchLimits::default()).unwrap();
    let outputs =
        dropped_wherever_it_waits(async |_| Outputs::fetch(&fetcher, cid).await, async || ());
    assert_eq!(outputs.await.unwrap().files[0].bytes, large);
}
