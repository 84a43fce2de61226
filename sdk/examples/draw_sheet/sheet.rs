//! A sheet of a model's pictures, as the example writes it and a test draws it again.

use std::error::Error;
use std::io::Cursor;
use std::path::Path;

use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{LoadedModel, SessionOptions};
use arbius_sdk::model::Bundle;

/// Pictures in a row.
const COLUMNS: usize = 6;

/// White pixels around each picture.
const MARGIN: usize = 4;

/// A picture in red, green and blue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    /// Reads a PNG.
    pub(crate) fn read(png: &[u8]) -> Result<Self, Box<dyn Error>> {
        let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large a picture")?];
        let info = reader.next_frame(&mut pixels)?;
        if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return Err("the picture is not red, green and blue of eight bits".into());
        }
        Ok(Self {
            width: info.width as usize,
            height: info.height as usize,
            pixels,
        })
    }
}

/// What the bundle in `folder` makes of each line of its `sheet.txt`, on one sheet.
///
/// # Errors
/// What cannot be read, run or decoded; pictures of several sizes.
pub(crate) fn draw(folder: &Path) -> Result<Picture, Box<dyn Error>> {
    let prompts = std::fs::read_to_string(folder.join("sheet.txt"))?;
    let bundle = Bundle::load(folder)?;
    let mut model = LoadedModel::load(&Rten, &bundle, &SessionOptions::default())?;
    let mut pictures = Vec::new();
    for (seed, prompt) in (1..).zip(prompts.lines()) {
        let input = serde_json::json!({ "prompt": prompt }).to_string();
        let outputs = model.solve(input.as_bytes(), seed)?;
        let file = outputs.files.first().ok_or("the model writes no file")?;
        pictures.push(Picture::read(&file.bytes)?);
    }
    let &Picture { width, height, .. } = pictures.first().ok_or("sheet.txt names no prompt")?;
    if pictures
        .iter()
        .any(|picture| (picture.width, picture.height) != (width, height))
    {
        return Err("the pictures are of several sizes".into());
    }
    let rows = pictures.len().div_ceil(COLUMNS);
    let (across, down) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let stride = COLUMNS * across * 3;
    let mut sheet = vec![255; rows * down * stride];
    for (place, picture) in pictures.iter().enumerate() {
        let left = (place % COLUMNS * across + MARGIN) * 3;
        let top = place / COLUMNS * down + MARGIN;
        for (line, row) in picture.pixels.chunks_exact(width * 3).enumerate() {
            let start = (top + line) * stride + left;
            sheet[start..start + row.len()].copy_from_slice(row);
        }
    }
    Ok(Picture {
        width: COLUMNS * across,
        height: rows * down,
        pixels: sheet,
    })
}
