//! A Kubo node that does as it should.

use arbius_sdk::content::pinning::{Confirmed, Kubo, PinState, PinStore, Pinned, confirm};
use arbius_sdk::content::{Block, BlockStore, Cid, MemoryStore, Scope, Traversal, cids, dag_pb};

use super::kubo_server::start;
use super::{result, times};

#[tokio::test]
async fn what_it_is_given_is_pinned_and_can_be_read_back() {
    let (url, node) = start().await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let (root, source) = result().await;
    assert_eq!(kubo.state(&root, None).await.unwrap(), None);
    assert_eq!(kubo.get(&root).await.unwrap(), None);

    let pinned = Pinned::without_ticket(PinState::Pinned);
    assert_eq!(kubo.pin(&root, &source).await.unwrap(), pinned);
    assert_eq!(kubo.state(&root, None).await.unwrap(), Some(pinned.clone()));
    let mut traversal = Traversal::new(root, Scope::All);
    let mut blocks = 0;
    while let Some(block) = traversal.next(&*source).await.unwrap() {
        assert_eq!(kubo.get(block.cid()).await.unwrap(), Some(block));
        blocks += 1;
    }
    let whole = Confirmed {
        blocks,
        whole: true,
    };
    assert_eq!(confirm(&kubo, &root, 64).await.unwrap(), whole);
    let part = Confirmed {
        blocks: 2,
        whole: false,
    };
    assert_eq!(confirm(&kubo, &root, 2).await.unwrap(), part);
    assert_eq!(kubo.pins(10).await.unwrap(), [(root, PinState::Pinned)]);
    assert_eq!(kubo.pins(0).await.unwrap(), []);

    // A second time nothing is uploaded.
    node.calls.lock().unwrap().clear();
    assert_eq!(kubo.pin(&root, &source).await.unwrap(), pinned);
    assert_eq!(*node.calls.lock().unwrap(), ["pin/ls"]);

    // What is not pinned need not be unpinned.
    for _ in 0..2 {
        kubo.unpin(&root).await.unwrap();
        assert_eq!(kubo.state(&root, None).await.unwrap(), None);
    }
}

#[tokio::test]
async fn single_blocks_go_there_and_the_node_names_peers_by_multiaddr() {
    let (url, node) = start().await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let block = Block::of_node(dag_pb::Node::default().encode()).unwrap();
    kubo.put_block(&block).await.unwrap();
    let v1 = Cid::new_v1(cids::DAG_PB, *block.cid().hash());
    assert!(cids::same_content(block.cid(), &v1));
    assert_eq!(kubo.get(&v1).await.unwrap().unwrap().data(), block.data());
    assert_eq!(
        kubo.addresses().await.unwrap(),
        ["/ip4/198.51.100.1/tcp/4001/p2p/12D3Koo"]
    );
    kubo.connect("/ip4/203.0.113.7/tcp/4001").await.unwrap();
    assert_eq!(*node.peers.lock().unwrap(), ["/ip4/203.0.113.7/tcp/4001"]);
}

#[tokio::test]
async fn what_is_not_whole_here_is_not_sent_as_if_it_were() {
    let (url, node) = start().await;
    let kubo = Kubo::new(&url, None, times()).unwrap();
    let (root, source) = result().await;
    let part = MemoryStore::new();
    part.put(&source.get(&root).await.unwrap().unwrap())
        .await
        .unwrap();
    let part: std::sync::Arc<dyn BlockStore> = std::sync::Arc::new(part);
    let refused = kubo.pin(&root, &part).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be read here"), "{refused}");
    assert!(!node.has_pinned(&root));
    assert_eq!(*node.calls.lock().unwrap(), ["pin/ls"]);
}
