//! CAR: what comes is hashed, and damage is named.

use arbius_sdk::content::car::{
    self, CarError, CarLimits, CarReader, CarTransferError, CarWriter, HeaderError,
};
use arbius_sdk::content::unixfs::{Layout, ReadError, import, import_with};
use arbius_sdk::content::{
    Block, BlockError, BlockStore, Cid, CidVersion, FolderStore, MAX_BLOCK_BYTES, MemoryStore,
    PinMode, Scope, Traversal, cids, dag_pb, unixfs,
};
use bytes::Bytes;
use proptest::prelude::*;

use crate::{memory, ramp};

/// A CAR of a file of three leaves, and where each of its parts begins.
async fn sample() -> (Cid, Vec<u8>, Vec<usize>) {
    let store = memory();
    let layout = Layout::KUBO_V1.with_chunk(100).unwrap();
    let root = import_with(layout, ramp(250).as_slice(), &*store)
        .await
        .unwrap()
        .cid;
    let mut blocks = Vec::new();
    let mut traversal = Traversal::new(root, Scope::All);
    while let Some(block) = traversal.next(&*store).await.unwrap() {
        blocks.push(block);
    }
    assert_eq!(blocks.len(), 4);
    let mut parts = vec![0];
    for count in 0..4 {
        let mut writer = CarWriter::new(Vec::new(), &[root]).await.unwrap();
        for block in &blocks[..count] {
            writer.write(block).await.unwrap();
        }
        parts.push(writer.finish().await.unwrap().0.len());
    }
    let mut writer = CarWriter::new(Vec::new(), &[root]).await.unwrap();
    for block in &blocks {
        writer.write(block).await.unwrap();
    }
    let (stream, bytes) = writer.finish().await.unwrap();
    assert_eq!(bytes, stream.len() as u64);
    (root, stream, parts)
}

/// Reads a stream to its end or first error.
async fn read(stream: &[u8], limits: CarLimits) -> Result<Vec<Block>, CarError> {
    let mut reader = CarReader::new(stream, limits).await?;
    let mut blocks = Vec::new();
    while let Some(block) = reader.next().await? {
        blocks.push(block);
    }
    Ok(blocks)
}

async fn refused(stream: &[u8]) -> CarError {
    read(stream, CarLimits::default()).await.unwrap_err()
}

#[tokio::test]
async fn what_is_cut_off_is_named_unless_it_is_cut_between_blocks() {
    let (root, stream, parts) = sample().await;
    for cut in 0..stream.len() {
        let read = read(&stream[..cut], CarLimits::default()).await;
        match parts.iter().position(|part| *part == cut) {
            Some(0) | None => {
                let begun = *parts.iter().rfind(|part| **part <= cut).unwrap() as u64;
                assert!(
                    matches!(read, Err(CarError::CutOff { at }) if at == begun),
                    "cut to {cut}: {read:?}"
                );
            }
            Some(blocks) => assert_eq!(read.unwrap().len(), blocks - 1),
        }
        // The import sees that something is missing wherever the cut is.
        let store = MemoryStore::new();
        let imported = car::import(&stream[..cut], &store, CarLimits::default()).await;
        match imported {
            Err(CarTransferError::Car(_)) => {}
            Err(CarTransferError::Read(ReadError::Missing { .. })) => {}
            other => panic!("cut to {cut}: {other:?}"),
        }
    }
    let store = MemoryStore::new();
    let imported = car::import(stream.as_slice(), &store, CarLimits::default())
        .await
        .unwrap();
    assert_eq!((imported.roots, imported.blocks), (vec![root], 4));
    assert_eq!(unixfs::read(&root, &store, 250).await.unwrap(), ramp(250));
}

#[tokio::test]
async fn no_byte_can_be_changed_without_being_found_out() {
    let (root, stream, parts) = sample().await;
    // The header is not covered by a hash; what it names is not there then.
    for at in parts[1]..stream.len() {
        let mut damaged = stream.clone();
        damaged[at] ^= 1;
        let store = MemoryStore::new();
        let imported = car::import(damaged.as_slice(), &store, CarLimits::default()).await;
        match imported {
            Err(CarTransferError::Car(_) | CarTransferError::Read(_)) => {}
            // The codec in a CID says nothing about the bytes, and stores do not go by it.
            Ok(_) => {
                let changed = parts.iter().any(|part| at > part + 1 && at <= part + 4);
                assert!(changed, "byte {at} was changed and nobody saw it");
            }
            Err(other) => panic!("{other}"),
        }
        if let Ok(read) = unixfs::read(&root, &store, 250).await {
            assert_eq!(read, ramp(250), "byte {at}");
        }
    }
}

