//! Numbers from a seed.

use arbius_sdk::inference::noise::{normals, uniforms};
use arbius_sdk::model::pipeline::NormalGenerator;

use crate::made::{floats, reference};

#[test]
fn uniform_variates_are_those_of_the_reference_to_the_last_bit() {
    // As multiples of 2^-53: they are whole numbers, which JSON holds exactly.
    let expected: Vec<f64> = floats(&reference("uniforms"))
        .iter()
        .map(|number| number / (1u64 << 53) as f64)
        .collect();
    assert_eq!(uniforms(42, 3, 64), expected);
}

#[test]
fn normal_variates_are_those_of_the_reference() {
    let found = normals(NormalGenerator::ChaCha20As241, 42, 3, 64);
    for (found, expected) in found.iter().zip(floats(&reference("normals"))) {
        let expected = expected as f32;
        assert!(
            (found - expected).abs() <= f32::EPSILON * expected.abs(),
            "{found} {expected}"
        );
    }
}

#[test]
fn normal_variates_have_mean_0_and_deviation_1() {
    let count = 1 << 16;
    let found = normals(NormalGenerator::ChaCha20As241, 1, 0, count);
    let mean = found.iter().map(|x| f64::from(*x)).sum::<f64>() / count as f64;
    let square = found.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / count as f64;
    let beyond = found.iter().filter(|x| x.abs() > 1.959_964).count() as f64 / count as f64;
    assert!(mean.abs() < 0.015, "{mean}");
    assert!((square - 1.0).abs() < 0.02, "{square}");
    assert!((beyond - 0.05).abs() < 0.004, "{beyond}");
}
