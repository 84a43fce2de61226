//! Pictures as tasks bring them, and what is done to them before a graph sees them.
//!
//! PNG and JPEG are read, the first picture of a file, as red, green and blue with eight bits
//! each; transparency and orientation tags are ignored. A PNG's pixels are exact. A JPEG's
//! are those of the pinned version of `zune-jpeg` without processor-specific code, so that
//! every machine has the same ones. Resizing is in `resize.rs`.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::png::PngDecoder;
use image::{DynamicImage, Limits};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::InferenceError;
use super::resize::resized;
use crate::model::pipeline::picture::{ChannelOrder, Filter, Framing, Normalization, Resize};

/// The most pixels that a side of a picture may have.
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels that a side has after resizing.
pub const MAX_RESIZED_SIDE: u32 = 1 << 17;

/// The most pixels that a picture may have.
pub const MAX_PIXELS: u64 = 1 << 24;

/// A picture: red, green and blue of each pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// A picture of those pixels; `None` if they are not `width · height`, or none.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let count = u64::from(width) * u64::from(height);
        (count > 0 && count <= MAX_PIXELS && pixels.len() as u64 == count * 3).then_some(Self {
            width,
            height,
            pixels,
        })
    }

    /// Reads a picture that a task brings in a variable.
    ///
    /// # Errors
    /// [`InferenceError::Refused`] if it is no PNG or JPEG, or larger than [`MAX_PIXELS`].
    pub fn decode(field: &str, bytes: &[u8]) -> Result<Self, InferenceError> {
        let refused = |reason: String| InferenceError::Refused {
            field: field.to_owned(),
            reason,
        };
        let decoded = match bytes {
            [0x89, b'P', b'N', b'G', ..] => guarded(|| png(bytes)),
            [0xff, 0xd8, 0xff, ..] => guarded(|| jpeg(bytes)),
            _ => Err("the file is neither a PNG nor a JPEG".into()),
        };
        decoded.map_err(refused)
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Its bytes.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture in another size. Sides are held between 1 and [`MAX_RESIZED_SIDE`].
    #[must_use]
    pub fn resized(&self, width: u32, height: u32, filter: Filter) -> Self {
        let (width, height) = (
            width.clamp(1, MAX_RESIZED_SIDE),
            height.clamp(1, MAX_RESIZED_SIDE),
        );
        Self {
            width,
            height,
            pixels: resized(
                &self.pixels,
                (self.width, self.height),
                (width, height),
                filter,
            ),
        }
    }

    /// The picture as a description frames it. Of one that is more than four times as long as
    /// it is wide, only the middle is resized where its sides keep their proportion.
    #[must_use]
    pub fn framed(&self, framing: &Framing) -> Self {
        let resized = match framing.resize {
            Resize::Stretch => self.resized(framing.width, framing.height, framing.filter),
            Resize::ShorterSide(side) => {
                let shorter = self.width.min(self.height);
                let most = shorter.saturating_mul(4);
                let (width, height) = (self.width.min(most), self.height.min(most));
                let (left, top) = ((self.width - width) / 2, (self.height - height) / 2);
                // At most four times the side, which a description bounds: it fits.
                let scaled =
                    |own: u32| (u64::from(own) * u64::from(side) / u64::from(shorter)) as u32;
                let middle = self.cut(left, top, width, height);
                middle.resized(scaled(width), scaled(height), framing.filter)
            }
        };
        // A description asks for no more than there is.
        let width = framing.width.clamp(1, resized.width);
        let height = framing.height.clamp(1, resized.height);
        let left = (resized.width - width) / 2;
        let top = (resized.height - height) / 2;
        resized.cut(left, top, width, height)
    }

    fn cut(&self, left: u32, top: u32, width: u32, height: u32) -> Self {
        let row = self.width as usize * 3;
        let (from, to) = (left as usize * 3, (left + width) as usize * 3);
        let rows = self.pixels.chunks_exact(row);
        let rows = rows.skip(top as usize).take(height as usize);
        Self {
            width,
            height,
            pixels: rows.flat_map(|row| &row[from..to]).copied().collect(),
        }
    }

    /// Turned by a quarter, against the clock.
    #[must_use]
    pub fn turned(&self) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        let places = (0..width)
            .rev()
            .flat_map(|x| (0..height).map(move |y| y * width + x));
        let pixels = places.flat_map(|place| &self.pixels[place * 3..place * 3 + 3]);
        Self {
            width: self.height,
            height: self.width,
            pixels: pixels.copied().collect(),
        }
    }

    /// Upside down.
    #[must_use]
    pub fn turned_over(&self) -> Self {
        let pixels = self.pixels.as_chunks::<3>().0.iter().rev().flatten();
        Self {
            pixels: pixels.copied().collect(),
            ..*self
        }
    }

    /// Its levels as floats, one channel after the other.
    pub fn planes(&self, normalization: &Normalization) -> Vec<f32> {
        let order = match normalization.channels {
            ChannelOrder::Rgb => [0, 1, 2],
            ChannelOrder::Bgr => [2, 1, 0],
        };
        order
            .iter()
            .flat_map(|channel| {
                let mean = normalization.mean[*channel];
                let deviation = normalization.deviation[*channel];
                let levels = self.pixels.iter().skip(*channel).step_by(3);
                levels.map(move |level| ((f64::from(*level) / 255.0 - mean) / deviation) as f32)
            })
            .collect()
    }
}

fn bounded(width: u64, height: u64) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err("the picture is empty".into());
    }
    if width.max(height) > u64::from(MAX_SIDE) || width.saturating_mul(height) > MAX_PIXELS {
        return Err(format!(
            "the picture has {width} × {height} pixels; {MAX_PIXELS} in all and {MAX_SIDE} a side are taken"
        ));
    }
    Ok(())
}

fn png(bytes: &[u8]) -> Result<Picture, String> {
    let failed = |error: image::ImageError| format!("the PNG cannot be read: {error}");
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Four channels of 16 bits, and as much again to work with.
    limits.max_alloc = Some(MAX_PIXELS * 16);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(failed)?;
    let (width, height) = image::ImageDecoder::dimensions(&decoder);
    bounded(width.into(), height.into())?;
    let pixels = DynamicImage::from_decoder(decoder)
        .map_err(failed)?
        .into_rgb8();
    Picture::new(width, height, pixels.into_raw()).ok_or_else(|| "the PNG is cut short".into())
}

fn jpeg(bytes: &[u8]) -> Result<Picture, String> {
    let failed = |error| format!("the JPEG cannot be read: {error:?}");
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(failed)?;
    let (width, height) = decoder.dimensions().ok_or("the JPEG states no size")?;
    bounded(width as u64, height as u64)?;
    let pixels = decoder.decode().map_err(failed)?;
    // Bounded by `MAX_SIDE`: they fit.
    Picture::new(width as u32, height as u32, pixels).ok_or_else(|| "the JPEG is cut short".into())
}

/// Runs what may panic on a hostile file and turns a panic into an error.
fn guarded(run: impl FnOnce() -> Result<Picture, String>) -> Result<Picture, String> {
    // Nothing outlives a panic: the decoder is dropped.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("its reader panicked".into()))
}
