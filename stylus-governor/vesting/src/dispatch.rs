//! From a selector to the rule that answers it.

use alloy_primitives::B256;
use arbius_calldata::Args;
use arbius_host::{self as host, Refused, number, selector};
use arbius_protocol::interfaces::vesting::IVesting;

use crate::{
    account,
    state::{Claim, Terms},
};

/// Answers a call of the function that has `selector`.
///
/// # Errors
///
/// `UnknownFunction` and `MalformedCalldata` for calldata that no function takes, and what
/// the function itself refuses.
pub fn answer(selector: u32, args: Args<'_>) -> Result<(), Refused> {
    match selector {
        INITIALIZE => return account::initialize(args),
        SET_BENEFICIARY => return account::set_beneficiary(args.account(0)?),
        DELEGATE => return account::delegate(args.account(0)?),
        SCHEDULE => {
            account::schedule();
            return Ok(());
        }
        _ => {}
    }
    let word = word(selector, args)?;
    host::write_words(&[word]);
    Ok(())
}

/// What a function answers that answers one word.
fn word(selector: u32, args: Args<'_>) -> Result<B256, Refused> {
    Ok(match selector {
        RELEASE => number(account::release()?),
        REVOKE => number(account::revoke()?),
        TOKEN => Terms::load().token(),
        BENEFICIARY => Claim::load().beneficiary(),
        OWNER => account::owner(),
        REVOCABLE => number(Terms::load().revocable().into()),
        START => number(Terms::load().start().into()),
        DURATION => number(account::duration().into()),
        END => number(account::end().into()),
        RELEASED => number(Claim::load().released()),
        RELEASABLE => number(account::releasable()?),
        VESTED_AMOUNT => number(account::vested(args.number(0)?)?),
        _ => return Err(Refused::unknown(selector)),
    })
}

const INITIALIZE: u32 = selector::<IVesting::initializeCall>();
const SET_BENEFICIARY: u32 = selector::<IVesting::setBeneficiaryCall>();
const DELEGATE: u32 = selector::<IVesting::delegateCall>();
const SCHEDULE: u32 = selector::<IVesting::scheduleCall>();
const RELEASE: u32 = selector::<IVesting::releaseCall>();
const REVOKE: u32 = selector::<IVesting::revokeCall>();
const TOKEN: u32 = selector::<IVesting::tokenCall>();
const BENEFICIARY: u32 = selector::<IVesting::beneficiaryCall>();
const OWNER: u32 = selector::<IVesting::ownerCall>();
const REVOCABLE: u32 = selector::<IVesting::revocableCall>();
const START: u32 = selector::<IVesting::startCall>();
const DURATION: u32 = selector::<IVesting::durationCall>();
const END: u32 = selector::<IVesting::endCall>();
const RELEASED: u32 = selector::<IVesting::releasedCall>();
const RELEASABLE: u32 = selector::<IVesting::releasableCall>();
const VESTED_AMOUNT: u32 = selector::<IVesting::vestedAmountCall>();
