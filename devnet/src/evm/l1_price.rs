//! What a transaction pays for its data on L1, expressed in gas.
//!
//! Source: Nitro's `arbos/l1pricing/l1pricing.go` (units and estimates), `GasChargingHook`
//! and `GetPosterGas` in `arbos/tx_processor.go`. On Nova the price per unit follows what L1
//! charges; here, without an L1, it stays what it was set to.

use alloy_primitives::{TxKind, U256, keccak256};
use alloy_rlp::{Encodable, Header};
use brotli::enc::{
    StandardAlloc,
    encode::{BrotliEncoderOperation, BrotliEncoderStateStruct},
};

use super::{Message, params::ARBOS_STATE};
use crate::chain::State;

/// Units that a compressed byte counts for: the gas of a byte of calldata on L1.
pub(crate) const UNITS_PER_BYTE: u64 = 16;

/// ArbOS' level of compression since version 20.
pub(crate) const BROTLI_LEVEL: u64 = 1;
const BROTLI_WINDOW: i32 = 22;
/// What an estimate adds for a transaction that is not known in full.
const PADDING_UNITS: u64 = 16 * UNITS_PER_BYTE;
const PADDED_PERCENT: u64 = 101;
/// What an estimate of gas allows for in case the price rises.
const PADDED_PRICE_PERCENT: u128 = 110;

/// What a transaction pays for its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DataFee {
    /// In gas, which counts as used.
    pub(crate) gas: u64,
    /// In wei: that gas at the price that is paid for it.
    pub(crate) wei: U256,
}

impl DataFee {
    /// What a transaction with these bytes pays, at `price` wei per unit and `base_fee` wei
    /// per gas. Nothing is paid where either is free.
    pub(crate) fn of_transaction(price: u64, base_fee: u64, encoded: impl Fn() -> Vec<u8>) -> Self {
        if price == 0 || base_fee == 0 {
            return Self::default();
        }
        Self::of_cost(cost(price, units(&encoded())), base_fee)
    }

    /// What a call pays that names its gas: that of a transaction like it, and a little
    /// more, as the transaction is not known in full.
    pub(crate) fn of_call(price: u64, base_fee: u64, call: &Unsent<'_>) -> Self {
        if price == 0 || base_fee == 0 {
            return Self::default();
        }
        Self::of_cost(cost(price, call.units()), base_fee)
    }

    /// What a transaction like this call should allow for, in case the price rises.
    pub(crate) fn estimate(price: u64, base_fee: u64, call: &Unsent<'_>) -> Self {
        if price == 0 || base_fee == 0 {
            return Self::default();
        }
        let cost = cost(price, call.units()).saturating_mul(PADDED_PRICE_PERCENT) / 100;
        Self::of_cost(cost, base_fee)
    }

    fn of_cost(cost: u128, base_fee: u64) -> Self {
        let gas = u64::try_from(cost / u128::from(base_fee)).unwrap_or(u64::MAX);
        Self {
            gas,
            wei: U256::from(gas) * U256::from(base_fee),
        }
    }
}

fn cost(price: u64, units: u64) -> u128 {
    u128::from(price) * u128::from(units)
}

/// Where the state keeps the price per unit.
fn price_slot() -> U256 {
    keccak256(b"l1 price per unit").into()
}

/// Wei per unit of data.
pub(crate) fn price_per_unit(state: &State) -> u64 {
    state.storage(ARBOS_STATE, price_slot()).saturating_to()
}

/// Sets the wei per unit of data.
pub(crate) fn set_price_per_unit(state: &mut State, wei: u64) {
    state.set_storage(ARBOS_STATE, price_slot(), U256::from(wei));
}

/// Units of data in a transaction's bytes (Nitro: `getPosterUnitsWithoutCache`).
fn units(encoded: &[u8]) -> u64 {
    UNITS_PER_BYTE.saturating_mul(compressed_len(encoded) as u64)
}

/// Length after compression in one step, as Nitro's `crates/brotli` does it: a stream that
/// is fed in pieces would come out longer.
fn compressed_len(bytes: &[u8]) -> usize {
    let mut encoder = BrotliEncoderStateStruct::new(StandardAlloc::default());
    encoder.params.quality = BROTLI_LEVEL as i32;
    encoder.params.lgwin = BROTLI_WINDOW;
    // What cannot be compressed is stored, with some bytes before each piece of it.
    let mut output = vec![0; bytes.len() + (bytes.len() >> 10) * 8 + 64];
    let (mut unread, mut read) = (bytes.len(), 0);
    let (mut room, mut written) = (output.len(), 0);
    encoder.compress_stream(
        BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
        &mut unread,
        bytes,
        &mut read,
        &mut room,
        &mut output,
        &mut written,
        &mut None,
        &mut |_, _, _, _| (),
    );
    debug_assert!(encoder.is_finished());
    written
}

