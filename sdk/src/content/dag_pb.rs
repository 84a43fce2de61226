//! The dag-pb node: links by CID and name, and a byte string (the dag-pb specification of
//! IPLD). It is protobuf with one extra rule, that links are written before the data, so
//! that one node has one encoding and one hash.

use crate::content::Cid;
use bytes::Bytes;

use super::cids;
use super::wire::{Field, Fields, Value, bytes_header, leading_bytes, put_bytes, put_varint};

pub use super::wire::FieldError;

/// A dag-pb node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// The nodes beneath, in order.
    pub links: Vec<Link>,
    /// The node's own bytes: a UnixFS message in all nodes that this crate reads.
    pub data: Bytes,
}

/// A link of a dag-pb node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The block that it leads to.
    pub cid: Cid,
    /// The name of a directory's entry; empty in files.
    pub name: String,
    /// Bytes of all blocks beneath the link together, as the writer claims: for display
    /// alone, nothing may rely on it.
    pub tsize: u64,
}

/// Bytes that are no dag-pb node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// They are not protobuf.
    #[error("it is not a dag-pb node: {0}")]
    Field(#[from] FieldError),
    /// A field that dag-pb does not have, or not there.
    #[error("it is not a dag-pb node: field {number} with wire type {wire} has no place there")]
    Unexpected {
        /// The field's number.
        number: u64,
        /// Its wire type.
        wire: u8,
    },
    /// A link whose target is no CID.
    #[error("it is not a dag-pb node: link {index} holds no CID")]
    LinkCid {
        /// Which link.
        index: usize,
    },
    /// A link whose name is not UTF-8.
    #[error("it is not a dag-pb node: the name of link {index} is not UTF-8")]
    LinkName {
        /// Which link.
        index: usize,
    },
}

// PBNode: 1 = Data, 2 = Links. PBLink: 1 = Hash, 2 = Name, 3 = Tsize.
const NODE_DATA: u64 = 1;
const NODE_LINK: u64 = 2;
const LINK_HASH: u64 = 1;
const LINK_NAME: u64 = 2;
const LINK_TSIZE: u64 = 3;

impl Node {
    /// The node's one encoding. An empty name and a size of zero are written out, as Kubo
    /// writes them.
    pub fn encode(&self) -> Bytes {
        let links: usize = self.links.iter().map(|link| link.name.len() + 60).sum();
        let mut out = Vec::with_capacity(links + self.data.len() + 16);
        let mut message = Vec::with_capacity(64);
        for link in &self.links {
            message.clear();
            put_bytes(&mut message, LINK_HASH, &link.cid.to_bytes());
            put_bytes(&mut message, LINK_NAME, link.name.as_bytes());
            put_varint(&mut message, LINK_TSIZE, link.tsize);
            put_bytes(&mut out, NODE_LINK, &message);
        }
        put_bytes(&mut out, NODE_DATA, &self.data);
        out.into()
    }

    /// Reads a node. Links after the data are read too: old writers made such nodes.
    ///
    /// # Errors
    /// [`NodeError`] if the bytes are no node.
    pub fn decode(bytes: &Bytes) -> Result<Self, NodeError> {
        let mut node = Self::default();
        let mut has_data = false;
        for field in Fields::of(bytes) {
            match field? {
                Field {
                    number: NODE_LINK,
                    value: Value::Bytes(message),
                } => {
                    let index = node.links.len();
                    node.links.push(decode_link(message, index)?);
                }
                Field {
                    number: NODE_DATA,
                    value: Value::Bytes(data),
                } if !has_data => {
                    has_data = true;
                    node.data = bytes.slice_ref(data);
                }
                other => return Err(other.into()),
            }
        }
        Ok(node)
    }
}

/// Appends what a node without links has before the so many bytes of its data.
pub(crate) fn data_header(out: &mut Vec<u8>, length: usize) {
    bytes_header(out, NODE_DATA, length);
}

/// Whether `head` begins a node of `length` bytes that is data and nothing else, so that it
/// has no links.
pub(crate) fn is_data_alone(head: &[u8], length: u64) -> bool {
    leading_bytes(head).is_some_and(|(number, start, bytes)| {
        number == NODE_DATA && (start as u64).checked_add(bytes) == Some(length)
    })
}

fn decode_link(message: &[u8], index: usize) -> Result<Link, NodeError> {
    let mut target = None;
    let mut name = None;
    let mut tsize = None;
    for field in Fields::of(message) {
        match field? {
            Field {
                number: LINK_HASH,
                value: Value::Bytes(bytes),
            } if target.is_none() => {
                let cid = cids::from_bytes(bytes).ok_or(NodeError::LinkCid { index })?;
                target = Some(cid);
            }
            Field {
                number: LINK_NAME,
                value: Value::Bytes(bytes),
            } if name.is_none() => {
                let text = std::str::from_utf8(bytes).map_err(|_| NodeError::LinkName { index })?;
                name = Some(text.to_owned());
            }
            Field {
                number: LINK_TSIZE,
                value: Value::Number(size),
            } if tsize.is_none() => tsize = Some(size),
            other => return Err(other.into()),
        }
    }
    Ok(Link {
        cid: target.ok_or(NodeError::LinkCid { index })?,
        name: name.unwrap_or_default(),
        tsize: tsize.unwrap_or_default(),
    })
}

impl From<Field<'_>> for NodeError {
    fn from(field: Field<'_>) -> Self {
        Self::Unexpected {
            number: field.number,
            wire: field.value.wire_type(),
        }
    }
}
