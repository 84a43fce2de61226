//! Who is here: connections by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Whoever a connection comes from. Of an IPv6 address the first 64 bits count, because one
/// machine has all addresses that share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visitor(IpAddr);

impl Visitor {
    /// The visitor at an address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address => address,
        })
    }
}

/// The open connections of each visitor. It holds no more visitors than connections are open.
#[derive(Clone, Debug)]
pub(super) struct Visitors {
    each: usize,
    open: Arc<Mutex<HashMap<Visitor, usize>>>,
}

impl Visitors {
    pub(super) fn new(each: usize) -> Self {
        Self {
            each,
            open: Arc::default(),
        }
    }

    /// A place for one more connection of a visitor, if it may have one.
    pub(super) fn enter(&self, visitor: Visitor) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&visitor).copied().unwrap_or_default();
        if count >= self.each {
            return None;
        }
        open.insert(visitor, count + 1);
        Some(Place {
            visitor,
            open: Arc::clone(&self.open),
        })
    }
}

/// A visitor's place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    visitor: Visitor,
    open: Arc<Mutex<HashMap<Visitor, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.visitor) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.visitor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_one_visitor_whichever_of_its_addresses_it_uses() {
        let at = |text: &str| Visitor::at(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }

    #[test]
    fn places_are_limited_given_back_and_forgotten() {
        let visitors = Visitors::new(2);
        let visitor = |last| Visitor::at(IpAddr::from([192, 0, 2, last]));
        let first = visitors.enter(visitor(1));
        let _second = visitors.enter(visitor(1)).unwrap();
        assert!(visitors.enter(visitor(1)).is_none());
        assert!(visitors.enter(visitor(2)).is_some());
        drop(first);
        assert!(visitors.enter(visitor(1)).is_some());
        drop(_second);
        assert!(visitors.open.lock().unwrap().is_empty());
    }
}
