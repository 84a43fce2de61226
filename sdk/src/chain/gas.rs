//! Gas limits for alloy's providers.

use alloy::{
    network::Network,
    providers::{
        Provider, SendableTx,
        fillers::{FillerControlFlow, GasFillable, GasFiller, TxFiller},
    },
    transports::TransportResult,
};

use super::FeePolicy;

/// Fills in gas as alloy's [`GasFiller`] does, with the margin that a [`Lane`](super::Lane)
/// adds to an estimate.
///
/// Nova makes several blocks a second, and a contract's gas follows the clock and what others
/// do: moving votes overwrites a checkpoint within the second that wrote it and writes a new one
/// after it (ERC-5805). alloy sends with the bare estimate, which such a transaction exceeds.
///
/// ```no_run
/// use alloy::{providers::ProviderBuilder, signers::local::PrivateKeySigner};
/// use arbius_sdk::chain::{FeePolicy, GasWithMargin};
///
/// # fn provider(key: PrivateKeySigner, url: reqwest::Url) {
/// let provider = ProviderBuilder::new()
///     .disable_recommended_fillers()
///     .filler(GasWithMargin::new(FeePolicy::default()))
///     .with_simple_nonce_management()
///     .fetch_chain_id()
///     .wallet(key)
///     .connect_http(url);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GasWithMargin {
    filler: GasFiller,
    policy: FeePolicy,
}

impl GasWithMargin {
    /// The margin of a policy; its fees are alloy's.
    #[must_use]
    pub fn new(policy: FeePolicy) -> Self {
        Self {
            filler: GasFiller::default(),
            policy,
        }
    }
}

impl<N: Network> TxFiller<N> for GasWithMargin {
    type Fillable = GasFillable;

    fn status(&self, tx: &N::TransactionRequest) -> FillerControlFlow {
        TxFiller::<N>::status(&self.filler, tx)
    }

    fn fill_sync(&self, _tx: &mut SendableTx<N>) {}

    async fn prepare<P: Provider<N>>(
        &self,
        provider: &P,
        tx: &N::TransactionRequest,
    ) -> TransportResult<GasFillable> {
        use alloy::network::TransactionBuilder as _;
        let mut fillable = TxFiller::<N>::prepare(&self.filler, provider, tx).await?;
        // A limit that the caller set is what the caller meant.
        if tx.gas_limit().is_none() {
            match &mut fillable {
                GasFillable::Legacy { gas_limit, .. } | GasFillable::Eip1559 { gas_limit, .. } => {
                    *gas_limit = self.policy.gas_limit(*gas_limit);
                }
            }
        }
        Ok(fillable)
    }

    async fn fill(
        &self,
        fillable: GasFillable,
        tx: SendableTx<N>,
    ) -> TransportResult<SendableTx<N>> {
        TxFiller::<N>::fill(&self.filler, fillable, tx).await
    }
}
