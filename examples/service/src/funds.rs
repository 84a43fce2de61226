//! What the account has to pay with.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::U256;
use arbius_sdk::{client::ClientError, contracts::IToken};
use tokio::sync::Mutex;

use crate::desk::Desk;

/// How long whoever asks waits for an endpoint.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the account has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Funds {
    /// Wei of AIUS.
    pub(crate) aius: U256,
    /// Wei.
    pub(crate) ether: U256,
}

/// What was last found out, and when. Strangers may ask as often as they like; the endpoint
/// is asked once in a while, by one of them at a time.
#[derive(Debug, Default)]
pub(crate) struct LastLook(Mutex<Option<(Instant, Result<Funds, String>)>>);

/// What the account has, or why that is not known, as of `Limits::pace` ago at most.
pub(crate) async fn look(desk: &Arc<Desk>) -> Result<Funds, String> {
    let desk = Arc::clone(desk);
    // By itself, so that who asks and hangs up does not let the next one ask anew.
    let looked = tokio::spawn(async move {
        let mut last = desk.funds.0.lock().await;
        if let Some((when, found)) = &*last
            && when.elapsed() < desk.limits().pace
        {
            return found.clone();
        }
        let found = match tokio::time::timeout(PATIENCE, ask(&desk)).await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(_) => Err(format!(
                "the endpoint has not answered within {} s",
                PATIENCE.as_secs()
            )),
        };
        *last = Some((Instant::now(), found.clone()));
        found
    });
    looked.await.unwrap_or_else(|error| Err(error.to_string()))
}

async fn ask(desk: &Desk) -> Result<Funds, ClientError> {
    let (network, account) = (desk.network(), desk.requester.address());
    let call = IToken::balanceOfCall { account };
    Ok(Funds {
        aius: network.chain().read(network.token(), &call).await?,
        ether: network.chain().balance(account).await?,
    })
}
