//! What a store remembers, refuses and survives.

#[cfg(unix)]
use std::os::unix::fs::FileExt as _;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_primitives::{Address, B256, Bytes, U256};

use redb::{Database, TableDefinition};

use super::{
    Backup, BackupError, Owner, Store, StoreError, StoreFile,
    backup::STORE_FILE,
    damaged::DAMAGED,
    jobs::{ENDED, JOBS},
    schema::{META, SCHEMA},
};
use crate::{
    chain::{Cursor, Intent, Urgency},
    miner::{Job, JobFilter, State, store::News},
};

fn owner() -> Owner {
    Owner {
        chain: 1,
        engine: Address::repeat_byte(1),
        account: Address::repeat_byte(2),
    }
}

fn job(number: u8) -> Job {
    Job::seen(
        B256::repeat_byte(number),
        B256::repeat_byte(9),
        U256::from(number),
        Bytes::from_static(b"{}"),
        number.into(),
    )
}

#[test]
fn finds_itself_again_after_being_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("miner.redb");
    let cursor = at_block(5);
    let intent = Intent {
        hash: B256::repeat_byte(3),
        sender: Address::repeat_byte(2),
        nonce: 4,
        raw: Bytes::from_static(&[2]),
        purpose: "committing".to_owned(),
        urgency: Urgency::Routine,
        replacements: Vec::new(),
    };
    {
        let store = Store::open(&path, owner()).unwrap();
        assert_eq!(store.cursor().unwrap(), None);
        assert_eq!(
            store
                .add(vec![job(2), job(1)], &News::default(), cursor.clone())
                .unwrap()
                .len(),
            2
        );
        let mut first = job(1);
        first.end(State::Lost, "too slow");
        store.save(&first).unwrap();
        store.record_intent(&intent).unwrap();
    }
    let store = Store::open(&path, owner()).unwrap();
    assert_eq!(store.cursor().unwrap(), Some(cursor));
    assert_eq!(store.jobs().unwrap().len(), 2);
    let open = store.open_jobs().unwrap();
    assert_eq!(
        open.iter().map(|job| job.task).collect::<Vec<_>>(),
        [job(2).task]
    );
    assert_eq!(store.open_intents().unwrap(), std::slice::from_ref(&intent));
    store.forget_intent(&intent).unwrap();
    assert_eq!(store.open_intents().unwrap(), []);
}

#[test]
fn reading_a_task_twice_does_not_set_its_job_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("miner.redb"), owner()).unwrap();
    let cursor = at_block(5);
    store
        .add(vec![job(1)], &News::default(), cursor.clone())
        .unwrap();
    let mut moved = job(1);
    moved.reach(State::Committed);
    store.save(&moved).unwrap();
    assert_eq!(
        store
            .add(vec![job(1), job(2)], &News::default(), cursor)
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        store.job(job(1).task).unwrap().unwrap().state,
        State::Committed
    );
}

#[tokio::test]
async fn waits_a_moment_for_the_miner_before_to_let_go_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("miner.redb");
    let before = Store::open(&path, owner()).unwrap();
    let stays = Store::take_over(&path, owner()).await;
    assert!(matches!(stays, Err(StoreError::InUse { .. })));
    let goes = async move {
        tokio::task::yield_now().await;
        drop(before);
    };
    let (after, ()) = tokio::join!(Store::take_over(&path, owner()), goes);
    after.unwrap();
}

#[test]
fn refuses_to_serve_two_miners_or_another_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("miner.redb");
    let store = Store::open(&path, owner()).unwrap();
    assert!(matches!(
        Store::open(&path, owner()),
        Err(StoreError::InUse { .. })
    ));
    drop(store);
    let other = Owner {
        account: Address::repeat_byte(8),
        ..owner()
    };
    assert!(matches!(
        Store::open(&path, other),
        Err(StoreError::OtherOwner { .. })
    ));
}

