//! What a transaction may cost, and what its replacement offers.

use std::time::Duration;

use super::Urgency;

/// Added to every gas estimate besides the percentage: what an estimate found written may be
/// zero again at inclusion, and a slot that is written from zero costs 17,100 more (EIP-2200).
/// A claim writes the earnings of four, each of whom may withdraw meanwhile.
const FLAT_GAS_MARGIN: u64 = 4 * 17_100;

/// What a transaction may cost, and how long it may take.
///
/// The base fee is asked for before each transaction. What is offered is twice that, which six
/// full blocks in a row cannot reach; what is paid is the base fee of the block.
#[derive(Clone, Copy, Debug)]
pub struct FeePolicy {
    /// Added to every gas estimate, percent. State moves between estimate and inclusion, and on
    /// Arbitrum so does the price of the data on L1, which the estimate includes.
    pub gas_margin_percent: u64,
    /// The most that a [routine](Urgency::Routine) transaction pays for a gas, wei: the soft
    /// ceiling. Above it routine transactions wait. `None`: the hard ceiling alone counts.
    pub routine_fee_per_gas: Option<u128>,
    /// The most to pay for a gas, wei: the hard ceiling. Above it nothing is sent. `None`:
    /// there is none.
    pub max_fee_per_gas: Option<u128>,
    /// After how long a transaction that is not included is replaced by one that offers more.
    pub replace_after: Duration,
    /// How long [`confirmed`](super::Sent::confirmed) waits before it calls a transaction off.
    pub receipt_timeout: Duration,
}

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            gas_margin_percent: 25,
            routine_fee_per_gas: None,
            max_fee_per_gas: None,
            replace_after: Duration::from_secs(30),
            receipt_timeout: Duration::from_secs(120),
        }
    }
}

/// What a transaction offers for a gas, wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) max_fee: u128,
    /// Arbitrum's sequencer takes transactions in order of arrival and ignores tips, so that
    /// first versions offer none. Nodes with a pool like Ethereum's want every part of a
    /// replacement's offer to be higher.
    pub(super) tip: u128,
}

impl FeePolicy {
    /// The gas limit of a transaction with this estimate: the percentage, and room for four slots
    /// that are zero again by the time that it is included.
    #[must_use]
    pub const fn gas_limit(&self, estimate: u64) -> u64 {
        let margin = estimate.saturating_mul(self.gas_margin_percent) / 100;
        estimate
            .saturating_add(margin)
            .saturating_add(FLAT_GAS_MARGIN)
    }

    /// The most that a transaction pays.
    pub(super) fn ceiling(&self, urgency: Urgency) -> Option<u128> {
        match (urgency, self.routine_fee_per_gas, self.max_fee_per_gas) {
            (Urgency::Routine, Some(soft), Some(hard)) => Some(soft.min(hard)),
            (Urgency::Routine, Some(soft), None) => Some(soft),
            (_, _, hard) => hard,
        }
    }

    /// What the `attempt`th version (from 0) that a node refused as too cheap offers; `Err`
    /// with the ceiling if even the base fee is above it.
    pub(super) fn offer(
        &self,
        base_fee: u128,
        urgency: Urgency,
        attempt: u32,
    ) -> Result<Offer, u128> {
        let ceiling = self.ceiling(urgency).unwrap_or(u128::MAX);
        if base_fee > ceiling {
            return Err(ceiling);
        }
        let generous = base_fee.max(1).saturating_mul(2 + u128::from(attempt));
        Ok(Offer {
            max_fee: generous.min(ceiling),
            tip: 0,
        })
    }

    /// What a replacement offers, or nothing if the ceiling leaves no room for the tenth more
    /// that nodes demand.
    pub(super) fn replacement(
        &self,
        offered: Offer,
        base_fee: u128,
        urgency: Urgency,
    ) -> Option<Offer> {
        let ceiling = self.ceiling(urgency).unwrap_or(u128::MAX);
        // An eighth: nodes round in their own ways.
        let more = |wei: u128| wei.saturating_add((wei / 8).max(1));
        let least = offered.max_fee.saturating_add(offered.max_fee.div_ceil(10));
        let max_fee = more(offered.max_fee)
            .max(base_fee.saturating_mul(2))
            .min(ceiling);
        (max_fee >= least && max_fee > offered.max_fee).then(|| Offer {
            max_fee,
            tip: more(offered.tip).min(max_fee),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(soft: Option<u128>, hard: Option<u128>) -> FeePolicy {
        FeePolicy {
            routine_fee_per_gas: soft,
            max_fee_per_gas: hard,
            ..FeePolicy::default()
        }
    }

    #[test]
    fn routine_waits_above_the_soft_ceiling_and_urgent_only_above_the_hard_one() {
        let policy = policy(Some(100), Some(1_000));
        assert_eq!(policy.offer(101, Urgency::Routine, 0), Err(100));
        assert_eq!(policy.offer(101, Urgency::Urgent, 0).unwrap().max_fee, 202);
        assert_eq!(
            policy.offer(900, Urgency::Urgent, 0).unwrap().max_fee,
            1_000
        );
        assert_eq!(policy.offer(1_001, Urgency::Urgent, 0), Err(1_000));
        assert_eq!(policy.offer(60, Urgency::Routine, 0).unwrap().max_fee, 100);
        assert_eq!(policy.offer(0, Urgency::Routine, 0).unwrap().max_fee, 2);
    }

    #[test]
    fn a_replacement_offers_a_tenth_more_of_both_and_follows_the_base_fee() {
        let free = policy(None, None);
        for fee in [1_u128, 7, 10, 99, 20_000_000, 1_000_000_007] {
            let offered = Offer {
                max_fee: fee,
                tip: fee / 3,
            };
            let next = free.replacement(offered, 0, Urgency::Routine).unwrap();
            assert!(next.max_fee * 10 >= fee * 11 || fee < 10, "{next:?}");
            assert!(next.max_fee > fee && next.tip > offered.tip, "{next:?}");
            let spike = free
                .replacement(offered, fee * 10, Urgency::Routine)
                .unwrap();
            assert_eq!(spike.max_fee, fee * 20);
        }
    }

    #[test]
    fn a_replacement_that_the_ceiling_leaves_no_room_for_is_none() {
        let capped = policy(Some(105), Some(200));
        let offered = Offer {
            max_fee: 100,
            tip: 0,
        };
        assert_eq!(capped.replacement(offered, 50, Urgency::Routine), None);
        let urgent = capped.replacement(offered, 500, Urgency::Urgent).unwrap();
        assert_eq!(urgent.max_fee, 200);
        assert_eq!(capped.replacement(urgent, 500, Urgency::Urgent), None);
    }
}
