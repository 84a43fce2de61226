//! Fetching from gateways that lie, break off, stall and drown.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arbius_sdk::client::Outputs;
use arbius_sdk::content::unixfs::{self, cid_of, import, put_files};
use arbius_sdk::content::{
    Block, BlockStore, Cid, FetchError, FetchLimits, Fetcher, Gateway, MAX_BLOCK_BYTES,
    MemoryStore, Refusal, car, cids, dag_pb,
};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{memory, ramp, shared};

pub(crate) async fn gateway(store: &Arc<MemoryStore>) -> Gateway {
    Gateway::start((Ipv4Addr::LOCALHOST, 0).into(), shared(store))
        .await
        .unwrap()
}

/// A server that answers every connection with the same bytes and then, if it is to stall,
/// stays silent. Counts the requests.
pub(crate) async fn scripted(answer: Vec<u8>, stall: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                if stall {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                }
            });
        }
    });
    (url, asked)
}

pub(crate) fn ok(length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(crate) fn impatient() -> FetchLimits {
    FetchLimits {
        block_time: Duration::from_secs(60),
        patience: Duration::from_millis(100),
        ..FetchLimits::default()
    }
}

/// For where the CAR of one gateway has to be what counts, however slow the machine.
fn patient() -> FetchLimits {
    FetchLimits {
        patience: Duration::from_secs(60),
        ..impatient()
    }
}

pub(crate) fn fetcher(urls: &[&str], limits: FetchLimits) -> Fetcher {
    Fetcher::new(urls, limits).unwrap()
}

#[tokio::test]
async fn brings_a_large_file_and_a_directory_from_several_gateways() {
    let theirs = memory();
    let content = ramp(20_000_000);
    let files = [("video.bin", content.as_slice()), ("info.json", b"{}")];
    let root = put_files(&files, &*theirs).await.unwrap().cid;
    let (one, two) = (gateway(&theirs).await, gateway(&theirs).await);
    let limits = FetchLimits {
        cars: false,
        ..FetchLimits::default()
    };
    let fetcher = fetcher(&[&one.url(), &two.url()], limits);
    let ours = MemoryStore::new();
    let fetched = fetcher.fetch(&root, &ours).await.unwrap();
    assert_eq!(fetched.blocks, theirs.len());
    assert_eq!(ours.len(), theirs.len());
    let video = unixfs::resolve(&root, "video.bin", &ours)
        .await
        .unwrap()
        .cid;
    assert!(unixfs::read(&video, &ours, 1 << 30).await.unwrap() == content);
    // Both had work, and what is here is not fetched again.
    assert!(
        fetcher.health().iter().all(|gateway| gateway.blocks > 10),
        "{:?}",
        fetcher.health()
    );
    assert_eq!(fetcher.fetch(&root, &ours).await.unwrap().blocks, 0);
}

#[tokio::test]
async fn a_file_in_a_directory_comes_without_the_others() {
    let theirs = memory();
    let large = ramp(1_000_000);
    let files = [("a.png", b"small".as_slice()), ("b.png", large.as_slice())];
    let root = put_files(&files, &*theirs).await.unwrap().cid;
    let gateway = gateway(&theirs).await;
    let fetcher = fetcher(&[&gateway.url()], FetchLimits::default());
    let ours = MemoryStore::new();
    assert_eq!(
        fetcher.fetch_file(&root, "a.png", &ours).await.unwrap(),
        b"small"
    );
    assert_eq!(ours.len(), 2);
    assert!(fetcher.read(&root, "/b.png").await.unwrap() == large);
    let wrong = fetcher.read(&root, "c.png").await.unwrap_err();
    assert_eq!(wrong.to_string(), format!("{root} has no entry `c.png`"));
}

#[tokio::test]
async fn a_liar_is_not_believed_and_not_asked_for_a_while() {
    let theirs = memory();
    let wanted = import(&b"the truth"[..], &*theirs).await.unwrap().cid;
    let next = import(&b"more of it"[..], &*theirs).await.unwrap().cid;
    let lie = Block::of_node(dag_pb::Node::default().encode()).unwrap();
    let (liar, asked) = scripted(ok(lie.data().len(), lie.data()), false).await;
    let honest = gateway(&theirs).await;
    let fetcher = fetcher(&[&liar, &honest.url()], FetchLimits::default());
    assert_eq!(fetcher.read(&wanted, "").await.unwrap(), b"the truth");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for _ in 0..4 {
        assert_eq!(fetcher.read(&next, "").await.unwrap(), b"more of it");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the liar was asked again");
    let health = fetcher.health();
    assert_eq!((health[0].lies, health[1].lies), (1, 0));
}

#[tokio::test]
async fn a_liar_alone_gives_nothing() {
    let (liar, _) = scripted(ok(4, b"evil"), false).await;
    let fetcher = fetcher(&[&liar], FetchLimits::default());
    let ours = MemoryStore::new();
    for expected in [
        "it sent bytes that are not the block",
        "because it sent false bytes before",
    ] {
        let refused = fetcher
            .fetch(&cid_of(b"x"), &ours)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(expected) && refused.contains(&liar),
            "{refused}"
        );
    }
    assert!(ours.is_empty());
}

#[tokio::test]
async fn a_cut_off_answer_is_no_block_and_the_next_gateway_helps() {
    let theirs = memory();
    let wanted = import(ramp(100_000).as_slice(), &*theirs)
        .await
        .unwrap()
        .cid;
    let block = theirs.get(&wanted).await.unwrap().unwrap();
    let (broken, asked) = scripted(ok(block.data().len(), &block.data()[..50_000]), false).await;
    let alone = fetcher(&[&broken], impatient());
    let refused = alone.read(&wanted, "").await.unwrap_err();
    match &refused {
        FetchError::Unavailable { refusals, .. } => {
            assert!(
                matches!(refusals[..], [(_, Refusal::Connection(_))]),
                "{refused}"
            );
        }
        other => panic!("{other}"),
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "a broken connection deserves a second chance"
    );
    // A broken connection is no lie.
    assert_eq!(alone.health()[0].lies, 0);
    let honest = gateway(&theirs).await;
    let fetcher = fetcher(&[&broken, &honest.url()], impatient());
    assert!(fetcher.read(&wanted, "").await.unwrap() == ramp(100_000));
}

#[tokio::test]
async fn a_silent_gateway_costs_patience_and_no_more() {
    let theirs = memory();
    let wanted = import(&b"quick"[..], &*theirs).await.unwrap().cid;
    let (silent, _) = scripted(Vec::new(), true).await;
    let (trickling, _) = scripted(ok(100, b"slow"), true).await;
    let honest = gateway(&theirs).await;
    let limits = FetchLimits {
        block_time: Duration::from_secs(60),
        ..impatient()
    };
    let started = Instant::now();
    let three = fetcher(&[&silent, &trickling, &honest.url()], limits);
    assert_eq!(three.read(&wanted, "").await.unwrap(), b"quick");
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );

    let limits = FetchLimits {
        block_time: Duration::from_millis(200),
        ..impatient()
    };
    let refused = fetcher(&[&trickling], limits)
        .read(&wanted, "")
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("did not give it within 0.2 s"),
        "{refused}"
    );
    let limits = FetchLimits {
        time: Duration::from_millis(200),
        ..impatient()
    };
    let refused = fetcher(&[&silent], limits)
        .read(&wanted, "")
        .await
        .unwrap_err();
    assert!(matches!(refused, FetchError::Late { .. }), "{refused}");
}

