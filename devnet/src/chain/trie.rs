//! A Merkle-Patricia trie in persistent nodes.
//!
//! Clones share their nodes, and every node remembers what its parent says of it, so that
//! after a change only the path to it is encoded and hashed again.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{B256, keccak256};
use alloy_rlp::Header;
use alloy_trie::EMPTY_ROOT_HASH;

/// A trie whose keys are all 32 bytes long, as those of Ethereum's state are (they are
/// hashes), so that no key is the beginning of another.
#[derive(Clone, Debug, Default)]
pub(super) struct Trie(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    kind: Kind,
    /// What the parent holds: the node's RLP if that is shorter than 32 bytes, or the
    /// RLP of its hash.
    reference: OnceLock<Vec<u8>>,
}

#[derive(Debug)]
enum Kind {
    Leaf { path: Vec<u8>, value: Vec<u8> },
    Extension { path: Vec<u8>, child: Arc<Node> },
    Branch(Children),
}

type Children = [Option<Arc<Node>>; 16];

#[cfg(test)]
impl Trie {
    /// Whether both have one root.
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        }
    }
}

impl Trie {
    /// Hash of the root node.
    pub(super) fn root(&self) -> B256 {
        self.0
            .as_ref()
            .map_or(EMPTY_ROOT_HASH, |node| keccak256(node.encode()))
    }

    /// Encoded nodes from the root towards a key, as far as they go: a Merkle proof that it
    /// has its value, or none. Nodes that are part of their parent are not listed.
    pub(super) fn path(&self, key: B256) -> Vec<Vec<u8>> {
        let nibbles = nibbles(key);
        let mut rest = &nibbles[..];
        let mut nodes = Vec::new();
        let mut next = self.0.as_ref();
        while let Some(node) = next {
            let encoded = node.encode();
            if nodes.is_empty() || encoded.len() >= 32 {
                nodes.push(encoded);
            }
            next = match &node.kind {
                Kind::Leaf { .. } => None,
                Kind::Extension { path, child } => match rest.strip_prefix(&path[..]) {
                    Some(after) => {
                        rest = after;
                        Some(child)
                    }
                    None => None,
                },
                Kind::Branch(children) => match rest.split_first() {
                    Some((first, after)) => {
                        rest = after;
                        children[usize::from(first & 0x0f)].as_ref()
                    }
                    None => None,
                },
            };
        }
        nodes
    }

    /// Sets the value of a key.
    pub(super) fn insert(&mut self, key: B256, value: Vec<u8>) {
        self.0 = Some(insert(self.0.as_ref(), &nibbles(key), value));
    }

    /// Removes a key. Whether it was there does not matter.
    pub(super) fn remove(&mut self, key: B256) {
        if let Some(root) = &self.0
            && let Removed::Changed(changed) = remove(root, &nibbles(key))
        {
            self.0 = changed;
        }
    }
}

fn nibbles(key: B256) -> Vec<u8> {
    key.iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .collect()
}

fn node(kind: Kind) -> Arc<Node> {
    Arc::new(Node {
        kind,
        reference: OnceLock::new(),
    })
}

fn leaf(path: &[u8], value: Vec<u8>) -> Arc<Node> {
    node(Kind::Leaf {
        path: path.to_vec(),
        value,
    })
}

/// A node reached by `path`: the child itself if the path is empty.
fn extension(path: &[u8], child: Arc<Node>) -> Arc<Node> {
    if path.is_empty() {
        return child;
    }
    node(Kind::Extension {
        path: path.to_vec(),
        child,
    })
}

