//! Votes: whom an account delegates its balance to, and what each delegate had when
//! (EIP-5805, OpenZeppelin's `IVotes`), by the clock of EIP-6372.
//!
//! Only what is delegated votes, to oneself too. An account that delegates to nobody costs
//! no transfer a checkpoint.

use alloy_primitives::B256;
use alloy_sol_types::SolEvent;
use arbius_host::{self as host, Refused, number, word};
use arbius_protocol::interfaces::token::IVotes;

use crate::{account::Account, amount, history, layout};

/// Delegates the votes of `account` to `delegatee`; to nobody if that is the zero address.
///
/// # Events
///
/// `DelegateChanged`, and `DelegateVotesChanged` for each delegate whose votes change.
#[inline(never)]
pub fn delegate(account: &B256, delegatee: &B256) {
    let slot = layout::account(account);
    let holder = Account(host::load(&slot));
    let previous = holder.delegate();
    host::cache(&slot, &holder.with_delegate(delegatee).0);
    host::emit(
        &[
            word!(IVotes::DelegateChanged::SIGNATURE_HASH),
            *account,
            previous,
            *delegatee,
        ],
        4,
    );
    moved(&previous, delegatee, &holder.balance());
}

/// Moves `value` votes from one delegate to another; either may be nobody.
///
/// # Events
///
/// `DelegateVotesChanged` for each, unless nothing moves.
pub fn moved(from: &B256, to: &B256, value: &B256) {
    // The hot path: two balances change and nobody's votes do.
    if from == to {
        return;
    }
    change(from, to, value);
}

#[inline(never)]
fn change(from: &B256, to: &B256, value: &B256) {
    if *value == B256::ZERO {
        return;
    }
    for (delegate, gains) in [(from, false), (to, true)] {
        if *delegate == B256::ZERO {
            continue;
        }
        let slot = layout::votes(delegate);
        let before = history::newest(&slot).amount();
        let after = if gains {
            amount::plus(&before, value)
        } else {
            // A delegate has the balances of all that delegate to it, `value` among them.
            amount::less(&before, value).unwrap_or_default()
        };
        history::push(&slot, &after);
        host::emit(
            &[
                word!(IVotes::DelegateVotesChanged::SIGNATURE_HASH),
                *delegate,
                before,
                after,
            ],
            2,
        );
    }
}

/// What the history at `slot` was at the end of second `timepoint`.
///
/// # Errors
///
/// `ERC5805FutureLookup` unless that is past.
pub fn past(slot: &B256, timepoint: &B256) -> Result<B256, Refused> {
    let now = host::timestamp();
    let clock = number(now.into());
    // Big-endian words compare as their numbers do.
    if *timepoint >= clock {
        return Err(Refused::with::<IVotes::ERC5805FutureLookup>(&[
            timepoint, &clock,
        ]));
    }
    Ok(history::amount_at(slot, timepoint))
}

/// Point `index` of the votes of `delegate`: time and votes.
///
/// # Errors
///
/// `NoCheckpoint` if there are not so many.
pub fn checkpoint(delegate: &B256, index: u32) -> Result<[B256; 2], Refused> {
    match history::point(&layout::votes(delegate), index) {
        Some(point) => Ok([number(point.time().into()), point.amount()]),
        None => Err(Refused::with::<IVotes::NoCheckpoint>(&[
            delegate,
            &number(index.into()),
        ])),
    }
}
