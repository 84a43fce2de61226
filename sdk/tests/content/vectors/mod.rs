//! CIDs and CARs against those of other implementations: helia's importer (`unixfs.mjs`), a
//! real Kubo (`kubo.py`) and the crate aleph-cid.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use aleph_cid::verify::Hasher;
use arbius_sdk::content::unixfs::{
    self, ImportOptions, Layout, Node, cid_of, cid_of_with, export_path, import_files, import_path,
    import_with, put_files, read, resolve,
};
use arbius_sdk::content::{CidVersion, MemoryStore, car, cids};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::memory;

/// [`crate::ramp`], made once for the longest and cut for the others.
fn ramp(bytes: usize) -> &'static [u8] {
    static LONGEST: LazyLock<Vec<u8>> = LazyLock::new(|| crate::ramp(50 << 20));
    &LONGEST[..bytes]
}

fn helia() -> Value {
    serde_json::from_str(include_str!("unixfs.json")).unwrap()
}

fn kubo() -> Value {
    serde_json::from_str(include_str!("kubo.json")).unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn layout(case: &Value) -> Layout {
    let base = match case["profile"].as_str() {
        Some("unixfs-v1-2025") => Layout::UNIXFS_V1_2025,
        Some(profile) => panic!("no layout for {profile}"),
        None => Layout::KUBO,
    };
    let version = match case["version"].as_u64() {
        Some(0) => CidVersion::V0,
        Some(1) => CidVersion::V1,
        _ => panic!("{case} has no version"),
    };
    base.with_chunk(number(&case["chunk"]))
        .and_then(|layout| layout.with_width(number(&case["width"])))
        .unwrap()
        .with_version(version)
        .with_raw_leaves(case["raw"].as_bool().unwrap())
}

/// The files of a directory by their paths.
fn files(case: &Value) -> Vec<(String, &'static [u8])> {
    let entries = case["entries"].as_array().into_iter().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| {
            (
                entry[0].as_str().unwrap().to_owned(),
                ramp(number(&entry[1])),
            )
        })
        .collect();
    if let Some(count) = case["count"].as_u64() {
        let content = ramp(number(&case["ramp"]));
        let suffix = case["suffix"].as_str().unwrap();
        files.extend((0..count).map(|i| (format!("{i:08}{suffix}"), content)));
        let longer = number(&case["longer"]);
        if longer > 0 {
            files.push(("x".repeat(longer), content));
        }
    }
    files
}

#[test]
fn the_named_layouts_are_what_the_vectors_call_them() {
    let vectors = helia();
    for (layout_of, wanted) in [
        (Layout::KUBO, 0),
        (Layout::KUBO_V1, 1),
        (Layout::UNIXFS_V1_2025, 2),
    ] {
        let mut cases = vectors["directories"].as_array().unwrap().iter();
        // The empty directory of each.
        let case = cases
            .by_ref()
            .filter(|case| case["entries"].as_array().is_some_and(Vec::is_empty))
            .nth(wanted)
            .unwrap();
        assert_eq!(layout(case), layout_of, "{case}");
    }
}

#[tokio::test]
async fn files_of_all_sizes_get_the_cids_of_helias_importer() {
    let vectors = helia();
    let cases = vectors["files"].as_array().unwrap();
    assert!(cases.len() > 100);
    for case in cases {
        let content = ramp(number(&case["ramp"]));
        let layout = layout(case);
        let store = memory();
        let made = import_with(layout, content, &*store).await.unwrap();
        assert_eq!(
            made.cid.to_string(),
            case["cid"].as_str().unwrap(),
            "{case}"
        );
        assert_eq!(made.tsize, case["tsize"].as_u64().unwrap(), "{case}");
        assert_eq!(made.size, content.len() as u64);
        assert_eq!(cid_of_with(layout, content), made.cid, "{case}");
        let back = read(&made.cid, &*store, content.len() as u64)
            .await
            .unwrap();
        assert!(back == content, "{case} does not come back");
    }
}

#[tokio::test]
async fn directories_get_the_cids_of_helias_importer() {
    let vectors = helia();
    let cases = vectors["directories"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let store = memory();
        let files = files(case);
        let layout = layout(case);
        let made = import_files(layout, &files, &*store).await.unwrap();
        assert_eq!(
            made.cid.to_string(),
            case["cid"].as_str().unwrap(),
            "{case}"
        );
        assert_eq!(made.tsize, case["tsize"].as_u64().unwrap(), "{case}");
        let sizes = files.iter().map(|(_, content)| content.len() as u64);
        assert_eq!(made.size, sizes.sum::<u64>());
        for (path, content) in files.iter().take(50) {
            let file = resolve(&made.cid, path, &*store).await.unwrap();
            let size = content.len() as u64;
            assert_eq!(file.node, Node::File { size });
            assert_eq!(file.cid, cid_of_with(layout, content));
        }
        if layout == Layout::KUBO && files.iter().all(|(path, _)| !path.contains('/')) {
            let wrapped = put_files(&files, &*memory()).await.unwrap();
            assert_eq!(wrapped, made);
            assert_eq!(unixfs::cid_of_files(&files), Ok(made.cid));
        }
    }
}

