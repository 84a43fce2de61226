//! CIDs against those of another implementation, in another language: see `unixfs.mjs`.

use arbius_sdk::content::unixfs::{
    self, DirectoryEntry, DirectoryError, Layout, Node, ReadError, cid_of, cid_of_with, directory,
    export, import, import_with, put_files, read, resolve,
};
use arbius_sdk::content::{Block, BlockStore, Cid, MemoryStore, cids};
use proptest::prelude::*;
use serde_json::Value;

use crate::{memory, ramp};

fn vectors() -> Value {
    serde_json::from_str(include_str!("unixfs.json")).unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn files_of_all_sizes_get_the_cids_of_the_independent_importer() {
    let vectors = vectors();
    let cases = vectors["files"].as_array().unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let content = ramp(number(&case["ramp"]));
        let layout = Layout::new(number(&case["chunk"]), number(&case["width"])).unwrap();
        let store = memory();
        let made = import_with(layout, content.as_slice(), &*store)
            .await
            .unwrap();
        assert_eq!(
            made.cid.to_string(),
            case["cid"].as_str().unwrap(),
            "{case}"
        );
        assert_eq!(made.tsize, case["tsize"].as_u64().unwrap(), "{case}");
        assert_eq!(made.size, content.len() as u64);
        assert_eq!(cid_of_with(layout, &content), made.cid, "{case}");
        let back = read(&made.cid, &*store, content.len() as u64)
            .await
            .unwrap();
        assert!(back == content, "{case} does not come back");
    }
}

#[tokio::test]
async fn directories_get_the_cids_of_the_independent_importer() {
    for case in vectors()["directories"].as_array().unwrap() {
        let store = memory();
        let entries = case["entries"].as_array().unwrap();
        let mut root: Vec<(String, Vec<u8>)> = Vec::new();
        let mut images: Vec<(String, Vec<u8>)> = Vec::new();
        for entry in entries {
            let path = entry[0].as_str().unwrap();
            let bytes = ramp(number(&entry[1]));
            match path.strip_prefix("images/") {
                Some(name) => images.push((name.to_owned(), bytes)),
                None => root.push((path.to_owned(), bytes)),
            }
        }
        let made = if images.is_empty() {
            let made = put_files(&root, &*store).await.unwrap();
            assert_eq!(unixfs::cid_of_files(&root), Ok(made.cid));
            (made.cid, made.tsize)
        } else {
            let beneath = put_files(&images, &*store).await.unwrap();
            let mut all = vec![DirectoryEntry {
                name: "images".into(),
                cid: beneath.cid,
                tsize: beneath.tsize,
            }];
            for (name, bytes) in &root {
                let file = import(bytes.as_slice(), &*store).await.unwrap();
                all.push(DirectoryEntry {
                    name: name.clone(),
                    cid: file.cid,
                    tsize: file.tsize,
                });
            }
            let made = directory(Layout::KUBO, all).unwrap();
            store.put_many(&made.blocks).await.unwrap();
            (made.cid, made.tsize)
        };
        assert_eq!(made.0.to_string(), case["cid"].as_str().unwrap(), "{case}");
        assert_eq!(made.1, case["tsize"].as_u64().unwrap(), "{case}");
        for entry in entries {
            let file = resolve(&made.0, entry[0].as_str().unwrap(), &*store)
                .await
                .unwrap();
            assert_eq!(
                file.node,
                Node::File {
                    size: entry[1].as_u64().unwrap()
                }
            );
            assert_eq!(file.cid, cid_of(&ramp(number(&entry[1]))));
        }
    }
}

#[test]
fn what_everybody_knows_has_the_known_cid() {
    for (content, cid) in [
        (&b""[..], "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
        (
            b"hello world\n",
            "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o",
        ),
    ] {
        assert_eq!(cid_of(content).to_string(), cid);
    }
    // The empty directory, as every IPFS repository pins it.
    let empty = directory(Layout::KUBO, Vec::new()).unwrap();
    assert_eq!(
        empty.cid.to_string(),
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    );
}

#[test]
fn equals_the_engine_for_all_content_that_goes_on_chain() {
    for bytes in [
        0, 1, 2, 31, 32, 127, 128, 129, 16_383, 16_384, 16_385, 65_535, 65_536,
    ] {
        let content = ramp(bytes);
        let onchain = arbius_protocol::cid::digest(&content).unwrap().0;
        assert_eq!(
            cids::digest(&cid_of(&content)).unwrap(),
            onchain,
            "{bytes} bytes"
        );
    }
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out(
        content in proptest::collection::vec(any::<u8>(), 0..2000),
        chunk in 1_usize..100,
        width in 2_usize..6,
    ) {
        // The depth that is read limits how small a layout a long file may have.
        let layout = Layout::new(chunk.max(content.len() / 100).max(1), width).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = memory();
            let made = import_with(layout, content.as_slice(), &*store).await.unwrap();
            let back = read(&made.cid, &*store, content.len() as u64).await.unwrap();
            assert_eq!(back, content);
            let head = unixfs::head(&made.cid, &*store, 10).await.unwrap();
            assert_eq!(head, content[..content.len().min(10)]);
        });
    }

    #[test]
    fn no_bytes_make_the_reader_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let block = Block::of_node(data.into()).unwrap();
        let _ = unixfs::parse(&block);
    }

    #[test]
    fn no_damage_to_a_node_makes_the_reader_panic(at in 0_usize..2000, to in any::<u8>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = memory();
            let layout = Layout::new(50, 20).unwrap();
            let made = import_with(layout, ramp(1000).as_slice(), &*store).await.unwrap();
            let root = store.get(&made.cid).await.unwrap().unwrap();
            let mut data = root.data().to_vec();
            let at = at % data.len();
            data[at] = to;
            let damaged = Block::of_node(data.into()).unwrap();
            store.put(&damaged).await.unwrap();
            // Whatever it says now, no more than the limit may come out.
            let mut out = Vec::new();
            let _ = export(damaged.cid(), &*store, &mut out, 1000).await;
            assert!(out.len() <= 1000);
        });
    }
}

