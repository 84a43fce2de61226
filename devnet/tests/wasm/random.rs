//! Seeded cases, a share of them by default and as many as are asked for.

use std::{fmt::Debug, str::FromStr};

/// How many cases to run and where they start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) cases: u64,
    pub(crate) seed: u64,
}

impl Plan {
    /// `ARBIUS_FUZZ_CASES` cases, or `share` of them if that is not set, from the seed in
    /// `ARBIUS_FUZZ_SEED`. It is printed, so that a run can be repeated.
    pub(crate) fn from_env(share: u64) -> Self {
        let plan = Self {
            cases: variable("ARBIUS_FUZZ_CASES").unwrap_or(share),
            seed: variable("ARBIUS_FUZZ_SEED").unwrap_or(0x5eed),
        };
        println!(
            "ARBIUS_FUZZ_CASES={} ARBIUS_FUZZ_SEED={}",
            plan.cases, plan.seed
        );
        plan
    }

    /// Every case's number and its random source. A case is the same whichever others run.
    pub(crate) fn cases(self) -> impl Iterator<Item = (u64, Random)> {
        (0..self.cases).map(move |case| (case, Random::new(self.seed, case)))
    }
}

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|error| panic!("{name}={value}: {error:?}")),
    )
}

/// A small generator (SplitMix64), the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, case: u64) -> Self {
        let mut random = Self(seed ^ case.wrapping_mul(0xD1B5_4A32_D192_ED03));
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}
