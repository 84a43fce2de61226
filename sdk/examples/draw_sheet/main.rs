//! Draws a sheet of pictures: `cargo run -p arbius-sdk --features inference --example
//! draw_sheet -- models/stickers docs/src/models/stickers.png`.
//!
//! The folder holds a bundle and `sheet.txt`, a prompt on each line; the seed of a prompt is
//! the number of its line. The model's pixels are copied as they are.

mod sheet;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, file] = arguments.as_slice() else {
        eprintln!("usage: draw_sheet FOLDER OUT.png");
        return ExitCode::FAILURE;
    };
    match draw(Path::new(folder), Path::new(file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn draw(folder: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let sheet = sheet::draw(folder)?;
    let (width, height) = (u32::try_from(sheet.width)?, u32::try_from(sheet.height)?);
    let mut encoder = png::Encoder::new(std::fs::File::create(file)?, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&sheet.pixels)?;
    Ok(())
}
