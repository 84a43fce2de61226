//! From a selector to the function that answers it.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256, fixed_bytes};
use alloy_sol_types::SolCall;
use arbius_calldata::{Args, split_selector};
use arbius_frame::{Answer, Lists, Refused, refuse_value, word_of};
use arbius_host::word;
use arbius_protocol::governance::{
    Action, CANCELLER_ROLE, DEFAULT_ADMIN_ROLE, EXECUTOR_ROLE, OperationState, PROPOSER_ROLE,
    call_id, operation_id,
};
use arbius_protocol::interfaces::timelock::ITimelock as T;

use crate::{guardian, layout, operations, roles, settings};

/// Answers `calldata`.
///
/// # Errors
///
/// `UnknownFunction` and `MalformedCalldata` for calldata that no function takes,
/// `NotPayable` for value with a function that takes none, and what the function refuses.
pub fn answer(calldata: &[u8]) -> Answer {
    if calldata.is_empty() {
        // Ether for the treasury.
        return done(());
    }
    let (selector, args) = split_selector(calldata).ok_or(arbius_calldata::Malformed)?;
    let number = u32::from_be_bytes(selector);
    match number {
        EXECUTE => {
            let call = SingleCall::read(&args)?;
            return operations::execute(&call.id, &[call.action], call.predecessor).and_then(done);
        }
        EXECUTE_BATCH => {
            let batch = Batch::read(&args)?;
            return operations::execute(&batch.id, &batch.actions, batch.predecessor)
                .and_then(done);
        }
        _ => refuse_value()?,
    }
    match number {
        SCHEDULE => {
            let call = SingleCall::read(&args)?;
            let (id, salt, delay) = (call.id, call.salt, args.number(5)?);
            operations::schedule(&id, &[call.action], call.predecessor, salt, delay).and_then(done)
        }
        SCHEDULE_BATCH => {
            let batch = Batch::read(&args)?;
            let (id, salt, delay) = (batch.id, batch.salt, args.number(5)?);
            operations::schedule(&id, &batch.actions, batch.predecessor, salt, delay).and_then(done)
        }
        CANCEL => operations::cancel(args.word(0)?).and_then(done),
        UPDATE_DELAY => settings::update_delay(args.word(0)?).and_then(done),
        INITIALIZE => settings::initialize(&args).and_then(done),
        HASH_OPERATION => word(SingleCall::read(&args)?.id),
        HASH_OPERATION_BATCH => word(Batch::read(&args)?.id),
        IS_OPERATION => flag(operations::state(args.word(0)?) != OperationState::Unset),
        IS_OPERATION_PENDING => flag(operations::state(args.word(0)?).is_pending()),
        IS_OPERATION_READY => flag(operations::state(args.word(0)?) == OperationState::Ready),
        IS_OPERATION_DONE => flag(operations::state(args.word(0)?) == OperationState::Done),
        GET_TIMESTAMP => word(word_of(operations::timestamp(args.word(0)?).into())),
        GET_OPERATION_STATE => word(B256::with_last_byte(operations::state(args.word(0)?) as u8)),
        GET_MIN_DELAY => word(word_of(layout::MIN_DELAY.get(&layout::STATE.load()))),
        ADMIN => word(word!(DEFAULT_ADMIN_ROLE)),
        PROPOSER => word(word!(PROPOSER_ROLE)),
        EXECUTOR => word(word!(EXECUTOR_ROLE)),
        CANCELLER => word(word!(CANCELLER_ROLE)),
        HAS_ROLE => flag(roles::has(args.word(0)?, args.account(1)?)),
        // One role administers all.
        GET_ROLE_ADMIN => args
            .word(0)
            .map_err(Refused::from)
            .and_then(|_| word(B256::ZERO)),
        GRANT_ROLE => roles::grant(args.word(0)?, args.account(1)?).and_then(done),
        REVOKE_ROLE => roles::revoke(args.word(0)?, args.account(1)?).and_then(done),
        RENOUNCE_ROLE => roles::renounce(args.word(0)?, args.account(1)?).and_then(done),
        SUPPORTS_INTERFACE => flag(supports(args.word(0)?)),
        // Tokens are welcome, whatever they are: the answer is the function's selector.
        ON_ERC721 | ON_ERC1155 | ON_ERC1155_BATCH => word(B256::right_padding_from(&selector)),
        GUARDIAN => word(guardian::account(layout::GUARDIAN)),
        GUARDIAN_ACTIVE => flag(guardian::is_active()),
        SET_GUARDIAN => guardian::set(args.account(0)?, args.account(1)?).and_then(done),
        ENGINE => word(guardian::account(layout::ENGINE)),
        _ => Err(Refused::with::<T::UnknownFunction>(&[
            B256::right_padding_from(&selector),
        ])),
    }
}

/// An operation of one call, as arguments have it.
struct SingleCall<'a> {
    id: B256,
    action: Action<'a>,
    predecessor: &'a B256,
    salt: &'a B256,
}

