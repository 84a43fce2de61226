//! The folder of blocks as a keeper: pins, collection, limits, checks, and what is left of it
//! when a process is killed or the disk is full.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use arbius_sdk::content::unixfs::{self, ImportError, Layout, import, import_with};
use arbius_sdk::content::{
    Block, BlockStore, Cid, CidVersion, FolderLimits, FolderStore, GcOptions, PinMode, Repair,
    Scope, StoreError, Traversal, cids,
};
use bytes::Bytes;

use crate::ramp;

/// Collects everything that is not pinned, however young.
const AT_ONCE: GcOptions = GcOptions {
    grace: Duration::ZERO,
    dry_run: false,
};

fn open(folder: &tempfile::TempDir) -> FolderStore {
    FolderStore::open(folder.path()).unwrap()
}

/// Content that differs by its number, 300,000 bytes: two leaves and a root.
fn content(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(300_000);
    while bytes.len() < 300_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

async fn add(store: &FolderStore, number: u64) -> Cid {
    import(content(number).as_slice(), store).await.unwrap().cid
}

async fn is_whole(store: &FolderStore, cid: &Cid, number: u64) -> bool {
    unixfs::read(cid, store, 300_000)
        .await
        .is_ok_and(|read| read == content(number))
}

/// The file of a block.
fn file_of(folder: &Path, cid: &Cid) -> PathBuf {
    let digest = cids::digest(cid).unwrap();
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join("blocks").join(&name[62..]).join(name)
}

#[tokio::test]
async fn what_is_pinned_stays_and_the_rest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let (kept, lost) = (add(&store, 1).await, add(&store, 2).await);
    let direct = add(&store, 3).await;
    store
        .pin(&kept, PinMode::Recursive, Some("results"))
        .await
        .unwrap();
    store.pin(&direct, PinMode::Direct, None).await.unwrap();
    let all = store.list().await.unwrap();
    assert_eq!(all.len(), 9);
    let before = store.size().await.unwrap();

    let dry = GcOptions {
        dry_run: true,
        ..AT_ONCE
    };
    let would = store.gc(&dry).await.unwrap();
    assert_eq!(
        store.list().await.unwrap(),
        all,
        "a dry run removed something"
    );
    let did = store.gc(&AT_ONCE).await.unwrap();
    assert_eq!(would, did);
    // Three blocks of one, and the two leaves of what is pinned directly.
    assert_eq!((did.removed.len(), did.pinned, did.young), (5, 4, 0));
    assert_eq!(store.size().await.unwrap(), before - did.bytes);
    assert!(is_whole(&store, &kept, 1).await);
    assert!(!store.has(&lost).await.unwrap());
    assert!(store.has(&direct).await.unwrap());

    assert!(store.unpin(&kept).await.unwrap());
    assert!(!store.unpin(&kept).await.unwrap());
    store.gc(&AT_ONCE).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn pins_outlive_the_program_and_are_the_same_under_both_versions_of_a_cid() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = {
        let store = open(&folder);
        let (one, two) = (add(&store, 1).await, add(&store, 2).await);
        let named = store
            .pin(&one, PinMode::Direct, Some("first"))
            .await
            .unwrap();
        assert_eq!(
            (named.mode, named.name.as_deref()),
            (PinMode::Direct, Some("first"))
        );
        store.pin(&two, PinMode::Recursive, None).await.unwrap();
        (one, two)
    };
    let store = open(&folder);
    assert_eq!(store.pins().await.unwrap().len(), 2);
    let v1 = one.into_v1().unwrap();
    // Pinned again it keeps more, and its name unless it gets another.
    let again = store.pin(&v1, PinMode::Recursive, None).await.unwrap();
    assert_eq!(
        (again.mode, again.name.as_deref()),
        (PinMode::Recursive, Some("first"))
    );
    // And never less.
    let again = store
        .pin(&one, PinMode::Direct, Some("second"))
        .await
        .unwrap();
    assert_eq!(
        (again.mode, again.name.as_deref()),
        (PinMode::Recursive, Some("second"))
    );
    let pins = store.pins().await.unwrap();
    assert_eq!(pins.len(), 2);
    assert!(pins.contains(&again));
    assert_eq!(store.pinned(&v1).await.unwrap(), Some(again));
    assert!(store.unpin(&v1).await.unwrap());
    assert_eq!(store.pinned(&one).await.unwrap(), None);
    assert_eq!(store.pins().await.unwrap()[0].cid, two);
}