/// A call that may become a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsent<'a> {
    pub(crate) message: &'a Message,
    /// Its nonce, if it is said.
    pub(crate) nonce: Option<u64>,
    /// Wei per gas that it offers as a tip, if it is said.
    pub(crate) tip: Option<u128>,
}

impl Unsent<'_> {
    /// Units of data, padded (Nitro: `PosterDataCost`).
    fn units(&self) -> u64 {
        let padded = units(&self.stand_in()).saturating_add(PADDING_UNITS);
        padded.saturating_mul(PADDED_PERCENT) / 100
    }

    /// A transaction of about the size that this one will have, with numbers that do not
    /// compress where there are none yet (Nitro: `makeFakeTxForMessage`, which leaves out
    /// the chain id and authorizations too).
    fn stand_in(&self) -> Vec<u8> {
        /// Three times Arbitrum One's chain id.
        const V: u64 = 3 * 42_161;

        let message = self.message;
        let noise = |name: &str| U256::from_be_bytes(keccak256(name).0);
        let start = |name: &str, bytes: usize| noise(name) >> (8 * (32 - bytes));
        let or_noise = |given: Option<U256>, name, bytes| {
            given
                .filter(|number| !number.is_zero())
                .unwrap_or_else(|| start(name, bytes))
        };
        let price = Some(U256::from(message.gas_price));

        let mut fields = Vec::new();
        0u64.encode(&mut fields);
        or_noise(self.nonce.map(U256::from), "Nonce", 8).encode(&mut fields);
        or_noise(self.tip.map(U256::from), "GasTipCap", 4).encode(&mut fields);
        or_noise(price, "GasFeeCap", 4).encode(&mut fields);
        start("Gas", 4).encode(&mut fields);
        match &message.to {
            TxKind::Call(to) => to.encode(&mut fields),
            TxKind::Create => alloy_primitives::Bytes::new().encode(&mut fields),
        }
        message.value.encode(&mut fields);
        message.input.encode(&mut fields);
        message.access_list.encode(&mut fields);
        V.encode(&mut fields);
        noise("R").encode(&mut fields);
        noise("S").encode(&mut fields);

        let mut encoded = vec![2];
        Header {
            list: true,
            payload_length: fields.len(),
        }
        .encode(&mut encoded);
        encoded.extend(fields);
        encoded
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    /// Bytes of a linear congruential generator, which do not compress.
    fn noise(length: usize, mut seed: u64) -> Vec<u8> {
        (0..length)
            .map(|_| {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (seed >> 56) as u8
            })
            .collect()
    }

    /// The numbers from zero on, as words.
    fn words(count: u64) -> Vec<u8> {
        (0..count)
            .flat_map(|number| U256::from(number).to_be_bytes::<32>())
            .collect()
    }

    /// Sizes that the C library (libbrotlienc 1.0.9), of the kind that Nitro links, gives at level
    /// 1 with a window of 22 bits, in one step.
    #[test]
    fn compresses_to_the_sizes_of_the_c_library() {
        let transfer = hex!(
            "02f87483064aba8080839896808252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3"
            "a764000080c001a0f4cbb26ba213bf302446b10a47c06a9dc793c7bf1a675960d7291e70c801afeca067"
            "b4719d401b363dc2331ec7457c277ee3e4b97e80a60dd6fcdb5ef8ce5c3d34"
        );
        let token_transfer = hex!(
            "02f8b483064aba07808401312d0082c350945fbdb2315678afecb367f032d93f642f64180aa380b844a9"
            "059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c800000000000000"
            "00000000000000000000000000000000000de0b6b3a7640000c080a0f4cbb26ba213bf302446b10a47c0"
            "6a9dc793c7bf1a675960d7291e70c801afeca067b4719d401b363dc2331ec7457c277ee3e4b97e80a60d"
            "d6fcdb5ef8ce5c3d34"
        );
        let text = b"a local chain for people who write Stylus contracts. ".repeat(20);
        let mixed = [noise(300, 1), words(20), noise(300, 2)].concat();
        for (name, bytes, expected) in [
            ("nothing", &[][..], 1),
            ("a transfer", &transfer, 119),
            ("a transfer of tokens", &token_transfer, 181),
            ("noise", &noise(100, 1), 104),
            ("more noise", &noise(2_000, 1), 2_004),
            ("much noise", &noise(70_000, 1), 70_005),
            ("zeros", &[0; 2_000], 20),
            ("words", &words(8), 38),
            ("more words", &words(100), 225),
            ("many words", &words(2_000), 5_560),
            ("text", &text, 74),
            ("words between noise", &mixed, 790),
        ] {
            assert_eq!(compressed_len(bytes), expected, "{name}");
        }
    }
}