impl<'a> SingleCall<'a> {
    /// Reads target, value, data, predecessor and salt.
    fn read(args: &Args<'a>) -> Result<Self, Refused> {
        let action = Action {
            target: Address::from_word(*args.account(0)?),
            value: U256::from_be_bytes(args.word(1)?.0),
            signature: &[],
            data: args.bytes(2)?,
        };
        let (predecessor, salt) = (args.word(3)?, args.word(4)?);
        Ok(Self {
            id: call_id(&action, *predecessor, *salt),
            action,
            predecessor,
            salt,
        })
    }
}

/// An operation of several calls, as arguments have it.
struct Batch<'a> {
    id: B256,
    actions: Vec<Action<'a>>,
    predecessor: &'a B256,
    salt: &'a B256,
}

impl<'a> Batch<'a> {
    /// Reads targets, values, payloads, predecessor and salt.
    fn read(args: &Args<'a>) -> Result<Self, Refused> {
        let actions = Lists::read(args)?.actions(|lists| {
            Refused::with::<T::TimelockInvalidOperationLength>(
                &[lists.targets, lists.calldatas, lists.values].map(|n| word_of(n as u128)),
            )
        })?;
        let (predecessor, salt) = (args.word(3)?, args.word(4)?);
        Ok(Self {
            id: operation_id(&actions, *predecessor, *salt),
            actions,
            predecessor,
            salt,
        })
    }
}

/// Whether the timelock speaks an interface: ERC-165, OpenZeppelin's `IAccessControl`, and
/// the receiving side of ERC-1155.
fn supports(interface: &B256) -> bool {
    [
        fixed_bytes!("01ffc9a7"),
        fixed_bytes!("7965db0b"),
        fixed_bytes!("4e2312e0"),
    ]
    .iter()
    .any(|known: &alloy_primitives::FixedBytes<4>| interface[..4] == known[..])
}

/// What a function without results returns.
fn done((): ()) -> Answer {
    Ok(Vec::new())
}

#[inline(never)]
fn word(word: B256) -> Answer {
    Ok(word.to_vec())
}

fn flag(flag: bool) -> Answer {
    word(B256::with_last_byte(flag.into()))
}

const INITIALIZE: u32 = selector::<T::initializeCall>();
const SCHEDULE: u32 = selector::<T::scheduleCall>();
const SCHEDULE_BATCH: u32 = selector::<T::scheduleBatchCall>();
const CANCEL: u32 = selector::<T::cancelCall>();
const EXECUTE: u32 = selector::<T::executeCall>();
const EXECUTE_BATCH: u32 = selector::<T::executeBatchCall>();
const UPDATE_DELAY: u32 = selector::<T::updateDelayCall>();
const HASH_OPERATION: u32 = selector::<T::hashOperationCall>();
const HASH_OPERATION_BATCH: u32 = selector::<T::hashOperationBatchCall>();
const IS_OPERATION: u32 = selector::<T::isOperationCall>();
const IS_OPERATION_PENDING: u32 = selector::<T::isOperationPendingCall>();
const IS_OPERATION_READY: u32 = selector::<T::isOperationReadyCall>();
const IS_OPERATION_DONE: u32 = selector::<T::isOperationDoneCall>();
const GET_TIMESTAMP: u32 = selector::<T::getTimestampCall>();
const GET_OPERATION_STATE: u32 = selector::<T::getOperationStateCall>();
const GET_MIN_DELAY: u32 = selector::<T::getMinDelayCall>();
const ADMIN: u32 = selector::<T::DEFAULT_ADMIN_ROLECall>();
const PROPOSER: u32 = selector::<T::PROPOSER_ROLECall>();
const EXECUTOR: u32 = selector::<T::EXECUTOR_ROLECall>();
const CANCELLER: u32 = selector::<T::CANCELLER_ROLECall>();
const HAS_ROLE: u32 = selector::<T::hasRoleCall>();
const GET_ROLE_ADMIN: u32 = selector::<T::getRoleAdminCall>();
const GRANT_ROLE: u32 = selector::<T::grantRoleCall>();
const REVOKE_ROLE: u32 = selector::<T::revokeRoleCall>();
const RENOUNCE_ROLE: u32 = selector::<T::renounceRoleCall>();
const SUPPORTS_INTERFACE: u32 = selector::<T::supportsInterfaceCall>();
const ON_ERC721: u32 = selector::<T::onERC721ReceivedCall>();
const ON_ERC1155: u32 = selector::<T::onERC1155ReceivedCall>();
const ON_ERC1155_BATCH: u32 = selector::<T::onERC1155BatchReceivedCall>();
const GUARDIAN: u32 = selector::<T::guardianCall>();
const GUARDIAN_ACTIVE: u32 = selector::<T::guardianActiveCall>();
const SET_GUARDIAN: u32 = selector::<T::setGuardianCall>();
const ENGINE: u32 = selector::<T::engineCall>();

/// A function's selector as a number, which one comparison tells from another.
const fn selector<C: SolCall>() -> u32 {
    u32::from_be_bytes(C::SELECTOR)
}
