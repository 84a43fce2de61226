//! Blocks that hash to what they should and still lie about what is in them.

use arbius_sdk::content::dag_pb::{Link, Node};
use arbius_sdk::content::unixfs::{
    self, Contents, MAX_DEPTH, MalformedError, ReadError, cid_of, export, import, read,
};
use arbius_sdk::content::{Block, BlockStore, Cid, MemoryStore, cids};
use bytes::Bytes;

use crate::{memory, ramp};

/// A UnixFS message of a file: type, data, size and the sizes of its parts.
fn message(data: &[u8], size: u64, parts: &[u64]) -> Bytes {
    let mut out = vec![0x08, 2];
    if !data.is_empty() {
        out.extend([0x12, u8::try_from(data.len()).unwrap()]);
        out.extend(data);
    }
    let mut number = |key: u8, mut value: u64| {
        out.push(key);
        while value > 0x7f {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    };
    number(0x18, size);
    parts.iter().for_each(|part| number(0x20, *part));
    out.into()
}

fn link(cid: &Cid) -> Link {
    Link {
        cid: *cid,
        name: String::new(),
        tsize: 0,
    }
}

async fn put(store: &MemoryStore, links: Vec<Link>, data: Bytes) -> Cid {
    let block = Block::of_node(Node { links, data }.encode()).unwrap();
    store.put(&block).await.unwrap();
    *block.cid()
}

#[tokio::test]
async fn a_part_of_another_size_than_announced_is_refused() {
    let store = memory();
    let part = import(&b"0123456789"[..], &*store).await.unwrap().cid;
    let root = put(&store, vec![link(&part)], message(b"", 4, &[4])).await;
    let mut out = Vec::new();
    let refused = export(&root, &*store, &mut out, 4).await;
    assert!(matches!(refused, Err(ReadError::WrongPart { cid }) if cid == part));
    assert!(out.is_empty(), "more came out than the root announced");
}

#[tokio::test]
async fn sizes_that_do_not_add_up_are_refused() {
    let store = memory();
    let part = import(&b"0123"[..], &*store).await.unwrap().cid;
    let cases = [
        (
            vec![link(&part)],
            message(b"", 5, &[4]),
            MalformedError::Size { given: 5, sum: 4 },
        ),
        (
            vec![link(&part)],
            message(b"", 4, &[]),
            MalformedError::Counts { links: 1, sizes: 0 },
        ),
        (
            vec![link(&part)],
            message(b"ab", 2, &[0]),
            MalformedError::EmptyPart { index: 0 },
        ),
        (
            vec![link(&part), link(&part)],
            message(b"", 1, &[u64::MAX, u64::MAX]),
            MalformedError::Size {
                given: 1,
                sum: u64::MAX,
            },
        ),
    ];
    for (links, data, expected) in cases {
        let root = put(&store, links, data).await;
        match read(&root, &*store, 1 << 20).await {
            Err(ReadError::Malformed { reason, .. }) => assert_eq!(reason, expected),
            other => panic!("{other:?} instead of {expected}"),
        }
    }
}

#[tokio::test]
async fn a_tree_without_bottom_is_refused() {
    let store = memory();
    let mut below = import(&b"x"[..], &*store).await.unwrap().cid;
    for _ in 0..MAX_DEPTH {
        below = put(&store, vec![link(&below)], message(b"", 1, &[1])).await;
    }
    assert_eq!(read(&below, &*store, 1).await.unwrap(), b"x");
    let deeper = put(&store, vec![link(&below)], message(b"", 1, &[1])).await;
    assert!(matches!(
        read(&deeper, &*store, 1).await,
        Err(ReadError::WrongPart { .. })
    ));
}

#[tokio::test]
async fn a_small_dag_that_unfolds_to_terabytes_writes_nothing() {
    let store = memory();
    let mut below = import(ramp(1000).as_slice(), &*store).await.unwrap().cid;
    let mut size = 1000_u64;
    for _ in 0..4 {
        let parts = vec![size; 200];
        size *= 200;
        below = put(&store, vec![link(&below); 200], message(b"", size, &parts)).await;
    }
    let mut out = Vec::new();
    let refused = export(&below, &*store, &mut out, 1 << 20).await;
    assert!(matches!(
        refused,
        Err(ReadError::TooLarge {
            size: 1_600_000_000_000,
            ..
        })
    ));
    assert!(out.is_empty());
}

#[tokio::test]
async fn leaves_of_newer_settings_are_read() {
    // `ipfs add --raw-leaves`: leaves are bytes without a node, linked by CIDv1.
    let store = memory();
    let halves = [&b"hello "[..], b"world\n"].map(Bytes::from_static);
    let mut links = Vec::new();
    for half in &halves {
        let hash = *Block::of_node(half.clone()).unwrap().cid().hash();
        let block = Block::verified(Cid::new_v1(cids::RAW, hash), half.clone()).unwrap();
        store.put(&block).await.unwrap();
        links.push(link(block.cid()));
    }
    let root = put(&store, links, message(b"", 12, &[6, 6])).await;
    assert_eq!(read(&root, &*store, 12).await.unwrap(), b"hello world\n");
}

#[test]
fn what_is_not_read_is_named() {
    let kind = |kind: u8| Node {
        links: vec![],
        data: vec![0x08, kind].into(),
    };
    for (node, expected) in [
        (kind(3), "a metadata node"),
        (kind(5), "no shard of a directory (HAMT)"),
        (kind(9), "of UnixFS type 9"),
        (Node::default(), "field 1 is missing"),
    ] {
        let refused = unixfs::parse(&Block::of_node(node.encode()).unwrap()).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    let cbor = Cid::new_v1(0x71, *cid_of(b"").hash());
    let block = Block::verified(cbor, Bytes::from_static(&[0x0a, 4, 8, 2, 0x18, 0])).unwrap();
    assert_eq!(
        unixfs::parse(&block),
        Err(MalformedError::Codec { codec: 0x71 })
    );
}

#[test]
fn a_directory_with_a_name_that_leaves_it_is_refused() {
    for name in ["../../etc/passwd", "..", "", "a\\b"] {
        let entry = Link {
            cid: cid_of(b""),
            name: name.into(),
            tsize: 6,
        };
        let node = Node {
            links: vec![entry],
            data: Bytes::from_static(&[8, 1]),
        };
        let refused = unixfs::parse(&Block::of_node(node.encode()).unwrap());
        assert!(
            matches!(refused, Err(MalformedError::Name { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn links_after_the_data_are_read_as_old_writers_wrote_them() {
    let node = Node {
        links: vec![link(&cid_of(b"x"))],
        data: message(b"", 1, &[1]),
    };
    let canonical = node.encode();
    let links = canonical.len() - (node.data.len() + 2);
    let swapped = [&canonical[links..], &canonical[..links]].concat();
    assert_eq!(Node::decode(&swapped.clone().into()), Ok(node));
    let contents = unixfs::parse(&Block::of_node(swapped.into()).unwrap()).unwrap();
    assert!(matches!(contents, Contents::File { size: 1, .. }));
}
