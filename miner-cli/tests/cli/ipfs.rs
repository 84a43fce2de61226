//! Content by its CID, as users meet it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use arbius_sdk::content::car::CarWriter;
use arbius_sdk::content::{Block, cids, dag_pb};
use serde_json::Value;

use crate::kubo_server::{self, Mood};
use crate::program::{Running, arbius, command, succeeds};
use crate::snapshot;

/// What Kubo gives for these bytes.
const HELLO: &str = "hello world\n";
const HELLO_V0: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";
const HELLO_V1: &str = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";

fn ipfs<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["ipfs"], args].concat()
}

fn does(folder: &Path, args: &[&str]) -> String {
    succeeds(folder, &ipfs(args))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let text = does(folder, &[args, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The CID of what is added first.
fn add(folder: &Path, args: &[&str]) -> String {
    let added = json(folder, &[&["add"], args].concat());
    added["added"][0]["cid"].as_str().unwrap().to_owned()
}

/// Asserts that it fails, with one line of error that says this.
#[track_caller]
fn fails(output: &Output, says: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for text in says {
        assert!(errors.contains(text), "no `{text}` in: {errors}");
    }
}

fn with_stdin(folder: &Path, args: &[&str], bytes: &[u8]) -> Output {
    let mut command = command(folder, &ipfs(args));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

/// A gateway over the blocks of a folder, and its address.
fn serve(folder: &Path, more: &[&str]) -> (Running, String) {
    let args = ["ipfs", "serve", "--gateway", "127.0.0.1:0", "--json"];
    let mut gateway = Running::start(folder, "gateway", &[&args[..], more].concat());
    let started = gateway.until("\n");
    let started: Value = serde_json::from_str(started.lines().next().unwrap()).unwrap();
    (gateway, started["gateway"].as_str().unwrap().to_owned())
}

/// A folder with files, a folder in it, and a file of several blocks.
fn tree(folder: &Path) {
    fs::create_dir_all(folder.join("tree/inner")).unwrap();
    fs::write(folder.join("tree/hello.txt"), HELLO).unwrap();
    fs::write(folder.join("tree/inner/large.bin"), large()).unwrap();
    fs::write(folder.join("tree/.hidden"), "").unwrap();
}

fn large() -> Vec<u8> {
    (0..1_000_000_u32).map(|byte| (byte % 251) as u8).collect()
}

#[test]
fn cids_are_those_of_kubo() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("hello.txt"), HELLO).unwrap();
    assert_eq!(add(path, &["hello.txt"]), HELLO_V0);
    assert_eq!(add(path, &["hello.txt", "--cid-version", "1"]), HELLO_V1);
    assert_eq!(add(path, &["hello.txt", "--only-hash"]), HELLO_V0);
    let without = add(
        path,
        &["hello.txt", "--cid-version", "1", "--raw-leaves=false"],
    );
    assert!(without.starts_with("bafybei"), "{without}");
    let line = does(path, &["add", "hello.txt"]);
    assert_eq!(line, format!("added {HELLO_V0} hello.txt\n"));
    let piped = with_stdin(path, &["add", "-"], HELLO.as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&piped.stdout),
        format!("added {HELLO_V0} {HELLO_V0}\n")
    );
    // What `ipfs add -w` gives.
    let wrapped = json(path, &["add", "--wrap", "hello.txt", "--only-hash"]);
    let files = [("hello.txt", HELLO)];
    let cid = arbius_sdk::content::unixfs::cid_of_files(&files).unwrap();
    assert_eq!(wrapped["wrapper"]["cid"], cid.to_string());
}

#[test]
fn what_is_added_is_listed_read_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    tree(path);
    let output = does(path, &["add", "--recursive", "tree", "--json"]);
    snapshot::matches("ipfs_add", &output);
    let root = add(path, &["--recursive", "tree"]);
    snapshot::matches("ipfs_ls", &does(path, &["ls", &root, "--json"]));
    let list = does(path, &["ls", &format!("/ipfs/{root}/inner/")]);
    assert!(list.contains("1,000,000  large.bin"), "{list}");
    assert!(!does(path, &["ls", &root]).contains(".hidden"));

    let file = format!("{root}/inner/large.bin");
    let cat = arbius(
        path,
        &ipfs(&["cat", &file, "--offset", "300000", "--length", "1K"]),
    );
    assert!(cat.stdout == large()[300_000..301_024]);
    assert!(arbius(path, &ipfs(&["cat", &file])).stdout == large());
    let stdout = arbius(path, &ipfs(&["get", &file, "-o", "-"]));
    assert!(stdout.stdout == large());
    fails(
        &arbius(path, &ipfs(&["cat", &file, "--offset", "2M"])),
        &["1000000 bytes"],
    );
    fails(
        &arbius(path, &ipfs(&["cat", &root])),
        &["is a folder", "ipfs ls"],
    );

    let output = does(path, &["get", &root, "-o", "copy", "--json"]);
    snapshot::matches("ipfs_get", &output);
    assert!(fs::read(path.join("copy/inner/large.bin")).unwrap() == large());
    // Its own name, and into a folder that is there.
    does(path, &["get", &file]);
    assert!(fs::read(path.join("large.bin")).unwrap() == large());
    does(path, &["get", &file, "-o", "copy"]);
    assert!(path.join("copy/large.bin").exists());
    fails(
        &arbius(path, &ipfs(&["get", &file])),
        &["there already", "--force"],
    );
    fs::write(path.join("large.bin"), "other").unwrap();
    does(path, &["get", &file, "--force"]);
    assert!(fs::read(path.join("large.bin")).unwrap() == large());
    let left: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".unfinished"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_car_carries_content_to_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    tree(path);
    let root = add(path, &["--recursive", "tree"]);
    does(path, &["get", &root, "--car", "-o", "tree.car"]);
    let other = ["--folder", "other"];
    let output = does(
        path,
        &[&["add", "--car", "tree.car", "--json"], &other[..]].concat(),
    );
    snapshot::matches("ipfs_add_car", &output);
    let file = format!("{root}/hello.txt");
    let read = does(path, &[&["cat", &file, "--offline"], &other[..]].concat());
    assert_eq!(read, HELLO);
    fs::write(
        path.join("bad.car"),
        &fs::read(path.join("tree.car")).unwrap()[..5_000],
    )
    .unwrap();
    fails(
        &arbius(path, &ipfs(&["add", "--car", "bad.car"])),
        &["bad.car", "cut off"],
    );
}

