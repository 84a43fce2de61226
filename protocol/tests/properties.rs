//! What holds for all numbers, not only for those of the vectors.
//!
//! Splits and settlements, on which every balance of the engine rests, are tried more
//! often than the rest; with `PROPTEST_CASES` each of all properties is tried as often as
//! it says.

use alloy_primitives::U256;
use arbius_protocol::{
    contestation::{Outcome, Settlement, Tally},
    emission::{self, FULL_AFTER, MINING},
    fixed::ONE,
    splits, validators,
    vesting::{self, Tranche},
};
use proptest::prelude::*;

/// Any time with a target, near the start as often as in between.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        1..1_000u64,
        1..FULL_AFTER * 2,
        FULL_AFTER - 10..FULL_AFTER + 10
    ]
}

/// A supply around the target of a time, where the difficulty moves, or anywhere.
fn supply(t: u64) -> impl Strategy<Value = u128> {
    let target = emission::target_supply(t);
    prop_oneof![
        3 => (0..14_000u128).prop_map(move |share| target / 10_000 * share),
        1 => 0..=MINING,
    ]
    .prop_map(|supply| supply.clamp(1, MINING))
}

fn time_and_supplies() -> impl Strategy<Value = (u64, u128, u128)> {
    time().prop_flat_map(|t| (Just(t), supply(t), supply(t)))
}

fn percentage() -> impl Strategy<Value = u128> {
    prop_oneof![Just(0), Just(ONE), 0..=ONE]
}

/// Up to more than can exist.
fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![0..100u128, 0..2_000_000 * ONE, any::<u128>()]
}

/// Schedules that an account can have.
fn schedule() -> impl Strategy<Value = Vec<Tranche>> {
    let duration = prop_oneof![1..100u32, 1..=4 * vesting::YEAR, Just(u32::MAX)];
    let weight = prop_oneof![0..40u32, 0..=u32::MAX / 4];
    let tranche = (duration, weight).prop_map(|(duration, weight)| Tranche { duration, weight });
    prop::collection::vec(tranche, 1..=vesting::MAX_TRANCHES)
        .prop_filter("weights that are not all 0", |all| vesting::is_sound(all))
}

fn tally() -> impl Strategy<Value = Tally> {
    (1..40u32, 0..40u32, any::<bool>(), 0..10_000 * ONE).prop_map(
        |(yeas, nays, accused_voted, slash)| Tally {
            yeas,
            nays,
            accused_voted: accused_voted && nays > 0,
            slash,
        },
    )
}

/// What the reference's multiplier just above its cut exceeds 100 by, as a reward: the
/// one place where a larger supply does not mean a smaller reward.
const CUT_TOLERANCE: u128 = 500_000;

proptest! {
    #[test]
    fn emission_never_rises_with_supply((t, a, b) in time_and_supplies()) {
        let (less, more) = (a.min(b), a.max(b));
        let high = emission::reward(t, less).expect("is defined");
        let low = emission::reward(t, more).expect("is defined");
        let cut = emission::difficulty(t, less) == Ok(100 * ONE);
        let tolerance = if cut { CUT_TOLERANCE } else { 0 };
        prop_assert!(low <= high + tolerance, "{low} > {high}");
    }

    #[test]
    fn the_target_never_falls_with_time(t in time(), later in 0..FULL_AFTER) {
        let (now, then) = (emission::target_supply(t), emission::target_supply(t + later));
        prop_assert!(now <= then);
        prop_assert!(then <= MINING);
        prop_assert!(emission::target_supply(t + 1) >= now);
    }

    #[test]
    fn difficulty_is_at_most_a_hundred_but_for_the_last_digits(
        (t, supply, _) in time_and_supplies()
    ) {
        let difficulty = emission::difficulty(t, supply).expect("is defined");
        prop_assert!(difficulty <= 100 * ONE + CUT_TOLERANCE);
    }

    #[test]
    fn claims_never_emit_more_than_mining_has(
        t in any::<u64>(),
        emitted in prop_oneof![0..=MINING, any::<u128>()],
        rate in prop_oneof![0..=emission::MAX_RATE, any::<u128>()],
    ) {
        let claimed = emission::claim(Some(t), emitted, rate);
        prop_assert!(claimed <= MINING.saturating_sub(emitted));
    }

    #[test]
    fn the_slash_amount_is_a_quarter_of_the_minimum_at_most(
        emitted in 0..=MINING, p in 4..=ONE / 10, floor in 4..10_000 * ONE,
    ) {
        let minimum = validators::minimum(emitted, p, floor);
        let slash = validators::slash_amount(emitted, p / 4, floor / 4);
        prop_assert!(slash > 0);
        // Both are rounded up: the quarter by up to one wei more.
        prop_assert!(slash <= minimum / 4 + 1);
    }
}