#[tokio::test]
async fn an_answer_above_the_limit_of_a_block_is_not_read_to_its_end() {
    let announced = ok(10 * MAX_BLOCK_BYTES, b"");
    let chunk = [b"10000\r\n".as_slice(), &[7; 0x10000], b"\r\n"].concat();
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let unannounced = [head.as_slice(), &chunk.repeat(100)].concat();
    for answer in [announced, unannounced] {
        let (large, _) = scripted(answer, true).await;
        let started = Instant::now();
        let refused = fetcher(&[&large], FetchLimits::default())
            .read(&cid_of(b""), "")
            .await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("above the limit of 2097152 bytes"),
            "{refused}"
        );
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}

#[tokio::test]
async fn content_above_the_limits_is_refused() {
    let theirs = memory();
    let file = import(ramp(3_000_000).as_slice(), &*theirs)
        .await
        .unwrap()
        .cid;
    let files: Vec<_> = (0..30)
        .map(|i| (format!("{i}"), ramp(100_000 + i)))
        .collect();
    let directory = put_files(&files, &*theirs).await.unwrap().cid;
    let gateway = gateway(&theirs).await;
    for (limits, most) in [
        (
            FetchLimits {
                bytes: 1_000_000,
                ..impatient()
            },
            1_000_000 + 8 * 262_144,
        ),
        (
            FetchLimits {
                blocks: 5,
                ..impatient()
            },
            10 * 262_144,
        ),
    ] {
        for cid in [file, directory] {
            let ours = MemoryStore::new();
            let refused = fetcher(&[&gateway.url()], limits).fetch(&cid, &ours).await;
            assert!(
                matches!(refused, Err(FetchError::TooLarge { .. })),
                "{refused:?}"
            );
            assert!(
                ours.len() * 100_000 < most,
                "{} blocks came all the same",
                ours.len()
            );
        }
    }
}

