//! Taking stake and earnings out (protocol sections 6 and 7).

use alloy_primitives::{Address, B256, U256};

use super::Validator;
use crate::{
    chain::{Call, Chain, ChainError, Receipt},
    contracts::IEngine,
};

/// Tasks in one claiming transaction: far below what a block holds.
const CLAIMS: usize = 50;

/// Announcements that are looked through, from the newest back. Each was a transaction.
const MOST_ANNOUNCED: usize = 1_000;

/// Stake that is announced to be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Withdrawal {
    /// Its number, from 1 for each validator.
    pub number: u64,
    /// How much, wei of AIUS; less is paid if stake was slashed meanwhile.
    pub amount: U256,
    /// From when it can be taken, seconds since 1970. A pause moves it on.
    pub unlock: u64,
}

impl Withdrawal {
    /// The announced withdrawals of an account, oldest first.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(
        chain: &Chain,
        engine: Address,
        account: Address,
    ) -> Result<Vec<Self>, ChainError> {
        let call = IEngine::validatorWithdrawPendingAmountCall { validator: account };
        let mut missing = chain.read(engine, &call).await?;
        let call = IEngine::pendingValidatorWithdrawRequestsCountCall { validator: account };
        let last: u64 = chain.read(engine, &call).await?.saturating_to();
        let mut found = Vec::new();
        // From the newest back, until their sum is found: old ones are taken or cancelled.
        for (looked, number) in (1..=last).rev().enumerate() {
            if missing.is_zero() {
                break;
            }
            if looked == MOST_ANNOUNCED {
                return Err(chain.untrue(
                    "eth_call",
                    format!(
                        "{missing} wei of AIUS are announced to be withdrawn by {account}, \
                         but not by any of its {looked} newest announcements"
                    ),
                ));
            }
            let call = IEngine::pendingValidatorWithdrawRequestsCall {
                validator: account,
                count: U256::from(number),
            };
            let request = chain.read(engine, &call).await?;
            if !request.amount.is_zero() {
                missing = missing.saturating_sub(request.amount);
                found.push(Self {
                    number,
                    amount: request.amount,
                    unlock: request.unlockTime.saturating_to(),
                });
            }
        }
        found.reverse();
        Ok(found)
    }
}

impl Validator {
    /// Announces that `amount` wei of AIUS of its stake will be withdrawn. That part no longer
    /// counts towards the minimum.
    ///
    /// # Errors
    ///
    /// `AmntTooSmall`, `InsufficientStake`, and what the transaction ends in.
    pub async fn announce_withdrawal(&self, amount: U256) -> Result<Receipt, ChainError> {
        let call = IEngine::initiateValidatorWithdrawCall { amount };
        self.execute(&call, "announcing a withdrawal").await
    }

    /// Takes an announcement back.
    ///
    /// # Errors
    ///
    /// `RequestNotExist`, and what the transaction ends in.
    pub async fn cancel_withdrawal(&self, number: u64) -> Result<Receipt, ChainError> {
        let count = U256::from(number);
        let call = IEngine::cancelValidatorWithdrawCall { count };
        self.execute(&call, "cancelling a withdrawal").await
    }

    /// Takes what was announced, to its own address.
    ///
    /// # Errors
    ///
    /// `RequestNotExist`, `WaitLonger`, and what the transaction ends in.
    pub async fn take_withdrawal(&self, number: u64) -> Result<Receipt, ChainError> {
        let call = IEngine::validatorWithdrawCall {
            count: U256::from(number),
            to: self.address(),
        };
        self.execute(&call, "withdrawing stake").await
    }

    /// Claims solutions, in as many transactions as that takes. In the first hour after the
    /// contest period only the solver may.
    ///
    /// # Errors
    ///
    /// Those of `claimSolution`, by name, and what a transaction ends in.
    pub async fn claim(&self, tasks: &[B256]) -> Result<Vec<Receipt>, ChainError> {
        let mut receipts = Vec::new();
        for tasks in tasks.chunks(CLAIMS) {
            let purpose = format!("claiming {} task(s)", tasks.len());
            let receipt = match tasks {
                [task] => {
                    let call = IEngine::claimSolutionCall { task: *task };
                    self.execute(&call, &purpose).await?
                }
                _ => {
                    let tasks = tasks.to_vec();
                    let call = IEngine::bulkClaimSolutionCall { tasks };
                    self.execute(&call, &purpose).await?
                }
            };
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// Takes out what the engine owes it, if it owes anything. Returns how much, wei of AIUS.
    ///
    /// # Errors
    ///
    /// What the endpoint answers and the transaction ends in.
    pub async fn withdraw_earnings(&self) -> Result<U256, ChainError> {
        let account = self.address();
        let call = IEngine::earningsCall { account };
        let owed = self.chain().read(self.engine(), &call).await?;
        if !owed.is_zero() {
            let call = IEngine::withdrawEarningsCall { account };
            self.execute(&call, "withdrawing earnings").await?;
        }
        Ok(owed)
    }

    async fn execute<C: alloy_sol_types::SolCall>(
        &self,
        call: &C,
        purpose: &str,
    ) -> Result<Receipt, ChainError> {
        let call = Call::new(self.engine(), call).for_purpose(purpose.to_owned());
        self.lane().execute(call).await
    }
}
