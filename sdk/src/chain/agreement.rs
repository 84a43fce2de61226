//! Answers that money depends on, from two endpoints.

use alloy::{network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;

use super::{
    Chain, ChainError,
    panel::{Panel, Question},
};

/// How many endpoints have to share an answer of [`Chain::agreed_read`].
///
/// It says nothing of a chain with a single endpoint: there is nobody else to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// Two, or there is no answer: who names several endpoints wants them to agree.
    #[default]
    Required,
    /// Two if two can be asked, or else the one that can.
    WhenReachable,
}

impl Chain {
    /// As [`Chain::read`], from two endpoints at the same block: for what money depends on and
    /// a lie could cost, such as whether a task is contested, solved by another, or lost.
    ///
    /// The block is the newest that both have. Where they differ, or one takes too long, a third
    /// is asked, if there is one, and whoever says something else than two is not believed any
    /// more. With a single endpoint, this is a plain read.
    ///
    /// # Errors
    ///
    /// As [`Chain::read`]; [`ChainError::Disagreement`] if no two share an answer, and
    /// [`ChainError::Unconfirmed`] if only one could be asked ([`Agreement`]).
    pub async fn agreed_read<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ChainError> {
        if self.is_alone() {
            return self.read(to, call).await;
        }
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(Bytes::from(call.abi_encode()));
        let data = self.agreed(request, C::SIGNATURE, 0).await?;
        self.decode::<C>(to, data).await
    }

    /// Whether there is one endpoint only, and so nobody else to ask.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.pool().endpoints().len() < 2
    }

    /// What two endpoints answer to `request` at a block from `since` on.
    pub(super) async fn agreed(
        &self,
        request: TransactionRequest,
        purpose: &'static str,
        since: u64,
    ) -> Result<Bytes, ChainError> {
        let question = Question {
            request,
            purpose,
            since,
        };
        Panel::new(self, question).agree().await
    }
}