#[tokio::test]
async fn what_nobody_has_is_said_of_each() {
    let (one, two) = (gateway(&memory()).await, gateway(&memory()).await);
    let nowhere = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let fetcher = fetcher(&[&one.url(), &two.url(), &nowhere], impatient());
    let refused = fetcher
        .read(&cid_of(b"?"), "")
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused.matches("it does not have it").count(),
        2,
        "{refused}"
    );
    assert!(
        refused.contains(&nowhere) && refused.contains("refused"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_was_damaged_at_home_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = memory();
    let wanted = import(&b"healed"[..], &*theirs).await.unwrap().cid;
    let ours = arbius_sdk::content::FolderStore::open(folder.path()).unwrap();
    import(&b"healed"[..], &ours).await.unwrap();
    for shard in std::fs::read_dir(folder.path().join("blocks")).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            std::fs::write(file.unwrap().path(), b"rot").unwrap();
        }
    }
    let gateway = gateway(&theirs).await;
    let fetcher = fetcher(&[&gateway.url()], impatient());
    assert_eq!(fetcher.fetch(&wanted, &ours).await.unwrap().blocks, 1);
    assert_eq!(unixfs::read(&wanted, &ours, 10).await.unwrap(), b"healed");
}

#[test]
fn addresses_that_are_none_are_named() {
    let none: [&str; 0] = [];
    assert!(matches!(
        Fetcher::new(none, impatient()),
        Err(FetchError::NoGateway)
    ));
    for url in ["ipfs.io", "ftp://ipfs.io", "", "http://"] {
        let refused = Fetcher::new([url], impatient()).unwrap_err().to_string();
        assert!(refused.contains(&format!("`{url}`")) && refused.contains("https://ipfs.io"));
    }
}

#[tokio::test]
async fn a_gateway_below_a_path_is_asked_there() {
    let theirs = memory();
    let wanted = import(&b"below"[..], &*theirs).await.unwrap().cid;
    let routes = axum::Router::new().route(
        "/cache/ipfs/{cid}",
        axum::routing::get(
            move |axum::extract::Path(cid): axum::extract::Path<String>| {
                let theirs = Arc::clone(&theirs);
                async move {
                    let cid = arbius_sdk::content::cids::parse(&cid).unwrap();
                    theirs.get(&cid).await.unwrap().unwrap().data().clone()
                }
            },
        ),
    );
    let url = format!("{}/cache/", served(routes).await);
    assert_eq!(
        fetcher(&[&url], impatient())
            .read(&wanted, "")
            .await
            .unwrap(),
        b"below"
    );
}

