//! Resizing in whole numbers.
//!
//! The weights of a filter are computed in f64 by +, −, ×, ÷ alone, divided by their sum and
//! rounded to 22 bits after the point; rows come first, then columns, and each pass rounds to
//! a byte. That is how Pillow resizes pictures of eight bits, and [`Filter::Bilinear`] and
//! [`Filter::Bicubic`] give its pixels to the last bit wherever Pillow takes rows first too
//! (it does not where it is quicker otherwise).

use crate::model::pipeline::picture::Filter;

const BITS: u32 = 22;

/// The weights of one new pixel: the first old one, and one for each from there on.
struct Weights {
    first: usize,
    weights: Vec<i32>,
}

/// Pixels of three bytes in another size.
pub(super) fn resized(pixels: &[u8], from: (u32, u32), to: (u32, u32), filter: Filter) -> Vec<u8> {
    let (width, height) = (from.0 as usize, from.1 as usize);
    let (new_width, new_height) = (to.0 as usize, to.1 as usize);
    let rows = if width == new_width {
        pixels.to_vec()
    } else {
        let columns = weights(width, new_width, filter);
        let mut made = Vec::with_capacity(new_width * height * 3);
        for row in pixels.chunks_exact(width * 3) {
            for column in &columns {
                for channel in 0..3 {
                    let old = row.iter().skip(column.first * 3 + channel).step_by(3);
                    made.push(weighed(old, &column.weights));
                }
            }
        }
        made
    };
    if height == new_height {
        return rows;
    }
    let stride = new_width * 3;
    let mut made = Vec::with_capacity(stride * new_height);
    for row in weights(height, new_height, filter) {
        for place in 0..stride {
            let old = rows.iter().skip(row.first * stride + place).step_by(stride);
            made.push(weighed(old, &row.weights));
        }
    }
    made
}

fn weighed<'a>(levels: impl Iterator<Item = &'a u8>, weights: &[i32]) -> u8 {
    let half = 1i64 << (BITS - 1);
    let sum = levels.zip(weights).fold(half, |sum, (level, weight)| {
        sum + i64::from(*level) * i64::from(*weight)
    });
    // Clamped to a byte: it fits.
    (sum >> BITS).clamp(0, 255) as u8
}

fn weights(old: usize, new: usize, filter: Filter) -> Vec<Weights> {
    let scale = old as f64 / new as f64;
    let (reach, covers): (f64, bool) = match filter {
        Filter::Bilinear => (1.0, true),
        Filter::Bicubic => (2.0, true),
        Filter::Linear => (1.0, false),
    };
    let stretch = if covers { scale.max(1.0) } else { 1.0 };
    let reach = reach * stretch;
    (0..new)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            // Truncated towards zero and held inside the picture.
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(old);
            let first = first.min(end.saturating_sub(1));
            let raw: Vec<f64> = (first..end)
                .map(|place| height_of(filter, (place as f64 - centre + 0.5) * (1.0 / stretch)))
                .collect();
            let sum = raw.iter().fold(0.0, |sum, weight| sum + weight);
            let weights = raw.iter().map(|weight| {
                let share = if sum == 0.0 { *weight } else { weight / sum };
                let scaled = share * f64::from(1u32 << BITS);
                // At most a few times 2^22: it fits.
                (if share < 0.0 {
                    scaled - 0.5
                } else {
                    scaled + 0.5
                }) as i32
            });
            Weights {
                first,
                weights: weights.collect(),
            }
        })
        .collect()
}

/// The height of a filter at a distance from its middle.
fn height_of(filter: Filter, distance: f64) -> f64 {
    let x = distance.abs();
    match filter {
        Filter::Bilinear | Filter::Linear if x < 1.0 => 1.0 - x,
        Filter::Bicubic if x < 1.0 => ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1.0,
        Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
        _ => 0.0,
    }
}
