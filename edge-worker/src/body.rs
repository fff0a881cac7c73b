//! Reading a request's body, never more of it than the route allows.
use futures_util::StreamExt;
use worker::Request;

use crate::problem::Problem;

/// The limit of a question's body, in bytes.
pub(crate) const QUESTION: usize = 256_000;
/// The limit of a document's body, or that of a thousand questions, in bytes.
pub(crate) const DOCUMENT: usize = 8_000_000;

/// How much of a refused body is still taken from the line, unread: a client that is cut off while it sends sees no answer.
const DRAINED: usize = 32_000_000;

/// The bytes of the body; refused before it is parsed when it is longer than `limit` bytes.
pub(crate) async fn read(request: &mut Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let announced = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    match announced {
        // The runtime holds a body to the length that is announced. One promise costs a third of what a stream does.
        Some(length) if length <= limit => request.bytes().await.map_err(|_| Problem::malformed("the body ended early")),
        _ => stream(request, limit, announced.unwrap_or(0)).await,
    }
}

/// The text of a body.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| Problem::malformed("the body is not UTF-8"))?;
    // JSON has none (RFC 8259, 8.1); on its way to the hub it would be dropped, and what is stored would not be what was sent.
    if text.starts_with('\u{feff}') { Err(Problem::malformed("the body begins with a byte order mark")) } else { Ok(text) }
}

async fn stream(request: &mut Request, limit: usize, announced: usize) -> Result<Vec<u8>, Problem> {
    // No stream: no body.
    let Ok(mut chunks) = request.stream() else { return Ok(Vec::new()) };
    let (mut bytes, mut received) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::malformed("the body ended early"))?;
        received += chunk.len();
        if received <= limit && announced <= limit {
            bytes.extend_from_slice(&chunk);
        } else if received > DRAINED {
            break;
        }
    }
    if received > limit || announced > limit { Err(Problem::too_large(limit)) } else { Ok(bytes) }
}
