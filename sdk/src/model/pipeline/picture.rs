//! How a picture becomes a tensor.

use serde::{Deserialize, Serialize};

use super::description::Parts;
use crate::model::BundleError;

/// The most pixels that a side of a tensor may have.
pub const MAX_TENSOR_SIDE: u32 = 4096;

/// The size that a picture is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framing {
    /// What is done before anything is cut off.
    pub resize: Resize,
    /// How pixels are weighed.
    pub filter: Filter,
    /// Width of the middle that is cut out, and so of the tensor.
    pub width: u32,
    /// Height of the middle that is cut out, and so of the tensor.
    pub height: u32,
}

/// How a picture is resized before the middle is cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// To the tensor's width and height, whatever its own shape.
    Stretch,
    /// So that its shorter side has as many pixels, the longer one in proportion, rounded
    /// down.
    ShorterSide(u32),
}

/// How pixels are weighed when a picture is resized. All are computed in whole numbers, from
/// weights with 22 bits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// A triangle over the pixels that a new one covers; the pixels of Pillow's `BILINEAR`.
    Bilinear,
    /// A cubic (a = −0.5) over the pixels that a new one covers; the pixels of Pillow's
    /// `BICUBIC`.
    Bicubic,
    /// The two nearest in each direction even where a picture shrinks, as OpenCV's
    /// `INTER_LINEAR` takes them.
    Linear,
}

/// How levels from 0 to 255 become floats: `(level / 255 − mean) / deviation`, per channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Means of red, green and blue.
    pub mean: [f64; 3],
    /// Deviations of red, green and blue.
    pub deviation: [f64; 3],
    /// In which order the channels come.
    pub channels: ChannelOrder,
}

/// In which order the channels come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

impl Framing {
    /// Checks its numbers.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, field: &str) -> Result<(), BundleError> {
        let allowed = 1..=MAX_TENSOR_SIDE;
        if !allowed.contains(&self.width) || !allowed.contains(&self.height) {
            return Parts::wrong(
                &format!("{field}.width"),
                format!("sides of 1 to {MAX_TENSOR_SIDE} are allowed"),
            );
        }
        match self.resize {
            Resize::ShorterSide(side)
                if !allowed.contains(&side) || side < self.width.max(self.height) =>
            {
                Parts::wrong(
                    &format!("{field}.resize"),
                    format!(
                        "the shorter side must have the middle's pixels at least, and {MAX_TENSOR_SIDE} at most"
                    ),
                )
            }
            _ => Ok(()),
        }
    }
}

impl Normalization {
    /// Checks its numbers.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, field: &str) -> Result<(), BundleError> {
        if self.mean.iter().any(|mean| !mean.is_finite())
            || self
                .deviation
                .iter()
                .any(|deviation| !deviation.is_normal())
        {
            return Parts::wrong(
                &format!("{field}.deviation"),
                "finite means and deviations other than 0 are needed",
            );
        }
        Ok(())
    }
}