#[test]
fn refuses_a_newer_layout_and_a_file_that_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("miner.redb");
    {
        let store = Store::open(&path, owner()).unwrap();
        let write = store.begin_write().unwrap();
        {
            let mut meta = write.open_table(META).unwrap();
            let newer = (SCHEMA + 1).to_string();
            meta.insert("schema", newer.as_bytes()).unwrap();
            meta.insert("writer", b"\"9.9.9\"".as_slice()).unwrap();
        }
        write.commit().unwrap();
    }
    for refused in [Store::open(&path, owner()), Store::inspect(&path)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found, .. } if found == SCHEMA + 1));
        let text = error.to_string();
        assert!(
            text.contains(&format!("layout {} of version 9.9.9", SCHEMA + 1))
                && text.contains("update arbius"),
            "{text}"
        );
    }
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "this is no database, and long enough to be looked at",
    )
    .unwrap();
    assert!(matches!(
        Store::open(&text, owner()),
        Err(StoreError::Open { .. })
    ));
}

fn finished(number: u8, block: u64, ended: u64) -> Job {
    let mut job = Job::seen(
        B256::repeat_byte(number),
        B256::repeat_byte(9),
        U256::from(number),
        Bytes::from_static(b"{}"),
        block,
    );
    job.end(State::Claimed, "paid");
    job.earned.fee = U256::from(10);
    job.gas.claim = 7;
    job.history.iter_mut().for_each(|(_, at)| *at = ended);
    job
}

fn at_block(block: u64) -> Cursor {
    Cursor::after(block)
}