/// Serves routes on a port of its own.
pub(crate) async fn served(routes: axum::Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A gateway that gives `first` for its first answers, and then `block`.
async fn reforming(first: Vec<Response>, block: Block) -> String {
    let first = Arc::new(Mutex::new(first));
    let answer = move || {
        let other = first.lock().unwrap().pop();
        let answer = other.unwrap_or_else(|| block.data().clone().into_response());
        async move { answer }
    };
    served(axum::Router::new().fallback(answer)).await
}

#[tokio::test]
async fn a_banishment_ends_and_grows_with_every_lie() {
    let block = Block::of_node(dag_pb::Node::default().encode()).unwrap();
    let lies = vec!["a lie".into_response(), "a lie".into_response()];
    let gateway = reforming(lies, block.clone()).await;
    let limits = FetchLimits {
        banishment: Duration::from_millis(300),
        ..impatient()
    };
    let fetcher = fetcher(&[&gateway], limits);
    for lies in [1, 2] {
        let started = Instant::now();
        fetcher.block(block.cid()).await.unwrap_err();
        let health = fetcher.health().remove(0);
        assert_eq!(health.lies, lies);
        // On a busy machine some of it is over by now, or all.
        let whole = limits.banishment * lies as u32;
        let (left, over) = (health.banished.unwrap_or_default(), started.elapsed());
        assert!(
            left <= whole && left + over >= whole,
            "{left:?} of {whole:?} after {over:?}"
        );
        while fetcher.health()[0].banished.is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(fetcher.block(block.cid()).await.unwrap(), block);
}

#[tokio::test]
async fn a_busy_gateway_is_waited_for() {
    let block = Block::of_node(dag_pb::Node::default().encode()).unwrap();
    let busy = || (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "0")]).into_response();
    let gateway = reforming(vec![busy(), busy(), busy()], block.clone()).await;
    let fetcher = fetcher(&[&gateway], impatient());
    assert_eq!(fetcher.block(block.cid()).await.unwrap(), block);
    assert_eq!(fetcher.health()[0].failures, 0);
}

#[tokio::test]
async fn names_of_gateways_hold_no_credentials() {
    let (liar, _) = scripted(ok(4, b"evil"), false).await;
    let with_secret = liar.replace("http://", "http://me:hunter2@");
    let fetcher = fetcher(&[&with_secret], impatient());
    let refused = fetcher.block(&cid_of(b"x")).await.unwrap_err();
    let told = format!("{refused} {refused:?} {:?}", fetcher.health());
    assert!(told.contains(&liar) && !told.contains("hunter2"), "{told}");
}

