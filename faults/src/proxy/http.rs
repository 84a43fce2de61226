//! Requests over HTTP/1.1, byte by byte, so that answers can be cut anywhere.

use std::io;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{
    listener::Shared,
    rpc::{Ending, Reply},
};

/// Larger requests than any miner sends are none of ours.
const LONGEST: u64 = 16 << 20;

/// Answers requests until one side closes.
pub(super) async fn serve(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(body) = read(&mut stream).await? {
        let reply = shared.answer(&body).await;
        if !write(stream.get_mut(), reply).await? {
            break;
        }
    }
    Ok(())
}

/// The body of the next request, if there is one.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    if length > LONGEST {
        return Err(io::Error::other("the request is too long"));
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body).await?;
    Ok(Some(body))
}

/// Writes a reply and says whether the connection goes on.
async fn write(stream: &mut TcpStream, reply: Reply) -> io::Result<bool> {
    let Reply {
        status,
        retry_after,
        body,
        ending,
    } = reply;
    if ending == Ending::Closed {
        return Ok(false);
    }
    let retry_after = retry_after.map_or_else(String::new, |s| format!("retry-after: {s}\r\n"));
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{retry_after}content-length: {length}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    if let Ending::Stalled(pause) = ending {
        bytes.extend_from_slice(&body[..length / 2]);
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        tokio::time::sleep(pause).await;
        return Ok(false);
    }
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(true)
}
