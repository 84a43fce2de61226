//! Sharded directories: a hash array mapped trie over several blocks (the UnixFS
//! specification, "HAMT directory").
//!
//! The hash of an entry's name leads from the root to its slot, eight bits a level. A slot
//! holds an entry, named `<slot><name>`, or the next level, named `<slot>`; slots are written
//! in upper-case hexadecimal.

use std::io::Cursor;

use crate::content::Cid;

use super::directory::{DirectoryEntry, DirectoryError, valid_name};
use super::layout::{Branch, Layout, Sink};
use super::message::{self, Contents};
use crate::content::dag_pb::{Link, Node};

/// The hash, as the multicodec table numbers it: the first 64 bits of murmur3-x64-128.
pub(super) const MURMUR3_X64_64: u64 = 0x22;

/// Slots of a shard that is made. Others are read.
pub(super) const FANOUT: usize = 256;

/// Shards with more slots than this are not read. Kubo's limit is the same.
const MAX_FANOUT: u64 = 1024;

/// A shard that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// A hash that is not murmur3-x64-64, or none.
    #[error("its names are hashed by function {}, only murmur3-x64-64 (0x22) is known", hash.map_or("none".to_owned(), |hash| format!("0x{hash:x}")))]
    Hash {
        /// The multicodec of the hash.
        hash: Option<u64>,
    },
    /// A number of slots that no shard has, or none.
    #[error("it has {} slots; a power of two from 8 to {MAX_FANOUT} is expected", fanout.map_or("no number of".to_owned(), |fanout| fanout.to_string()))]
    Fanout {
        /// The number of slots.
        fanout: Option<u64>,
    },
    /// A link whose name does not begin with a slot, or slots out of order.
    #[error("its link {index} is not named by a slot that comes after the one before")]
    Slot {
        /// Which link.
        index: usize,
    },
    /// The bits of taken slots differ from the links.
    #[error("its links are not in the slots that it says are taken")]
    Taken,
}

/// One block of a sharded directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// How many bits of the hash choose a slot.
    bits: u32,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    index: u64,
    holds: Held,
}

/// What is in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// An entry of the directory.
    Entry(DirectoryEntry),
    /// The block of the next level.
    Shard(Cid),
}

impl Shard {
    /// What its slots hold, in their order.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.slots.iter().map(|slot| &slot.holds)
    }

    pub(super) fn beneath(&self) -> impl Iterator<Item = &Cid> {
        self.held().map(|held| match held {
            Held::Entry(entry) => &entry.cid,
            Held::Shard(cid) => cid,
        })
    }

    pub(super) fn of(
        links: Vec<Link>,
        taken: &[u8],
        hash: Option<u64>,
        fanout: Option<u64>,
    ) -> Result<Self, ShardError> {
        if hash != Some(MURMUR3_X64_64) {
            return Err(ShardError::Hash { hash });
        }
        let slots =
            fanout.filter(|fanout| fanout.is_power_of_two() && (8..=MAX_FANOUT).contains(fanout));
        let fanout = slots.ok_or(ShardError::Fanout { fanout })?;
        let digits = format!("{:X}", fanout - 1).len();
        let mut slots: Vec<Slot> = Vec::with_capacity(links.len());
        for (index, link) in links.into_iter().enumerate() {
            let refused = ShardError::Slot { index };
            let Some((slot, name)) = link.name.split_at_checked(digits) else {
                return Err(refused);
            };
            // `from_str_radix` would take a sign and lower case too.
            let upper = |digit: u8| matches!(digit, b'0'..=b'9' | b'A'..=b'F');
            let number = match slot.bytes().all(upper) {
                true => u64::from_str_radix(slot, 16).ok(),
                false => None,
            };
            let after = slots.last().is_none_or(|last| Some(last.index) < number);
            let Some(slot) = number.filter(|slot| after && *slot < fanout) else {
                return Err(refused);
            };
            let holds = match name {
                "" => Held::Shard(link.cid),
                name if valid_name(name) => Held::Entry(DirectoryEntry {
                    name: name.to_owned(),
                    cid: link.cid,
                    tsize: link.tsize,
                }),
                _ => return Err(refused),
            };
            slots.push(Slot { index: slot, holds });
        }
        // Most significant byte first, without zeros at the front.
        let is_taken = |slot: u64| {
            let from_end = (slot / 8) as usize;
            taken.len() > from_end && taken[taken.len() - 1 - from_end] >> (slot % 8) & 1 == 1
        };
        let bits: u32 = taken.iter().map(|byte| byte.count_ones()).sum();
        if bits as usize != slots.len() || !slots.iter().all(|slot| is_taken(slot.index)) {
            return Err(ShardError::Taken);
        }
        Ok(Self {
            bits: fanout.ilog2(),
            slots,
        })
    }
}