/// What version 0.1.0 wrote before there was a second layout, byte for byte.
fn write_layout_1(path: &std::path::Path) {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    const JOBS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("jobs");
    const OPEN: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("open");
    const INTENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("intents");
    let word = |byte: u8| format!("0x{}", alloy_primitives::hex::encode([byte; 32]));
    let job = |byte: u8, rest: &str| {
        format!(
            r#"{{"task":"{}","model":"{}","fee":"0x64","input":"0x7b7d","block":3,{rest}}}"#,
            word(byte),
            word(9)
        )
    };
    let database = Database::create(path).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut meta = write.open_table(META).unwrap();
        meta.insert("schema", b"1".as_slice()).unwrap();
        let owner = serde_json::to_vec(&owner().to_string()).unwrap();
        meta.insert("owner", owner.as_slice()).unwrap();
        let cursor = format!(r#"{{"block":41,"hash":"{}"}}"#, word(7));
        meta.insert("cursor", cursor.as_bytes()).unwrap();
        let mut jobs = write.open_table(JOBS).unwrap();
        let claimed = job(
            1,
            r#""state":"claimed","contestEnd":1795304471,"gas":{"commit":1,"reveal":2,"claim":3},"earned":{"fee":"0x5","reward":"0x6"},"attempts":0,"history":[["seen",1000],["claimed",2000]]"#,
        );
        jobs.insert([1; 32], claimed.as_bytes()).unwrap();
        let lost = job(
            2,
            r#""state":"lost","note":"too slow","gas":{"commit":4,"reveal":0,"claim":0},"earned":{"fee":"0x0","reward":"0x0"},"attempts":0,"history":[["seen",1000],["lost",1500]]"#,
        );
        jobs.insert([2; 32], lost.as_bytes()).unwrap();
        let committed = job(
            3,
            r#""state":"committed","gas":{"commit":4,"reveal":0,"claim":0},"earned":{"fee":"0x0","reward":"0x0"},"attempts":2,"history":[["seen",1000],["committed",1700]]"#,
        );
        jobs.insert([3; 32], committed.as_bytes()).unwrap();
        write.open_table(OPEN).unwrap().insert([3; 32], ()).unwrap();
        let intent = format!(
            r#"{{"hash":"{}","sender":"0x0202020202020202020202020202020202020202","nonce":4,"raw":"0x02","purpose":"committing"}}"#,
            word(5)
        );
        let mut intents = write.open_table(INTENTS).unwrap();
        intents.insert([5; 32], intent.as_bytes()).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn brings_the_first_layout_forward_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    write_layout_1(&path);
    assert!(matches!(
        Store::inspect(&path),
        Err(StoreError::Older { found: 1, .. })
    ));
    for _ in 0..2 {
        let store = Store::open(&path, owner()).unwrap();
        let cursor = store.cursor().unwrap().unwrap();
        assert_eq!((cursor.block, cursor.hash), (41, B256::repeat_byte(7)));
        let tally = store.tally().unwrap();
        let states: Vec<_> = tally.jobs.into_iter().collect();
        assert_eq!(
            states,
            [(State::Committed, 1), (State::Claimed, 1), (State::Lost, 1)]
        );
        assert_eq!((tally.fees, tally.rewards), (U256::from(5), U256::from(6)));
        assert_eq!(
            (tally.gas.commit, tally.gas.reveal, tally.gas.claim),
            (9, 2, 3)
        );
        let open = store.open_jobs().unwrap();
        assert_eq!((open.len(), open[0].attempts), (1, 2));
        assert_eq!(store.open_intents().unwrap()[0].nonce, 4);
        let read = store.begin_read().unwrap().open_table(ENDED).unwrap();
        let ended: Vec<_> = redb::ReadableTable::iter(&read)
            .unwrap()
            .map(|entry| entry.unwrap().0.value())
            .collect();
        assert_eq!(ended, [(1500, [2; 32]), (2000, [1; 32])]);
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    {
        let database = Database::create(&path).unwrap();
        let write = database.begin_write().unwrap();
        let table: TableDefinition<'_, u64, u64> = TableDefinition::new("prices");
        write.open_table(table).unwrap();
        write.commit().unwrap();
    }
    assert!(matches!(
        Store::open(&path, owner()),
        Err(StoreError::Foreign { .. })
    ));
}

#[test]
fn pruning_forgets_jobs_and_keeps_what_they_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join(STORE_FILE), owner()).unwrap();
    let jobs: Vec<Job> = (1..=9)
        .map(|number| finished(number, number.into(), 100 * u64::from(number)))
        .collect();
    store.add(jobs, &News::default(), at_block(20)).unwrap();
    store
        .add(
            vec![finished(10, 19, 50), job(11)],
            &News::default(),
            at_block(20),
        )
        .unwrap();
    let tally = store.tally().unwrap();
    assert_eq!((tally.of(State::Claimed), tally.gas.claim), (10, 70));
    // Blocks that may be read again are not old enough.
    assert_eq!(store.prune(u64::MAX, 0).unwrap(), 0);
    store
        .add(vec![], &News::default(), at_block(1_034))
        .unwrap();
    // By number: of ten the two that ended first, of which one is in too new a block.
    assert_eq!(store.prune(0, 8).unwrap(), 1);
    // By age: those that ended before 500.
    assert_eq!(store.prune(500, 100).unwrap(), 3);
    let left: Vec<_> = store
        .jobs()
        .unwrap()
        .iter()
        .map(|job| job.task[0])
        .collect();
    assert_eq!(left, [5, 6, 7, 8, 9, 11, 10]);
    assert_eq!(store.tally().unwrap(), tally);
    assert_eq!(store.open_jobs().unwrap().len(), 1);
}

#[test]
fn a_finished_job_that_is_saved_again_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join(STORE_FILE), owner()).unwrap();
    let mut job = finished(1, 1, 5);
    for _ in 0..3 {
        job.earned.fee += U256::ONE;
        store.save(&job).unwrap();
    }
    let tally = store.tally().unwrap();
    assert_eq!((tally.of(State::Claimed), tally.fees), (1, U256::from(13)));
    // A reorganisation may open it again.
    job.reach(State::Revealed);
    store.save(&job).unwrap();
    let tally = store.tally().unwrap();
    assert_eq!(
        (tally.of(State::Claimed), tally.of(State::Revealed)),
        (0, 1)
    );
    assert_eq!(tally.fees, U256::ZERO);
}

