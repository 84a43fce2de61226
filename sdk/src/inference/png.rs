//! Pictures as PNG, in one encoding only.
//!
//! A task's output is known by the hash of its bytes, so there must be one way to write a
//! picture, and it must not change when a compression library does. Here it is: signature,
//! `IHDR`, one `IDAT`, `IEND`; eight bits a channel, no interlacing, no ancillary chunks;
//! filter type 0 on every row; zlib header `78 01` and stored deflate blocks of 65,535
//! bytes, the last one shorter. Any program of fifty lines writes the same bytes.

/// What a pixel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    /// One byte, black to white.
    Grey,
    /// Three bytes: red, green, blue.
    Rgb,
}

impl Pixels {
    /// Bytes of one pixel.
    pub fn bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }

    fn colour_type(self) -> u8 {
        match self {
            Self::Grey => 0,
            Self::Rgb => 2,
        }
    }
}

/// The most bytes of pixels that are written: what one `IDAT` and a sane picture hold.
pub const MAX_PIXEL_BYTES: usize = 1 << 28;

/// The most that one stored deflate block holds.
const STORED: usize = 65_535;

/// Writes a picture; `None` if `data` is not `width · height` pixels, or too many.
pub fn encode(pixels: Pixels, width: u32, height: u32, data: &[u8]) -> Option<Vec<u8>> {
    let row = usize::try_from(width).ok()?.checked_mul(pixels.bytes())?;
    let size = row.checked_mul(usize::try_from(height).ok()?)?;
    if size == 0 || size > MAX_PIXEL_BYTES || data.len() != size {
        return None;
    }
    let mut filtered = Vec::with_capacity(size + data.len() / row);
    for line in data.chunks_exact(row) {
        filtered.push(0);
        filtered.extend_from_slice(line);
    }
    let mut zlib = vec![0x78, 0x01];
    let blocks = filtered.chunks(STORED);
    let last = blocks.len() - 1;
    for (index, block) in blocks.enumerate() {
        // A chunk of at most 65,535 bytes: its length fits.
        let length = block.len() as u16;
        zlib.push(u8::from(index == last));
        zlib.extend_from_slice(&length.to_le_bytes());
        zlib.extend_from_slice(&(!length).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    zlib.extend_from_slice(&adler32(&filtered).to_be_bytes());

    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, pixels.colour_type(), 0, 0, 0]);

    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &zlib);
    chunk(&mut png, *b"IEND", &[]);
    Some(png)
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    // Bounded by `MAX_PIXEL_BYTES` and its framing: it fits.
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(&kind);
    png.extend_from_slice(data);
    let checksum = crc32(&png[start..]);
    png.extend_from_slice(&checksum.to_be_bytes());
}

/// RFC 1950.
fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    // 5,552 is the most bytes after which the sums still fit 32 bits.
    for part in data.chunks(5_552) {
        for byte in part {
            a += u32::from(*byte);
            b += a;
        }
        a %= 65_521;
        b %= 65_521;
    }
    (b << 16) | a
}

/// ISO 3309, as the PNG specification uses it.
fn crc32(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    !data.iter().fold(!0, |crc, byte| {
        TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8)
    })
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}
