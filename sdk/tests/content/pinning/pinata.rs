//! Pinata's two APIs, in the forms of its API reference and of the npm package `pinata` 2.5.

use std::sync::{Arc, Mutex};

use arbius_sdk::content::car::{CarLimits, CarReader};
use arbius_sdk::content::pinning::{PinError, PinState, PinStore, Pinata, PinataApi};
use arbius_sdk::content::unixfs::{cid_of, put_files};
use arbius_sdk::content::{Cid, MemoryStore};
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

use super::{result, times, token};
use crate::fetch::served;

/// An account.
#[derive(Default)]
struct Account {
    /// Ids and CIDs.
    files: Mutex<Vec<(String, String)>>,
    /// What it makes of the next upload, instead of its CID.
    instead: Mutex<Option<Cid>>,
    deleted: Mutex<Vec<String>>,
}

async fn start(api: PinataApi) -> (Pinata, Arc<Account>) {
    let account = Arc::new(Account::default());
    let routes = Router::new().fallback(answer);
    let url = served(routes.with_state(Arc::clone(&account))).await;
    let pinata = Pinata::at(&url, &url, token(), api, times()).unwrap();
    (pinata, account)
}

async fn answer(State(account): State<Arc<Account>>, request: Request) -> Response {
    if request
        .headers()
        .get("authorization")
        .is_none_or(|value| value != "Bearer hunter2")
    {
        return (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS").into_response();
    }
    let path = request.uri().path().to_owned();
    let url = reqwest::Url::parse(&format!("http://pinata{}", request.uri())).unwrap();
    let argument = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    match (request.method().clone(), path.as_str()) {
        (Method::GET, "/v3/files/public") => {
            let wanted = argument("cid");
            let files = account.files.lock().unwrap();
            let from: usize = argument("pageToken").map_or(0, |token| token.parse().unwrap());
            // Pages of two, whatever is asked for.
            let found = files
                .iter()
                .filter(|(_, cid)| wanted.as_ref().is_none_or(|wanted| wanted == cid));
            let found: Vec<_> = found
                .map(|(id, cid)| json!({ "id": id, "cid": cid, "size": 1 }))
                .collect();
            let page: Vec<_> = found.iter().skip(from).take(2).cloned().collect();
            let next = (found.len() > from + 2).then(|| (from + 2).to_string());
            Json(json!({ "data": { "files": page, "next_page_token": next } })).into_response()
        }
        (Method::POST, "/v3/files") => {
            let fields = fields(request).await;
            let text = |name: &str| {
                let field = fields.iter().find(|field| field.name == name);
                field.map(|field| String::from_utf8(field.body.to_vec()).unwrap())
            };
            assert_eq!(text("network").as_deref(), Some("public"));
            assert_eq!(text("car").as_deref(), Some("true"));
            let file = fields.iter().find(|field| field.name == "file").unwrap();
            let mut car = CarReader::new(&file.body[..], CarLimits::default())
                .await
                .unwrap();
            while car.next().await.unwrap().is_some() {}
            let cid = car.roots()[0];
            let (id, cid) = account.keep(cid);
            Json(json!({ "data": { "id": id, "cid": cid, "number_of_files": 1 } })).into_response()
        }
        (Method::POST, "/pinning/pinFileToIPFS") => {
            let fields = fields(request).await;
            let options = fields
                .iter()
                .find(|field| field.name == "pinataOptions")
                .unwrap();
            let options: serde_json::Value = serde_json::from_slice(&options.body).unwrap();
            assert_eq!(options["cidVersion"], 0);
            let files = fields.iter().filter(|field| field.name == "file");
            let files: Vec<_> = files
                .map(|field| {
                    let path = field.file.as_deref().unwrap();
                    (
                        path.split_once('/').map(|(_, name)| name.to_owned()),
                        field.body.clone(),
                    )
                })
                .collect();
            let cid = match files.as_slice() {
                [(None, bytes)] => cid_of(bytes),
                files => {
                    let named: Vec<_> = files
                        .iter()
                        .map(|(name, bytes)| (name.clone().unwrap(), bytes.to_vec()))
                        .collect();
                    put_files(&named, &MemoryStore::new()).await.unwrap().cid
                }
            };
            let (_, cid) = account.keep(cid);
            Json(json!({ "IpfsHash": cid, "PinSize": 9, "Timestamp": "2026-11-22T08:00:00Z", "isDuplicate": false }))
                .into_response()
        }
        (Method::GET, "/data/pinList") => {
            let wanted = argument("hashContains").unwrap_or_default();
            let files = account.files.lock().unwrap();
            let rows: Vec<_> = files
                .iter()
                .filter(|(_, cid)| cid.contains(&wanted))
                .map(|(id, cid)| json!({ "id": id, "ipfs_pin_hash": cid, "size": 1 }))
                .collect();
            Json(json!({ "rows": rows })).into_response()
        }
        (Method::DELETE, path) => {
            let gone = path.rsplit('/').next().unwrap();
            account.deleted.lock().unwrap().push(gone.to_owned());
            account
                .files
                .lock()
                .unwrap()
                .retain(|(id, cid)| id != gone && cid != gone);
            Json(json!({ "data": null })).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Account {
    fn keep(&self, cid: Cid) -> (String, String) {
        let cid = self.instead.lock().unwrap().take().unwrap_or(cid);
        let mut files = self.files.lock().unwrap();
        let id = format!("0195a5c4-{}", files.len());
        files.push((id.clone(), cid.to_string()));
        (id, cid.to_string())
    }
}

struct Field {
    name: String,
    file: Option<String>,
    body: Bytes,
}

async fn fields(request: Request) -> Vec<Field> {
    let kind = request.headers()["content-type"].to_str().unwrap();
    let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1);
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let starts = |mark: &[u8], from: &[u8]| -> Vec<usize> {
        let all = 0..from.len().saturating_sub(mark.len() - 1);
        all.filter(|at| from[*at..].starts_with(mark)).collect()
    };
    let marks = starts(boundary.as_bytes(), &body);
    let parts = marks.windows(2).map(|ends| body.slice(ends[0]..ends[1]));
    parts
        .map(|part| {
            let end = starts(b"\r\n\r\n", &part)[0];
            let head = String::from_utf8(part[..end].to_vec()).unwrap();
            let quoted = |key: &str| {
                let (_, rest) = head.split_once(&format!(" {key}=\""))?;
                Some(rest.split('"').next().unwrap().to_owned())
            };
            Field {
                name: quoted("name").unwrap(),
                file: quoted("filename"),
                body: part.slice(end + 4..part.len() - 2),
            }
        })
        .collect()
}

#[tokio::test]
async fn both_apis_keep_the_cid_of_a_folder_and_of_a_file() {
    for api in [PinataApi::V3, PinataApi::Legacy] {
        let (pinata, account) = start(api).await;
        let (folder, folder_source) = result().await;
        let store = MemoryStore::new();
        let file = arbius_sdk::content::unixfs::import(&b"alone"[..], &store);
        let file = file.await.unwrap().cid;
        let file_source: Arc<dyn arbius_sdk::content::BlockStore> = Arc::new(store);
        for (root, source) in [(folder, folder_source), (file, file_source)] {
            assert_eq!(pinata.state(&root, None).await.unwrap(), None);
            // A second time nothing is uploaded.
            for _ in 0..2 {
                let pinned = pinata.pin(&root, &source).await.unwrap();
                assert_eq!(pinned.state, PinState::Pinned, "{api:?}");
            }
            assert!(pinata.state(&root, None).await.unwrap().is_some());
        }
        assert_eq!(account.files.lock().unwrap().len(), 2);
        pinata.unpin(&folder).await.unwrap();
        assert_eq!(pinata.pins(9).await.unwrap(), [(file, PinState::Pinned)]);
        assert!(!pinata.can_read());
    }
}

#[tokio::test]
async fn what_it_makes_of_other_content_is_noticed_and_deleted() {
    for api in [PinataApi::V3, PinataApi::Legacy] {
        let (pinata, account) = start(api).await;
        let (root, source) = result().await;
        let other = cid_of(b"something else");
        *account.instead.lock().unwrap() = Some(other);
        let wrong = pinata.pin(&root, &source).await.unwrap_err();
        assert!(
            matches!(&wrong, PinError::OtherContent { found, .. } if *found == other.to_string()),
            "{wrong}"
        );
        assert!(account.files.lock().unwrap().is_empty());
        assert_eq!(account.deleted.lock().unwrap().len(), 1);
        assert_eq!(pinata.state(&root, None).await.unwrap(), None);
    }
}

#[tokio::test]
async fn all_that_it_keeps_comes_page_by_page() {
    let (pinata, account) = start(PinataApi::V3).await;
    let cids: Vec<Cid> = (0..7_u8).map(|number| cid_of(&[number])).collect();
    for cid in &cids {
        account.keep(*cid);
    }
    let pinned = |count: usize| -> Vec<_> {
        cids.iter()
            .take(count)
            .map(|cid| (*cid, PinState::Pinned))
            .collect()
    };
    assert_eq!(pinata.pins(99).await.unwrap(), pinned(7));
    assert_eq!(pinata.pins(3).await.unwrap(), pinned(3));
}
