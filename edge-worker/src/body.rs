//! Reads a request's body, up to the route's limit.
use futures_util::StreamExt;
use worker::Request;

use crate::problem::Problem;

/// The limit of a body in bytes, on every route that does not use [`DOCUMENT`].
pub(crate) const QUESTION: usize = 256_000;
/// The limit of a body in bytes, if it holds a document or up to a thousand evaluations.
pub(crate) const DOCUMENT: usize = 8_000_000;

/// The most bytes of a refused body that are received and dropped. A client whose connection closes while it sends gets no answer.
const DRAINED: usize = 32_000_000;

/// The first bytes of a body that is compressed by gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads the bytes of the body. Refuses a body of more than `limit` bytes.
pub(crate) async fn read(request: &mut Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let announced = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    match announced {
        // The runtime does not deliver more bytes than `Content-Length` announces. One promise costs a third of a stream.
        Some(length) if length <= limit => request.bytes().await.map_err(|_| Problem::malformed("the body ended early")),
        _ => stream(request, limit, announced.unwrap_or(0)).await,
    }
}

/// The body as text. Refuses bytes that are not UTF-8, and a byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.starts_with(&GZIP) {
        return Err(Problem::encoded());
    }
    let text = str::from_utf8(bytes).map_err(|_| Problem::malformed("the body is not UTF-8"))?;
    // JSON has no byte order mark (RFC 8259, 8.1). The runtime would drop it on the way to the hub, which would store another text than
    // the client sent.
    if text.starts_with('\u{feff}') { Err(Problem::malformed("the body begins with a byte order mark")) } else { Ok(text) }
}

async fn stream(request: &mut Request, limit: usize, announced: usize) -> Result<Vec<u8>, Problem> {
    // A request without a body has no stream.
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