/// A gateway that has `blocks` one by one, and answers with `car` where a CAR is asked for.
async fn giving_car(blocks: &Arc<MemoryStore>, car: Vec<u8>) -> String {
    let blocks = Arc::clone(blocks);
    let answer = move |request: axum::extract::Request| {
        let (blocks, car) = (Arc::clone(&blocks), car.clone());
        async move {
            let query = request.uri().query().unwrap_or_default();
            if query.contains("format=car") {
                return ([(CONTENT_TYPE, "application/vnd.ipld.car; version=1")], car)
                    .into_response();
            }
            let cid = request.uri().path().rsplit('/').next().unwrap();
            match blocks.get(&cids::parse(cid).unwrap()).await.unwrap() {
                Some(block) => block.data().clone().into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    };
    served(axum::Router::new().fallback(answer)).await
}

/// A file of five blocks and a root, and its CAR.
async fn file_and_car() -> (Cid, Arc<MemoryStore>, Vec<u8>) {
    let theirs = memory();
    let root = import(ramp(1_200_000).as_slice(), &*theirs)
        .await
        .unwrap()
        .cid;
    let mut car = Vec::new();
    car::export(&[root], &*theirs, &mut car).await.unwrap();
    (root, theirs, car)
}

#[tokio::test]
async fn a_tree_comes_as_one_car() {
    let (root, theirs, _) = file_and_car().await;
    let gateway = gateway(&theirs).await;
    let fetcher = fetcher(&[&gateway.url()], patient());
    let (ours, told) = (MemoryStore::new(), AtomicUsize::new(0));
    let progress = |fetched: arbius_sdk::content::Fetched| {
        told.store(fetched.blocks, Ordering::SeqCst);
    };
    let fetched = fetcher.fetch_with(&root, &ours, &progress).await.unwrap();
    assert_eq!(fetched.blocks, theirs.len());
    assert_eq!(told.load(Ordering::SeqCst), theirs.len());
    assert!(unixfs::read(&root, &ours, 1 << 30).await.unwrap() == ramp(1_200_000));
    // The root, and one answer with the rest.
    assert_eq!(fetcher.health()[0].blocks, 2);
}

#[tokio::test]
async fn a_car_that_breaks_off_is_made_up_for_block_by_block() {
    let (root, theirs, car) = file_and_car().await;
    for length in [0, 10, 300_000, car.len() - 1] {
        let gateway = giving_car(&theirs, car[..length].to_vec()).await;
        let fetcher = fetcher(&[&gateway], impatient());
        let ours = MemoryStore::new();
        let fetched = fetcher.fetch(&root, &ours).await.unwrap();
        assert_eq!(fetched.blocks, theirs.len(), "{length}");
        assert!(unixfs::read(&root, &ours, 1 << 30).await.unwrap() == ramp(1_200_000));
        assert_eq!(fetcher.health()[0].lies, 0);
    }
}

#[tokio::test]
async fn a_car_that_lies_or_strays_leaves_nothing_behind() {
    let (root, theirs, car) = file_and_car().await;
    let mut lying = car.clone();
    *lying.last_mut().unwrap() ^= 1;
    // Right by itself, and no part of what was asked for.
    let stray = Block::of_node(dag_pb::Node::default().encode()).unwrap();
    let mut straying = car::CarWriter::new(Vec::new(), &[root]).await.unwrap();
    straying.write(&stray).await.unwrap();
    let (straying, _) = straying.finish().await.unwrap();
    let honest = gateway(&theirs).await;
    for (car, lies) in [(lying, 1), (straying, 0)] {
        let other = giving_car(&theirs, car).await;
        // The root comes from the first, and the turn for the CAR is the second's.
        let fetcher = fetcher(&[&honest.url(), &other], patient());
        let ours = MemoryStore::new();
        fetcher.fetch(&root, &ours).await.unwrap();
        assert!(unixfs::read(&root, &ours, 1 << 30).await.unwrap() == ramp(1_200_000));
        assert_eq!(ours.len(), theirs.len());
        assert!(!ours.has(stray.cid()).await.unwrap());
        assert_eq!(fetcher.health()[1].lies, lies);
    }
}

#[tokio::test]
async fn a_solution_that_names_one_file_many_times_takes_no_more_memory_than_the_limit() {
    let store = memory();
    let file = vec![7; 64 << 10];
    let names: Vec<String> = (0..200).map(|number| format!("{number}.bin")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &*file)).collect();
    let cid = put_files(&files, &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    let fetch = async |bytes| {
        let limits = FetchLimits {
            bytes,
            ..impatient()
        };
        let fetcher = Fetcher::new([gateway.url()], limits).unwrap();
        Outputs::fetch(&fetcher, cid).await
    };
    let whole = 200 * (64 << 10);
    assert_eq!(fetch(whole).await.unwrap().files.len(), 200);
    // What goes over the wire is one file.
    let error = fetch(whole - 1).await.unwrap_err().to_string();
    assert!(
        error.contains("more than 13107199 bytes together"),
        "{error}"
    );
}