#[tokio::test]
async fn import_keeps_a_constant_amount_in_memory() {
    /// Counts what it is given and drops it.
    #[derive(Default)]
    struct Sink(
        std::sync::atomic::AtomicUsize,
        std::sync::atomic::AtomicUsize,
    );
    impl BlockStore for Sink {
        fn get<'a>(&'a self, _: &'a Cid) -> arbius_sdk::content::StoreFuture<'a, Option<Block>> {
            Box::pin(async { Ok(None) })
        }
        fn put<'a>(&'a self, block: &'a Block) -> arbius_sdk::content::StoreFuture<'a, ()> {
            use std::sync::atomic::Ordering::Relaxed;
            self.0.fetch_add(1, Relaxed);
            self.1.fetch_max(block.data().len(), Relaxed);
            Box::pin(async { Ok(()) })
        }
        fn has<'a>(&'a self, _: &'a Cid) -> arbius_sdk::content::StoreFuture<'a, bool> {
            Box::pin(async { Ok(false) })
        }
    }
    /// Fails the test when the importer reads far ahead of what it has handed on.
    struct Source<'a>(&'a Sink, usize);
    impl tokio::io::AsyncRead for Source<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            let given = buffer.remaining().min((64 << 20) - self.1);
            buffer.put_slice(&vec![7; given]);
            self.1 += given;
            let taken = self.0.0.load(std::sync::atomic::Ordering::Relaxed) * 262_144;
            assert!(
                self.1 <= taken + 17 * 262_144,
                "{} read, {taken} handed on",
                self.1
            );
            std::task::Poll::Ready(Ok(()))
        }
    }
    let sink = Sink::default();
    let made = import(Source(&sink, 0), &sink).await.unwrap();
    assert_eq!(made.size, 64 << 20);
    // 256 leaves, two nodes of 174 and 82 links, the root.
    assert_eq!(sink.0.into_inner(), 259);
    assert!(sink.1.into_inner() < 262_144 + 32);
}

#[tokio::test]
async fn refuses_a_file_above_the_limit_before_the_first_byte() {
    let store = memory();
    let made = import(ramp(300_000).as_slice(), &*store).await.unwrap();
    let mut out = Vec::new();
    let refused = export(&made.cid, &*store, &mut out, 299_999).await;
    assert!(matches!(
        refused,
        Err(ReadError::TooLarge {
            size: 300_000,
            limit: 299_999,
            ..
        })
    ));
    assert!(out.is_empty());
}

#[tokio::test]
async fn names_the_block_that_is_missing() {
    let store = memory();
    let made = import(ramp(600_000).as_slice(), &*store).await.unwrap();
    let root = store.get(&made.cid).await.unwrap().unwrap();
    let lost = unixfs::parse(&root).unwrap().beneath()[1];
    let partial = MemoryStore::new();
    partial.put(&root).await.unwrap();
    for cid in [unixfs::parse(&root).unwrap().beneath()[0]] {
        partial
            .put(&store.get(&cid).await.unwrap().unwrap())
            .await
            .unwrap();
    }
    let refused = read(&made.cid, &partial, 600_000).await;
    assert!(
        matches!(refused, Err(ReadError::Missing { cid }) if cid == lost),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_path_that_leads_nowhere_says_where_it_ended() {
    let store = memory();
    let made = put_files(&[("out-1.png", ramp(10))], &*store)
        .await
        .unwrap();
    let wrong = resolve(&made.cid, "out-2.png", &*store).await.unwrap_err();
    assert_eq!(
        wrong.to_string(),
        format!("{} has no entry `out-2.png`", made.cid)
    );
    let beyond = resolve(&made.cid, "out-1.png/deeper", &*store)
        .await
        .unwrap_err();
    assert!(matches!(beyond, ReadError::NoEntry { name, .. } if name == "deeper"));
    let whole = read(&made.cid, &*store, 100).await.unwrap_err();
    assert!(
        whole
            .to_string()
            .contains("name a file in it, such as out-1.png"),
        "{whole}"
    );
}

#[test]
fn refuses_names_that_would_leave_a_folder_and_names_twice() {
    let entry = |name: &str| DirectoryEntry {
        name: name.into(),
        cid: cid_of(b""),
        tsize: 6,
    };
    for name in ["", ".", "..", "a/b", "..\\a", "a\0"] {
        let refused = directory(Layout::KUBO, vec![entry(name)]);
        assert_eq!(refused, Err(DirectoryError::Name { name: name.into() }));
    }
    let refused = directory(Layout::KUBO, vec![entry("a"), entry("b"), entry("a")]);
    assert_eq!(refused, Err(DirectoryError::Doubled { name: "a".into() }));
}
