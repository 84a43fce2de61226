//! The side of Arbitrum's custom gateway: what leaves for the parent chain is burned here,
//! what comes back is minted.
//!
//! Everything is here at genesis, so no more can come back than has left: the cap holds
//! across the bridge. While there is no gateway nothing is minted or burned.

use alloy_primitives::B256;
use alloy_sol_types::SolEvent;
use arbius_host::{self as host, Refused, word};
use arbius_protocol::interfaces::{
    proxy::ADMIN_SLOT,
    token::{IBridgedToken, IToken},
};

use crate::{amount, erc20, layout, votes};

/// Mints `value` to `account`.
///
/// # Errors
///
/// - `NotGateway` for any other caller.
/// - `CapExceeded` if more would exist than the cap.
/// - `ERC20InvalidReceiver` for the zero address or the token itself.
///
/// # Events
///
/// `Transfer` from the zero address, `DelegateVotesChanged` if the account delegates, and
/// `BridgeMinted`.
pub fn mint(account: &B256, value: &B256) -> Result<(), Refused> {
    gateway_only()?;
    erc20::check_receiver(account)?;
    let supply = amount::plus(&host::load(&word!(layout::TOTAL_SUPPLY)), value);
    let cap = word!(erc20::SUPPLY);
    // Big-endian words compare as their numbers do.
    if supply > cap {
        return Err(Refused::with::<IBridgedToken::CapExceeded>(&[
            &supply, &cap,
        ]));
    }
    erc20::credit(&B256::ZERO, &B256::ZERO, account, value);
    erc20::set_supply(&supply);
    emit(
        word!(IBridgedToken::BridgeMinted::SIGNATURE_HASH),
        account,
        value,
    );
    Ok(())
}

/// Burns `value` of `account`'s.
///
/// # Errors
///
/// - `NotGateway` for any other caller.
/// - `ERC20InvalidSender` for the zero address.
/// - `ERC20InsufficientBalance` if the account holds less.
///
/// # Events
///
/// `Transfer` to the zero address, `DelegateVotesChanged` if the account delegates, and
/// `BridgeBurned`.
pub fn burn(account: &B256, value: &B256) -> Result<(), Refused> {
    gateway_only()?;
    if *account == B256::ZERO {
        return Err(Refused::with::<IToken::ERC20InvalidSender>(&[account]));
    }
    let delegate = erc20::debit(account, value)?;
    erc20::transferred(account, &B256::ZERO, value);
    votes::moved(&delegate, &B256::ZERO, value);
    let supply = host::load(&word!(layout::TOTAL_SUPPLY));
    // The supply is all balances together, so it has what the account had.
    erc20::set_supply(&amount::less(&supply, value).unwrap_or_default());
    emit(
        word!(IBridgedToken::BridgeBurned::SIGNATURE_HASH),
        account,
        value,
    );
    Ok(())
}

/// Names another gateway; the zero address closes the bridge.
///
/// # Errors
///
/// `OwnableUnauthorizedAccount` for anybody but the owner.
///
/// # Events
///
/// `GatewaySet`.
pub fn set_gateway(gateway: &B256) -> Result<(), Refused> {
    set(
        &word!(layout::GATEWAY),
        gateway,
        word!(IBridgedToken::GatewaySet::SIGNATURE_HASH),
    )
}

/// Names the token on the parent chain.
///
/// # Errors
///
/// `OwnableUnauthorizedAccount` for anybody but the owner.
///
/// # Events
///
/// `L1AddressSet`.
pub fn set_l1_address(l1_address: &B256) -> Result<(), Refused> {
    set(
        &word!(layout::L1_ADDRESS),
        l1_address,
        word!(IBridgedToken::L1AddressSet::SIGNATURE_HASH),
    )
}

/// Who names the gateway: whoever may upgrade the token could do that anyway, so the right
/// is the proxy's admin's and goes with it.
#[must_use]
pub fn owner() -> B256 {
    host::load(&word!(ADMIN_SLOT))
}

#[inline(never)]
fn set(slot: &B256, address: &B256, event: B256) -> Result<(), Refused> {
    let caller = host::sender();
    if caller != owner() {
        return Err(Refused::with::<IBridgedToken::OwnableUnauthorizedAccount>(
            &[&caller],
        ));
    }
    host::cache(slot, address);
    host::emit(&[event, *address], 2);
    Ok(())
}

#[inline(never)]
fn gateway_only() -> Result<(), Refused> {
    let caller = host::sender();
    if caller != host::load(&word!(layout::GATEWAY)) {
        return Err(Refused::with::<IBridgedToken::NotGateway>(&[&caller]));
    }
    Ok(())
}

#[inline(never)]
fn emit(event: B256, account: &B256, value: &B256) {
    host::emit(&[event, *account, *value], 2);
}
