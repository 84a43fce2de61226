//! Single blocks: `format=raw`.

use arbius_sdk::content::unixfs::{import, put_files};
use arbius_sdk::content::{Block, BlockStore as _};
use reqwest::{Method, StatusCode};

use super::{ask, gateway, get, header};
use crate::{memory, ramp};

#[tokio::test]
async fn serves_blocks_that_hash_to_what_was_asked_for() {
    let store = memory();
    let made = import(ramp(300_000).as_slice(), &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let response = get(&gateway, &format!("/ipfs/{}?format=raw", made.cid)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        header(&response, "content-type"),
        "application/vnd.ipld.raw"
    );
    assert_eq!(header(&response, "etag"), format!("\"{}.raw\"", made.cid));
    assert_eq!(
        header(&response, "content-disposition"),
        format!("attachment; filename=\"{}.bin\"", made.cid)
    );
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(
        header(&response, "x-ipfs-path"),
        format!("/ipfs/{}", made.cid)
    );
    assert_eq!(header(&response, "x-ipfs-roots"), made.cid.to_string());
    assert_eq!(header(&response, "content-location"), "");
    assert!(header(&response, "cache-control").contains("immutable"));
    let block = Block::verified(made.cid, response.bytes().await.unwrap()).unwrap();
    assert_eq!(Some(block), store.get(&made.cid).await.unwrap());
    // The header asks for the same as the query.
    let path = format!("/ipfs/{}", made.cid);
    let accept = [("accept", "application/vnd.ipld.raw")];
    let response = ask(&gateway, Method::GET, &path, &accept).await;
    assert_eq!(
        header(&response, "content-location"),
        format!("{path}?format=raw")
    );
    Block::verified(made.cid, response.bytes().await.unwrap()).unwrap();
}

#[tokio::test]
async fn a_block_is_found_by_a_path_and_saved_under_a_name() {
    let store = memory();
    let made = put_files(&[("a b.txt", b"text")], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}/a%20b.txt?format=raw&filename=ä.bin", made.cid);
    let response = get(&gateway, &path).await;
    assert_eq!(
        header(&response, "content-disposition"),
        "attachment; filename=\"_.bin\"; filename*=UTF-8''%C3%A4.bin"
    );
    let roots = header(&response, "x-ipfs-roots").to_owned();
    let (root, file) = roots.split_once(',').unwrap();
    assert_eq!(root, made.cid.to_string());
    let cid = file.parse().unwrap();
    Block::verified(cid, response.bytes().await.unwrap()).unwrap();
}

#[tokio::test]
async fn a_part_of_a_block_can_be_had() {
    let store = memory();
    let made = import(ramp(1_000).as_slice(), &*store).await.unwrap();
    let block = store.get(&made.cid).await.unwrap().unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}?format=raw", made.cid);
    let response = ask(&gateway, Method::GET, &path, &[("range", "bytes=6-16")]).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    let range = format!("bytes 6-16/{}", block.data().len());
    assert_eq!(header(&response, "content-range"), range);
    assert_eq!(response.bytes().await.unwrap(), block.data().slice(6..17));
}

#[tokio::test]
async fn the_empty_identity_cid_tells_a_gateway() {
    let gateway = gateway(&memory()).await;
    for (query, kind) in [
        ("format=raw", "application/vnd.ipld.raw"),
        ("format=car", "application/vnd.ipld.car"),
    ] {
        let path = format!("/ipfs/bafkqaaa?{query}");
        let head = ask(&gateway, Method::HEAD, &path, &[]).await;
        assert_eq!(head.status(), StatusCode::OK, "{query}");
        let response = get(&gateway, &path).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        assert!(header(&response, "content-type").starts_with(kind));
    }
    // A CID that holds a file is a file.
    let hello = get(&gateway, "/ipfs/bafkqabtimvwgy3yk").await;
    assert_eq!(hello.text().await.unwrap(), "hello\n");
}
