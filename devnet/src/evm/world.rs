//! revm's journal as the state a Stylus program sees.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use revm::{Journal, context_interface::JournalTr};

use crate::{
    chain::State,
    stylus::{Access, Pages, SlotWrite, World},
};

/// The journal and the transaction's page count, lent to a running program.
pub(crate) struct JournalWorld<'a> {
    pub(crate) journal: &'a mut Journal<State>,
    pub(crate) pages: &'a mut Pages,
}

impl World for JournalWorld<'_> {
    type Error = Infallible;

    fn sload(&mut self, contract: Address, key: B256) -> Result<Access<B256>, Infallible> {
        let load = self.journal.sload(contract, key.into())?;
        Ok(Access {
            value: load.data.into(),
            is_cold: load.is_cold,
        })
    }

    fn sstore(
        &mut self,
        contract: Address,
        key: B256,
        value: B256,
    ) -> Result<Access<SlotWrite>, Infallible> {
        let load = self.journal.sstore(contract, key.into(), value.into())?;
        let value = SlotWrite {
            original: load.data.original_value.into(),
            current: load.data.present_value.into(),
        };
        Ok(Access {
            value,
            is_cold: load.is_cold,
        })
    }

    fn tload(&mut self, contract: Address, key: B256) -> B256 {
        self.journal.tload(contract, key.into()).into()
    }

    fn tstore(&mut self, contract: Address, key: B256, value: B256) {
        self.journal.tstore(contract, key.into(), value.into());
    }

    fn log(&mut self, contract: Address, topics: Vec<B256>, data: Bytes) {
        self.journal.log(Log::new_unchecked(contract, topics, data));
    }

    fn balance(&mut self, account: Address) -> Result<Access<U256>, Infallible> {
        let load = self.journal.load_account(account)?;
        Ok(Access {
            value: load.info.balance,
            is_cold: load.is_cold,
        })
    }

    fn code(&mut self, account: Address) -> Result<Access<Bytes>, Infallible> {
        let load = self.journal.load_account_with_code(account)?;
        let value = load
            .info
            .code
            .as_ref()
            .map(|code| code.original_bytes())
            .unwrap_or_default();
        Ok(Access {
            value,
            is_cold: load.is_cold,
        })
    }

    fn code_hash(&mut self, account: Address) -> Result<Access<B256>, Infallible> {
        let load = self.journal.load_account(account)?;
        let value = if load.is_empty() {
            B256::ZERO
        } else {
            load.info.code_hash
        };
        Ok(Access {
            value,
            is_cold: load.is_cold,
        })
    }

    fn is_empty(&mut self, account: Address) -> Result<Access<bool>, Infallible> {
        let load = self.journal.load_account(account)?;
        Ok(Access {
            value: load.is_empty(),
            is_cold: load.is_cold,
        })
    }

    fn pages(&mut self) -> &mut Pages {
        self.pages
    }
}
