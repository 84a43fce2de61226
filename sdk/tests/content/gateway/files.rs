//! Files and directories, as a browser or curl wants them.

use std::sync::Arc;

use arbius_sdk::content::unixfs::{self, Layout, cid_of, import, import_files, put_files};
use arbius_sdk::content::{BlockStore as _, DeniedContent, FolderStore, Gateway, cids};
use reqwest::{Method, StatusCode};

use super::{ANY_PORT, ask, gateway, get, header};
use crate::{memory, ramp};

#[tokio::test]
async fn serves_files_with_type_length_and_tag() {
    let store = memory();
    let png = [b"\x89PNG\r\n\x1a\n", ramp(600_000).as_slice()].concat();
    let made = put_files(
        &[("out-1.png", &png), ("say ä.txt", &b"hello".to_vec())],
        &*store,
    )
    .await
    .unwrap();
    let gateway = gateway(&store).await;
    let response = get(&gateway, &format!("/ipfs/{}/out-1.png", made.cid)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "image/png");
    assert_eq!(header(&response, "content-length"), png.len().to_string());
    assert_eq!(header(&response, "etag"), format!("\"{}\"", cid_of(&png)));
    assert_eq!(
        header(&response, "cache-control"),
        "public, max-age=29030400, immutable"
    );
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert!(response.bytes().await.unwrap() == png);
    let text = get(&gateway, &format!("/ipfs/{}/say%20%C3%A4.txt", made.cid)).await;
    assert_eq!(header(&text, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.text().await.unwrap(), "hello");
    let itself = get(&gateway, &format!("/ipfs/{}", cid_of(b"hello"))).await;
    assert_eq!(itself.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn head_gives_the_head_of_what_get_gives() {
    let store = memory();
    let made = import(ramp(300_000).as_slice(), &*store).await.unwrap();
    let folder = put_files(&[("a", b"b")], &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    for path in [
        format!("/ipfs/{}", made.cid),
        format!("/ipfs/{}?format=raw", made.cid),
        format!("/ipfs/{folder}/"),
    ] {
        let head = ask(&gateway, Method::HEAD, &path, &[]).await;
        let get = get(&gateway, &path).await;
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(header(&head, name), header(&get, name), "{name} of {path}");
            assert!(!header(&head, name).is_empty(), "{name} of {path}");
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_a_cache_has_is_not_sent_again() {
    let store = memory();
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}", made.cid);
    let tag = format!("\"{}\"", made.cid);
    for (match_, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"x\", W/{tag}"), StatusCode::NOT_MODIFIED),
        ("\"x\"".to_owned(), StatusCode::OK),
    ] {
        let response = ask(&gateway, Method::GET, &path, &[("if-none-match", &match_)]).await;
        assert_eq!(response.status(), status, "{match_}");
        assert_eq!(header(&response, "etag"), tag);
    }
}

#[tokio::test]
async fn lists_a_directory_with_links_that_lead_on() {
    let store = memory();
    let name = "<b>\"&.txt";
    let made = put_files(&[(name, b"bold"), ("plain.txt", b"text")], &*store)
        .await
        .unwrap();
    let gateway = gateway(&store).await;
    let page = get(&gateway, &format!("/ipfs/{}/", made.cid)).await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(header(&page, "etag").contains("DirIndex-"));
    assert!(header(&page, "content-security-policy").starts_with("default-src 'none'"));
    let page = page.text().await.unwrap();
    assert!(!page.contains("<b>"), "a name is markup: {page}");
    let links: Vec<_> = page.split("href=\"").skip(1).collect();
    // The root, its CAR and block, and of each entry the file by path and by CID.
    assert_eq!(links.len(), 7);
    for link in links {
        let link = link.split('"').next().unwrap();
        let file = get(&gateway, link).await;
        assert_eq!(file.status(), StatusCode::OK, "{link}");
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_a_request() {
    let store = memory();
    let file = import(&b"hello"[..], &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    let absent = cid_of(b"nobody has this");
    for (path, status, says) in [
        ("/".into(), 404, "/ipfs/<cid>"),
        ("/ipfs/nonsense".into(), 400, "`nonsense` is not a CID"),
        (format!("/ipfs/{absent}"), 404, "is not here"),
        (format!("/ipfs/{absent}?format=raw"), 404, "is not here"),
        (format!("/ipfs/{file}/deeper"), 404, "no entry `deeper`"),
        (format!("/ipfs/{file}?format=tar"), 406, "format=tar"),
        (format!("/ipfs/{file}%FF"), 400, "not a CID"),
        (format!("/ipfs/{file}/a%2Fb"), 400, "slash"),
        (
            format!("/ipfs/{file}?format=car&dag-scope=x"),
            400,
            "dag-scope",
        ),
        (format!("/ipns/{file}"), 404, "/ipfs/<cid>"),
    ] {
        let response = get(&gateway, &path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert!(
            !header(&response, "cache-control").contains("immutable"),
            "{path}"
        );
        let text = response.text().await.unwrap();
        assert!(text.contains(says), "{path}: {text}");
    }
    let post = ask(&gateway, Method::POST, &format!("/ipfs/{file}"), &[]).await;
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&post, "allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn damage_on_disk_is_an_error_and_not_content() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::open(folder.path()).unwrap());
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let digest: String = cids::digest(&made.cid)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = folder
        .path()
        .join("blocks")
        .join(&digest[62..])
        .join(&digest);
    std::fs::write(path, b"\x0a\x0b\x08\x02\x12\x05HELLO\x18\x05").unwrap();
    let gateway = Gateway::start(ANY_PORT, store).await.unwrap();
    for query in ["", "?format=raw"] {
        let response = get(&gateway, &format!("/ipfs/{}{query}", made.cid)).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = response.text().await.unwrap();
        assert!(!text.contains("HELLO"), "{text}");
        assert!(
            !text.contains(folder.path().to_str().unwrap()),
            "a path is given away: {text}"
        );
    }
}

#[tokio::test]
async fn a_file_whose_end_is_missing_does_not_look_whole() {
    let store = memory();
    let made = import(ramp(600_000).as_slice(), &*store).await.unwrap();
    let partial = memory();
    let root = store.get(&made.cid).await.unwrap().unwrap();
    partial.put(&root).await.unwrap();
    let first = unixfs::parse(&root).unwrap().beneath()[0];
    partial
        .put(&store.get(&first).await.unwrap().unwrap())
        .await
        .unwrap();
    let gateway = gateway(&partial).await;
    let response = get(&gateway, &format!("/ipfs/{}", made.cid)).await;
    assert_eq!(header(&response, "content-length"), "600000");
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn ranges_are_sent_without_the_blocks_around_them() {
    let store = memory();
    let bytes = ramp(3 * 262_144);
    let made = import(bytes.as_slice(), &*store).await.unwrap();
    // The first of three blocks is not here.
    let partial = memory();
    let root = store.get(&made.cid).await.unwrap().unwrap();
    partial.put(&root).await.unwrap();
    let parts = unixfs::parse(&root).unwrap().beneath();
    for part in &parts[1..] {
        let block = store.get(part).await.unwrap().unwrap();
        partial.put(&block).await.unwrap();
    }
    let gateway = gateway(&partial).await;
    let path = format!("/ipfs/{}", made.cid);
    let tag = format!("\"{}\"", made.cid);
    for (range, start, end) in [
        ("bytes=262144-262150", 262_144, 262_151),
        ("bytes=524288-", 524_288, 786_432),
        ("bytes=-5", 786_427, 786_432),
    ] {
        let headers = [("range", range), ("if-range", &tag)];
        let response = ask(&gateway, Method::GET, &path, &headers).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(header(&response, "accept-ranges"), "bytes");
        assert_eq!(header(&response, "etag"), tag);
        assert_eq!(
            header(&response, "content-range"),
            format!("bytes {start}-{}/786432", end - 1)
        );
        assert!(
            response.bytes().await.unwrap() == bytes[start..end],
            "{range}"
        );
    }
    let behind = ask(&gateway, Method::GET, &path, &[("range", "bytes=786432-")]).await;
    assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&behind, "content-range"), "bytes */786432");
    let headers = [("range", "bytes=0-5"), ("if-range", "\"other\"")];
    let whole = ask(&gateway, Method::HEAD, &path, &headers).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(header(&whole, "content-length"), "786432");
}

#[tokio::test]
async fn several_ranges_come_as_one_message() {
    let store = memory();
    let bytes = b"the quick brown fox jumps over the lazy dog";
    let made = import(&bytes[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}", made.cid);
    let ranges = [("range", "bytes=4-8,0-2,-3")];
    let response = ask(&gateway, Method::GET, &path, &ranges).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    let kind = header(&response, "content-type").to_owned();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let length = header(&response, "content-length").to_owned();
    let body = response.text().await.unwrap();
    assert_eq!(length, body.len().to_string());
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Range: bytes {range}/43\r\n\r\n{text}\r\n"
        )
    };
    let expected = [
        part("4-8", "quick"),
        part("0-2", "the"),
        part("40-42", "dog"),
        format!("--{boundary}--\r\n"),
    ];
    assert_eq!(body, expected.concat());
}

#[tokio::test]
async fn a_directory_has_a_slash_and_may_have_a_page_of_its_own() {
    let store = memory();
    let files = [
        ("site/index.html", &b"<h1>welcome</h1>"[..]),
        ("site/style.css", b"h1 {}"),
        ("plain/a.txt", b"a"),
    ];
    let root = import_files(Layout::KUBO, &files, &*store)
        .await
        .unwrap()
        .cid;
    let gateway = gateway(&store).await;
    let moved = get(&gateway, &format!("/ipfs/{root}/site?a=b")).await;
    assert_eq!(moved.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(
        header(&moved, "location"),
        format!("/ipfs/{root}/site/?a=b")
    );
    let page = get(&gateway, &format!("/ipfs/{root}/site/")).await;
    let roots = header(&page, "x-ipfs-roots").to_owned();
    let site = roots.split(',').nth(1).unwrap();
    assert_eq!(roots.split(',').count(), 2);
    assert_eq!(header(&page, "etag"), format!("\"{site}\""));
    assert_eq!(header(&page, "x-ipfs-path"), format!("/ipfs/{root}/site/"));
    // What a stranger wrote runs nothing.
    assert!(header(&page, "content-security-policy").starts_with("sandbox;"));
    assert_eq!(page.text().await.unwrap(), "<h1>welcome</h1>");
    let list = get(&gateway, &format!("/ipfs/{root}/plain/")).await;
    assert!(list.text().await.unwrap().contains("Index of"));
    let worker = [("service-worker", "script")];
    let refused = ask(
        &gateway,
        Method::GET,
        &format!("/ipfs/{root}/site/"),
        &worker,
    )
    .await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_sharded_directory_is_followed_and_listed() {
    let store = memory();
    let names: Vec<String> = (0..6_000)
        .map(|number| format!("file {number:05}"))
        .collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), name.as_bytes()))
        .collect();
    let made = put_files(&files, &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let file = get(&gateway, &format!("/ipfs/{}/file%2004321", made.cid)).await;
    assert_eq!(header(&file, "x-ipfs-roots").split(',').count(), 2);
    assert_eq!(file.text().await.unwrap(), "file 04321");
    let none = get(&gateway, &format!("/ipfs/{}/file%2006000", made.cid)).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    let page = get(&gateway, &format!("/ipfs/{}/", made.cid))
        .await
        .text()
        .await
        .unwrap();
    assert!(page.contains(">file 00000<") && page.contains("6000 entries"));
    assert!(
        page.contains("1000 more are not shown"),
        "a page has an end"
    );
}

#[tokio::test]
async fn a_file_is_shown_or_saved_under_a_name() {
    let store = memory();
    let made = import(&b"{}"[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    for (query, disposition, kind) in [
        ("", "", "application/json"),
        (
            "?filename=a.html",
            "inline; filename=\"a.html\"",
            "text/html; charset=utf-8",
        ),
        ("?download=true", "attachment", "application/json"),
        (
            "?download=true&filename=a.json",
            "attachment; filename=\"a.json\"",
            "application/json",
        ),
    ] {
        let response = get(&gateway, &format!("/ipfs/{}{query}", made.cid)).await;
        assert_eq!(
            header(&response, "content-disposition"),
            disposition,
            "{query}"
        );
        assert_eq!(header(&response, "content-type"), kind, "{query}");
    }
}

#[tokio::test]
async fn any_page_may_read_and_none_may_do_more() {
    let store = memory();
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}", made.cid);
    for method in [Method::GET, Method::OPTIONS] {
        let response = ask(&gateway, method, &path, &[]).await;
        assert!(response.status().is_success());
        for (name, parts) in [
            ("access-control-allow-origin", &["*"][..]),
            ("access-control-allow-methods", &["GET", "HEAD", "OPTIONS"]),
            (
                "access-control-allow-headers",
                &["Content-Type", "Range", "User-Agent", "X-Requested-With"],
            ),
            (
                "access-control-expose-headers",
                &[
                    "Content-Range",
                    "Content-Length",
                    "X-Ipfs-Path",
                    "X-Ipfs-Roots",
                ],
            ),
        ] {
            let value = header(&response, name);
            for part in parts {
                assert!(
                    value.split(", ").any(|found| found == *part),
                    "{part} in {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn whoever_wants_only_what_is_here_is_told_at_once() {
    let store = memory();
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let cached = [("cache-control", "max-age=0, only-if-cached")];
    for method in [Method::GET, Method::HEAD] {
        let here = format!("/ipfs/{}?format=raw", made.cid);
        assert_eq!(
            ask(&gateway, method.clone(), &here, &cached).await.status(),
            200
        );
        let absent = format!("/ipfs/{}", cid_of(b"nobody has this"));
        let asked = ask(&gateway, method.clone(), &absent, &cached).await;
        assert_eq!(asked.status(), 412);
        // That there is no such file is known for certain.
        let nowhere = format!("/ipfs/{}/deeper", made.cid);
        assert_eq!(ask(&gateway, method, &nowhere, &cached).await.status(), 404);
    }
}

#[tokio::test]
async fn what_an_operator_denies_is_gone_by_every_path() {
    let store = memory();
    let made = put_files(&[("a.txt", b"denied")], &*store).await.unwrap();
    let file = cid_of(b"denied");
    let gateway = gateway(&store).await;
    gateway.deny(DeniedContent::parse(&format!("/ipfs/{file}")).unwrap());
    let v1 = file.into_v1().unwrap();
    for path in [
        format!("/ipfs/{file}"),
        format!("/ipfs/{v1}?format=raw"),
        format!("/ipfs/{}/a.txt", made.cid),
    ] {
        assert_eq!(
            get(&gateway, &path).await.status(),
            StatusCode::GONE,
            "{path}"
        );
    }
    // Nor is it sent with the directory.
    let car = get(&gateway, &format!("/ipfs/{}?format=car", made.cid)).await;
    assert!(car.bytes().await.is_err());
    gateway.deny(DeniedContent::default());
    assert_eq!(
        get(&gateway, &format!("/ipfs/{file}")).await.status(),
        StatusCode::OK
    );
}
