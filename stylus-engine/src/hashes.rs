//! Identifiers and CIDs as views (protocol section 3): what anyone can compute without
//! the chain, for contracts and tools that would rather ask.

use crate::abi::{Arg, Args, Blobs, Hashes, Words};
use crate::content::Content;
use crate::revert::{Revert, error};
use crate::solutions;
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::{cid, ids};

/// A model as an argument.
pub(crate) struct ModelArg<'a> {
    fee: U256,
    addr: Address,
    cid: &'a [u8],
}

impl<'a> Arg<'a> for ModelArg<'a> {
    const NAME: &'static str = "(uint256,address,uint256,bytes)";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let mut tuple = args.tuple()?;
        let (fee, addr) = (U256::read(&mut tuple)?, Address::read(&mut tuple)?);
        // The rate is no part of the identifier.
        U256::read(&mut tuple)?;
        Ok(Self {
            fee,
            addr,
            cid: Arg::read(&mut tuple)?,
        })
    }
}

/// A task as an argument.
pub(crate) struct TaskArg<'a> {
    model: B256,
    fee: U256,
    cid: &'a [u8],
}

impl<'a> Arg<'a> for TaskArg<'a> {
    const NAME: &'static str = "(bytes32,uint256,address,uint64,uint8,bytes)";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let mut tuple = args.tuple()?;
        let (model, fee) = (B256::read(&mut tuple)?, U256::read(&mut tuple)?);
        // Owner, time and version are no part of the identifier.
        Address::read(&mut tuple)?;
        u64::read(&mut tuple)?;
        u8::read(&mut tuple)?;
        Ok(Self {
            model,
            fee,
            cid: Arg::read(&mut tuple)?,
        })
    }
}

fn digest(bytes: &[u8]) -> Result<B256, Revert> {
    cid::decode(bytes).map_err(|_| error!(InvalidCid))
}

/// `generateIPFSCID(content)`: the CID of content as one UnixFS file block.
///
/// # Errors
///
/// `ContentTooLarge`, `HashUnavailable`.
pub(crate) fn generate_cid(content: &[u8]) -> Result<Words, Revert> {
    let digest = Content::new(content)?.digest;
    let mut words = Words::with_capacity(4);
    words.bytes(1, &cid::encode(digest));
    Ok(words)
}

/// `hashModel(model, sender)`: the identifier of a model that `sender` registers.
///
/// # Errors
///
/// `InvalidCid`.
pub(crate) fn model_id(model: ModelArg<'_>, sender: Address) -> Result<B256, Revert> {
    Ok(ids::model_id(
        sender,
        model.addr,
        model.fee,
        digest(model.cid)?,
    ))
}

/// `hashTask(task, sender, prevhash)`: the identifier of a task that `sender` submits
/// after `prevhash`.
///
/// # Errors
///
/// `InvalidCid`.
pub(crate) fn task_id(task: TaskArg<'_>, sender: Address, prevhash: B256) -> Result<B256, Revert> {
    Ok(ids::task_id(
        sender,
        prevhash,
        task.model,
        task.fee,
        digest(task.cid)?,
    ))
}

/// `generateCommitment(sender, task, cid)`.
///
/// # Errors
///
/// `InvalidCid`.
pub(crate) fn commitment(sender: Address, task: B256, cid: &[u8]) -> Result<B256, Revert> {
    Ok(ids::commitment(sender, task, digest(cid)?))
}

/// `generateBulkCommitment(sender, tasks, cids)`: one commitment to several solutions,
/// revealed together in the same order.
///
/// # Errors
///
/// `InvalidCid`, `LengthMismatch`, `EmptyBatch`.
pub(crate) fn bulk_commitment(
    sender: Address,
    tasks: Hashes<'_>,
    cids: Blobs<'_>,
) -> Result<B256, Revert> {
    solutions::bulk_commitment(sender, &tasks, &cids)?.ok_or_else(|| error!(InvalidCid))
}
