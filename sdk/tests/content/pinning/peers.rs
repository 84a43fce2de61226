//! A pinning service that others have written: the npm package `mock-ipfs-pinning-service`, which
//! serves the specification's own OpenAPI file and refuses what does not fit it.
//!
//! `.ci/full peers` starts one and names it in `ARBIUS_PINNING_SERVICE`. Without it the test
//! skips itself and says so, unless `ARBIUS_REQUIRE` names `pinning-service`.

use arbius_sdk::content::pinning::{PinState, PinStore, PinningService};
use arbius_sdk::content::unixfs::cid_of;

use super::{result, times, token};

const SERVICE: &str = "ARBIUS_PINNING_SERVICE";

/// The service's address, or `None` where the test may be skipped.
fn address() -> Option<String> {
    let address = std::env::var(SERVICE).ok();
    if address.is_none() {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required
                .split(',')
                .any(|part| part.trim() == "pinning-service"),
            "ARBIUS_REQUIRE names pinning-service, but {SERVICE} is not set"
        );
        eprintln!("skipped: {SERVICE} is not set");
    }
    address
}

#[tokio::test]
async fn a_pinning_service_by_others_understands_us_and_we_it() {
    let Some(url) = address() else {
        return;
    };
    let store = PinningService::new(&url, token(), times()).unwrap();
    let (root, source) = result().await;
    store.unpin(&root).await.unwrap();
    assert_eq!(store.state(&root, None).await.unwrap(), None);
    let queued = store.pin(&root, &source).await.unwrap();
    assert_eq!(queued.state, PinState::Queued);
    let again = store.pin(&root, &source).await.unwrap();
    assert_eq!(again.ticket, queued.ticket, "it was asked twice");
    let ticket = queued.ticket.as_deref();
    assert!(store.state(&root, ticket).await.unwrap().is_some());
    let listed = store.pins(1_000).await.unwrap();
    assert_eq!(listed.iter().filter(|(cid, _)| *cid == root).count(), 1);
    store.unpin(&root).await.unwrap();
    assert_eq!(store.state(&root, ticket).await.unwrap(), None);
    assert_eq!(store.state(&cid_of(b"never"), None).await.unwrap(), None);
}
