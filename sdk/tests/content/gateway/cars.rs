//! CARs: `format=car`.

use std::sync::Arc;

use arbius_sdk::content::car::{self, CarLimits, CarReader};
use arbius_sdk::content::unixfs::{self, Layout, import_files, import_with, put_files};
use arbius_sdk::content::{BlockStore, Cid, Gateway, MemoryStore, Scope, Traversal};
use reqwest::{Method, Response, StatusCode};

use super::{ask, gateway, get, header};
use crate::{memory, ramp};

/// The CIDs of the blocks of an answer, in its order; each is hashed.
async fn blocks(response: Response) -> Vec<Cid> {
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.bytes().await.unwrap();
    let mut reader = CarReader::new(&bytes[..], CarLimits::default())
        .await
        .unwrap();
    let mut cids = Vec::new();
    while let Some(block) = reader.next().await.unwrap() {
        cids.push(*block.cid());
    }
    cids
}

async fn car(gateway: &Gateway, path: &str, query: &str) -> Vec<Cid> {
    blocks(get(gateway, &format!("/ipfs/{path}?format=car{query}")).await).await
}

/// What a walk gives, which is tested by itself.
async fn beneath(store: &MemoryStore, root: Cid, scope: Scope) -> Vec<Cid> {
    let mut walk = Traversal::new(root, scope);
    let mut cids = Vec::new();
    while let Some(block) = walk.next(store).await.unwrap() {
        cids.push(*block.cid());
    }
    cids
}

/// Leaves of 256 bytes, so that small files have many.
fn small() -> Layout {
    Layout::KUBO.with_chunk(256).unwrap()
}

/// A folder in a folder, with a file of five blocks: the store, the root, the inner folder and
/// the file.
async fn folder() -> (Arc<MemoryStore>, [Cid; 3]) {
    let store = memory();
    let bytes = ramp(1_026);
    let files = [("sub/many.bin", bytes.as_slice()), ("sub/one.txt", b"one")];
    let root = import_files(small(), &files, &*store).await.unwrap().cid;
    let follow = async |path| unixfs::follow(&root, path, &*store).await.unwrap().cid;
    let (sub, many) = (follow("sub").await, follow("sub/many.bin").await);
    (store, [root, sub, many])
}

#[tokio::test]
async fn a_car_holds_the_path_and_all_beneath_its_end_depth_first() {
    let (store, [root, sub, many]) = folder().await;
    let gateway = gateway(&store).await;
    let parts = beneath(&store, many, Scope::All).await;
    assert_eq!(parts.len(), 6);
    let expected = [&[root, sub], &parts[..]].concat();
    assert_eq!(
        car(&gateway, &format!("{root}/sub/many.bin"), "").await,
        expected
    );
    let all = beneath(&store, root, Scope::All).await;
    assert_eq!(
        car(&gateway, &root.to_string(), "&dag-scope=all").await,
        all
    );
}

#[tokio::test]
async fn a_car_brings_content_into_another_store() {
    let (store, [root, ..]) = folder().await;
    let gateway = gateway(&store).await;
    let response = get(&gateway, &format!("/ipfs/{root}?format=car")).await;
    let bytes = response.bytes().await.unwrap();
    let other = memory();
    let taken = car::import(&bytes[..], &*other, CarLimits::default())
        .await
        .unwrap();
    assert_eq!(taken.roots, [root]);
    let file = unixfs::follow(&root, "sub/many.bin", &*other)
        .await
        .unwrap()
        .cid;
    assert!(unixfs::read(&file, &*other, 2_000).await.unwrap() == ramp(1_026));
}

#[tokio::test]
async fn the_scope_says_how_much_is_sent() {
    let (store, [root, sub, many]) = folder().await;
    let gateway = gateway(&store).await;
    let path = format!("{root}/sub");
    assert_eq!(car(&gateway, &path, "&dag-scope=block").await, [root, sub]);
    assert_eq!(car(&gateway, &path, "&dag-scope=entity").await, [root, sub]);
    // A directory has no bytes to choose among.
    assert_eq!(car(&gateway, &path, "&entity-bytes=0:5").await, [root, sub]);
    let file = format!("{root}/sub/many.bin");
    assert_eq!(
        car(&gateway, &file, "&dag-scope=block").await,
        [root, sub, many]
    );
    let whole = beneath(&store, many, Scope::Entity(None)).await;
    let expected = [&[root, sub], &whole[..]].concat();
    assert_eq!(car(&gateway, &file, "&dag-scope=entity").await, expected);
}