/// How often each property of splits and settlements is tried: a million times together.
fn often() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 200_000;
    }
    config
}

/// `x − ⌊x (1e18 − p) / 1e18⌋` with 256 bits, as the text has it.
fn share(x: u128, p: u128) -> u128 {
    let one = U256::from(ONE);
    let kept = U256::from(x) * (one - U256::from(p)) / one;
    x - kept.to::<u128>()
}

/// What each winner of a vote gets beside its lock, in the order of their votes, and what
/// does not divide: protocol section 8, sentence by sentence. The contester votes first;
/// `accused` is the accused's place among the winners, if it voted and no won.
fn settled_by_the_text(tally: &Tally, accused: Option<usize>) -> (Vec<u128>, u128) {
    let (yeas, nays) = (tally.yeas as usize, tally.nays as usize);
    let rejected = yeas > nays;
    let (winners, losers) = if rejected { (yeas, nays) } else { (nays, yeas) };
    let lost: u128 = (0..losers).map(|_| tally.slash).sum();
    let lead = if rejected { Some(0) } else { accused };
    let half = match lead {
        None => 0,
        Some(_) if winners == 1 => lost,
        Some(_) if rejected => lost.div_ceil(2),
        Some(_) => lost / 2,
    };
    let others = (0..winners).filter(|i| Some(*i) != lead).count() as u128;
    let each = (lost - half).checked_div(others).unwrap_or(0);
    let shares: Vec<u128> = (0..winners)
        .map(|i| if Some(i) == lead { half } else { each })
        .collect();
    let remainder = lost - shares.iter().sum::<u128>();
    (shares, remainder)
}

proptest! {
    #![proptest_config(often())]

    #[test]
    fn a_fee_is_split_without_loss(
        fee in amount(), model in amount(), p in percentage(), q in percentage(),
    ) {
        let split = splits::fee(fee, model, p, q);
        let parts = [split.model, split.model_treasury, split.treasury, split.solver];
        let sum = parts.into_iter().try_fold(0u128, |sum, part| sum.checked_add(part));
        prop_assert_eq!(sum, Some(fee));
        prop_assert_eq!(split.model + split.model_treasury, model.min(fee));
    }

    #[test]
    fn a_reward_is_split_without_loss(
        total in amount(), p in percentage(), q in percentage(),
    ) {
        // Percentages beyond all of it as well: no part may come out of nothing.
        let split = splits::reward(total, p, q);
        let parts = [split.treasury, split.task_owner, split.solver];
        let sum = parts.into_iter().try_fold(0u128, |sum, part| sum.checked_add(part));
        prop_assert_eq!(sum, Some(total));
        prop_assert_eq!(split.treasury, splits::share(total, p));
    }

    #[test]
    fn a_retracted_fee_is_split_without_loss(fee in amount(), p in percentage(), free: bool) {
        let split = splits::retraction(fee, p, free);
        prop_assert_eq!(split.owner.checked_add(split.treasury), Some(fee));
        prop_assert!(!free || split.treasury == 0);
    }

    #[test]
    fn a_settlement_pays_out_exactly_what_was_collected(tally in tally(), lead in any::<u32>()) {
        let settlement = tally.settle();
        let (winners, losers) = match settlement.outcome {
            Outcome::Rejected => (tally.yeas, tally.nays),
            Outcome::Upheld => (tally.nays, tally.yeas),
        };
        prop_assert_eq!(settlement.winners, winners);
        prop_assert!(winners > 0, "somebody always wins");
        prop_assert_eq!(settlement.collected, tally.slash * u128::from(losers));
        prop_assert_eq!(settlement.lock, tally.slash);

        // The contester votes first; the accused at any time, or not at all.
        let lead = match settlement.outcome {
            Outcome::Rejected => Some(0),
            Outcome::Upheld => tally.accused_voted.then_some(lead % winners),
        };
        let paid: u128 = (0..winners).map(|i| settlement.share(Some(i) == lead)).sum();
        prop_assert_eq!(paid + settlement.remainder, settlement.collected);
        prop_assert!(settlement.remainder < u128::from(winners));
        if winners > 1 && lead.is_some() {
            // The accused's half is rounded down, and one other may share the larger one.
            prop_assert!(settlement.lead + 1 >= settlement.each);
        }
    }

    #[test]
    fn paged_in_any_way_every_winner_is_settled_once(
        tally in tally(), sizes in prop::collection::vec(1..10u32, 1..200),
    ) {
        let settlement = tally.settle();
        let mut settled = Vec::new();
        for size in sizes {
            match settlement.page(settled.len() as u32, size) {
                Ok(page) => {
                    prop_assert!(!page.is_empty());
                    prop_assert!(page.len() <= size as usize);
                    settled.extend(page);
                }
                Err(_) => break,
            }
        }
        let at_once: Vec<u32> = settlement.page(0, u32::MAX).expect("nothing is settled").collect();
        prop_assert_eq!(at_once.len(), settlement.winners as usize);
        prop_assert_eq!(&settled, &at_once[..settled.len()]);
    }

    #[test]
    fn shares_and_settlements_are_those_of_the_text(
        x in amount(), p in percentage(), tally in tally(), place in any::<u32>(),
    ) {
        prop_assert_eq!(splits::share(x, p), share(x, p));
        let settlement: Settlement = tally.settle();
        let upheld = settlement.outcome == Outcome::Upheld;
        let accused = (upheld && tally.accused_voted)
            .then(|| (place % settlement.winners) as usize);
        let (shares, remainder) = settled_by_the_text(&tally, accused);
        prop_assert_eq!(settlement.winners as usize, shares.len());
        prop_assert_eq!(settlement.remainder, remainder);
        let lead = if upheld { accused } else { Some(0) };
        for (i, share) in shares.iter().enumerate() {
            prop_assert_eq!(settlement.share(Some(i) == lead), *share);
        }
    }
}

