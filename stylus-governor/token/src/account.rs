//! What an account holds and whom it delegates to, in one word.
//!
//! All that can ever exist is below 2^80 wei, so a balance takes the low 12 bytes and leaves
//! the upper 20 to the delegate. A transfer learns with the balances, and without reading
//! anything else, whether there are votes to move; the word of an account that delegates
//! to nobody is its balance.

use alloy_primitives::B256;

/// Bytes of the delegate's address, before those of the balance.
const DELEGATE: usize = 20;

/// The word of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(pub B256);

impl Account {
    /// What the account holds, in wei.
    #[inline(never)]
    #[must_use]
    pub fn balance(&self) -> B256 {
        let mut balance = B256::ZERO;
        balance[DELEGATE..].copy_from_slice(&self.0[DELEGATE..]);
        balance
    }

    /// Whom it delegates to, in the low bytes of a word; zero is nobody.
    #[inline(never)]
    #[must_use]
    pub fn delegate(&self) -> B256 {
        let mut delegate = B256::ZERO;
        delegate[32 - DELEGATE..].copy_from_slice(&self.0[..DELEGATE]);
        delegate
    }

    /// The account with another balance, which is at most the cap.
    #[must_use]
    pub fn with_balance(mut self, balance: &B256) -> Self {
        self.0[DELEGATE..].copy_from_slice(&balance[DELEGATE..]);
        self
    }

    /// The account with another delegate.
    #[must_use]
    pub fn with_delegate(mut self, delegate: &B256) -> Self {
        self.0[..DELEGATE].copy_from_slice(&delegate[32 - DELEGATE..]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use arbius_protocol::interfaces::token::CAP;

    #[test]
    fn balance_and_delegate_share_a_word_and_nothing_else() {
        let cap = B256::from(U256::from(CAP));
        let delegate = Address::repeat_byte(0xaa).into_word();
        let account = Account(cap);
        assert_eq!(
            (account.balance(), account.delegate()),
            (cap, B256::ZERO),
            "without a delegate the word is the balance"
        );
        let account = account.with_delegate(&delegate);
        assert_eq!((account.balance(), account.delegate()), (cap, delegate));
        let account = account.with_balance(&B256::with_last_byte(7));
        assert_eq!(
            (account.balance(), account.delegate()),
            (B256::with_last_byte(7), delegate)
        );
        assert_eq!(
            account.with_delegate(&B256::ZERO).0,
            B256::with_last_byte(7)
        );
    }
}
