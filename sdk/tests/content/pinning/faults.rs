//! Stores that lie, stall, cut off, redirect, refuse and drown, whichever API they speak.

use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::Cid;
use arbius_sdk::content::pinning::{
    Kubo, PinError, PinStore, PinTimes, Pinata, PinataApi, PinningService, confirm,
};
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::kubo_server::{self, Mood};
use super::{result, times, token};
use crate::fetch::{ok, scripted, served};

/// A client of each API, all of the server at `url`.
fn clients(url: &str, times: PinTimes) -> Vec<Box<dyn PinStore>> {
    let pinata = |api| Pinata::at(url, url, token(), api, times).unwrap();
    vec![
        Box::new(Kubo::new(url, Some(token()), times).unwrap()),
        Box::new(PinningService::new(url, token(), times).unwrap()),
        Box::new(pinata(PinataApi::V3)),
        Box::new(pinata(PinataApi::Legacy)),
    ]
}

/// What each says when it is asked for each thing by a server that always answers the same.
async fn refusals(url: &str, times: PinTimes) -> Vec<PinError> {
    let (root, source) = result().await;
    let mut refusals = Vec::new();
    for client in clients(url, times) {
        refusals.push(client.pin(&root, &source).await.unwrap_err());
        refusals.push(client.state(&root, Some("1")).await.unwrap_err());
        refusals.push(client.pins(9).await.unwrap_err());
        refusals.push(client.unpin(&root).await.unwrap_err());
    }
    refusals
}

async fn always(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let answer = move || {
        let answer = answer();
        async move { answer }
    };
    served(Router::new().fallback(answer)).await
}