#[test]
fn pins_keep_content_and_the_rest_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    tree(path);
    let root = add(path, &["--recursive", "tree", "--no-pin"]);
    let hello = add(path, &["tree/hello.txt", "--no-pin"]);
    let output = does(
        path,
        &["pin", "add", &hello, "--name", "greeting", "--json"],
    );
    snapshot::matches("ipfs_pin_add", &output);
    snapshot::matches("ipfs_pins", &does(path, &["pin", "ls", "--json"]));
    // What was just written stays.
    let young = json(path, &["gc"]);
    assert_eq!(young["removed"]["blocks"], 0);
    let output = does(path, &["gc", "--grace", "0s", "--dry-run", "--json"]);
    snapshot::matches("ipfs_gc", &output);
    does(path, &["gc", "--grace", "0s"]);
    assert_eq!(does(path, &["cat", &hello, "--offline"]), HELLO);
    fails(
        &arbius(path, &ipfs(&["ls", &root, "--offline"])),
        &["is not here"],
    );
    does(path, &["pin", "rm", &hello]);
    fails(
        &arbius(path, &ipfs(&["pin", "rm", &hello])),
        &["is not pinned"],
    );
    assert_eq!(does(path, &["pin", "ls"]), "nothing is pinned\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_are_kept_with_stores_beyond_this_machine_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    tree(path);
    let root = add(path, &["--recursive", "tree", "--no-pin"]);
    let (url, node) = kubo_server::start().await;
    let there = ["--pin-kubo", &url];
    let pinned = json(path, &[&["pin", "add", &root], &there[..]].concat());
    assert_eq!(pinned["stores"][0]["state"], "pinned");
    assert_eq!(pinned["stores"][0]["readBack"], true);
    let cid = cids::parse(&root).unwrap();
    assert!(node.has_pinned(&cid));
    let listed = json(path, &[&["pin", "ls"], &there[..]].concat());
    assert_eq!(listed["elsewhere"][0]["cid"], root);
    assert_eq!(listed["elsewhere"][0]["state"], "pinned");
    let shown = does(path, &[&["pin", "ls"], &there[..]].concat());
    assert_eq!(shown.matches(&root).count(), 2, "{shown}");

    let released = json(path, &[&["pin", "rm", &root], &there[..]].concat());
    assert_eq!(released["stores"][0]["error"], Value::Null);
    assert!(!node.has_pinned(&cid));

    let direct = ["pin", "add", &root, "--direct", "--pin-kubo", &url];
    fails(
        &arbius(path, &ipfs(&direct)),
        &["--direct", "leave one of them out"],
    );
    // What a store does not do is said, and what was done here stays.
    node.is(Mood::Lies);
    fails(
        &arbius(path, &ipfs(&["pin", "add", &root, "--pin-kubo", &url])),
        &["1 of 1 stores do not keep it"],
    );
    assert_eq!(json(path, &["pin", "ls"])["pins"][0]["cid"], root);
}

