//! How fast a file becomes blocks, beside the hash alone and another implementation, and how
//! much memory it takes: `cargo bench -p arbius-sdk --bench import`.
//!
//! Speed is by the clock: a file is hashed on two cores where there are two, sha256 alone on one.
//! The processor time of all threads is told too. All are measured in turn, several times, and
//! the fastest runs of each compared.

#[path = "../../devnet/benches/goals/mod.rs"]
mod goals;

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use aleph_cid::{UploadFolderOptions, collect_folder_files, folder_hash::hash_folder_root};
use arbius_sdk::content::car::{self, CarLimits};
use arbius_sdk::content::unixfs::{ImportOptions, Layout, export, import_path};
use arbius_sdk::content::{Block, BlockStore, Cid, FolderStore, StoreFuture, cids};
use goals::Goals;
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};
use tokio::io::BufWriter;

/// The file whose speed is measured; it stays in the page cache.
const MEASURED_BYTES: usize = 512 << 20;
const TURNS: usize = 11;

/// The file whose import must take less memory than [`MOST_MEMORY`].
const LARGE_BYTES: usize = 1 << 30;
const MOST_MEMORY: f64 = 64e6;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Takes blocks and drops them.
struct Nowhere;

impl BlockStore for Nowhere {
    fn get<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(async { Ok(None) })
    }
    fn put<'a>(&'a self, _: &'a Block) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
    fn has<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}

fn main() -> Done<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, "--memory-of", folder] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return runtime.block_on(take_memory(Path::new(folder)));
    }
    let mut goals = Goals::of("import");
    speed(&runtime, &mut goals)?;
    memory(&mut goals)?;
    Ok(goals.conclude())
}

fn speed(runtime: &tokio::runtime::Runtime, goals: &mut Goals) -> Done {
    let folder = tempfile::tempdir()?;
    write_noise(&folder.path().join("file"), MEASURED_BYTES)?;
    let whole = fs::read(folder.path().join("file"))?;
    for (name, layout, version) in [
        ("CIDv0", Layout::KUBO, aleph_cid::CidVersion::V0),
        (
            "CIDv1, raw leaves",
            Layout::KUBO_V1,
            aleph_cid::CidVersion::V1,
        ),
    ] {
        let options = ImportOptions {
            layout,
            ..ImportOptions::default()
        };
        let mut theirs = UploadFolderOptions::default();
        theirs.cid_version = version;
        let ours = || -> Done<Cid> {
            let made = runtime.block_on(import_path(folder.path(), &Nowhere, &options))?;
            Ok(made.cid)
        };
        let theirs = || -> Done<Cid> {
            let listed = collect_folder_files(folder.path(), false)?;
            let cid = hash_folder_root(&listed, &theirs)?;
            Ok(cids::parse(cid.as_str())?)
        };
        assert_eq!(ours()?, theirs()?, "both make the same of the same file");
        let (mut alone, mut our, mut their) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            alone.push(took(|| hash(&whole))?);
            our.push(took(|| ours().map(drop))?);
            their.push(took(|| theirs().map(drop))?);
        }
        let (alone, our, their) = (fastest(&alone), fastest(&our), fastest(&their));
        let speed = MEASURED_BYTES as f64 / our.1 / 1e6;
        goals.report(&format!("{name}: import"), vec![speed], "MB a second", ..);
        for (other, (used, took), goal) in [
            ("that of sha256 on one core", alone, 0.8),
            ("that of aleph-cid", their, 1.0),
        ] {
            let measure = format!("{name}: speed over {other}");
            goals.report(&measure, vec![took / our.1], "times", goal..);
            let measure = format!("{measure}, in processor time");
            goals.report(&measure, vec![used / our.0], "times", ..);
        }
    }
    Ok(())
}

fn hash(whole: &[u8]) -> Done {
    std::hint::black_box(Sha256::digest(whole));
    Ok(())
}

/// The least processor time and the least time by the clock of several runs, seconds: what
/// others do on the machine, and to its caches, only ever adds to either.
fn fastest(runs: &[(Duration, Duration)]) -> (f64, f64) {
    let least = |time: fn(&(Duration, Duration)) -> Duration| {
        let least = runs.iter().map(time).min().unwrap_or_default();
        least.as_secs_f64()
    };
    (least(|run| run.0), least(|run| run.1))
}

/// Processor time of all threads, and time by the clock.
fn took(work: impl FnOnce() -> Done) -> Done<(Duration, Duration)> {
    let used = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        // Neither is negative for this clock.
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let (before, began) = (used(), Instant::now());
    work()?;
    Ok((used() - before, began.elapsed()))
}

/// Imports a large file into a folder of blocks and writes it out again, as it is and as a CAR,
/// which goes into another folder, in a process of its own.
fn memory(goals: &mut Goals) -> Done {
    let folder = tempfile::tempdir()?;
    write_noise(&folder.path().join("file"), LARGE_BYTES)?;
    let output = Command::new(std::env::current_exe()?)
        .arg("--memory-of")
        .arg(folder.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let bytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let measure = "peak memory of 1 GiB, as a file and as a CAR into a folder of blocks and out";
    goals.report(measure, vec![bytes / 1e6], "MB", ..=MOST_MEMORY / 1e6);
    Ok(())
}

async fn take_memory(folder: &Path) -> Done<ExitCode> {
    let store = FolderStore::open(folder.join("store"))?;
    let options = ImportOptions::default();
    let made = import_path(folder.join("file"), &store, &options).await?;
    let written = export(&made.cid, &store, tokio::io::sink(), u64::MAX).await?;
    assert_eq!(written, LARGE_BYTES as u64);
    let stream = tokio::fs::File::create(folder.join("car")).await?;
    car::export(&[made.cid], &store, BufWriter::new(stream)).await?;
    let copy = FolderStore::open(folder.join("copy"))?;
    let stream = tokio::fs::File::open(folder.join("car")).await?;
    let imported = car::import(stream, &copy, CarLimits::default()).await?;
    assert_eq!(imported.roots, [made.cid]);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .ok_or("the system does not say how much memory was used")?;
    println!("{}", peak.parse::<u64>()? * 1024);
    Ok(ExitCode::SUCCESS)
}

/// Bytes that no two leaves share.
fn write_noise(path: &Path, bytes: usize) -> Done {
    let mut file = File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut piece = vec![0; 1 << 20];
    for _ in 0..bytes >> 20 {
        for word in piece.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&piece)?;
    }
    // What is still to be written to the disk must not be written while it is measured.
    file.sync_all()?;
    // And it is read once, so that all find it in the page cache.
    let mut file = File::open(path)?;
    while file.read(&mut piece)? > 0 {}
    Ok(())
}
