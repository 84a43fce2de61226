//! From a selector to the rule that answers it.

use alloy_primitives::B256;
use arbius_calldata::Args;
use arbius_host::{self as host, Refused, number, selector, word};
use arbius_protocol::interfaces::token::{IBridgedToken, IPermit, IToken, IVotes};

use crate::{
    account::Account,
    bridge, erc20, history, layout, reply,
    signatures::{self, DOMAIN_VERSION, NAME},
    votes,
};

/// Answers a call of the function that has `selector`.
///
/// # Errors
///
/// `UnknownFunction` and `MalformedCalldata` for calldata that no function takes, and what
/// the function itself refuses.
pub fn answer(selector: u32, args: Args<'_>) -> Result<(), Refused> {
    // What every task moves tokens by comes first.
    match selector {
        TRANSFER => {
            erc20::transfer(args.account(0)?, args.word(1)?)?;
            reply::truth();
        }
        TRANSFER_FROM => {
            erc20::transfer_from(args.account(0)?, args.account(1)?, args.word(2)?)?;
            reply::truth();
        }
        APPROVE => {
            erc20::approve(&host::sender(), args.account(0)?, args.word(1)?)?;
            reply::truth();
        }
        BALANCE_OF => reply::word(&account(args)?.balance()),
        ALLOWANCE => stored(&layout::allowance(args.account(0)?, args.account(1)?)),
        TOTAL_SUPPLY => stored(&word!(layout::TOTAL_SUPPLY)),
        CAP => reply::word(&word!(erc20::SUPPLY)),
        DECIMALS => reply::word(&B256::with_last_byte(18)),
        NAME_OF => reply::text(NAME),
        SYMBOL => reply::text("AIUS"),
        INITIALIZE => erc20::initialize(args.tuples(0, 2)?)?,

        PERMIT => signatures::permit(args)?,
        NONCES => stored(&layout::nonce(args.account(0)?)),
        DOMAIN_SEPARATOR => reply::word(&signatures::domain_separator()),
        EIP712_DOMAIN => reply::domain(NAME, DOMAIN_VERSION),

        CLOCK => reply::word(&number(host::timestamp().into())),
        CLOCK_MODE => reply::text("mode=timestamp"),
        DELEGATE => votes::delegate(&host::sender(), args.account(0)?),
        DELEGATE_BY_SIG => signatures::delegate(args)?,
        DELEGATES => reply::word(&account(args)?.delegate()),
        GET_VOTES => reply::word(&history::newest(&votes_of(args)?).amount()),
        GET_PAST_VOTES => reply::word(&votes::past(&votes_of(args)?, args.word(1)?)?),
        GET_PAST_TOTAL_SUPPLY => {
            reply::word(&votes::past(&word!(layout::SUPPLY_HISTORY), args.word(0)?)?);
        }
        NUM_CHECKPOINTS => {
            reply::word(&number(history::newest(&votes_of(args)?).count().into()));
        }
        CHECKPOINTS => {
            host::write_words(&votes::checkpoint(args.account(0)?, args.uint32(1)?)?);
        }

        BRIDGE_MINT => bridge::mint(args.account(0)?, args.word(1)?)?,
        BRIDGE_BURN => bridge::burn(args.account(0)?, args.word(1)?)?,
        L1_ADDRESS => stored(&word!(layout::L1_ADDRESS)),
        GATEWAY => stored(&word!(layout::GATEWAY)),
        OWNER => reply::word(&bridge::owner()),
        SET_GATEWAY => bridge::set_gateway(args.account(0)?)?,
        SET_L1_ADDRESS => bridge::set_l1_address(args.account(0)?)?,
        _ => return Err(Refused::unknown(selector)),
    }
    Ok(())
}

/// Answers with the word in a slot.
fn stored(slot: &B256) {
    reply::word(&host::load(slot));
}

/// The account that argument 0 names.
#[inline(never)]
fn account(args: Args<'_>) -> Result<Account, Refused> {
    Ok(Account(host::load(&layout::account(args.account(0)?))))
}

/// Where the votes lie of the account that argument 0 names.
#[inline(never)]
fn votes_of(args: Args<'_>) -> Result<B256, Refused> {
    Ok(layout::votes(args.account(0)?))
}

const TRANSFER: u32 = selector::<IToken::transferCall>();
const TRANSFER_FROM: u32 = selector::<IToken::transferFromCall>();
const APPROVE: u32 = selector::<IToken::approveCall>();
const BALANCE_OF: u32 = selector::<IToken::balanceOfCall>();
const ALLOWANCE: u32 = selector::<IToken::allowanceCall>();
const TOTAL_SUPPLY: u32 = selector::<IToken::totalSupplyCall>();
const CAP: u32 = selector::<IToken::capCall>();
const DECIMALS: u32 = selector::<IToken::decimalsCall>();
const NAME_OF: u32 = selector::<IToken::nameCall>();
const SYMBOL: u32 = selector::<IToken::symbolCall>();
const INITIALIZE: u32 = selector::<IToken::initializeCall>();

const PERMIT: u32 = selector::<IPermit::permitCall>();
const NONCES: u32 = selector::<IPermit::noncesCall>();
const DOMAIN_SEPARATOR: u32 = selector::<IPermit::DOMAIN_SEPARATORCall>();
const EIP712_DOMAIN: u32 = selector::<IPermit::eip712DomainCall>();

const CLOCK: u32 = selector::<IVotes::clockCall>();
const CLOCK_MODE: u32 = selector::<IVotes::CLOCK_MODECall>();
const DELEGATE: u32 = selector::<IVotes::delegateCall>();
const DELEGATE_BY_SIG: u32 = selector::<IVotes::delegateBySigCall>();
const DELEGATES: u32 = selector::<IVotes::delegatesCall>();
const GET_VOTES: u32 = selector::<IVotes::getVotesCall>();
const GET_PAST_VOTES: u32 = selector::<IVotes::getPastVotesCall>();
const GET_PAST_TOTAL_SUPPLY: u32 = selector::<IVotes::getPastTotalSupplyCall>();
const NUM_CHECKPOINTS: u32 = selector::<IVotes::numCheckpointsCall>();
const CHECKPOINTS: u32 = selector::<IVotes::checkpointsCall>();

const BRIDGE_MINT: u32 = selector::<IBridgedToken::bridgeMintCall>();
const BRIDGE_BURN: u32 = selector::<IBridgedToken::bridgeBurnCall>();
const L1_ADDRESS: u32 = selector::<IBridgedToken::l1AddressCall>();
const GATEWAY: u32 = selector::<IBridgedToken::gatewayCall>();
const OWNER: u32 = selector::<IBridgedToken::ownerCall>();
const SET_GATEWAY: u32 = selector::<IBridgedToken::setGatewayCall>();
const SET_L1_ADDRESS: u32 = selector::<IBridgedToken::setL1AddressCall>();