#[test]
fn a_filter_gives_the_newest_of_what_it_lets_through() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join(STORE_FILE), owner()).unwrap();
    let jobs = (1..=40).map(|number| finished(number, number.into(), number.into()));
    store
        .add(jobs.collect(), &News::default(), at_block(50))
        .unwrap();
    store
        .add(vec![job(50)], &News::default(), at_block(50))
        .unwrap();
    let chosen = |filter: JobFilter| -> Vec<u64> {
        store
            .select(&filter)
            .unwrap()
            .iter()
            .map(|job| job.block)
            .collect()
    };
    let claimed = JobFilter {
        states: vec![State::Claimed],
        limit: Some(3),
        ..JobFilter::default()
    };
    assert_eq!(chosen(claimed.clone()), [38, 39, 40]);
    let since = JobFilter {
        since: Some(39),
        ..claimed.clone()
    };
    assert_eq!(chosen(since), [39, 40]);
    let other = JobFilter {
        model: Some(B256::ZERO),
        ..claimed
    };
    assert_eq!(chosen(other), [0_u64; 0]);
}

#[test]
fn damaged_records_are_set_apart_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    {
        let store = Store::open(&path, owner()).unwrap();
        let jobs = vec![job(1), job(2), finished(3, 3, 3), finished(4, 4, 4)];
        store.add(jobs, &News::default(), at_block(9)).unwrap();
        let write = store.begin_write().unwrap();
        for bad in [1, 3] {
            let mut jobs = write.open_table(JOBS).unwrap();
            jobs.insert([bad; 32], b"{\"task\":".as_slice()).unwrap();
        }
        let mut meta = write.open_table(META).unwrap();
        meta.insert("cursor", b"?".as_slice()).unwrap();
        drop(meta);
        write.commit().unwrap();
    }
    let store = Store::open(&path, owner()).unwrap();
    assert_eq!(store.cursor().unwrap(), None);
    let open = store.open_jobs().unwrap();
    assert_eq!(open.iter().map(|job| job.block).collect::<Vec<_>>(), [2]);
    assert_eq!(store.jobs().unwrap().len(), 2);
    let open_job = format!("jobs/{}", B256::repeat_byte(1));
    assert_eq!(
        store.damaged().unwrap(),
        [open_job.clone(), "meta/0x637572736f72".to_owned()]
    );
    let read = store.begin_read().unwrap().open_table(DAMAGED).unwrap();
    let kept = redb::ReadableTable::get(&read, open_job.as_str())
        .unwrap()
        .unwrap();
    assert_eq!(kept.value(), b"{\"task\":");
    drop(kept);
    drop((read, store));
    let check = StoreFile::check(folder.path()).unwrap();
    assert!(check.intact);
    assert!(
        check
            .damaged
            .contains(&format!("jobs/{}", B256::repeat_byte(3)))
    );
    assert_eq!(check.damaged.len(), 3);
}

/// A file on a disk that can be full.
#[derive(Debug)]
struct Disk {
    file: std::fs::File,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> std::io::Result<()> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(std::io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.room().and_then(|()| self.file.set_len(len))
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.room().and_then(|()| self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.room()
            .and_then(|()| self.file.write_all_at(data, offset))
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_an_error_that_passes_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    {
        let store = Store::open(&path, owner()).unwrap();
        store
            .add(vec![job(1)], &News::default(), at_block(5))
            .unwrap();
    }
    let full = Arc::new(AtomicBool::new(false));
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let disk = Disk {
        file,
        full: Arc::clone(&full),
    };
    let store = Store::with_backend(&path, disk);
    store.save(&finished(2, 2, 2)).unwrap();
    full.store(true, Ordering::Relaxed);
    let error = store.save(&finished(1, 1, 1)).unwrap_err();
    assert!(
        error.is_passing() && error.to_string().contains("full"),
        "{error}"
    );
    // The next one opens the file anew, which has room in this test.
    store.save(&finished(3, 3, 3)).unwrap();
    let tally = store.tally().unwrap();
    assert_eq!((tally.of(State::Claimed), tally.of(State::Seen)), (2, 1));
    assert!(matches!(
        Store::open(&path, owner()),
        Err(StoreError::InUse { .. })
    ));
}

#[test]
fn a_file_that_was_damaged_is_an_error_whatever_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    {
        let store = Store::open(&path, owner()).unwrap();
        let jobs = (1..=60).map(|number| finished(number, 1, 1));
        store
            .add(jobs.collect(), &News::default(), at_block(5))
            .unwrap();
    }
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    // A page that is lost, here and there, and a file that is cut short.
    for start in (0..good.len()).step_by(2 * 4096) {
        let mut bad = good.clone();
        let end = good.len().min(start + 4096);
        bad[start..end].fill(0xa5);
        std::fs::write(&path, &bad).unwrap();
        refused += u32::from(StoreFile::check(folder.path()).is_err());
        std::fs::write(&path, &good[..start]).unwrap();
        refused += u32::from(Store::inspect(&path).is_err());
    }
    assert!(refused > 10, "{refused}");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(Store::inspect(&path).unwrap().jobs().unwrap().len(), 60);
}

#[test]
fn a_store_that_was_taken_away_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join(STORE_FILE);
    assert!(!Store::inspect(&missing).unwrap_err().is_passing());
    assert!(
        !Store::open(folder.path(), owner())
            .unwrap_err()
            .is_passing()
    );
}