#[test]
fn damage_is_found_and_healed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("hello.txt"), HELLO).unwrap();
    add(path, &["hello.txt"]);
    snapshot::matches("ipfs_check", &does(path, &["check", "--json"]));
    let blocks = path.join("arbius-miner/blocks/blocks");
    let shard = fs::read_dir(blocks).unwrap().next().unwrap().unwrap();
    let block = fs::read_dir(shard.path()).unwrap().next().unwrap().unwrap();
    fs::write(block.path(), "something else").unwrap();
    fails(
        &arbius(path, &ipfs(&["cat", HELLO_V0, "--offline"])),
        &["damaged"],
    );
    fails(&arbius(path, &ipfs(&["check"])), &["1 damaged"]);
    let removed = arbius(path, &ipfs(&["check", "--remove"]));
    assert_eq!(removed.status.code(), Some(1));
    add(path, &["hello.txt"]);
    assert_eq!(does(path, &["cat", HELLO_V0]), HELLO);
    does(path, &["check"]);
}

#[test]
fn content_comes_from_gateways_and_is_kept_only_where_there_is_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (near, far) = (folder.path().join("near"), folder.path().join("far"));
    fs::create_dir(&near).unwrap();
    fs::create_dir(&far).unwrap();
    tree(&far);
    let root = add(&far, &["--recursive", "tree"]);
    let (gateway, url) = serve(&far, &[]);
    does(&near, &["get", &root, "-o", "copy", "--gateway", &url]);
    assert!(fs::read(near.join("copy/inner/large.bin")).unwrap() == large());
    assert!(!near.join("arbius-miner").exists(), "reading made a folder");
    does(&near, &["pin", "add", &root, "--gateway", &url]);
    let absent = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
    fails(
        &arbius(&near, &ipfs(&["cat", absent, "--gateway", &url])),
        &["no gateway gave", absent, &url],
    );
    let (status, output) = gateway.interrupt();
    assert!(status.success());
    assert!(output.contains("\"stopped\""), "{output}");
    // It is here now.
    let file = format!("{root}/hello.txt");
    assert_eq!(does(&near, &["cat", &file, "--offline"]), HELLO);
}

#[test]
fn what_is_denied_while_it_serves_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("hello.txt"), HELLO).unwrap();
    add(path, &["hello.txt"]);
    fs::write(path.join("denied"), "# nothing yet\n").unwrap();
    let (_gateway, url) = serve(path, &["--deny", "denied"]);
    let status = || {
        let address = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /ipfs/{HELLO_V0} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    };
    assert!(status().contains("200"));
    fs::write(path.join("denied"), HELLO_V0).unwrap();
    for _ in 0..200 {
        if status().contains("410") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the list was not read again");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("large.bin"), large()).unwrap();
    let cid = add(path, &["large.bin"]);
    let mut command = command(path, &ipfs(&["cat", &cid]));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

#[cfg(unix)]
#[test]
fn what_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // A gateway that never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let args = ["ipfs", "get", HELLO_V0, "--gateway", &url];
    let running = Running::start(path, "get", &args);
    let (_asked, _) = listener.accept().unwrap();
    let (status, _) = running.interrupt();
    assert_eq!(status.code(), Some(130));
    let mut left: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["get.err", "get.out"]);
}

