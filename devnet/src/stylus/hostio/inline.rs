//! Host functions that need nothing of the chain.

use alloy_primitives::{Bytes, U256, keccak256};

use super::{Hook, Host, Interrupt, WorldCall, hook::part_of};
use crate::stylus::{
    frame::Environment,
    prices::{
        COLD_SLOAD_GAS, EVM_API_INK, HOSTIO_INK, MATH_ADD_MOD_INK, MATH_DIV_INK, MATH_MUL_MOD_INK,
        MATH_POW_INK, PTR_INK, READ_RETURN_DATA_INK, SSTORE_SENTRY_GAS, STORAGE_ACCESS_INK,
        STORAGE_CACHE_SENTRY_GAS, keccak_ink, pow_ink,
    },
};

/// Names of functions that are done in two parts.
pub(super) const STORAGE_LOAD: &str = "storage_load_bytes32";
pub(super) const MEMORY_GROW: &str = "pay_for_memory_grow";

impl Hook<'_> {
    pub(super) fn read_args(&mut self, at: u32) -> Result<(), Interrupt> {
        self.buy_ink(HOSTIO_INK)?;
        self.pay_for_write(len_u32(&self.host().frame.calldata))?;
        self.write_from(at, |host| &host.frame.calldata)?;
        if self.is_traced() {
            let calldata = self.host().frame.calldata.clone();
            self.trace("read_args", &[], &[&calldata]);
        }
        Ok(())
    }

    pub(super) fn write_result(&mut self, at: u32, len: u32) -> Result<(), Interrupt> {
        self.buy_ink(HOSTIO_INK)?;
        // Once for the host and once for the chain behind it.
        self.pay_for_read(len)?;
        self.pay_for_read(len)?;
        let output = Bytes::copy_from_slice(self.read(at, len)?);
        self.trace("write_result", &[&output], &[]);
        self.host_mut().output = output;
        Ok(())
    }

    pub(super) fn exit_early(&mut self, status: u32) -> Result<(), Interrupt> {
        self.trace("exit_early", &[&status.to_be_bytes()], &[]);
        Err(Interrupt::Exit(status))
    }

    /// Answers from the storage cache, or suspends to ask the chain.
    pub(super) fn storage_load(&mut self, key_at: u32, dest_at: u32) -> Result<(), Interrupt> {
        self.buy_ink(STORAGE_ACCESS_INK)?;
        let api_gas = self.host().params.ink_to_gas(EVM_API_INK);
        self.require_gas(COLD_SLOAD_GAS + STORAGE_CACHE_SENTRY_GAS + api_gas)?;
        let key = self.read_word(key_at)?;
        let Some(value) = self.host().storage.get(&key) else {
            self.host_mut().pending = Some(WorldCall::StorageLoad { key, dest_at });
            return Err(Interrupt::Suspend);
        };
        let gas = self.host_mut().storage.read_gas();
        self.buy_gas(gas)?;
        self.write(dest_at, value.as_slice())?;
        self.trace(STORAGE_LOAD, &[key.as_slice()], &[value.as_slice()]);
        Ok(())
    }

    pub(super) fn storage_cache(&mut self, key_at: u32, value_at: u32) -> Result<(), Interrupt> {
        self.buy_ink(STORAGE_ACCESS_INK)?;
        self.require_gas(SSTORE_SENTRY_GAS + STORAGE_CACHE_SENTRY_GAS)?;
        let key = self.read_word(key_at)?;
        let value = self.read_word(value_at)?;
        let storage = &mut self.host_mut().storage;
        let gas = storage.write_gas();
        storage.store(key, value);
        self.buy_gas(gas)?;
        self.trace(
            "storage_cache_bytes32",
            &[key.as_slice(), value.as_slice()],
            &[],
        );
        Ok(())
    }

    pub(super) fn read_return_data(
        &mut self,
        dest_at: u32,
        offset: u32,
        size: u32,
    ) -> Result<u32, Interrupt> {
        self.buy_ink(READ_RETURN_DATA_INK)?;
        let available = len_u32(&self.host().return_data).saturating_sub(offset);
        self.pay_for_write(size.min(available))?;
        let written = len_u32(part_of(&self.host().return_data, offset, size));
        if written > 0 {
            self.write_from(dest_at, |host| part_of(&host.return_data, offset, size))?;
        }
        if self.is_traced() {
            let data = self.host().return_data.clone();
            self.trace(
                "read_return_data",
                &[&offset.to_be_bytes(), &size.to_be_bytes()],
                &[part_of(&data, offset, size)],
            );
        }
        Ok(written)
    }

    pub(super) fn return_data_size(&mut self) -> Result<u32, Interrupt> {
        self.number("return_data_size", |host| len_u32(&host.return_data))
    }

    pub(super) fn evm_gas_left(&mut self) -> Result<u64, Interrupt> {
        self.buy_ink(HOSTIO_INK)?;
        let gas = self.gas();
        self.trace("evm_gas_left", &[], &[&gas.to_be_bytes()]);
        Ok(gas)
    }

    pub(super) fn evm_ink_left(&mut self) -> Result<u64, Interrupt> {
        self.buy_ink(HOSTIO_INK)?;
        let ink = self.ink();
        self.trace("evm_ink_left", &[], &[&ink.to_be_bytes()]);
        Ok(ink)
    }

    /// A function that answers with a number.
    pub(super) fn number<N: BigEndian>(
        &mut self,
        name: &'static str,
        answer: impl FnOnce(&Host) -> N,
    ) -> Result<N, Interrupt> {
        self.buy_ink(HOSTIO_INK)?;
        let number = answer(self.host());
        self.trace(name, &[], &[number.big_endian().as_ref()]);
        Ok(number)
    }

    /// A function that writes an address or a hash of the call.
    pub(super) fn bytes(
        &mut self,
        name: &'static str,
        at: u32,
        answer: impl Fn(&Host) -> &[u8],
    ) -> Result<(), Interrupt> {
        self.buy_ink(HOSTIO_INK + PTR_INK)?;
        self.write_from(at, &answer)?;
        if self.is_traced() {
            let bytes = answer(self.host()).to_vec();
            self.trace(name, &[], &[&bytes]);
        }
        Ok(())
    }

    /// A function that writes a 256-bit number of the call.
    pub(super) fn wide(
        &mut self,
        name: &'static str,
        at: u32,
        answer: impl FnOnce(&Host) -> U256,
    ) -> Result<(), Interrupt> {
        self.buy_ink(HOSTIO_INK + PTR_INK)?;
        let value = answer(self.host());
        self.write_u256(at, value)?;
        self.trace(name, &[], &[&value.to_be_bytes::<32>()]);
        Ok(())
    }

    pub(super) fn math_div(&mut self, value: u32, divisor: u32) -> Result<(), Interrupt> {
        self.divide("math_div", value, divisor, U256::checked_div)
    }

    pub(super) fn math_mod(&mut self, value: u32, modulus: u32) -> Result<(), Interrupt> {
        self.divide("math_mod", value, modulus, U256::checked_rem)
    }

    /// Dividing by zero gives zero, as in the EVM.
    fn divide(
        &mut self,
        name: &'static str,
        value_at: u32,
        divisor_at: u32,
        operation: impl FnOnce(U256, U256) -> Option<U256>,
    ) -> Result<(), Interrupt> {
        self.buy_ink(MATH_DIV_INK)?;
        let value = self.read_u256(value_at)?;
        let divisor = self.read_u256(divisor_at)?;
        self.compute(
            name,
            value_at,
            &[value, divisor],
            operation(value, divisor).unwrap_or_default(),
        )
    }

    /// Ends a function that replaces its first operand by the result.
    fn compute(
        &mut self,
        name: &'static str,
        value_at: u32,
        operands: &[U256],
        result: U256,
    ) -> Result<(), Interrupt> {
        self.write_u256(value_at, result)?;
        if self.is_traced() {
            let operands: Vec<u8> = operands
                .iter()
                .flat_map(|operand| operand.to_be_bytes::<32>())
                .collect();
            self.trace(name, &[&operands], &[&result.to_be_bytes::<32>()]);
        }
        Ok(())
    }

    pub(super) fn math_pow(&mut self, value_at: u32, exponent_at: u32) -> Result<(), Interrupt> {
        self.buy_ink(MATH_POW_INK)?;
        let value = self.read_u256(value_at)?;
        let exponent = self.read_u256(exponent_at)?;
        self.buy_ink(pow_ink(&exponent.to_be_bytes()))?;
        self.compute(
            "math_pow",
            value_at,
            &[value, exponent],
            value.wrapping_pow(exponent),
        )
    }

    pub(super) fn math_add_mod(
        &mut self,
        value_at: u32,
        addend_at: u32,
        modulus_at: u32,
    ) -> Result<(), Interrupt> {
        self.modular(
            "math_add_mod",
            MATH_ADD_MOD_INK,
            value_at,
            addend_at,
            modulus_at,
            U256::add_mod,
        )
    }

    pub(super) fn math_mul_mod(
        &mut self,
        value_at: u32,
        multiplier_at: u32,
        modulus_at: u32,
    ) -> Result<(), Interrupt> {
        self.modular(
            "math_mul_mod",
            MATH_MUL_MOD_INK,
            value_at,
            multiplier_at,
            modulus_at,
            U256::mul_mod,
        )
    }

    fn modular(
        &mut self,
        name: &'static str,
        ink: u64,
        value_at: u32,
        operand_at: u32,
        modulus_at: u32,
        operation: impl FnOnce(U256, U256, U256) -> U256,
    ) -> Result<(), Interrupt> {
        self.buy_ink(ink)?;
        let value = self.read_u256(value_at)?;
        let operand = self.read_u256(operand_at)?;
        let modulus = self.read_u256(modulus_at)?;
        self.compute(
            name,
            value_at,
            &[value, operand, modulus],
            operation(value, operand, modulus),
        )
    }

    pub(super) fn native_keccak256(
        &mut self,
        input_at: u32,
        len: u32,
        output_at: u32,
    ) -> Result<(), Interrupt> {
        self.buy_ink(keccak_ink(len))?;
        let digest = keccak256(self.read(input_at, len)?);
        let preimage = match self.is_traced() {
            true => self.read(input_at, len)?.to_vec(),
            false => Vec::new(),
        };
        self.write(output_at, digest.as_slice())?;
        self.trace("native_keccak256", &[&preimage], &[digest.as_slice()]);
        Ok(())
    }

    pub(super) fn pay_for_memory_grow(&mut self, pages: u32) -> Result<(), Interrupt> {
        let Ok(pages) = u16::try_from(pages) else {
            // Since ArbOS 59; before, what was above 16 bits was cut off.
            return self.buy_gas(u64::MAX);
        };
        if pages == 0 {
            self.buy_ink(HOSTIO_INK)?;
            self.trace(MEMORY_GROW, &[&pages.to_be_bytes()], &[]);
            return Ok(());
        }
        self.host_mut().pending = Some(WorldCall::PayForMemoryGrow { pages });
        Err(Interrupt::Suspend)
    }

    /// What all programs of the transaction see alike.
    pub(super) fn environment(
        &mut self,
        name: &'static str,
        answer: impl FnOnce(&Environment) -> u64,
    ) -> Result<u64, Interrupt> {
        self.number(name, |host| answer(&host.environment))
    }

    pub(super) fn console_text(&mut self, at: u32, len: u32) -> Result<(), Interrupt> {
        let text = String::from_utf8_lossy(self.read(at, len)?).into_owned();
        self.host_mut().pending = Some(WorldCall::Print {
            text,
            name: "console_log_text",
        });
        Err(Interrupt::Suspend)
    }
}

/// Numbers as traces show them.
pub(super) trait BigEndian: Copy {
    fn big_endian(self) -> impl AsRef<[u8]>;
}

impl BigEndian for u32 {
    fn big_endian(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
}

impl BigEndian for u64 {
    fn big_endian(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
}

/// Length of data that came from a program or a transaction, both far below 4 GiB.
pub(super) fn len_u32(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}
