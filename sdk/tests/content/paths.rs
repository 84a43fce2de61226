//! Files and folders on disk: in, and out again.

use std::fs;
use std::sync::Mutex;

use arbius_sdk::content::unixfs::{
    self, ExportLimits, ExportPathError, ImportError, ImportOptions, Layout, Node, Progress,
    ReadError, Symlinks, export_path, import_path, resolve,
};
use arbius_sdk::content::{Block, BlockStore, MemoryStore, dag_pb};
use bytes::Bytes;

use crate::{memory, ramp};

/// A folder with files at several depths, a link and something hidden.
fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("images/large")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("info.json"), b"{}").unwrap();
    fs::write(folder.path().join("images/one.png"), ramp(1000)).unwrap();
    fs::write(folder.path().join("images/large/two.png"), ramp(5_000_000)).unwrap();
    fs::write(folder.path().join(".hidden"), b"secret").unwrap();
    std::os::unix::fs::symlink("images/one.png", folder.path().join("latest")).unwrap();
    folder
}

#[tokio::test]
async fn a_folder_comes_out_as_it_went_in_without_what_is_hidden() {
    let folder = sample();
    let store = memory();
    let told: Mutex<Vec<Progress>> = Mutex::default();
    let tell = |progress| told.lock().unwrap().push(progress);
    let options = ImportOptions {
        layout: Layout::KUBO_V1,
        progress: Some(&tell),
        ..ImportOptions::default()
    };
    let made = import_path(folder.path(), &*store, &options).await.unwrap();
    assert_eq!(made.size, 5_001_002);
    let told = told.lock().unwrap().clone();
    assert!(told.is_sorted_by_key(|progress| (progress.files, progress.bytes)));
    assert_eq!(
        told.last(),
        Some(&Progress {
            files: 3,
            bytes: 5_001_002
        })
    );
    // A large file is reported in between.
    assert!(told.len() > 4);

    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("copy");
    let exported = export_path(&made.cid, &*store, &to, &ExportLimits::default())
        .await
        .unwrap();
    assert_eq!((exported.files, exported.bytes), (3, 5_001_002));
    assert_eq!(
        fs::read(to.join("images/large/two.png")).unwrap(),
        ramp(5_000_000)
    );
    assert_eq!(fs::read(to.join("latest")).unwrap(), ramp(1000));
    assert_eq!(fs::read(to.join("info.json")).unwrap(), b"{}");
    assert!(to.join("empty").is_dir());
    assert!(!to.join(".hidden").exists());
    let names = fs::read_dir(out.path()).unwrap().count();
    assert_eq!(names, 1, "something unfinished is left");
    let again = import_path(&to, &*store, &options).await.unwrap();
    assert_eq!(again.cid, made.cid);
    let link = resolve(&made.cid, "latest", &*store).await.unwrap();
    assert_eq!(
        link.node,
        Node::Symlink {
            target: "images/one.png".into()
        }
    );
    let through = resolve(&made.cid, "latest/deeper", &*store).await;
    assert!(
        matches!(through, Err(ReadError::IsSymlink { .. })),
        "{through:?}"
    );
    let bytes = unixfs::read(&link.cid, &*store, 100).await;
    assert!(
        matches!(bytes, Err(ReadError::IsSymlink { .. })),
        "{bytes:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_imported_is_named() {
    let folder = sample();
    let store = memory();
    let options = ImportOptions {
        symlinks: Symlinks::Refuse,
        ..ImportOptions::default()
    };
    let refused = import_path(folder.path(), &*store, &options)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, ImportError::Kind { path, .. } if path.ends_with("latest")),
        "{refused}"
    );
    let missing = import_path(
        folder.path().join("none"),
        &*store,
        &ImportOptions::default(),
    )
    .await;
    assert!(
        matches!(&missing, Err(ImportError::ReadPath { path, .. }) if path.ends_with("none")),
        "{missing:?}"
    );
    // A device has no end.
    let endless = import_path("/dev/zero", &*store, &ImportOptions::default()).await;
    assert!(
        matches!(endless, Err(ImportError::Kind { .. })),
        "{endless:?}"
    );
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(folder.path().join(name), b"").unwrap();
    let unnamed = import_path(folder.path(), &*store, &ImportOptions::default()).await;
    assert!(
        matches!(unnamed, Err(ImportError::NotText { .. })),
        "{unnamed:?}"
    );
}