#[test]
fn a_backup_is_the_store_as_it_was_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    let backup = folder.path().join("store.backup");
    let store = Store::open(&folder.path().join(STORE_FILE), owner()).unwrap();
    let jobs = (1..=200).map(|number| finished(number, number.into(), number.into()));
    store
        .add(jobs.collect(), &News::default(), at_block(300))
        .unwrap();
    store
        .add(vec![job(201)], &News::default(), at_block(300))
        .unwrap();
    let taken = store.backup_to(&backup).unwrap();
    let (jobs, tally) = (store.jobs().unwrap(), store.tally().unwrap());
    store.save(&finished(202, 1, 1)).unwrap();

    assert_eq!(Backup::verify(&backup).unwrap(), taken);
    Backup::restore(&backup, &there, false).unwrap();
    let restored = Store::open(&there.join(STORE_FILE), owner()).unwrap();
    assert_eq!(restored.jobs().unwrap(), jobs);
    assert_eq!(restored.tally().unwrap(), tally);
    assert_eq!(restored.cursor().unwrap(), Some(at_block(300)));
    // A store that is in use, or knows more, or is another's is not replaced.
    assert!(matches!(
        Backup::restore(&backup, &there, true),
        Err(BackupError::Store(StoreError::InUse { .. }))
    ));
    restored
        .add(vec![], &News::default(), at_block(301))
        .unwrap();
    drop(restored);
    let refused = Backup::restore(&backup, &there, false).unwrap_err();
    assert!(
        matches!(
            refused,
            BackupError::Older {
                there: 301,
                backup: 300,
                ..
            }
        ),
        "{refused}"
    );
    Backup::restore(&backup, &there, true).unwrap();
    let replaced = Store::inspect(&there.join("miner.redb.replaced")).unwrap();
    assert_eq!(replaced.cursor().unwrap(), Some(at_block(301)));
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let account = Address::repeat_byte(8);
    let theirs = Owner { account, ..owner() };
    drop(Store::open(&other.join(STORE_FILE), theirs).unwrap());
    assert!(matches!(
        Backup::restore(&backup, &other, true),
        Err(BackupError::OtherOwner { .. })
    ));
}

#[test]
fn a_backup_that_is_not_as_it_was_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.backup");
    let there = folder.path().join("there");
    let store = Store::open(&folder.path().join(STORE_FILE), owner()).unwrap();
    store
        .add(
            vec![job(1), finished(2, 2, 2)],
            &News::default(),
            at_block(3),
        )
        .unwrap();
    store.backup_to(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let refuse = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = Backup::restore(&path, &there, true).unwrap_err();
        assert!(!there.exists(), "something was restored");
        error
    };
    // Every byte counts, and every byte that is missing or too much.
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 0x10;
        let error = refuse(&bad);
        assert!(
            matches!(
                error,
                BackupError::Foreign { .. }
                    | BackupError::Damaged { .. }
                    | BackupError::Newer { .. }
            ),
            "{index}: {error}"
        );
    }
    for length in 0..good.len() {
        refuse(&good[..length]);
    }
    refuse(&[&good[..], b"x"].concat());
    assert!(matches!(
        refuse(b"a holiday picture, say"),
        BackupError::Foreign { .. }
    ));
}