#[tokio::test]
async fn what_is_not_all_here_cannot_be_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let root = add(&store, 1).await;
    let leaf = unixfs::parse(&store.get(&root).await.unwrap().unwrap())
        .unwrap()
        .beneath()[1];
    fs::remove_file(file_of(folder.path(), &leaf)).unwrap();
    let refused = store.pin(&root, PinMode::Recursive, None).await;
    assert!(
        matches!(&refused, Err(StoreError::Incomplete { missing, .. }) if **missing == leaf),
        "{refused:?}"
    );
    store.pin(&root, PinMode::Direct, None).await.unwrap();
    let cbor = Block::of(CidVersion::V1, 0x71, Bytes::from_static(&[0xa0])).unwrap();
    store.put(&cbor).await.unwrap();
    let refused = store.pin(cbor.cid(), PinMode::Recursive, None).await;
    assert!(
        matches!(refused, Err(StoreError::NotADag { .. })),
        "{refused:?}"
    );
    store.pin(cbor.cid(), PinMode::Direct, None).await.unwrap();
    let long = store
        .pin(&root, PinMode::Direct, Some(&"x".repeat(256)))
        .await;
    assert!(matches!(long, Err(StoreError::Pin { .. })), "{long:?}");
}

#[tokio::test]
async fn nothing_is_removed_when_it_is_not_known_what_a_pin_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let root = add(&store, 1).await;
    add(&store, 2).await;
    store.pin(&root, PinMode::Recursive, None).await.unwrap();
    let path = file_of(folder.path(), &root);
    let whole = fs::read(&path).unwrap();
    let blocks = store.list().await.unwrap().len();
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    fs::write(&path, damaged).unwrap();
    let refused = store.gc(&AT_ONCE).await;
    assert!(
        matches!(&refused, Err(StoreError::Incomplete { missing, .. }) if **missing == root),
        "{refused:?}"
    );
    assert_eq!(store.list().await.unwrap().len(), blocks);
    fs::write(&path, whole).unwrap();
    // A pin that cannot be read may keep anything.
    let pin = fs::read_dir(folder.path().join("pins"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read(&pin).unwrap();
    fs::write(&pin, b"{").unwrap();
    let refused = store.gc(&AT_ONCE).await;
    assert!(
        matches!(refused, Err(StoreError::Pin { .. })),
        "{refused:?}"
    );
    fs::write(&pin, text).unwrap();
    assert_eq!(store.gc(&AT_ONCE).await.unwrap().removed.len(), 3);
}

#[tokio::test]
async fn what_was_put_or_wanted_again_lately_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let (old, wanted) = (add(&store, 1).await, add(&store, 2).await);
    let hours_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
    for block in store.list().await.unwrap() {
        let file = fs::File::options()
            .append(true)
            .open(file_of(folder.path(), &block.cid))
            .unwrap();
        file.set_modified(hours_ago).unwrap();
    }
    let new = add(&store, 3).await;
    assert_eq!(add(&store, 2).await, wanted);
    let collected = store.gc(&GcOptions::default()).await.unwrap();
    assert_eq!((collected.removed.len(), collected.young), (3, 6));
    assert!(!store.has(&old).await.unwrap());
    assert!(is_whole(&store, &wanted, 2).await && is_whole(&store, &new, 3).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_is_being_imported_is_collected() {
    let folder = tempfile::tempdir().unwrap();
    let importers: Vec<_> = (0..4_u64)
        .map(|importer| {
            // A store of its own each, as other processes have.
            let store = open(&folder);
            tokio::spawn(async move {
                let mut kept = Vec::new();
                // Some of it is what others import too.
                for number in 0..6 {
                    let number = number + 3 * importer;
                    let hold = store.hold().await.unwrap();
                    let cid = add(&store, number).await;
                    tokio::task::yield_now().await;
                    store.pin(&cid, PinMode::Recursive, None).await.unwrap();
                    drop(hold);
                    kept.push((cid, number));
                }
                kept
            })
        })
        .collect();
    let store = open(&folder);
    let mut collections = 0;
    while importers.iter().any(|importer| !importer.is_finished()) {
        add(&store, 1000 + collections).await;
        match store.gc(&AT_ONCE).await {
            Ok(_) => collections += 1,
            Err(StoreError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    for importer in importers {
        for (cid, number) in importer.await.unwrap() {
            assert!(is_whole(&store, &cid, number).await, "{number} is lost");
        }
    }
    assert!(collections > 0);
    // One more, with nobody in between: what is left is what is pinned.
    store.gc(&AT_ONCE).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 15 * 3);
}

#[tokio::test]
async fn one_collects_at_a_time_and_none_while_the_folder_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    add(&store, 1).await;
    let collecting = fs::File::open(folder.path().join("collecting")).unwrap();
    collecting.lock().unwrap();
    let refused = store.gc(&AT_ONCE).await;
    assert!(
        matches!(refused, Err(StoreError::InUse { .. })),
        "{refused:?}"
    );
    collecting.unlock().unwrap();
    let hold = store.hold().await.unwrap();
    let other = open(&folder);
    let waiting = tokio::spawn(async move { other.gc(&AT_ONCE).await });
    // Others go on importing meanwhile.
    let second = add(&store, 2).await;
    assert!(!waiting.is_finished());
    store.pin(&second, PinMode::Recursive, None).await.unwrap();
    drop(hold);
    // The pin that was set while it waited counts.
    assert_eq!(waiting.await.unwrap().unwrap().removed.len(), 3);
    assert!(is_whole(&store, &second, 2).await);
}

#[tokio::test]
async fn the_limit_refuses_a_block_before_it_is_exceeded() {
    let folder = tempfile::tempdir().unwrap();
    let limits = FolderLimits {
        bytes: Some(700_000),
    };
    let store = FolderStore::open_with(folder.path(), limits).unwrap();
    let first = add(&store, 1).await;
    store.pin(&first, PinMode::Recursive, None).await.unwrap();
    let second = add(&store, 2).await;
    let used = store.size().await.unwrap();
    let refused = import(content(3).as_slice(), &store).await;
    match refused {
        Err(ImportError::Store(StoreError::Full { limit, wanted, .. })) => {
            assert_eq!(limit, 700_000);
            assert!(wanted > 200_000);
        }
        other => panic!("{other:?}"),
    }
    assert!(store.size().await.unwrap() <= 700_000);
    // What is there may be put again, and there is room once something is gone.
    assert_eq!(add(&store, 2).await, second);
    store.gc(&AT_ONCE).await.unwrap();
    let third = add(&store, 3).await;
    assert!(is_whole(&store, &first, 1).await && is_whole(&store, &third, 3).await);
    assert_eq!(store.size().await.unwrap(), used);
    // Another program's blocks count as well.
    let other = FolderStore::open_with(folder.path(), limits).unwrap();
    let refused = import(content(4).as_slice(), &other).await;
    assert!(
        matches!(refused, Err(ImportError::Store(StoreError::Full { .. }))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_check_finds_every_damage_and_repairs_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let (one, two) = (add(&store, 1).await, add(&store, 2).await);
    store.pin(&one, PinMode::Recursive, None).await.unwrap();
    let sound = store.check(Repair::Report, |_, _| {}).await.unwrap();
    assert!(sound.is_sound());
    assert_eq!(
        (sound.blocks, sound.bytes),
        (6, store.size().await.unwrap())
    );

    let leaf = unixfs::parse(&store.get(&one).await.unwrap().unwrap())
        .unwrap()
        .beneath()[0];
    for cid in [&leaf, &two] {
        let path = file_of(folder.path(), cid);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 0x80;
        fs::write(path, bytes).unwrap();
    }
    let stranger = folder.path().join("blocks/00/notes.txt");
    fs::create_dir_all(stranger.parent().unwrap()).unwrap();
    fs::write(&stranger, "mine").unwrap();
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let told = std::sync::Arc::clone(&seen);
    let report = store
        .check(Repair::Report, move |blocks, _| {
            told.store(blocks, std::sync::atomic::Ordering::Relaxed);
        })
        .await
        .unwrap();
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 6);
    let damaged: HashSet<[u8; 32]> = report
        .damaged
        .iter()
        .map(|block| cids::digest(&block.cid).unwrap())
        .collect();
    assert_eq!(
        damaged,
        [leaf, two].map(|cid| cids::digest(&cid).unwrap()).into()
    );
    assert_eq!(report.strangers, [stranger]);
    assert!(!report.is_sound());

    let aside = store.check(Repair::Quarantine, |_, _| {}).await.unwrap();
    assert_eq!(aside.damaged.len(), 2);
    assert!(aside.damaged.iter().all(|block| block.path.is_file()));
    assert_eq!(aside.incomplete, [(one, leaf)]);
    assert_eq!(store.get(&two).await.unwrap(), None);
    // Putting it again heals what is pinned.
    add(&store, 1).await;
    let healed = store.check(Repair::Remove, |_, _| {}).await.unwrap();
    assert!(healed.is_sound() && is_whole(&store, &one, 1).await);
}

#[tokio::test]
async fn a_folder_from_before_pins_is_taken_over_and_one_from_after_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cid = {
        let store = open(&folder);
        add(&store, 1).await
    };
    // As the first programs left it: blocks and incoming alone.
    for file in ["version", "lock", "collecting"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    fs::remove_dir(folder.path().join("pins")).unwrap();
    let store = open(&folder);
    assert!(is_whole(&store, &cid, 1).await);
    store.pin(&cid, PinMode::Recursive, None).await.unwrap();
    let version = folder.path().join("version");
    assert_eq!(fs::read_to_string(&version).unwrap(), "1\n");
    for later in ["2\n", "", "one"] {
        fs::write(&version, later).unwrap();
        let refused = FolderStore::open(folder.path());
        assert!(
            matches!(&refused, Err(StoreError::Layout { known: 1, .. })),
            "{refused:?}"
        );
    }
    fs::write(&version, "1\n").unwrap();
    assert_eq!(open(&folder).pins().await.unwrap().len(), 1);
}

/// A folder that differs by its number: many small files, which are flushed together, and a
/// large one.
fn tree(number: u64) -> Vec<(String, Vec<u8>)> {
    let small = (0..50).map(|i| (format!("{i:02}"), format!("{number}/{i}").into_bytes()));
    small
        .chain([("large".to_owned(), content(number))])
        .collect()
}

/// Bytes that the killed keeper's folder may hold: of some six trees.
const TIGHT: FolderLimits = FolderLimits {
    bytes: Some(2_000_000),
};

/// Imports, pins, unpins and collects until it is killed, and says what it may be held to.
/// Where the limit is reached in the middle of an import, it lets go of what is oldest.
/// Run by the test below in a process of its own.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn keeper_without_end() {
    let folder = std::env::var_os("ARBIUS_TEST_FOLDER").unwrap();
    let first: u64 = std::env::var("ARBIUS_TEST_FIRST").unwrap().parse().unwrap();
    let store = FolderStore::open_with(folder, TIGHT).unwrap();
    let pins = store.pins().await.unwrap();
    let mut kept: BTreeSet<u64> = pins
        .iter()
        .map(|pin| pin.name.as_ref().unwrap().parse().unwrap())
        .collect();
    let mut out = std::io::stdout();
    for number in first.. {
        let cid = loop {
            match unixfs::put_files(&tree(number), &store).await {
                Ok(made) => break made.cid,
                Err(ImportError::Store(StoreError::Full { .. })) => {
                    let gone = kept.pop_first().expect("a tree fits into an empty folder");
                    writeln!(out, "going {gone}").unwrap();
                    let cid = unixfs::cid_of_files(&tree(gone)).unwrap();
                    assert!(store.unpin(&cid).await.unwrap());
                    store.gc(&AT_ONCE).await.unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        };
        let name = number.to_string();
        let pinned = store.pin(&cid, PinMode::Recursive, Some(&name)).await;
        pinned.unwrap();
        kept.insert(number);
        writeln!(out, "kept {number}").unwrap();
    }
}

/// What a keeper has said.
#[derive(Default)]
struct Said {
    kept: BTreeSet<u64>,
    going: BTreeSet<u64>,
}

impl Said {
    /// Whether the line says something of a tree.
    fn hear(&mut self, line: &str) -> bool {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["kept", number] => self.kept.insert(number.parse().unwrap()),
            ["going", number] => self.going.insert(number.parse().unwrap()),
            _ => false,
        }
    }
}

#[tokio::test]
async fn a_killed_keeper_has_everything_that_it_said_it_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for round in 0..8_u64 {
        let mut keeper = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "folder::keeper_without_end",
                "--ignored",
                "--nocapture",
            ])
            .env("ARBIUS_TEST_FOLDER", folder.path())
            .env("ARBIUS_TEST_FIRST", (1000 * round).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
        // Killed in the middle of whatever comes after so many lines, a little later each time.
        let heard = lines
            .by_ref()
            .filter(|line| said.hear(line.as_ref().unwrap()));
        assert_eq!(heard.take(3).count(), 3);
        std::thread::sleep(Duration::from_millis(9 * round));
        keeper.kill().unwrap();
        keeper.wait().unwrap();
        // What it said between the last line that was read and its end.
        for line in lines.map_while(Result::ok) {
            said.hear(&line);
        }
        let store = open(&folder);
        let found = store.check(Repair::Report, |_, _| {}).await.unwrap();
        assert!(found.is_sound(), "{found:?}");
        store.gc(&AT_ONCE).await.unwrap();
        for number in said.kept.difference(&said.going) {
            let root = unixfs::cid_of_files(&tree(*number)).unwrap();
            let mut blocks = Traversal::new(root, Scope::All);
            let mut count = 0;
            // Each is hashed as it comes.
            while blocks.next(&store).await.unwrap().is_some() {
                count += 1;
            }
            assert_eq!(count, 1 + 50 + 3, "of tree {number}");
        }
    }
    assert!(said.kept.len() > 10 && said.going.len() > 5);
}

/// Run by the test below in a process that may write no file above some 50 KB.
#[tokio::test]
#[ignore = "wants a process with a limit"]
async fn writer_on_a_full_disk() {
    let folder = PathBuf::from(std::env::var_os("ARBIUS_TEST_FOLDER").unwrap());
    let store = FolderStore::open(&folder).unwrap();
    let small = Layout::KUBO.with_chunk(10_000).unwrap();
    let before = import_with(small, ramp(50_000).as_slice(), &store)
        .await
        .unwrap();
    for _ in 0..3 {
        let refused = import(content(1).as_slice(), &store).await;
        match refused {
            Err(ImportError::Store(error @ StoreError::DiskFull { .. })) => {
                assert!(error.to_string().contains("the disk is full"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        // The half-written file is gone again, so that it does not fill the disk further.
        assert_eq!(fs::read_dir(folder.join("incoming")).unwrap().count(), 0);
    }
    let read = unixfs::read(&before.cid, &store, 50_000).await.unwrap();
    assert_eq!(read, ramp(50_000));
    // What fits still goes in.
    let after = import_with(small, ramp(40_001).as_slice(), &store)
        .await
        .unwrap();
    store
        .pin(&after.cid, PinMode::Recursive, None)
        .await
        .unwrap();
    assert!(
        store
            .check(Repair::Report, |_, _| {})
            .await
            .unwrap()
            .is_sound()
    );
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Without the trap, the first write above the limit would end the process.
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let ended = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "folder::writer_on_a_full_disk", "--ignored"])
        .env("ARBIUS_TEST_FOLDER", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