#[tokio::test]
async fn blocks_that_cannot_be_checked_or_are_too_large_are_refused() {
    let header = {
        let writer = CarWriter::new(Vec::new(), &[]).await.unwrap();
        writer.finish().await.unwrap().0
    };
    let at = header.len() as u64;
    let with = |cid: &[u8], data: &[u8]| {
        let mut stream = header.clone();
        let mut length = cid.len() + data.len();
        while length >= 0x80 {
            stream.push(length as u8 | 0x80);
            length >>= 7;
        }
        stream.push(length as u8);
        stream.extend(cid);
        stream.extend(data);
        stream
    };
    let block = Block::of(CidVersion::V1, cids::RAW, Bytes::from_static(b"good")).unwrap();
    let cid = block.cid().to_bytes();
    assert_eq!(
        read(&with(&cid, b"good"), CarLimits::default())
            .await
            .unwrap(),
        [block]
    );
    // Other bytes, an identity CID, too many bytes, no CID, nothing.
    let wrong = refused(&with(&cid, b"evil")).await;
    assert!(
        matches!(wrong, CarError::Block { at: found, reason: BlockError::WrongBytes { .. } } if found == at)
    );
    let inline = with(&[1, 0x55, 0, 2, b'h', b'i'], b"hi");
    let identity = read(&inline, CarLimits::default());
    assert_eq!(
        identity.await.unwrap(),
        [],
        "its CID holds all that is in it"
    );
    let identity = refused(&with(&[1, 0x55, 0, 2, b'h', b'i'], b"ho")).await;
    assert!(
        matches!(
            identity,
            CarError::Block {
                reason: BlockError::Cid(cids::CidError::Hash { code: 0, .. }),
                ..
            }
        ),
        "{identity}"
    );
    let large = refused(&with(&cid, &vec![0; MAX_BLOCK_BYTES + 100])).await;
    assert!(
        matches!(
            large,
            CarError::Block {
                reason: BlockError::TooLarge { .. },
                ..
            }
        ),
        "{large}"
    );
    assert!(matches!(
        refused(&with(b"not a CID", b"")).await,
        CarError::BlockCid { .. }
    ));
    assert!(matches!(
        refused(&with(b"", b"")).await,
        CarError::Length { .. }
    ));
    // A length of 2^64 - 1, which must not be allocated; one that does not fit; one that is
    // written longer than it is.
    let huge = [
        header.as_slice(),
        &[255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    ]
    .concat();
    assert!(matches!(refused(&huge).await, CarError::TooLarge { .. }));
    let over = [
        header.as_slice(),
        &[255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
    ]
    .concat();
    assert!(matches!(refused(&over).await, CarError::Length { .. }));
    let long = [header.as_slice(), &[0x80, 0]].concat();
    assert!(matches!(refused(&long).await, CarError::Length { .. }));
}

#[tokio::test]
async fn headers_that_are_none_are_refused() {
    let (_, stream, parts) = sample().await;
    let mut second = stream.clone();
    second[parts[1] - 1] = 2;
    let error = refused(&second).await;
    assert!(
        matches!(error, CarError::Header(HeaderError::Version { version: 2 })),
        "{error}"
    );
    // What version 2 begins with in fact: {"version": 2}.
    let error = refused(b"\x0a\xa1\x67version\x02").await;
    assert!(error.to_string().contains("version 2"), "{error}");
    let error = refused(b"\xff\xff\x7f").await;
    assert!(matches!(error, CarError::HeaderTooLarge { .. }), "{error}");
    assert!(matches!(refused(b"").await, CarError::CutOff { at: 0 }));
}

#[tokio::test]
async fn a_block_may_come_twice_and_counts_twice() {
    let (root, stream, parts) = sample().await;
    let again = [&stream[..], &stream[parts[1]..]].concat();
    let store = MemoryStore::new();
    let imported = car::import(again.as_slice(), &store, CarLimits::default())
        .await
        .unwrap();
    assert_eq!(imported.blocks, 8);
    assert_eq!(store.len(), 4);
    assert!(store.has(&root).await.unwrap());
    for limits in [
        CarLimits {
            blocks: 7,
            ..CarLimits::default()
        },
        CarLimits {
            bytes: again.len() as u64 - 1,
            ..CarLimits::default()
        },
    ] {
        let refused = car::import(again.as_slice(), &MemoryStore::new(), limits).await;
        assert!(
            matches!(
                refused,
                Err(CarTransferError::Car(CarError::TooLarge { .. }))
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn several_roots_share_what_lies_beneath_them() {
    let store = memory();
    let one = import(ramp(600_000).as_slice(), &*store).await.unwrap().cid;
    // Its first two leaves are those of the other.
    let two = import(ramp(524_288).as_slice(), &*store).await.unwrap().cid;
    let mut stream = Vec::new();
    let exported = car::export(&[one, two, one], &*store, &mut stream)
        .await
        .unwrap();
    assert_eq!(exported.blocks, 5);
    let copy = MemoryStore::new();
    let imported = car::import(stream.as_slice(), &copy, CarLimits::default())
        .await
        .unwrap();
    assert_eq!(imported.roots, [one, two, one]);
    assert_eq!(copy.len(), 5);
    let missing = car::export(&[one], &MemoryStore::new(), Vec::new()).await;
    assert!(matches!(
        missing,
        Err(CarTransferError::Read(ReadError::Missing { cid })) if cid == one
    ));
}

#[tokio::test]
async fn the_scope_says_how_much_is_walked_through() {
    let store = memory();
    let files: Vec<(String, [u8; 1])> = (0..7000_u16)
        .map(|i| (format!("{i:05}.png"), [i as u8]))
        .collect();
    let directory = unixfs::put_files(&files, &*store).await.unwrap().cid;
    let file = import(ramp(600_000).as_slice(), &*store).await.unwrap().cid;
    let count = async |root: Cid, scope: Scope| {
        let mut traversal = Traversal::new(root, scope);
        let mut blocks = 0;
        while traversal.next(&*store).await.unwrap().is_some() {
            blocks += 1;
        }
        blocks
    };
    assert_eq!(count(directory, Scope::Block).await, 1);
    let shards = count(directory, Scope::Entity(None)).await;
    assert!((100..1000).contains(&shards), "{shards}");
    // 256 files differ in content.
    assert_eq!(count(directory, Scope::All).await, shards + 256);
    assert_eq!(count(file, Scope::Entity(None)).await, 4);
    assert_eq!(count(file, Scope::Entity(Some(0..1))).await, 2);
    assert_eq!(count(file, Scope::Entity(Some(262_143..262_145))).await, 3);
    assert_eq!(count(file, Scope::Entity(Some(600_000..700_000))).await, 1);
}

/// A chain of nodes of which each links to the next and to very many blocks that nobody has.
async fn wide_chain(store: &dyn BlockStore, nodes: u32) -> Cid {
    let link = |cid: Cid| dag_pb::Link {
        cid,
        name: String::new(),
        tsize: 0,
    };
    let mut below = *Block::of_node(Bytes::new()).unwrap().cid();
    for node in 0..nodes {
        let nowhere = (0..45_000_u32).map(|i| {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&i.to_be_bytes());
            digest[4..8].copy_from_slice(&node.to_be_bytes());
            cids::from_digest(digest)
        });
        // First and last, so that whoever goes through them in either order goes down first.
        let links = [below].into_iter().chain(nowhere).chain([below]);
        let links = links.map(link).collect();
        let data = Bytes::new();
        let block = Block::of_node(dag_pb::Node { links, data }.encode()).unwrap();
        store.put(&block).await.unwrap();
        below = *block.cid();
    }
    below
}

#[tokio::test]
async fn a_tree_that_is_endlessly_wide_is_given_up() {
    let store = MemoryStore::new();
    let fits = wide_chain(&store, 11).await;
    let missing = car::export(&[fits], &store, tokio::io::sink()).await;
    assert!(matches!(
        missing,
        Err(CarTransferError::Read(ReadError::Missing { .. }))
    ));
    let hostile = wide_chain(&store, 13).await;
    let refused = car::export(&[hostile], &store, tokio::io::sink()).await;
    assert!(matches!(
        refused,
        Err(CarTransferError::Read(ReadError::TooManyLinks { .. }))
    ));
    // Nor does a folder follow it.
    let place = tempfile::tempdir().unwrap();
    let folder = FolderStore::open(place.path()).unwrap();
    assert_eq!(wide_chain(&folder, 13).await, hostile);
    let refused = folder.pin(&hostile, PinMode::Recursive, None).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("link to more than"), "{refused}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(read(&bytes, CarLimits::default()));
    }
}
