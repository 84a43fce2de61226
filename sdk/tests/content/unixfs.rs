//! Files and directories in memory: what goes in comes out, and what cannot be is refused.

use arbius_sdk::content::unixfs::{
    self, DirectoryEntry, DirectoryError, Layout, Node, ReadError, cid_of, directory, export,
    export_range, follow, import, import_files, import_with, list, put_files, read, resolve,
};
use arbius_sdk::content::{
    Block, BlockStore, Cid, FetchLimits, Fetcher, FolderStore, Gateway, MemoryStore, PinMode, cids,
};
use proptest::prelude::*;

use crate::{memory, ramp, shared};

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
                self.1 <= taken + 3 * 262_144,
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

#[tokio::test]
async fn a_range_is_read_without_the_blocks_outside_of_it() {
    let store = memory();
    let content = ramp(10_000);
    // Three levels: 100 leaves beneath 25 nodes beneath 7 beneath 2.
    let layout = Layout::new(100, 4).unwrap();
    let made = import_with(layout, content.as_slice(), &*store)
        .await
        .unwrap();
    for (start, end) in [
        (0, 10_000),
        (0, 0),
        (0, 1),
        (99, 101),
        (100, 200),
        (1234, 5678),
        (9_999, 10_000),
        (9_999, u64::MAX),
        (20_000, 20_000),
    ] {
        let mut out = Vec::new();
        let written = export_range(&made.cid, &*store, &mut out, start..end)
            .await
            .unwrap();
        let end = usize::try_from(end)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let expected = content.get(start as usize..end).unwrap_or_default();
        assert!(out == expected, "{start}..{end}");
        assert_eq!(written, expected.len() as u64);
    }
    let beyond = export_range(&made.cid, &*store, &mut Vec::new(), 10_000..10_001).await;
    assert!(matches!(
        beyond,
        Err(ReadError::OutOfRange {
            size: 10_000,
            start: 10_000,
            ..
        })
    ));
    // Only what the range lies in and what is above it: a store of those blocks is enough.
    let part = MemoryStore::new();
    let mut needed = arbius_sdk::content::Traversal::new(
        made.cid,
        arbius_sdk::content::Scope::Entity(Some(450..650)),
    );
    while let Some(block) = needed.next(&*store).await.unwrap() {
        part.put(&block).await.unwrap();
    }
    assert!((4..12).contains(&part.len()), "{} blocks", part.len());
    let mut out = Vec::new();
    export_range(&made.cid, &part, &mut out, 450..650)
        .await
        .unwrap();
    assert_eq!(out, content[450..650]);
}

#[tokio::test]
async fn entries_of_a_sharded_directory_are_found_and_listed() {
    let store = memory();
    let files: Vec<(String, [u8; 1])> = (0..7000_u16)
        .map(|i| (format!("{i:05}.png"), [i as u8]))
        .collect();
    let made = put_files(&files, &*store).await.unwrap();
    let root = store.get(&made.cid).await.unwrap().unwrap();
    let contents = unixfs::parse(&root).unwrap();
    assert!(matches!(contents, unixfs::Contents::Shard(_)));
    for name in ["00000.png", "03210.png", "06999.png"] {
        let found = follow(&made.cid, name, &*store).await.unwrap();
        let number: u16 = name[..5].parse().unwrap();
        assert_eq!(found.cid, cid_of(&[number as u8]), "{name}");
        assert!(found.through.len() >= 2 && found.through[0] == made.cid);
    }
    let absent = follow(&made.cid, "07000.png", &*store).await.unwrap_err();
    assert!(
        matches!(&absent, ReadError::NoEntry { cid, name } if *cid == made.cid && name == "07000.png"),
        "{absent}"
    );
    let entries = list(&made.cid, &*store, 7000).await.unwrap();
    let names: Vec<&String> = entries.iter().map(|entry| &entry.name).collect();
    let put: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    assert_eq!(names, put);
    let refused = list(&made.cid, &*store, 6999).await;
    assert!(matches!(
        refused,
        Err(ReadError::TooManyEntries { limit: 6999, .. })
    ));
    assert!(matches!(
        resolve(&made.cid, "", &*store).await.unwrap().node,
        Node::Directory { entries } if entries.len() == 7000
    ));
}

#[tokio::test]
async fn a_path_that_is_a_file_and_a_directory_is_refused() {
    let refused = import_files(
        Layout::KUBO,
        &[("a/b", "1"), ("c", "2"), ("a", "3")],
        &*memory(),
    )
    .await;
    assert!(
        matches!(
            &refused,
            Err(unixfs::ImportError::Directory(DirectoryError::Doubled { name })) if name == "a"
        ),
        "{refused:?}"
    );
    let refused = import_files(Layout::KUBO, &[("a//b", "1")], &*memory()).await;
    assert!(refused.is_err(), "a directory without a name");
}

#[tokio::test]
async fn a_directory_whose_names_no_block_holds_is_refused() {
    let long = "x".repeat(arbius_sdk::content::MAX_BLOCK_BYTES);
    let refused = put_files(&[(long, "1")], &*memory()).await;
    assert!(
        matches!(
            refused,
            Err(unixfs::ImportError::Directory(
                DirectoryError::TooLarge { .. }
            ))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_that_its_cid_holds_is_read_and_fetched_without_a_block() {
    // `ipfs add --inline`: the identity hash of a few bytes.
    let inline = Cid::try_from(&[1, 0x55, 0, 2, b'h', b'i'][..]).unwrap();
    let entry = DirectoryEntry {
        name: "greeting".into(),
        cid: inline,
        tsize: 2,
    };
    let store = memory();
    let made = directory(Layout::KUBO, vec![entry]).unwrap();
    store.put_many(&made.blocks).await.unwrap();
    let found = resolve(&made.cid, "greeting", &*store).await.unwrap();
    assert_eq!((found.cid, found.node), (inline, Node::File { size: 2 }));
    assert_eq!(read(&inline, &*store, 2).await.unwrap(), b"hi");

    let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), shared(&store))
        .await
        .unwrap();
    let fetcher = Fetcher::new([gateway.url()], FetchLimits::default()).unwrap();
    let copy = MemoryStore::new();
    assert_eq!(fetcher.fetch(&made.cid, &copy).await.unwrap().blocks, 1);
    let file = fetcher.fetch_file(&made.cid, "greeting", &copy).await;
    assert_eq!(file.unwrap(), b"hi");

    let folder = tempfile::tempdir().unwrap();
    let kept = FolderStore::open(folder.path()).unwrap();
    kept.put_many(&made.blocks).await.unwrap();
    kept.pin(&made.cid, PinMode::Recursive, None).await.unwrap();
}
