//! No input makes the library panic: random bytes, and damaged copies of what is right, into
//! everything that reads what a stranger may have written.
//!
//! Readers of CARs, UnixFS, templates and integer graphs have tests of this kind beside their
//! own.

use std::io::Cursor as Reader;
use std::path::Path;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolError;
use arbius_sdk::chain::{Cursor, Revert, Signer};
use arbius_sdk::content::{Block, cids, dag_pb};
use arbius_sdk::contracts::{IEngine, submissions};
use arbius_sdk::deploy::{Deployment, Settings};
use arbius_sdk::gov::{Contracts, Draft};
use arbius_sdk::inference::picture::Picture;
use arbius_sdk::inference::text_regions::{Reading, regions};
use arbius_sdk::inference::worker::frame;
use arbius_sdk::inference::{canonical_json, png};
use arbius_sdk::miner::DenyList;
use arbius_sdk::model::pipeline::picture::{Filter, Framing, Resize};
use arbius_sdk::model::{Manifest, Passport, Signature, Template, onnx};
use proptest::prelude::*;
use proptest::{collection::vec, sample::Index};

/// What is done to bytes that were right.
#[derive(Clone, Debug)]
enum Damage {
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    /// A part once more, elsewhere.
    Repeat(Index, Index, u8),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<Index>;
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Change(at, byte)),
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Insert(at, byte)),
            at().prop_map(Self::Remove),
            at().prop_map(Self::Cut),
            (at(), at(), any::<u8>()).prop_map(|(from, to, len)| Self::Repeat(from, to, len)),
        ]
    }

    fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Change(at, byte) => bytes[at.index(length)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Repeat(from, to, count) => {
                let from = from.index(length);
                let part = bytes[from..(from + usize::from(*count)).min(length)].to_vec();
                let to = to.index(length);
                bytes.splice(to..to, part);
            }
        }
    }
}

fn damaged(right: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    vec(Damage::any(), 1..6).prop_map(|damages| {
        let mut bytes = right.to_vec();
        for damage in damages {
            damage.to(&mut bytes);
        }
        bytes
    })
}

fn file_with(bytes: &[u8], name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

const DIGITS: &arbius_models::EmbeddedBundle = &arbius_models::DIGITS;
const LOCAL: &[u8] = include_bytes!("../../docs/deploy/local.toml");
const DEPLOYMENT: &[u8] = br#"{
    "chainId": 412346, "rpc": "http://127.0.0.1:8547", "fallbacks": ["ws://127.0.0.1:8548"],
    "block": 7,
    "contracts": {"engine": "0x00000000000000000000000000000000000000e1",
                  "token": "0x00000000000000000000000000000000000000a1"},
    "accounts": [{"address": "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
                  "key": "0x0000000000000000000000000000000000000000000000000000000000000001"}]
}"#;
const PROPOSAL: &[u8] = br#"
description = "Lower the solution fee"
[[actions]]
target = "engine"
function = "setSolutionFeePercentage"
arguments = ["0.05 ether"]
[[actions]]
target = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
value = "0.5 ether"
"#;