/// Looks for an entry, block by block from a directory's root.
#[derive(Debug, Clone)]
pub struct Lookup<'a> {
    name: &'a str,
    hash: u64,
    /// Bits of the hash that led here.
    used: u32,
}

/// Where a [`Lookup`] goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The entry is found: its root.
    Entry(Cid),
    /// The next block to look into.
    Shard(Cid),
    /// There is no such entry.
    Absent,
}

impl<'a> Lookup<'a> {
    /// A search for the entry of this name.
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            hash: hash(name),
            used: 0,
        }
    }

    /// Looks into the next block. Files and symbolic links have no entries, and beneath a
    /// shard there is nothing but shards.
    pub fn step(&mut self, contents: &Contents) -> Step {
        match contents {
            Contents::Directory(entries) if self.used == 0 => entries
                .iter()
                .find(|entry| entry.name == self.name)
                .map_or(Step::Absent, |entry| Step::Entry(entry.cid)),
            Contents::Shard(shard) => self.step_into(shard),
            Contents::Directory(_) | Contents::File { .. } | Contents::Symlink { .. } => {
                Step::Absent
            }
        }
    }

    fn step_into(&mut self, shard: &Shard) -> Step {
        if self.used + shard.bits > u64::BITS {
            return Step::Absent;
        }
        let slot = slot(self.hash, self.used, shard.bits);
        self.used += shard.bits;
        let found = shard.slots.binary_search_by_key(&slot, |slot| slot.index);
        match found.ok().map(|at| &shard.slots[at].holds) {
            Some(Held::Shard(cid)) => Step::Shard(*cid),
            Some(Held::Entry(entry)) if entry.name == self.name => Step::Entry(entry.cid),
            Some(Held::Entry(_)) | None => Step::Absent,
        }
    }
}

/// The blocks of a sharded directory with these links, deepest first, and its root.
pub(super) fn build(
    layout: Layout,
    links: Vec<Link>,
    sink: &mut impl Sink,
) -> Result<Branch, DirectoryError> {
    let mut hashed: Vec<(u64, Link)> = links
        .into_iter()
        .map(|link| (hash(&link.name), link))
        .collect();
    hashed.sort_by_key(|(hash, _)| *hash);
    build_level(layout, &hashed, 0, sink)
}

/// One shard of the links, which are in the order of their hashes and agree in the first
/// `used` bits.
fn build_level(
    layout: Layout,
    links: &[(u64, Link)],
    used: u32,
    sink: &mut impl Sink,
) -> Result<Branch, DirectoryError> {
    const BITS: u32 = FANOUT.ilog2();
    if used == u64::BITS {
        let name = |at: usize| links.get(at).map(|(_, link)| link.name.clone());
        return Err(DirectoryError::Collision {
            names: [0, 1].map(|at| name(at).unwrap_or_default()),
        });
    }
    let mut taken = [0_u8; FANOUT / 8];
    let mut node = Node::default();
    for same_slot in links.chunk_by(|a, b| slot(a.0, used, BITS) == slot(b.0, used, BITS)) {
        let slot = slot(same_slot[0].0, used, BITS);
        taken[FANOUT / 8 - 1 - (slot / 8) as usize] |= 1 << (slot % 8);
        node.links.push(match same_slot {
            [(_, link)] => Link {
                name: format!("{slot:02X}{}", link.name),
                ..link.clone()
            },
            _ => {
                let below = build_level(layout, same_slot, used + BITS, sink)?;
                Link {
                    cid: below.cid,
                    name: format!("{slot:02X}"),
                    tsize: below.tsize,
                }
            }
        });
    }
    let zeros = taken.iter().take_while(|byte| **byte == 0).count();
    node.data = message::shard(&taken[zeros..]);
    super::directory::seal(layout, &node, sink)
}

/// The slot that a hash leads to after so many of its bits were used.
fn slot(hash: u64, used: u32, bits: u32) -> u64 {
    // All bits used leave none; a shift by 64 is no shift.
    let rest = hash.checked_shl(used).unwrap_or_default();
    rest >> (u64::BITS - bits)
}

#[allow(clippy::expect_used)]
fn hash(name: &str) -> u64 {
    // SAFETY: reading from memory does not fail.
    let hash = murmur3::murmur3_x64_128(&mut Cursor::new(name), 0).expect("memory can be read");
    // Kubo's first 64 bits are what this crate has as the lower half.
    hash as u64
}