#[tokio::test]
async fn nothing_is_left_at_the_destination_when_an_export_fails() {
    let folder = sample();
    let store = memory();
    let made = import_path(folder.path(), &*store, &ImportOptions::default())
        .await
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("copy");
    let partial = MemoryStore::new();
    partial
        .put(&store.get(&made.cid).await.unwrap().unwrap())
        .await
        .unwrap();
    let missing = export_path(&made.cid, &partial, &to, &ExportLimits::default()).await;
    assert!(
        matches!(
            missing,
            Err(ExportPathError::Read(ReadError::Missing { .. }))
        ),
        "{missing:?}"
    );
    let few = ExportLimits {
        entries: 5,
        ..ExportLimits::default()
    };
    let many = export_path(&made.cid, &*store, &to, &few).await;
    assert!(many.is_err(), "{many:?}");
    let small = ExportLimits {
        bytes: 5_001_001,
        ..ExportLimits::default()
    };
    let large = export_path(&made.cid, &*store, &to, &small).await;
    assert!(
        matches!(
            large,
            Err(ExportPathError::Read(ReadError::TooLarge { .. }))
        ),
        "{large:?}"
    );
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    fs::write(&to, "mine").unwrap();
    let exists = export_path(&made.cid, &*store, &to, &ExportLimits::default()).await;
    assert!(
        matches!(exists, Err(ExportPathError::Exists { .. })),
        "{exists:?}"
    );
    assert_eq!(fs::read(&to).unwrap(), b"mine");
}

#[tokio::test]
async fn a_small_dag_that_unfolds_to_a_million_files_stops_at_the_limit() {
    let store = memory();
    let mut below = unixfs::put_files(&[("file", b"x")], &*store).await.unwrap();
    for _ in 0..6 {
        let entries = (0..10).map(|i| unixfs::DirectoryEntry {
            name: i.to_string(),
            cid: below.cid,
            tsize: below.tsize,
        });
        let made = unixfs::directory(Layout::KUBO, entries.collect()).unwrap();
        store.put_many(&made.blocks).await.unwrap();
        below.cid = made.cid;
    }
    let out = tempfile::tempdir().unwrap();
    let limits = ExportLimits {
        entries: 1000,
        ..ExportLimits::default()
    };
    let refused = export_path(&below.cid, &*store, out.path().join("copy"), &limits).await;
    assert!(
        matches!(
            refused,
            Err(ExportPathError::TooManyEntries { limit: 1000, .. }
                | ExportPathError::Read(ReadError::TooManyEntries { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_link_that_could_leave_the_folder_is_not_written() {
    for target in ["/etc/passwd", "../outside", "a/../../outside", ".."] {
        let store = memory();
        let mut data = vec![0x08, 4, 0x12, target.len() as u8];
        data.extend(target.as_bytes());
        let link = dag_pb::Node {
            links: Vec::new(),
            data: data.into(),
        };
        let link = Block::of_node(link.encode()).unwrap();
        store.put(&link).await.unwrap();
        let entry = unixfs::DirectoryEntry {
            name: "link".into(),
            cid: *link.cid(),
            tsize: 1,
        };
        let made = unixfs::directory(Layout::KUBO, vec![entry]).unwrap();
        store.put_many(&made.blocks).await.unwrap();
        let out = tempfile::tempdir().unwrap();
        let limits = ExportLimits::default();
        let refused = export_path(&made.cid, &*store, out.path().join("copy"), &limits).await;
        assert!(
            matches!(&refused, Err(ExportPathError::Symlink { target: named, .. }) if named == target),
            "{refused:?}"
        );
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
    let nowhere = dag_pb::Node {
        links: Vec::new(),
        data: Bytes::from_static(&[0x08, 4, 0x12, 1, 0xff]),
    };
    let block = Block::of_node(nowhere.encode()).unwrap();
    assert_eq!(unixfs::parse(&block), Err(unixfs::MalformedError::Target));
}
