//! Several stores at once.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::FolderStore;
use arbius_sdk::content::pinning::{
    FolderPins, Kubo, PinError, PinState, PinStore, PinTimes, Replicas, WritePolicy, confirm,
};

use super::kubo_server::{Mood, Node, start};
use super::{PATIENCE, result, times};

/// Three nodes as one store, and the nodes.
async fn three(policy: WritePolicy) -> (Replicas, Vec<Arc<Node>>) {
    three_within(policy, [PATIENCE; 3]).await
}

/// As [`three`], each with so much time.
async fn three_within(policy: WritePolicy, answers: [Duration; 3]) -> (Replicas, Vec<Arc<Node>>) {
    let mut stores: Vec<Arc<dyn PinStore>> = Vec::new();
    let mut nodes = Vec::new();
    for answer in answers {
        let times = PinTimes { answer, ..times() };
        let (url, node) = start().await;
        stores.push(Arc::new(Kubo::new(&url, None, times).unwrap()));
        nodes.push(node);
    }
    (Replicas::new(stores, policy), nodes)
}

fn quorum(number: usize) -> WritePolicy {
    WritePolicy::Quorum(NonZeroUsize::new(number).unwrap())
}

#[tokio::test]
async fn a_write_goes_to_all_of_them() {
    for policy in [WritePolicy::All, quorum(1)] {
        let (stores, nodes) = three(policy).await;
        let (root, source) = result().await;
        let pinned = stores.pin(&root, &source).await.unwrap();
        assert_eq!(pinned.state, PinState::Pinned);
        assert!(nodes.iter().all(|node| node.has_pinned(&root)));
        assert_eq!(stores.pins(9).await.unwrap(), [(root, PinState::Pinned)]);
        stores.unpin(&root).await.unwrap();
        assert!(!nodes.iter().any(|node| node.has_pinned(&root)));
        assert_eq!(stores.state(&root, None).await.unwrap(), None);
    }
}

#[tokio::test]
async fn one_that_hangs_fails_all_but_no_quorum() {
    let (root, source) = result().await;
    for (policy, enough) in [(WritePolicy::All, false), (quorum(2), true)] {
        // Nobody waits for long for the one that hangs.
        let answers = [PATIENCE, Duration::from_secs(3), PATIENCE];
        let (stores, nodes) = three_within(policy, answers).await;
        nodes[1].is(Mood::Hangs);
        let written = stores.pin(&root, &source).await;
        // The others have it either way.
        assert!(nodes[0].has_pinned(&root) && nodes[2].has_pinned(&root));
        let asked = stores.state(&root, None).await;
        if enough {
            assert_eq!(written.unwrap().state, PinState::Pinned);
            assert_eq!(asked.unwrap().unwrap().state, PinState::Pinned);
            continue;
        }
        for refused in [written.map(Some), asked] {
            let refused = refused.unwrap_err();
            assert!(
                matches!(
                    refused,
                    PinError::Quorum {
                        kept: 2,
                        wanted: 3,
                        ..
                    }
                ),
                "{refused}"
            );
            assert!(
                refused.to_string().contains("did not answer within 3 s"),
                "{refused}"
            );
        }
    }
}

#[tokio::test]
async fn a_block_comes_from_the_first_that_answers_right() {
    let (stores, nodes) = three(WritePolicy::All).await;
    let (root, source) = result().await;
    stores.pin(&root, &source).await.unwrap();
    let block = source.get(&root).await.unwrap().unwrap();
    nodes[0].is(Mood::Lies);
    nodes[1].is(Mood::Hangs);
    assert_eq!(stores.get(&root).await.unwrap(), Some(block));
    // Without the honest one there is a reason and no block.
    nodes[2].is(Mood::Lies);
    stores.get(&root).await.unwrap_err();
}

#[tokio::test]
async fn the_block_folder_is_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = FolderStore::open(folder.path()).unwrap();
    let local: Arc<dyn PinStore> = Arc::new(FolderPins::new("here", blocks.clone()));
    let (url, node) = start().await;
    let kubo = Kubo::new(&url, None, PinTimes::default()).unwrap();
    let stores = Replicas::new(vec![local, Arc::new(kubo)], WritePolicy::All);
    let (root, source) = result().await;
    // The second time everything is there.
    for _ in 0..2 {
        stores.pin(&root, &source).await.unwrap();
    }
    assert!(node.has_pinned(&root) && blocks.pinned(&root).await.unwrap().is_some());
    assert!(
        confirm(&*stores.stores()[0], &root, 64)
            .await
            .unwrap()
            .whole
    );
    node.is(Mood::Hangs);
    let block = source.get(&root).await.unwrap();
    assert_eq!(stores.get(&root).await.unwrap(), block);
    node.is(Mood::Well);
    stores.unpin(&root).await.unwrap();
    assert_eq!(blocks.pinned(&root).await.unwrap(), None);
}

#[tokio::test]
async fn what_none_of_them_has_is_absent() {
    let (stores, _) = three(WritePolicy::All).await;
    let (root, _) = result().await;
    assert_eq!(stores.get(&root).await.unwrap(), None);
}
