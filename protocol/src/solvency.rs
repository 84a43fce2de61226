//! What the engine must own (protocol section 9).
//!
//! After any sequence of calls its balance is at least the unmined reserve and what it
//! holds for somebody, and exactly that until somebody sends it tokens unasked.

use crate::emission::MINING;

/// What the engine's balance must cover, in wei: the reserve that mining has not emitted
/// yet, and `held`, everything that belongs to somebody.
pub const fn backing(emitted: u128, held: u128) -> u128 {
    MINING.saturating_sub(emitted).saturating_add(held)
}

/// What the engine owns for nobody, in wei, because it was sent unasked; 0 if there is
/// nothing.
pub const fn surplus(balance: u128, emitted: u128, held: u128) -> u128 {
    balance.saturating_sub(backing(emitted, held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_alone_backs_a_new_engine() {
        assert_eq!(backing(0, 0), MINING);
        assert_eq!(surplus(MINING, 0, 0), 0);
    }

    #[test]
    fn what_is_emitted_moves_from_the_reserve_to_what_is_held() {
        assert_eq!(backing(7, 7), backing(0, 0));
    }

    #[test]
    fn only_what_was_sent_unasked_is_surplus() {
        assert_eq!(surplus(MINING + 12, 0, 10), 2);
        assert_eq!(surplus(MINING + 10, 0, 10), 0);
        assert_eq!(surplus(MINING, 0, 10), 0);
    }
}
