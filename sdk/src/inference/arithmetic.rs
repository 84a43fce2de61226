//! Arithmetic whose last bit does not depend on the machine.
//!
//! Around the graphs of a model there is some arithmetic of our own: noise, schedules,
//! softmax, resizing. It uses +, −, ×, ÷ and square roots of f64, which IEEE 754 defines to
//! the last bit and which Rust neither reorders nor fuses, one element after the other in
//! the order of the code. `exp` and `ln` of the system's C library differ between systems,
//! so those of the crate `libm` are used, which are plain arithmetic; the workspace pins its
//! version, and tests pin values. Results become f32 once, at the end.

/// eˣ.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Probabilities from scores: `exp(score − max)` over their sum, which is taken in order.
/// Scores must be finite.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| exp(score - most)).collect();
    // Not `Iterator::sum`, which does not promise an order.
    let sum = powers.iter().fold(0.0, |sum, power| sum + power);
    powers.iter().map(|power| power / sum).collect()
}

/// The place of the greatest value, the first among equals; `None` without values.
pub fn argmax(values: &[f32]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (index, value) in values.iter().enumerate() {
        if best.is_none_or(|(_, most)| *value > most) {
            best = Some((index, *value));
        }
    }
    best.map(|(index, _)| index)
}

/// The value below which a standard normal variate stays with that probability, which must
/// lie between 0 and 1: algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37).
pub fn normal_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * horner(&CENTRE_TOP, r) / horner(&CENTRE_BOTTOM, r);
    }
    let tail = if q < 0.0 {
        probability
    } else {
        1.0 - probability
    };
    let r = (-ln(tail)).sqrt();
    let x = if r <= 5.0 {
        horner(&MIDDLE_TOP, r - 1.6) / horner(&MIDDLE_BOTTOM, r - 1.6)
    } else {
        horner(&FAR_TOP, r - 5.0) / horner(&FAR_BOTTOM, r - 5.0)
    };
    if q < 0.0 { -x } else { x }
}

/// A polynomial whose highest coefficient comes first.
fn horner(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_TOP: [f64; 8] = [
    2509.0809287301227,
    33430.57558358813,
    67265.7709270087,
    45921.95393154987,
    13731.69376550946,
    1971.5909503065513,
    133.14166789178438,
    3.3871328727963665,
];
const CENTRE_BOTTOM: [f64; 8] = [
    5226.495278852854,
    28729.085735721943,
    39307.89580009271,
    21213.794301586597,
    5394.196021424751,
    687.1870074920579,
    42.31333070160091,
    1.0,
];
const MIDDLE_TOP: [f64; 8] = [
    0.0007745450142783414,
    0.022723844989269184,
    0.2417807251774506,
    1.2704582524523684,
    3.6478483247632045,
    5.769497221460691,
    4.630337846156546,
    1.4234371107496835,
];
const MIDDLE_BOTTOM: [f64; 8] = [
    1.0507500716444169e-09,
    0.0005475938084995345,
    0.015198666563616457,
    0.14810397642748008,
    0.6897673349851,
    1.6763848301838038,
    2.053191626637759,
    1.0,
];
const FAR_TOP: [f64; 8] = [
    2.0103343992922881e-07,
    2.7115555687434876e-05,
    0.0012426609473880784,
    0.026532189526576124,
    0.29656057182850487,
    1.7848265399172913,
    5.463784911164114,
    6.657904643501103,
];
const FAR_BOTTOM: [f64; 8] = [
    2.0442631033899397e-15,
    1.421511758316446e-07,
    1.8463183175100548e-05,
    0.0007868691311456133,
    0.014875361290850615,
    0.1369298809227358,
    0.599832206555888,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// As Python's `statistics.NormalDist().inv_cdf` has them, the same algorithm over the C
    /// library's logarithm.
    #[test]
    fn quantiles_are_those_of_another_implementation() {
        for (probability, expected) in [
            (1.1102230246251565e-16, -8.209536151601386),
            (1e-09, -5.9978070150076865),
            (0.001, -3.090232306167813),
            (0.07, -1.4757910281791702),
            (0.075, -1.4395314709384557),
            (0.3, -0.5244005127080407),
            (0.5, 0.0),
            (0.924, 1.4325027208258119),
            (0.99, 2.3263478740408408),
            (0.9999999999999998, 8.125890664701906),
        ] {
            let found = normal_quantile(probability);
            let most: f64 = f64::abs(expected) * 1e-15;
            assert!((found - expected).abs() <= most, "{probability}: {found}");
        }
    }

    /// Bits, not approximations: another version of `libm` must not change a model's output
    /// unnoticed.
    #[test]
    fn exp_and_ln_are_pinned_to_the_last_bit() {
        let mut bits = 0u64;
        for step in -700..700 {
            let x = f64::from(step) * 0.9973;
            bits = bits.rotate_left(7) ^ exp(x).to_bits();
            bits = bits.rotate_left(7) ^ ln(exp(x)).to_bits();
            bits = bits.rotate_left(7) ^ ln(1.0 + x * x).to_bits();
        }
        assert_eq!(bits, PINNED, "{bits:#x}");
    }

    #[test]
    fn softmax_sums_to_one_and_survives_large_scores() {
        let found = softmax(&[1000.0, 1000.0, -1000.0]);
        assert_eq!(found, [0.5, 0.5, 0.0]);
        assert_eq!(softmax(&[]), Vec::<f64>::new());
    }

    #[test]
    fn the_first_of_equals_is_the_greatest() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(argmax(&[]), None);
    }

    const PINNED: u64 = 0x6710_6df4_ec4c_4bb5;
}