proptest! {
    #[test]
    fn what_vests_never_falls_and_ends_with_all_of_it(
        total in amount(),
        start in 0..=u64::from(u32::MAX),
        schedule in schedule(),
        times in prop::collection::vec((0.0..1.2f64, 0..3u64), 1..20),
    ) {
        let duration = vesting::duration(&schedule);
        let vested = |now| vesting::vested(total, start, now, &schedule);
        prop_assert_eq!(vested(start), 0);
        prop_assert_eq!(vested(start.saturating_sub(1)), 0);
        prop_assert_eq!(vested(start + duration), total);
        prop_assert_eq!(vested(u64::MAX), total);
        let mut times: Vec<u64> = times
            .into_iter()
            .map(|(part, more)| start + (duration as f64 * part) as u64 + more)
            .collect();
        times.sort_unstable();
        let all: Vec<u128> = times.into_iter().map(vested).collect();
        prop_assert!(all.is_sorted(), "{all:?}");
        prop_assert!(all.iter().all(|vested| *vested <= total));
    }

    #[test]
    fn each_tranche_vests_its_weight(total in amount(), start: u32, schedule in schedule()) {
        let start = u64::from(start);
        let all: u64 = schedule.iter().map(|tranche| u64::from(tranche.weight)).sum();
        let (mut end, mut weight) = (start, 0);
        for tranche in &schedule {
            end += u64::from(tranche.duration);
            weight += u64::from(tranche.weight);
            let expected = U256::from(total) * U256::from(weight) / U256::from(all);
            prop_assert_eq!(U256::from(vesting::vested(total, start, end, &schedule)), expected);
        }
    }

    #[test]
    fn what_arrives_later_vests_as_if_it_had_been_there(
        total in 0..2_000_000 * ONE,
        more in 0..2_000_000 * ONE,
        elapsed: u32,
        schedule in schedule(),
    ) {
        let at = |total| vesting::vested(total, 0, elapsed.into(), &schedule);
        prop_assert!(at(total) <= at(total + more));
        // Each of the two roundings of either amount loses less than a wei.
        prop_assert!((at(total) + at(more)).abs_diff(at(total + more)) <= 4);
    }
}