#[test]
fn what_is_killed_while_it_adds_or_collects_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let many = path.join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..200 {
        fs::write(many.join(number.to_string()), format!("file {number}")).unwrap();
    }
    fs::write(many.join("large.bin"), large().repeat(10)).unwrap();
    fs::write(path.join("hello.txt"), HELLO).unwrap();
    let hello = add(path, &["hello.txt"]);
    for round in 0..12_u64 {
        let add = ipfs(&["add", "--recursive", "many"]);
        let gc = ipfs(&["gc", "--grace", "0s"]);
        let args = if round % 3 == 2 { gc } else { add };
        let mut child = command(path, &args).stdout(Stdio::null()).spawn().unwrap();
        // A start takes some milliseconds, an import to its end a hundred or more.
        sleep(Duration::from_millis(10 + 11 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        does(path, &["check"]);
        assert_eq!(does(path, &["cat", &hello, "--offline"]), HELLO);
    }
    let root = add(path, &["--recursive", "many"]);
    does(path, &["gc", "--grace", "0s"]);
    does(path, &["check"]);
    does(path, &["get", &root, "-o", "out", "--offline"]);
    for entry in fs::read_dir(&many).unwrap() {
        let file = entry.unwrap();
        let written = fs::read(path.join("out").join(file.file_name())).unwrap();
        assert!(written == fs::read(file.path()).unwrap(), "{file:?}");
    }
}

/// A CAR with a directory whose entry has this name, which no importer makes.
fn hostile_car(path: &Path, name: &str) -> String {
    let file = Block::of_node(vec![0x0a, 4, 8, 2, 24, 0].into()).unwrap();
    let node = dag_pb::Node {
        links: vec![dag_pb::Link {
            cid: *file.cid(),
            name: name.to_owned(),
            tsize: 6,
        }],
        data: vec![8, 1].into(),
    };
    let root = Block::of_node(node.encode()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let bytes = runtime.block_on(async {
        let mut car = CarWriter::new(Vec::new(), &[*root.cid()]).await.unwrap();
        car.write(&root).await.unwrap();
        car.write(&file).await.unwrap();
        car.finish().await.unwrap().0
    });
    fs::write(path, bytes).unwrap();
    root.cid().to_string()
}

#[test]
fn a_name_never_leads_out_of_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("here");
    fs::create_dir(&path).unwrap();
    for name in ["../evil", "..", "/tmp/evil", "a/b", "nul\0", ""] {
        let root = hostile_car(&path.join("hostile.car"), name);
        // The blocks are what their CIDs say, and may be kept.
        arbius(&path, &ipfs(&["add", "--car", "--no-pin", "hostile.car"]));
        let get = arbius(&path, &ipfs(&["get", &root, "-o", "out", "--offline"]));
        fails(&get, &["name"]);
        let ls = arbius(&path, &ipfs(&["ls", &root, "--offline"]));
        fails(&ls, &["name"]);
        assert!(!path.join("out").exists(), "{name:?}");
    }
    assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
}

#[test]
fn mistakes_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("pictures")).unwrap();
    fs::write(path.join("hello.txt"), HELLO).unwrap();
    for (args, says) in [
        (&["add", "nothing"][..], &["nothing", "No such file"][..]),
        (&["add", "pictures"], &["is a folder", "--recursive"]),
        (&["add", "-", "-"], &["standard input", "once"]),
        (&["add", "hello.txt", "--name", "x"], &["--name", "`-`"]),
        (&["add", "hello.txt", "--raw-leaves"], &["--cid-version 1"]),
        (
            &["add", "hello.txt", "--chunk-size", "2M"],
            &["--chunk-size", "1M"],
        ),
        (
            &["cat", "hello.txt", "--offline"],
            &["`hello.txt` is not a CID"],
        ),
        (&["get", HELLO_V0, "--gateway", "ipfs.io"], &["`ipfs.io`"]),
        (&["gc"], &["no block folder", "--folder"]),
        (&["ls", HELLO_V0, "--offline"], &["no block folder"]),
        (
            &["serve", "--folder", "hello.txt"],
            &["is a file, not a folder"],
        ),
        (&["serve", "--deny", "hello.txt"], &["hello.txt", "line 1"]),
    ] {
        fails(&arbius(path, &ipfs(args)), says);
    }
    let usage = arbius(path, &ipfs(&["add"]));
    assert_eq!(usage.status.code(), Some(2));
}
