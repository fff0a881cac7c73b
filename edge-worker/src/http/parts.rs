//! A request as plain data.
use std::cell::Cell;

/// A request header that the edge's answers depend on. The hub reads others from requests that are passed on to it.
#[derive(Clone, Copy)]
pub(crate) enum Header {
    Authorization,
    ApiKey,
    Origin,
    SecFetchSite,
    ContentType,
    Accept,
    IfNoneMatch,
    Identity,
    /// The time that a test sets; read with `TEST_CLOCK=on` alone.
    Now,
    /// The client's address, which Cloudflare sets.
    ConnectingIp,
    /// The unit that a receipt is wanted for, percent-encoded.
    Unit,
}

impl Header {
    /// The header's bit in a set of headers.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The names of the headers, in the order of [`Header`].
pub(crate) const HEADERS: [&str; 11] = [
    "authorization",
    "x-api-key",
    "origin",
    "sec-fetch-site",
    "content-type",
    "accept",
    "if-none-match",
    "twinflag-identity",
    "twinflag-now",
    "cf-connecting-ip",
    "twinflag-unit",
];

/// A request without its body.
pub(crate) struct Parts<'r> {
    pub(crate) method: &'r str,
    /// The whole address, as the runtime writes it.
    pub(crate) url: &'r str,
    /// The line of the connection's address.
    peer: &'r str,
    /// The header in which the deployment's own proxy names the client's address.
    pub(crate) proxied: Option<&'r str>,
    headers: [Option<&'r str>; HEADERS.len()],
    /// A bit for each header that was read from the request.
    read: u32,
    misses_part: Cell<bool>,
}

/// The set of all headers.
pub(crate) const ALL: u32 = (1 << HEADERS.len()) - 1;

/// The line of a connection's address that was not read from the request. No address is spelled so.
const UNREAD: &str = "?";

impl<'r> Parts<'r> {
    /// Reads lines: the method, the address, the connection's address, those of [`HEADERS`] that have a bit in `read`, and the header of
    /// the deployment's proxy. The line of a present header is a colon and its value, which holds no line break; that of an absent one is
    /// empty. Headers without a bit in `read` are unknown, not absent. `None` if a line is missing.
    pub(crate) fn parse(head: &'r str, read: u32) -> Option<Self> {
        let mut lines = head.split('\n');
        let (method, url, peer) = (lines.next()?, lines.next()?, lines.next()?);
        let mut headers = [None; HEADERS.len()];
        for (place, header) in headers.iter_mut().enumerate() {
            if read & (1 << place) != 0 {
                *header = lines.next()?.strip_prefix(':');
            }
        }
        Some(Self { method, url, peer, proxied: lines.next()?.strip_prefix(':'), headers, read, misses_part: Cell::new(false) })
    }

    /// Returns true if [`Self::header`] or [`Self::peer`] was called for a part that was not read from the request: then the answer does
    /// not count.
    pub(crate) fn misses_part(&self) -> bool {
        self.misses_part.get()
    }

    /// The address of the connection; `None` if the runtime does not tell it, or if it was not read.
    pub(crate) fn peer(&self) -> Option<&'r str> {
        if self.peer == UNREAD {
            self.misses_part.set(true);
        }
        Some(self.peer).filter(|peer| !peer.is_empty() && *peer != UNREAD)
    }

    pub(crate) fn header(&self, header: Header) -> Option<&'r str> {
        if self.read & header.bit() == 0 {
            self.misses_part.set(true);
        }
        self.headers.get(header as usize).copied().flatten()
    }

    /// The path, as the client spelled it.
    pub(crate) fn path(&self) -> &'r str {
        let rest = self.url.split_once("://").map_or(self.url, |(_, rest)| rest);
        let path = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/");
        path.split(['?', '#']).next().unwrap_or(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_parts_of_a_request() {
        let head = "POST\nhttps://flags.example/v1/program?format=2\n192.0.2.1:443\n:Bearer k\n\n:https://shop.example\n\n\n\n:\"t\"\n:\n\n\n\n:2001:db8::1";
        let parts = Parts::parse(head, ALL).unwrap();
        assert_eq!(
            (parts.method, parts.path(), parts.peer(), parts.proxied),
            ("POST", "/v1/program", Some("192.0.2.1:443"), Some("2001:db8::1"))
        );
        assert_eq!(parts.header(Header::Authorization), Some("Bearer k"));
        assert_eq!(parts.header(Header::ApiKey), None);
        assert_eq!(parts.header(Header::Origin), Some("https://shop.example"));
        assert_eq!(parts.header(Header::IfNoneMatch), Some("\"t\""));
        // An empty header is there.
        assert_eq!(parts.header(Header::Identity), Some(""));
        assert!(Parts::parse("GET\nhttps://flags.example/", ALL).is_none());
    }

    #[test]
    fn a_header_that_was_not_read_is_not_absent() {
        let read = Header::Origin.bit() | Header::Unit.bit();
        let parts = Parts::parse("GET\nhttp://x/\n\n\n:u-1\n:192.0.2.1", read).unwrap();
        assert_eq!((parts.header(Header::Origin), parts.header(Header::Unit), parts.proxied), (None, Some("u-1"), Some("192.0.2.1")));
        assert!(!parts.misses_part());
        assert_eq!(parts.header(Header::Authorization), None);
        assert!(parts.misses_part());
    }

    #[test]
    fn a_connections_address_that_was_not_read_is_not_unknown() {
        for (line, peer, misses) in
            [("", None, false), ("-", Some("-"), false), ("192.0.2.1:443", Some("192.0.2.1:443"), false), ("?", None, true)]
        {
            let head = format!("GET\nhttp://x/\n{line}\n");
            let parts = Parts::parse(&head, 0).unwrap();
            assert!(!parts.misses_part());
            assert_eq!((parts.peer(), parts.misses_part()), (peer, misses), "{line:?}");
        }
    }

    #[test]
    fn every_header_stands_in_its_own_line() {
        let head = format!("GET\nhttp://x/\n\n:{}\n", HEADERS.join("\n:"));
        let parts = Parts::parse(&head, ALL).unwrap();
        for (header, name) in [
            (Header::Authorization, "authorization"),
            (Header::ApiKey, "x-api-key"),
            (Header::Origin, "origin"),
            (Header::SecFetchSite, "sec-fetch-site"),
            (Header::ContentType, "content-type"),
            (Header::Accept, "accept"),
            (Header::IfNoneMatch, "if-none-match"),
            (Header::Identity, "twinflag-identity"),
            (Header::Now, "twinflag-now"),
            (Header::ConnectingIp, "cf-connecting-ip"),
            (Header::Unit, "twinflag-unit"),
        ] {
            assert_eq!(parts.header(header), Some(name));
        }
    }

    #[test]
    fn a_path_ends_where_the_query_begins() {
        for (url, path) in [("http://x/a/b?c=/d#e", "/a/b"), ("http://x", "/"), ("http://x:1/?a", "/"), ("http://x/a%3Fb", "/a%3Fb")] {
            let head = format!("GET\n{url}\n\n");
            assert_eq!(Parts::parse(&head, 0).unwrap().path(), path);
        }
    }
}
