//! What the rules that cost something cost: emission, CIDs, identifiers, settlement.

use alloy_primitives::{Address, B256, U256};
use arbius_protocol::{cid, contestation::Tally, emission, fixed::ONE, ids};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn emission(c: &mut Criterion) {
    // Half a year in, a little above target: every step of the computation is taken.
    let t = 15_768_123;
    let supply = emission::target_supply(t) / 100 * 101;
    let mut group = c.benchmark_group("emission");
    group.bench_function("target", |b| {
        b.iter(|| emission::target_supply(black_box(t)))
    });
    group.bench_function("reward", |b| {
        b.iter(|| emission::reward(black_box(t), black_box(supply)))
    });
    group.finish();
}

fn cid(c: &mut Criterion) {
    let mut group = c.benchmark_group("cid");
    for len in [0, 100, 1 << 10, 16 << 10, 64 << 10] {
        let content: Vec<u8> = (0..len).map(|i| i as u8).collect();
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_with_input(BenchmarkId::from_parameter(len), &content, |b, content| {
            b.iter(|| cid::digest(black_box(content)));
        });
    }
    group.finish();
}

fn identifiers(c: &mut Criterion) {
    let sender = Address::repeat_byte(1);
    let (task, digest) = (B256::repeat_byte(2), B256::repeat_byte(3));
    let mut group = c.benchmark_group("ids");
    group.bench_function("task", |b| {
        b.iter(|| ids::task_id(black_box(sender), task, task, U256::from(ONE), digest));
    });
    let hundred = vec![(task, digest); 100];
    group.bench_function("bulk commitment of 100", |b| {
        b.iter(|| ids::bulk_commitment(sender, black_box(&hundred)));
    });
    group.finish();
}

fn settlement(c: &mut Criterion) {
    let tally = Tally {
        yeas: 1_000,
        nays: 999,
        accused_voted: true,
        slash: ONE / 8,
    };
    c.bench_function("settlement of 1,000 winners", |b| {
        b.iter(|| {
            let settlement = black_box(tally).settle();
            let pages = settlement.page(0, u32::MAX).into_iter().flatten();
            pages
                .map(|i| settlement.lock + settlement.share(i == 0))
                .sum::<u128>()
        });
    });
}

criterion_group!(rules, emission, cid, identifiers, settlement);
criterion_main!(rules);