#[tokio::test]
async fn bytes_of_a_file_come_with_the_blocks_that_hold_them() {
    let (store, [.., many]) = folder().await;
    let parts = beneath(&store, many, Scope::All).await;
    // A block outside of what is asked for need not be here.
    let partial = memory();
    for cid in [&parts[..1], &parts[3..]].concat() {
        partial
            .put(&store.get(&cid).await.unwrap().unwrap())
            .await
            .unwrap();
    }
    let gateway = gateway(&partial).await;
    let many = many.to_string();
    for (bytes, expected) in [
        ("512:*", &parts[3..]),
        ("512:1023", &parts[3..5]),
        ("512:-256", &parts[3..5]),
        ("-5:*", &parts[4..]),
        ("1025:1025", &parts[5..]),
        ("1025:9999", &parts[5..]),
        // Nothing between the two ends.
        ("1000:999", &[]),
    ] {
        let expected = [&parts[..1], expected].concat();
        let found = car(&gateway, &many, &format!("&entity-bytes={bytes}")).await;
        assert_eq!(found, expected, "{bytes}");
    }
    let outside = get(
        &gateway,
        &format!("/ipfs/{many}?format=car&entity-bytes=1026:*"),
    )
    .await;
    assert_eq!(outside.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_sharded_directory_comes_with_its_shards() {
    let store = memory();
    let names: Vec<String> = (0..6_000)
        .map(|number| format!("file {number:05}"))
        .collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), b"same")).collect();
    let root = put_files(&files, &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    let found = unixfs::follow(&root, "file 04321", &*store).await.unwrap();
    assert!(found.through.len() > 1, "it is not sharded");
    let path = format!("{root}/file%2004321");
    let expected = [&found.through[..], &[found.cid]].concat();
    assert_eq!(car(&gateway, &path, "").await, expected);
    let entity = car(&gateway, &root.to_string(), "&dag-scope=entity").await;
    assert_eq!(entity, beneath(&store, root, Scope::Entity(None)).await);
    assert!(!entity.contains(&found.cid));
    let all = car(&gateway, &root.to_string(), "").await;
    assert_eq!(
        all.len(),
        entity.len() + 1,
        "6,000 equal files are one block"
    );
}

#[tokio::test]
async fn a_block_comes_once_or_as_often_as_it_occurs() {
    let store = memory();
    let files = [("a", b"same"), ("b", b"same"), ("c", b"else")];
    let root = put_files(&files, &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{root}");
    let accept =
        |dups: &str| format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}");
    for (dups, count) in [("n", 3), ("y", 4)] {
        let accept = accept(dups);
        let headers = [("accept", accept.as_str())];
        let response = ask(&gateway, Method::GET, &path, &headers).await;
        assert_eq!(header(&response, "content-type"), accept);
        let more = if dups == "y" { "&car-dups=y" } else { "" };
        let location = format!("{path}?format=car{more}");
        assert_eq!(header(&response, "content-location"), location);
        assert_eq!(blocks(response).await.len(), count, "{dups}");
        assert_eq!(
            blocks(get(&gateway, &location).await).await.len(),
            count,
            "{dups}"
        );
    }
}

#[tokio::test]
async fn headers_say_what_a_car_is() {
    let (store, [root, ..]) = folder().await;
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{root}/sub?format=car&dag-scope=entity");
    for method in [Method::GET, Method::HEAD] {
        let response = ask(&gateway, method, &path, &[]).await;
        assert_eq!(
            header(&response, "content-type"),
            "application/vnd.ipld.car; version=1; order=dfs; dups=n"
        );
        let disposition = header(&response, "content-disposition");
        assert!(
            disposition.starts_with("attachment; filename=\"Qm"),
            "{disposition}"
        );
        assert!(disposition.ends_with(".car\""), "{disposition}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "accept-ranges"), "none");
        assert!(header(&response, "cache-control").contains("immutable"));
        assert_eq!(header(&response, "content-length"), "", "nobody knows it");
        let tag = header(&response, "etag").to_owned();
        assert!(tag.starts_with("W/\"entity.dfs.n."), "{tag}");
        let cached = ask(&gateway, Method::GET, &path, &[("if-none-match", &tag)]).await;
        assert_eq!(cached.status(), StatusCode::NOT_MODIFIED);
        for other in [path.replace("entity", "block"), path.replace("/sub", "")] {
            let other = ask(&gateway, Method::GET, &other, &[("if-none-match", &tag)]).await;
            assert_eq!(other.status(), StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_car_whose_middle_is_missing_does_not_look_whole() {
    let (store, [.., many]) = folder().await;
    let parts = beneath(&store, many, Scope::All).await;
    let partial = memory();
    for cid in &parts[..3] {
        partial
            .put(&store.get(cid).await.unwrap().unwrap())
            .await
            .unwrap();
    }
    let gateway = gateway(&partial).await;
    let response = get(&gateway, &format!("/ipfs/{many}?format=car")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.bytes().await.is_err());
    for path in [format!("{}", parts[3]), format!("{many}/deeper")] {
        let response = get(&gateway, &format!("/ipfs/{path}?format=car")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_a_cid_itself_holds_is_not_sent_as_a_block() {
    let store = memory();
    let made = import_with(Layout::KUBO_V1, &b"x"[..], &*store)
        .await
        .unwrap();
    let gateway = gateway(&store).await;
    assert_eq!(car(&gateway, &made.cid.to_string(), "").await, [made.cid]);
    for dups in ["y", "n"] {
        let path = "bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa";
        assert_eq!(car(&gateway, path, &format!("&car-dups={dups}")).await, []);
    }
}
