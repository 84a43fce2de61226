//! Messages on a pipe: a header of JSON and any number of blobs.
//!
//! ```text
//! "arbW"   u32 header length   u32 number of blobs   header   u64 length of each blob   blobs
//! ```
//!
//! Numbers are little-endian. A reader bounds every length before it allocates, because the
//! other side may be a model that has taken the process over.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAGIC: [u8; 4] = *b"arbW";

/// The most bytes of a header.
pub const MAX_HEADER_BYTES: usize = 1 << 20;

/// The most blobs of a message.
pub const MAX_BLOBS: usize = 1024;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// JSON.
    pub header: Vec<u8>,
    /// Bytes that the header speaks of.
    pub blobs: Vec<Vec<u8>>,
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Header length and number of blobs.
fn prefix(bytes: [u8; 12]) -> io::Result<(usize, usize)> {
    let [m0, m1, m2, m3, h0, h1, h2, h3, b0, b1, b2, b3] = bytes;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(invalid("what came is not a frame"));
    }
    let header = u32::from_le_bytes([h0, h1, h2, h3]) as usize;
    let blobs = u32::from_le_bytes([b0, b1, b2, b3]) as usize;
    if header > MAX_HEADER_BYTES || blobs > MAX_BLOBS {
        return Err(invalid(format!(
            "a frame of {header} header bytes and {blobs} blobs"
        )));
    }
    Ok((header, blobs))
}

/// Lengths of the blobs, `limit` bytes in all.
fn lengths(bytes: &[u8], limit: u64) -> io::Result<Vec<u64>> {
    let lengths: Vec<u64> = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|length| u64::from_le_bytes(*length))
        .collect();
    let total = lengths
        .iter()
        .try_fold(0u64, |total, length| total.checked_add(*length));
    match total {
        Some(total) if total <= limit => Ok(lengths),
        _ => Err(invalid(format!("a frame of more than {limit} bytes"))),
    }
}

fn start(frame: &Frame) -> io::Result<Vec<u8>> {
    if frame.header.len() > MAX_HEADER_BYTES || frame.blobs.len() > MAX_BLOBS {
        return Err(invalid("a message too large for a frame"));
    }
    let mut bytes = MAGIC.to_vec();
    // Both fit 32 bits: they were just compared with far smaller bounds.
    bytes.extend_from_slice(&(frame.header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&(frame.blobs.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&frame.header);
    for blob in &frame.blobs {
        bytes.extend_from_slice(&(blob.len() as u64).to_le_bytes());
    }
    Ok(bytes)
}

/// Writes a frame and flushes.
///
/// # Errors
/// What the pipe says.
pub fn write(to: &mut impl Write, frame: &Frame) -> io::Result<()> {
    to.write_all(&start(frame)?)?;
    for blob in &frame.blobs {
        to.write_all(blob)?;
    }
    to.flush()
}

/// Reads a frame whose blobs have at most `limit` bytes; `None` when the pipe has ended.
///
/// # Errors
/// What the pipe says, or [`io::ErrorKind::InvalidData`] for what is no frame.
pub fn read(from: &mut impl Read, limit: u64) -> io::Result<Option<Frame>> {
    let mut first = [0; 12];
    let mut filled = 0;
    while filled < first.len() {
        match from.read(&mut first[filled..])? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    let (header_length, count) = prefix(first)?;
    let mut take = |length: u64| {
        // Grows with what arrives, whatever length was announced.
        let mut bytes = Vec::new();
        from.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    };
    let header = take(header_length as u64)?;
    let lengths = lengths(&take(8 * count as u64)?, limit)?;
    let blobs = lengths.into_iter().map(take).collect::<io::Result<_>>()?;
    Ok(Some(Frame { header, blobs }))
}

/// [`write()`] for an asynchronous pipe.
///
/// # Errors
/// What the pipe says.
pub async fn write_async(to: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    to.write_all(&start(frame)?).await?;
    for blob in &frame.blobs {
        to.write_all(blob).await?;
    }
    to.flush().await
}

/// [`read`] for an asynchronous pipe.
///
/// # Errors
/// What the pipe says, or [`io::ErrorKind::InvalidData`] for what is no frame.
pub async fn read_async(
    from: &mut (impl AsyncRead + Unpin),
    limit: u64,
) -> io::Result<Option<Frame>> {
    let mut first = [0; 12];
    if from.read(&mut first[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut first[1..]).await?;
    let (header_length, count) = prefix(first)?;
    let header = take_async(from, header_length as u64).await?;
    let lengths = lengths(&take_async(from, 8 * count as u64).await?, limit)?;
    let mut blobs = Vec::with_capacity(lengths.len());
    for length in lengths {
        blobs.push(take_async(from, length).await?);
    }
    Ok(Some(Frame { header, blobs }))
}

async fn take_async(from: &mut (impl AsyncRead + Unpin), length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, frame).unwrap();
        bytes
    }

    #[test]
    fn frames_survive_the_pipe() {
        for frame in [
            Frame::default(),
            Frame {
                header: b"{}".to_vec(),
                blobs: vec![vec![], vec![7; 100_000], b"x".to_vec()],
            },
        ] {
            let mut pipe = bytes(&frame);
            pipe.extend(bytes(&Frame::default()));
            let mut pipe = pipe.as_slice();
            assert_eq!(read(&mut pipe, 1 << 20).unwrap(), Some(frame));
            assert_eq!(read(&mut pipe, 1 << 20).unwrap(), Some(Frame::default()));
            assert_eq!(read(&mut pipe, 1 << 20).unwrap(), None);
        }
    }

    #[test]
    fn every_cut_is_an_error_and_never_a_frame() {
        let whole = bytes(&Frame {
            header: b"{}".to_vec(),
            blobs: vec![b"abc".to_vec()],
        });
        for end in 1..whole.len() {
            assert!(read(&mut &whole[..end], 100).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_kept() {
        let whole = bytes(&Frame {
            header: vec![],
            blobs: vec![vec![0; 11], vec![0; 10]],
        });
        assert!(read(&mut whole.as_slice(), 21).is_ok());
        assert!(read(&mut whole.as_slice(), 20).is_err());
        let mut huge = MAGIC.to_vec();
        huge.extend_from_slice(&u32::MAX.to_le_bytes());
        huge.extend_from_slice(&1u32.to_le_bytes());
        assert!(read(&mut huge.as_slice(), 20).is_err());
        let mut overflow = MAGIC.to_vec();
        overflow.extend_from_slice(&0u32.to_le_bytes());
        overflow.extend_from_slice(&2u32.to_le_bytes());
        overflow.extend_from_slice(&[255; 16]);
        assert!(read(&mut overflow.as_slice(), u64::MAX).is_err());
    }

    #[tokio::test]
    async fn both_readers_agree() {
        let frame = Frame {
            header: b"{\"a\":1}".to_vec(),
            blobs: vec![vec![1; 70_000]],
        };
        let mut written = Vec::new();
        write_async(&mut written, &frame).await.unwrap();
        assert_eq!(written, bytes(&frame));
        assert_eq!(
            read_async(&mut written.as_slice(), 70_000).await.unwrap(),
            Some(frame)
        );
        assert!(read_async(&mut &written[..50], 70_000).await.is_err());
        assert_eq!(read_async(&mut &b""[..], 1).await.unwrap(), None);
        assert!(
            read_async(&mut &b"Hello, this is a log line"[..], 1)
                .await
                .is_err()
        );
    }
}
