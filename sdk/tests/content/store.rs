//! The folder of blocks: whole after a crash, and nothing believed that has rotted.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use arbius_sdk::content::{
    Block, BlockError, BlockStore, Cid, FolderStore, MAX_BLOCK_BYTES, MemoryStore, StoreError,
    cids, unixfs,
};
use bytes::Bytes;

use crate::ramp;

fn block(data: &'static [u8]) -> Block {
    Block::of_node(Bytes::from_static(data)).unwrap()
}

/// All files under `blocks`.
fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(folder.join("blocks")).unwrap();
    let mut files = Vec::new();
    for shard in shards {
        files.extend(
            fs::read_dir(shard.unwrap().path())
                .unwrap()
                .map(|file| file.unwrap().path()),
        );
    }
    files
}

fn cid_in_name(path: &std::path::Path) -> Cid {
    let name = path.file_name().unwrap().to_str().unwrap();
    let byte = |i: usize| u8::from_str_radix(&name[2 * i..2 * i + 2], 16).unwrap();
    cids::from_digest(std::array::from_fn(byte))
}

#[test]
fn a_block_is_never_made_of_bytes_that_it_is_not() {
    let good = block(b"good");
    let wrong = Block::verified(*good.cid(), Bytes::from_static(b"evil"));
    assert!(matches!(wrong, Err(BlockError::WrongBytes { cid, .. }) if cid == *good.cid()));
    let large = Block::of_node(vec![0; MAX_BLOCK_BYTES + 1].into());
    assert_eq!(
        large,
        Err(BlockError::TooLarge {
            bytes: MAX_BLOCK_BYTES + 1
        })
    );
}

#[tokio::test]
async fn keeps_blocks_across_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let content = ramp(600_000);
    let made = {
        let store = FolderStore::open(folder.path()).unwrap();
        unixfs::import(content.as_slice(), &store).await.unwrap()
    };
    let store = FolderStore::open(folder.path()).unwrap();
    assert!(store.has(&made.cid).await.unwrap());
    assert!(unixfs::read(&made.cid, &store, 600_000).await.unwrap() == content);
    assert_eq!(files(folder.path()).len(), 4);
    assert_eq!(
        fs::read_dir(folder.path().join("incoming"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn both_stores_find_a_block_by_either_version_of_its_cid() {
    let folder = tempfile::tempdir().unwrap();
    let stores: [Box<dyn BlockStore>; 2] = [
        Box::new(FolderStore::open(folder.path()).unwrap()),
        Box::new(MemoryStore::new()),
    ];
    let held = block(b"held");
    let other = block(b"other");
    for store in stores {
        store.put(&held).await.unwrap();
        for cid in [*held.cid(), held.cid().into_v1().unwrap()] {
            assert_eq!(store.get(&cid).await.unwrap().unwrap().data(), held.data());
            assert!(store.has(&cid).await.unwrap());
        }
        assert_eq!(store.get(other.cid()).await.unwrap(), None);
        assert!(!store.has(other.cid()).await.unwrap());
    }
}

#[tokio::test]
async fn a_damaged_file_is_found_out_and_healed_by_writing_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let block = block(b"what was written");
    store.put(&block).await.unwrap();
    let path = files(folder.path()).remove(0);
    for damage in [
        &b"what was wr1tten"[..],
        b"what",
        b"",
        &vec![0; MAX_BLOCK_BYTES + 10],
    ] {
        fs::write(&path, damage).unwrap();
        match store.get(block.cid()).await {
            Err(error @ StoreError::Damaged { .. }) => {
                let message = error.to_string();
                assert!(message.contains(path.to_str().unwrap()), "{message}");
                assert!(message.contains(&block.cid().to_string()), "{message}");
            }
            other => panic!("{other:?}"),
        }
        store.put(&block).await.unwrap();
        assert_eq!(store.get(block.cid()).await.unwrap().as_ref(), Some(&block));
    }
}

/// Writes blocks until it is killed. Run by the test below in a process of its own.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn writer_without_end() {
    let folder = PathBuf::from(std::env::var_os("ARBIUS_TEST_FOLDER").unwrap());
    let store = FolderStore::open(&folder).unwrap();
    // Each time others than before.
    let first = files(&folder).len() as u64;
    for seed in first.. {
        let content: Vec<u8> = (0..200_000_u64)
            .map(|i| (i.wrapping_mul(seed + 1) >> 3) as u8)
            .collect();
        unixfs::import(content.as_slice(), &store).await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_writer_leaves_no_broken_block() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = 0;
    for round in 0..8 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::writer_without_end", "--ignored"])
            .env("ARBIUS_TEST_FOLDER", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Until it writes something new; then a little on, differently far each time.
        let started = Instant::now();
        while !folder.path().join("blocks").is_dir() || files(folder.path()).len() == whole {
            if started.elapsed() > Duration::from_secs(240) {
                writer.kill().unwrap();
                panic!("nothing was written");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let store = FolderStore::open(folder.path()).unwrap();
        let written = files(folder.path());
        whole = written.len();
        for path in written {
            let cid = cid_in_name(&path);
            store
                .get(&cid)
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("{cid} is gone"));
        }
    }
    assert!(whole >= 8, "the writer never got anywhere");
}

#[tokio::test]
async fn what_killed_writers_left_is_removed_once_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    FolderStore::open(folder.path()).unwrap();
    let left = |name: &str, age: u64| {
        let path = folder.path().join("incoming").join(name);
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age))
            .unwrap();
        path
    };
    let (old, new) = (left("old", 7200), left("new", 60));
    FolderStore::open(folder.path()).unwrap();
    assert!(!old.exists(), "what was left two hours ago stays for ever");
    assert!(new.exists(), "another process may be writing that file");
}

#[test]
fn a_folder_that_cannot_be_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let refused = FolderStore::open(&file).unwrap_err().to_string();
    assert!(
        refused.contains("cannot create the folder") && refused.contains("file"),
        "{refused}"
    );
}

#[tokio::test]
async fn writers_of_the_same_block_at_the_same_time_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let block = block(b"wanted by all");
    let writers = (0..16).map(|_| {
        let store = FolderStore::open(folder.path()).unwrap();
        let block = block.clone();
        tokio::spawn(async move { store.put(&block).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(files(folder.path()).len(), 1);
}
