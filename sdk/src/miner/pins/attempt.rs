//! One step of one pin.

use std::sync::Arc;

use super::{Pin, PinContent, PinStage};
use crate::{
    content::{
        BlockStore,
        pinning::{PinError, PinStore, Standing, prove},
        unixfs,
    },
    miner::{StoreError, machine::Machine},
};

/// How often a store may withhold a content before it is sent again.
const PATIENCE: u32 = 8;

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Setback {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] PinError),
    /// There is nothing to send any more.
    #[error("{0}")]
    Gone(&'static str),
    /// Our own memory failed.
    #[error(transparent)]
    Memory(#[from] StoreError),
}

impl Setback {
    /// Whether trying again cannot help.
    pub(super) const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Gone(_) | Self::Store(PinError::TooLarge { .. } | PinError::Source(_))
        )
    }
}

/// Does the next thing for a pin.
#[tracing::instrument(level = "debug", skip_all, fields(store = pin.store, cid = %pin.cid()))]
pub(super) async fn attempt(
    machine: &Machine,
    store: &dyn PinStore,
    pin: &Pin,
) -> Result<Standing, Setback> {
    let cid = pin.cid();
    let known = match pin.stage {
        PinStage::Sent => store.state(&cid, pin.ticket.as_deref()).await?,
        _ => None,
    };
    let pinned = match known {
        Some(pinned) => pinned,
        None => {
            let blocks: Arc<dyn BlockStore> = Arc::new(machine.outputs.clone());
            bring(machine, pin, &*blocks).await?;
            store.pin(&cid, &blocks).await?
        }
    };
    let standing = prove(store, &cid, pinned).await;
    if let Err(PinError::Withheld { .. }) = &standing
        && is_lost(pin)
        && let Err(error) = store.unpin(&cid).await
    {
        tracing::debug!(%error, "what a store has lost cannot be unpinned");
    }
    Ok(standing?)
}

/// Whether a store has withheld a content so often that it is taken to have lost it. At first
/// it is asked again: what a service has takes a while to be found through gateways.
pub(super) const fn is_lost(pin: &Pin) -> bool {
    matches!(pin.stage, PinStage::Sent) && pin.attempts >= PATIENCE
}

/// Sees to it that the blocks are here. Outputs are, since before their job was pinned; an
/// input is made of what its job has.
async fn bring(machine: &Machine, pin: &Pin, blocks: &dyn BlockStore) -> Result<(), Setback> {
    let here = blocks.has(&pin.cid()).await.map_err(PinError::from)?;
    match pin.content {
        _ if here => Ok(()),
        PinContent::Output => Err(Setback::Gone("its blocks are no longer in the folder")),
        PinContent::Input => {
            let job = machine.store.job(pin.task)?;
            let job = job.ok_or(Setback::Gone("its job was forgotten"))?;
            match unixfs::import(job.input.as_ref(), blocks).await {
                Ok(_) => Ok(()),
                Err(unixfs::ImportError::Store(error)) => Err(PinError::from(error).into()),
                Err(_) => Err(Setback::Gone("its input cannot be read")),
            }
        }
    }
}