#[tokio::test]
async fn a_refused_token_is_said_and_never_shown() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
        let url = always(move || (status, "no such key").into_response()).await;
        let url = url.replace("http://", "http://me:hunter3@");
        for refused in refusals(&url, times()).await {
            assert!(matches!(refused, PinError::Denied { .. }), "{refused}");
            assert!(refused.concerns_store());
            let shown = format!("{refused} {refused:?}");
            assert!(
                shown.contains("no such key") && !shown.contains("hunter"),
                "{shown}"
            );
        }
        for client in clients(&url, times()) {
            let shown = format!("{client:?} {}", client.name());
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(!client.name().contains("hunter3"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_asked_too_often_says_when_to_come_back() {
    let busy = || (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "42")]).into_response();
    for refused in refusals(&always(busy).await, times()).await {
        assert!(matches!(refused, PinError::Busy { .. }), "{refused}");
        assert_eq!(refused.pause(), Some(Duration::from_secs(42)));
    }
}

#[tokio::test]
async fn an_error_of_the_store_is_the_stores() {
    let broken = || (StatusCode::BAD_GATEWAY, "upstream \x1b[31mbroke").into_response();
    for refused in refusals(&always(broken).await, times()).await {
        assert!(matches!(refused, PinError::Status { .. }), "{refused}");
        assert!(refused.concerns_store());
        // What a terminal would obey is not shown.
        assert!(!refused.to_string().contains('\x1b'), "{refused}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed_with_a_token() {
    let (elsewhere, asked) = scripted(ok(2, b"{}"), false).await;
    let away = move || {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [(LOCATION, elsewhere.clone())],
        )
            .into_response()
    };
    for refused in refusals(&always(away).await, times()).await {
        assert!(matches!(refused, PinError::Redirect { .. }), "{refused}");
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    for garbage in ["", "<html>", "[]", "null", "{\"results\":7}", "\u{0}\u{1}"] {
        let url = always(move || garbage.into_response()).await;
        let (root, source) = result().await;
        for client in clients(&url, times()) {
            // Some of it is an empty list to some API; nothing of it is a pin.
            let refused = client.pin(&root, &source).await;
            let name = client.name();
            match refused {
                Err(PinError::Garbage { .. }) => {}
                // `pin/ls` of Kubo says all with its status.
                Ok(_) if format!("{client:?}").starts_with("Kubo") => {}
                other => panic!("{name}: `{garbage}`: {other:?}"),
            }
        }
        // Whatever it says, nothing is believed that was not read back.
        let kubo = Kubo::new(&url, None, times()).unwrap();
        let lie = confirm(&kubo, &root, 9).await.unwrap_err();
        assert!(matches!(lie, PinError::Lie { .. }), "{lie}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = || {
        let chunks = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(axum::body::Bytes::from_static(&[b'['; 65_536]))
        });
        Response::new(Body::from_stream(chunks))
    };
    let url = always(endless).await;
    for refused in refusals(&url, times()).await {
        assert!(matches!(refused, PinError::Endless { .. }), "{refused}");
    }
    let (root, _) = result().await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let block = kubo.get(&root).await.unwrap_err();
    assert!(
        matches!(
            block,
            PinError::Endless {
                limit: 2_097_152,
                ..
            }
        ),
        "{block}"
    );
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up_in_time() {
    let short = PinTimes {
        answer: Duration::from_millis(200),
        slowest: 64 << 20,
    };
    // Before its head, and in the middle of its body.
    for beginning in [Vec::new(), ok(100, b"{\"results\"")] {
        let (url, _) = scripted(beginning, true).await;
        for refused in refusals(&url, short).await {
            assert!(matches!(refused, PinError::Late { .. }), "{refused}");
            assert!(refused.concerns_store());
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_none() {
    let (url, _) = scripted(ok(100, b"{\"results\":[]"), false).await;
    for refused in refusals(&url, times()).await {
        assert!(matches!(refused, PinError::Unreachable { .. }), "{refused}");
    }
    let nowhere = "http://127.0.0.1:1";
    for refused in refusals(nowhere, times()).await {
        assert!(matches!(refused, PinError::Unreachable { .. }), "{refused}");
        assert!(refused.to_string().contains(nowhere), "{refused}");
    }
}

#[tokio::test]
async fn a_node_that_forgets_or_lies_is_found_out() {
    let (url, node) = kubo_server::start().await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let (root, source) = result().await;
    node.is(Mood::Forgets);
    kubo.pin(&root, &source).await.unwrap();
    let withheld = confirm(&kubo, &root, 64).await.unwrap_err();
    assert!(
        matches!(&withheld, PinError::Withheld { cid, .. } if **cid == root),
        "{withheld}"
    );
    node.is(Mood::Lies);
    let lie = confirm(&kubo, &root, 64).await.unwrap_err();
    assert!(matches!(lie, PinError::Lie { .. }), "{lie}");
}

#[tokio::test]
async fn a_requestid_leads_nowhere_else() {
    let (url, asked) = scripted(ok(2, b"{}"), false).await;
    let store = PinningService::new(&url, token(), times()).unwrap();
    let root: Cid = result().await.0;
    for ticket in ["", ".", "..", "a\nb", &"x".repeat(300)] {
        let refused = store.state(&root, Some(ticket)).await.unwrap_err();
        assert!(matches!(refused, PinError::Garbage { .. }), "{refused}");
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn addresses_that_are_none_are_named() {
    for url in ["", "127.0.0.1:5001", "ftp://node.example", "http://"] {
        let refused = [
            Kubo::new(url, None, times()).unwrap_err().to_string(),
            PinningService::new(url, token(), times())
                .unwrap_err()
                .to_string(),
        ];
        for refused in refused {
            assert!(refused.contains(&format!("`{url}`")) && refused.contains("looks like http"));
        }
    }
}

#[tokio::test]
async fn an_upload_that_the_store_breaks_off_is_no_pin() {
    // It says that nothing is pinned yet, and closes the connection on the upload.
    let not_pinned = r#"{"Message":"path is not pinned","Code":0,"Type":"error"}"#;
    let uploads = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&uploads);
    let answer = move |request: axum::extract::Request| {
        let counter = Arc::clone(&counter);
        async move {
            if request.uri().path().ends_with("dag/import") {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let cut = futures_util::stream::iter([
                    Ok(axum::body::Bytes::from_static(b"{\"Root\":")),
                    Err(std::io::Error::other("gone")),
                ]);
                return Response::new(Body::from_stream(cut));
            }
            (StatusCode::INTERNAL_SERVER_ERROR, not_pinned).into_response()
        }
    };
    let url = served(Router::new().fallback(answer)).await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let (root, source) = result().await;
    let refused = kubo.pin(&root, &source).await.unwrap_err();
    assert!(matches!(refused, PinError::Unreachable { .. }), "{refused}");
    assert_eq!(uploads.load(std::sync::atomic::Ordering::SeqCst), 1);
}