#[tokio::test]
async fn a_car_is_byte_for_byte_that_of_the_javascript_implementation() {
    let vectors = helia();
    let cases = vectors["cars"].as_array().unwrap();
    assert!(cases.len() > 15);
    for case in cases {
        let store = memory();
        let layout = layout(case);
        let root = match case["count"]
            .as_u64()
            .or(case["entries"].as_array().map(|_| 0))
        {
            Some(_) => import_files(layout, &files(case), &*store).await,
            None => import_with(layout, ramp(number(&case["ramp"])), &*store).await,
        }
        .unwrap()
        .cid;
        let mut stream = Vec::new();
        let exported = car::export(&[root], &*store, &mut stream).await.unwrap();
        assert_eq!(exported.blocks, case["blocks"].as_u64().unwrap(), "{case}");
        assert_eq!(exported.bytes, case["bytes"].as_u64().unwrap(), "{case}");
        let digest: String = Sha256::digest(&stream)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, case["sha256"].as_str().unwrap(), "{case}");
        let other = MemoryStore::new();
        let imported = car::import(stream.as_slice(), &other, car::CarLimits::default())
            .await
            .unwrap();
        assert_eq!(imported.roots, [root]);
        assert_eq!(imported.blocks, exported.blocks);
        assert_eq!(imported.bytes, exported.bytes);
    }
}

/// Lays out on disk what `kubo.py` laid out.
fn lay_out(folder: &Path, case: &Value) {
    fs::create_dir(folder).unwrap();
    for entry in case["entries"].as_array().into_iter().flatten() {
        let path = folder.join(entry[0].as_str().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match &entry[1] {
            Value::Null => fs::create_dir(path).unwrap(),
            Value::String(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            size => fs::write(path, ramp(number(size))).unwrap(),
        }
    }
    if case["entries"].is_null() {
        for (name, content) in files(case) {
            fs::write(folder.join(name), content).unwrap();
        }
    }
}

#[tokio::test]
async fn files_on_disk_get_the_cids_of_a_real_kubo() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    let vectors = kubo();
    let cases = vectors["files"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let path = folder.path().join("file");
        let content = ramp(number(&case["ramp"]));
        fs::write(&path, content).unwrap();
        let made = import_path(&path, &store, &ImportOptions::default())
            .await
            .unwrap();
        assert_eq!(
            made.cid.to_string(),
            case["cid"].as_str().unwrap(),
            "{case}"
        );
        assert_eq!(made.size, content.len() as u64);
        assert_eq!(cid_of(content), made.cid);
        let out = folder.path().join("out");
        let limits = unixfs::ExportLimits::default();
        let exported = export_path(&made.cid, &store, &out, &limits).await.unwrap();
        assert_eq!((exported.files, exported.bytes), (1, made.size));
        assert!(
            fs::read(&out).unwrap() == content,
            "{case} does not come back"
        );
        fs::remove_file(out).unwrap();
    }
}

#[tokio::test]
async fn folders_on_disk_get_the_cids_of_a_real_kubo() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = kubo();
    for (at, case) in vectors["directories"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let path = folder.path().join(at.to_string());
        lay_out(&path, case);
        // The library adds hidden files, as `ipfs add --hidden` does.
        let options = ImportOptions {
            hidden: true,
            ..ImportOptions::default()
        };
        let made = import_path(&path, &MemoryStore::new(), &options)
            .await
            .unwrap();
        assert_eq!(
            made.cid.to_string(),
            case["cid"].as_str().unwrap(),
            "{case}"
        );
    }
}

#[tokio::test]
async fn files_and_folders_get_the_cids_of_aleph_cid_with_raw_leaves_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    for bytes in [0, 1, 262_143, 262_144, 262_145, 1 << 20, 5_000_001] {
        let content = ramp(bytes);
        for (layout, mut hasher) in [
            (Layout::KUBO, Hasher::for_ipfs()),
            (Layout::KUBO_V1, Hasher::for_ipfs_v1_raw_leaves()),
        ] {
            hasher.update(content);
            let theirs = hasher.finalize().to_string();
            assert_eq!(cid_of_with(layout, content).to_string(), theirs);
        }
    }
    let files = folder.path().join("files");
    fs::create_dir_all(files.join("some/deeper")).unwrap();
    for i in 0..6_500 {
        fs::write(files.join(format!("some/{i:05}.bin")), [7]).unwrap();
    }
    fs::write(files.join("some/deeper/large"), ramp(1_000_000)).unwrap();
    for (layout, version) in [
        (Layout::KUBO, aleph_cid::CidVersion::V0),
        (Layout::KUBO_V1, aleph_cid::CidVersion::V1),
    ] {
        let mut options = aleph_cid::UploadFolderOptions::default();
        options.cid_version = version;
        let listed = aleph_cid::collect_folder_files(&files, false).unwrap();
        let theirs = aleph_cid::folder_hash::hash_folder_root(&listed, &options).unwrap();
        let ours = ImportOptions {
            layout,
            ..ImportOptions::default()
        };
        let made = import_path(&files, &store, &ours).await.unwrap();
        assert_eq!(made.cid, cids::parse(theirs.as_str()).unwrap());
    }
}