proptest! {
    #[test]
    fn bytes_are_a_cid_or_are_refused(bytes in vec(any::<u8>(), 0..80), text in ".{0,80}") {
        let _ = cids::parse(&text);
        if let Ok(cid) = cids::from_onchain(&bytes) {
            prop_assert_eq!(&cids::to_onchain(&cid).unwrap()[..], &bytes[..]);
        }
    }

    #[test]
    fn bytes_are_a_node_or_are_refused(bytes in vec(any::<u8>(), 0..300)) {
        let bytes = bytes::Bytes::from(bytes);
        if let Ok(node) = dag_pb::Node::decode(&bytes) {
            // What was read can be written, and is then read the same.
            prop_assert_eq!(dag_pb::Node::decode(&node.encode()).unwrap(), node);
        }
        let block = Block::of_node(bytes.clone()).unwrap();
        prop_assert!(Block::verified(*block.cid(), bytes).is_ok());
    }

    #[test]
    fn any_revert_has_words(tail in vec(any::<u8>(), 0..100), ours: bool) {
        let mut data = if ours { IEngine::Paused::SELECTOR.to_vec() } else { Vec::new() };
        data.extend(tail);
        prop_assert!(!Revert::decode(Bytes::from(data)).to_string().is_empty());
    }

    #[test]
    fn text_is_a_key_or_is_refused_and_never_shown(text in "[0-9a-fA-FxX \\n]{20,70}") {
        if let Err(error) = Signer::from_hex(&text) {
            prop_assert!(!error.to_string().contains(text.trim()));
        }
    }

    #[test]
    fn any_log_is_passed_over_or_read(topics in vec(any::<[u8; 32]>(), 0..4), data in vec(any::<u8>(), 0..200)) {
        use alloy_sol_types::SolEvent;
        let known = [IEngine::TaskSubmitted::SIGNATURE_HASH, IEngine::TaskInput::SIGNATURE_HASH];
        for first in known {
            let topics = [first].into_iter().chain(topics.iter().map(B256::from)).take(4);
            let mut log = alloy::rpc::types::Log::default();
            log.inner.data = alloy_primitives::LogData::new_unchecked(topics.collect(), data.clone().into());
            let _ = submissions(&[log]);
        }
    }

    #[test]
    fn a_damaged_cursor_is_refused_or_used(bytes in damaged(
        br#"{"block":9,"hash":"0x0707070707070707070707070707070707070707070707070707070707070707","read_at":5,"known":[]}"#
    )) {
        if let Ok(cursor) = serde_json::from_slice::<Cursor>(&bytes) {
            let _ = cursor.unsure_since();
        }
    }

    #[test]
    fn a_damaged_manifest_is_refused_or_read(bytes in damaged(DIGITS.manifest)) {
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn a_damaged_passport_is_refused_or_read(bytes in damaged(DIGITS.files[1].1)) {
        if let Ok(passport) = Passport::parse(&bytes) {
            let _ = passport.golden_cid(usize::MAX);
        }
    }

    #[test]
    fn any_input_fits_a_template_or_is_refused(bytes in vec(any::<u8>(), 0..200), seed: u64) {
        let template = Template::parse(DIGITS.template).unwrap();
        let _ = template.hydrate(&bytes, seed);
    }

    #[test]
    fn any_bytes_are_a_graph_or_are_refused(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Signature::read(&bytes);
        let _ = onnx::Graph::parse(&bytes);
    }

    #[test]
    fn any_frame_is_read_or_refused(bytes in vec(any::<u8>(), 0..200), limit: u64) {
        let _ = frame::read(&mut Reader::new(bytes), limit);
    }

    #[test]
    fn any_deny_list_is_read_or_refused(text in "(model|requester|prompt|word)? ?.{0,60}(\n.{0,60}){0,3}", input in ".{0,60}") {
        if let Ok(list) = DenyList::parse(&text) {
            let _ = (list.model(B256::ZERO), list.requester(Address::ZERO), list.input(input.as_bytes()));
        }
    }

    #[test]
    fn canonical_json_is_written_of_any_number(number: f64) {
        if let Some(number) = serde_json::Number::from_f64(number) {
            let bytes = canonical_json::encode(&serde_json::Value::Number(number.clone()));
            let read: f64 = String::from_utf8(bytes).unwrap().parse().unwrap();
            prop_assert_eq!(read, number.as_f64().unwrap());
        }
    }

    #[test]
    fn pictures_take_any_size(side in (1_u32..9, 1_u32..9), to in (0_u32..30, 0_u32..30), shorter in 0_u32..30) {
        let picture = Picture::new(side.0, side.1, vec![7; (side.0 * side.1 * 3) as usize]).unwrap();
        for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Linear] {
            let resized = picture.resized(to.0, to.1, filter);
            prop_assert_eq!(resized.pixels().len() as u64, u64::from(resized.width()) * u64::from(resized.height()) * 3);
            for resize in [Resize::Stretch, Resize::ShorterSide(shorter)] {
                let framing = Framing { width: to.0, height: to.1, resize, filter };
                prop_assert!(picture.framed(&framing).width() >= 1);
            }
        }
    }

    #[test]
    fn corners_make_a_picture_or_none(corners in any::<[[f64; 2]; 4]>(), near in prop::array::uniform4([-4_i8..12, -4_i8..12])) {
        let picture = Picture::new(8, 8, vec![7; 192]).unwrap();
        let _ = picture.straightened(&corners);
        let _ = picture.straightened(&near.map(|corner| corner.map(f64::from)));
    }

    #[test]
    fn any_map_has_regions_or_none(map in vec(any::<f32>(), 0..80), width in 0_usize..12, height in 0_usize..12, dilate: bool) {
        let reading = Reading { threshold: 0.3, box_threshold: 0.1, unclip: 1.5, dilate };
        let _ = regions(&map, width, height, &reading);
    }

    #[test]
    fn a_png_is_written_of_what_are_its_pixels_alone(width: u32, height: u32, data in vec(any::<u8>(), 0..60)) {
        let fits = u64::from(width) * u64::from(height) == data.len() as u64 && !data.is_empty();
        prop_assert_eq!(png::encode(png::Pixels::Grey, width, height, &data).is_some(), fits);
    }
}