fn common_length(one: &[u8], other: &[u8]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

fn insert(at: Option<&Arc<Node>>, path: &[u8], value: Vec<u8>) -> Arc<Node> {
    let Some(at) = at else {
        return leaf(path, value);
    };
    match &at.kind {
        Kind::Leaf {
            path: old_path,
            value: old_value,
        } => {
            if old_path == path {
                return leaf(path, value);
            }
            let old_value = old_value.clone();
            fork(path, value, old_path, |rest| leaf(rest, old_value))
        }
        Kind::Extension {
            path: old_path,
            child,
        } => match path.strip_prefix(&old_path[..]) {
            Some(rest) => extension(old_path, insert(Some(child), rest, value)),
            None => fork(path, value, old_path, |rest| extension(rest, child.clone())),
        },
        Kind::Branch(children) => {
            let Some((&first, rest)) = path.split_first() else {
                return at.clone();
            };
            let mut children = children.clone();
            let slot = usize::from(first & 0x0f);
            children[slot] = Some(insert(children[slot].as_ref(), rest, value));
            node(Kind::Branch(children))
        }
    }
}

/// A branch where `path` and `old_path` part, with a new leaf on one side and what was
/// there on the other.
fn fork(
    path: &[u8],
    value: Vec<u8>,
    old_path: &[u8],
    old: impl FnOnce(&[u8]) -> Arc<Node>,
) -> Arc<Node> {
    let common = common_length(path, old_path);
    let mut children = Children::default();
    // Keys have one length, so that both go on after the common part.
    if let (Some((&first, rest)), Some((&old_first, old_rest))) = (
        path[common..].split_first(),
        old_path[common..].split_first(),
    ) {
        children[usize::from(first & 0x0f)] = Some(leaf(rest, value));
        children[usize::from(old_first & 0x0f)] = Some(old(old_rest));
    }
    extension(&path[..common], node(Kind::Branch(children)))
}

enum Removed {
    /// The key was not there.
    Unchanged,
    /// What is left, if anything.
    Changed(Option<Arc<Node>>),
}

fn remove(at: &Arc<Node>, path: &[u8]) -> Removed {
    match &at.kind {
        Kind::Leaf { path: own, .. } if own == path => Removed::Changed(None),
        Kind::Leaf { .. } => Removed::Unchanged,
        Kind::Extension { path: own, child } => {
            let Some(rest) = path.strip_prefix(&own[..]) else {
                return Removed::Unchanged;
            };
            match remove(child, rest) {
                Removed::Changed(Some(child)) => Removed::Changed(Some(prefixed(own, &child))),
                other => other,
            }
        }
        Kind::Branch(children) => {
            let Some((&first, rest)) = path.split_first() else {
                return Removed::Unchanged;
            };
            let slot = usize::from(first & 0x0f);
            let Some(child) = &children[slot] else {
                return Removed::Unchanged;
            };
            let Removed::Changed(left) = remove(child, rest) else {
                return Removed::Unchanged;
            };
            let mut children = children.clone();
            children[slot] = left;
            let mut remaining = (0u8..)
                .zip(&children)
                .filter_map(|(nibble, child)| child.as_ref().map(|child| (nibble, child)));
            match (remaining.next(), remaining.next()) {
                // A branch with one child is no branch.
                (Some((nibble, child)), None) => Removed::Changed(Some(prefixed(&[nibble], child))),
                (None, _) => Removed::Changed(None),
                _ => Removed::Changed(Some(node(Kind::Branch(children)))),
            }
        }
    }
}

/// A node with `prefix` before its path, merged with it where nodes of that kind must be.
fn prefixed(prefix: &[u8], child: &Arc<Node>) -> Arc<Node> {
    match &child.kind {
        Kind::Leaf { path, value } => leaf(&[prefix, path].concat(), value.clone()),
        Kind::Extension { path, child } => extension(&[prefix, path].concat(), child.clone()),
        Kind::Branch(_) => extension(prefix, child.clone()),
    }
}

impl Node {
    fn reference(&self) -> &[u8] {
        self.reference.get_or_init(|| {
            let encoded = self.encode();
            if encoded.len() < 32 {
                return encoded;
            }
            let mut reference = vec![0xa0];
            reference.extend_from_slice(keccak256(encoded).as_slice());
            reference
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        match &self.kind {
            Kind::Leaf { path, value } => {
                string(&compact(path, true), &mut payload);
                string(value, &mut payload);
            }
            Kind::Extension { path, child } => {
                string(&compact(path, false), &mut payload);
                payload.extend_from_slice(child.reference());
            }
            Kind::Branch(children) => {
                for child in children {
                    match child {
                        Some(child) => payload.extend_from_slice(child.reference()),
                        None => payload.push(alloy_rlp::EMPTY_STRING_CODE),
                    }
                }
                // No key ends at a branch.
                payload.push(alloy_rlp::EMPTY_STRING_CODE);
            }
        }
        let mut encoded = Vec::with_capacity(payload.len() + 3);
        Header {
            list: true,
            payload_length: payload.len(),
        }
        .encode(&mut encoded);
        encoded.extend_from_slice(&payload);
        encoded
    }
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    alloy_rlp::Encodable::encode(bytes, out);
}

/// Hex-prefix encoding (Yellow Paper, appendix C).
fn compact(path: &[u8], is_leaf: bool) -> Vec<u8> {
    let flag = if is_leaf { 0x20 } else { 0x00 };
    let (first, rest) = match path {
        [odd, rest @ ..] if path.len() % 2 == 1 => (flag | 0x10 | odd, rest),
        _ => (flag, path),
    };
    let pairs = rest.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    std::iter::once(first).chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The same root by an implementation that builds it anew.
    fn expected(entries: &BTreeMap<B256, Vec<u8>>) -> B256 {
        let mut builder = alloy_trie::HashBuilder::default();
        for (key, value) in entries {
            builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
        }
        builder.root()
    }

    #[test]
    fn roots_are_those_of_a_trie_built_anew() {
        let mut trie = Trie::default();
        let mut entries = BTreeMap::new();
        assert_eq!(trie.root(), EMPTY_ROOT_HASH);
        // A fixed sequence of pseudo-random insertions, replacements and removals over keys
        // that often share long beginnings.
        let mut seed = keccak256("seed");
        for round in 0..600u32 {
            seed = keccak256(seed);
            let mut key = B256::repeat_byte(seed[0] % 3);
            let split = usize::from(seed[1]) % 32;
            key[split] = seed[2] % 5;
            key[31] ^= seed[3] % 4;
            if seed[4].is_multiple_of(3) {
                trie.remove(key);
                entries.remove(&key);
            } else {
                let value = vec![seed[5] | 1; 1 + usize::from(seed[6]) % 40];
                trie.insert(key, value.clone());
                entries.insert(key, value);
            }
            assert_eq!(trie.root(), expected(&entries), "round {round}");
        }
        for key in entries.keys() {
            trie.remove(*key);
        }
        assert_eq!(trie.root(), EMPTY_ROOT_HASH);
    }

    #[test]
    fn clones_do_not_see_later_changes() {
        let mut trie = Trie::default();
        trie.insert(B256::with_last_byte(1), vec![1]);
        let before = trie.clone();
        let root = before.root();
        trie.insert(B256::with_last_byte(2), vec![2]);
        assert_ne!(trie.root(), root);
        assert_eq!(before.root(), root);
    }
}
