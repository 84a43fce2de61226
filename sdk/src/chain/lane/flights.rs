//! The transactions of a lane that are underway, by nonce.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use alloy_primitives::{B256, Bytes};
use tokio::sync::watch;

use super::{Receipt, Urgency, fees::Offer};
use crate::chain::Intent;

/// Included transactions whose bytes are kept, to be sent again after a reorganisation.
const KEPT: usize = 128;

/// How a transaction ended.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    /// A version of it was included.
    Included {
        receipt: Receipt,
        /// The bytes that were.
        raw: Bytes,
    },
    /// It was called off: the empty version was included.
    CalledOff,
    /// Another program's transaction took its nonce.
    Superseded,
}

/// A transaction that is underway.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) intent: Intent,
    /// What its newest version offers.
    pub(super) offer: Offer,
    /// When its newest version was signed.
    pub(super) signed: Instant,
    /// When to ask where the chain's nonce stands, and to send or replace it again.
    pub(super) check: Instant,
    /// Since when its nonce seems to be used though no version of it has a receipt.
    pub(super) doubt: Option<Instant>,
    /// Its newest version may not have arrived.
    pub(super) unsure: bool,
    /// To be replaced by an empty transaction.
    pub(super) called_off: bool,
    /// New transactions wait for this one, so that their simulation sees what it did.
    pub(super) first: bool,
    /// Whether it was said that the ceiling keeps it from being replaced.
    pub(super) said: bool,
    pub(super) done: watch::Sender<Option<Landing>>,
}

impl Flight {
    pub(super) fn new(intent: Intent, offer: Offer, check: Instant) -> Self {
        Self {
            intent,
            offer,
            signed: Instant::now(),
            check,
            doubt: None,
            unsure: false,
            called_off: false,
            first: false,
            said: false,
            done: watch::Sender::new(None),
        }
    }

    /// Whether its newest version does nothing.
    pub(super) fn is_empty(&self) -> bool {
        let newest = self.intent.replacements.last();
        newest.is_some_and(|version| version.empty)
    }
}

/// The transactions of a lane that are underway.
#[derive(Debug, Default)]
pub(super) struct Flights {
    underway: BTreeMap<u64, Flight>,
    /// The nonce of the next transaction, once the chain was asked for it.
    pub(super) next: Option<u64>,
    /// The last that were included, in the order of their nonces.
    landed: VecDeque<(u64, Bytes)>,
    /// Since when nonces below the first flight are missing on the chain.
    pub(super) gap: Option<Instant>,
    /// How many versions were sent in place of others.
    pub(super) replaced: u64,
    /// How many nonces another program took.
    pub(super) foreign: u64,
}

impl Flights {
    pub(super) fn add(&mut self, flight: Flight) -> watch::Receiver<Option<Landing>> {
        let nonce = flight.intent.nonce;
        let done = flight.done.subscribe();
        let after = nonce.saturating_add(1);
        self.next = Some(self.next.map_or(after, |next| next.max(after)));
        self.underway.insert(nonce, flight);
        done
    }

    /// Takes back what was never sent; its nonce is free again.
    pub(super) fn take_back(&mut self, nonce: u64) {
        self.underway.remove(&nonce);
        self.next = None;
    }

    pub(super) fn get_mut(&mut self, nonce: u64) -> Option<&mut Flight> {
        self.underway.get_mut(&nonce)
    }

    pub(super) fn get(&self, nonce: u64) -> Option<&Flight> {
        self.underway.get(&nonce)
    }

    pub(super) fn first(&self) -> Option<&Flight> {
        self.underway.first_key_value().map(|(_, flight)| flight)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.underway.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Flight> {
        self.underway.values_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.underway.len()
    }

    /// The next nonce, given what the chain says.
    pub(super) fn begin_at(&mut self, chain: u64) -> u64 {
        let last = self.underway.last_key_value();
        let next = last.map_or(chain, |(nonce, _)| chain.max(nonce.saturating_add(1)));
        self.next = Some(next);
        next
    }

    /// The hashes whose receipts to ask for: every version of the first flight and, if
    /// `all`, of the next few.
    pub(super) fn hashes(&self, all: bool) -> Vec<(u64, B256)> {
        self.underway
            .iter()
            .take(if all { 16 } else { 1 })
            .flat_map(|(nonce, flight)| flight.intent.hashes().map(|hash| (*nonce, hash)))
            .collect()
    }

    /// How much it matters that a nonce is used: as much as the most urgent transaction at
    /// or behind it.
    pub(super) fn urgency_from(&self, nonce: u64) -> Urgency {
        self.underway
            .range(nonce..)
            .map(|(_, flight)| flight.intent.urgency)
            .max()
            .unwrap_or_default()
    }

    /// Ends a flight.
    pub(super) fn land(&mut self, nonce: u64, landing: Landing) {
        let Some(flight) = self.underway.remove(&nonce) else {
            return;
        };
        match &landing {
            Landing::Included { raw, .. } => self.remember(nonce, raw.clone()),
            Landing::CalledOff => self.remember(nonce, flight.intent.newest().clone()),
            Landing::Superseded => {
                self.foreign += 1;
                self.next = None;
            }
        }
        flight.done.send_replace(Some(landing));
        // What was behind it has come to the front just now.
        let now = Instant::now();
        if let Some(mut next) = self.underway.first_entry() {
            let flight = next.get_mut();
            flight.check = flight.check.max(now + Duration::from_millis(250));
            flight.signed = now;
        }
    }

    fn remember(&mut self, nonce: u64, raw: Bytes) {
        self.landed.retain(|(known, _)| *known != nonce);
        self.landed.push_back((nonce, raw));
        if self.landed.len() > KEPT {
            self.landed.pop_front();
        }
    }

    /// The bytes that had a nonce when they were included.
    pub(super) fn landed_at(&self, nonce: u64) -> Option<Bytes> {
        let found = self.landed.iter().find(|(known, _)| *known == nonce)?;
        Some(found.1.clone())
    }

    /// The bytes that were included with this nonce and those after it, in order.
    pub(super) fn landed_from(&self, nonce: u64) -> Vec<Bytes> {
        let mut found: Vec<_> = self
            .landed
            .iter()
            .filter(|(known, _)| *known >= nonce)
            .collect();
        found.sort_by_key(|(known, _)| *known);
        found.into_iter().map(|(_, raw)| raw.clone()).collect()
    }
}