// Each case writes a file.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_deployment_is_refused_or_read(bytes in damaged(DEPLOYMENT)) {
        let (_folder, path) = file_with(&bytes, "arbius.json");
        let _ = Deployment::load(&path);
    }

    #[test]
    fn damaged_settings_are_refused_or_read(bytes in damaged(LOCAL)) {
        let (_folder, path) = file_with(&bytes, "local.toml");
        if let Ok(settings) = Settings::load(&path) {
            let _ = settings.validate();
        }
    }

    #[test]
    fn a_damaged_proposal_is_refused_or_read(bytes in damaged(PROPOSAL)) {
        let deployment: Deployment = serde_json::from_slice(DEPLOYMENT).unwrap();
        let (_folder, path) = file_with(&bytes, "proposal.toml");
        let _ = Draft::read(&path, &Contracts::of(&deployment));
    }

    #[test]
    fn a_damaged_picture_is_refused_or_read(bytes in damaged(include_bytes!("pipelines/samples/lines.png"))) {
        let _ = Picture::decode("picture", &bytes);
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let nowhere = Path::new("/nowhere/at/all");
    assert!(Deployment::load(nowhere).is_err());
    assert!(Settings::load(nowhere).is_err());
    assert!(Signer::from_file(nowhere).is_err());
    assert!(Signer::from_keystore(nowhere, "").is_err());
}

/// Limits are the caller's, and "as much as there is" is one.
#[tokio::test]
async fn no_limit_is_too_large() {
    use arbius_sdk::{
        chain::{Chain, ChainError, Events, Logs},
        content::{FetchLimits, Fetcher, Gateway, GatewayLimits, MemoryStore, unixfs},
    };

    let local = arbius_testkit::TestChain::start().await.unwrap();
    let chain = Chain::builder()
        .endpoint(&local.deployment().rpc)
        .endpoint(&local.deployment().rpc)
        .patience(Duration::MAX)
        .request_timeout(Duration::MAX)
        .compare_every(Duration::MAX)
        .max_lag(u64::MAX, Duration::MAX)
        .max_response(usize::MAX)
        .requests_per_second(f64::MAX)
        .connect()
        .await
        .unwrap();
    let head = chain.head().await.unwrap();
    let topics = vec![B256::ZERO];

    let mut logs = Logs::new(chain.clone(), local.token(), topics.clone());
    assert!(logs.all(u64::MAX, u64::MAX).await.unwrap().is_empty());
    assert!(logs.next(7, 6).await.unwrap().0.is_empty());

    let beyond = Cursor::after(u64::MAX);
    let mut events = Events::new(chain.clone(), local.token(), topics.clone(), beyond);
    assert!(!matches!(events.look().await, Ok(Some(batch)) if !batch.logs.is_empty()));
    let mut events = Events::new(
        chain.clone(),
        local.token(),
        topics,
        Cursor::after(head.number),
    )
    .poll_every(Duration::MAX)
    .quiet_poll_every(Duration::MAX);
    events.next().await.unwrap();

    let store = MemoryStore::new();
    let cid = unixfs::import(&b"seven"[..], &store).await.unwrap().cid;
    assert_eq!(
        unixfs::head(&cid, &store, usize::MAX).await.unwrap(),
        b"seven"
    );
    let limits = GatewayLimits {
        connections: usize::MAX,
        connections_each: usize::MAX,
        responses: usize::MAX,
        head_time: Duration::MAX,
        stall_time: Duration::MAX,
        connection_time: Duration::MAX,
        ..GatewayLimits::default()
    };
    let gateway = Gateway::start_with(
        ([127, 0, 0, 1], 0).into(),
        std::sync::Arc::new(store),
        limits,
    );
    let gateway = gateway.await.unwrap();
    let limits = FetchLimits {
        time: Duration::MAX,
        block_time: Duration::MAX,
        bytes: u64::MAX,
        ..FetchLimits::default()
    };
    let fetcher = Fetcher::new([gateway.url()], limits).unwrap();
    assert_eq!(fetcher.read(&cid, "").await.unwrap(), b"seven");
    assert!(!matches!(
        chain.head().await,
        Err(ChainError::Unreachable { .. })
    ));
}
