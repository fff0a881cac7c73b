//! The address that a request is counted under.
use core::net::IpAddr;

use crate::http::parts::{Header, Parts};

/// The caller's address, as far as one household shares it; `None` where nobody knows.
///
/// A header is believed where it cannot be forged: the one that the deployment names, since its proxy sets it
/// (`CLIENT_ADDRESS_HEADER`), and Cloudflare's own on Cloudflare. On workerd anybody could send that one, and workerd tells the
/// connection's address; `X-Forwarded-For` is nobody's word unless the deployment names it.
pub(super) fn of(parts: &Parts<'_>) -> Option<String> {
    // Proxies add the address they see to the end of a list.
    let named = parts.proxied.and_then(|list| block(list.rsplit(',').next()?));
    named.or_else(|| match parts.peer {
        Some(peer) => block(peer),
        None => block(parts.header(Header::ConnectingIp)?),
    })
}

/// The block that an address is counted as, in hexadecimal digits: of IPv6 the first 64 bits, for each household chooses the rest.
fn block(text: &str) -> Option<String> {
    let bits = match without_port(text.trim()).parse().ok()? {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => u64::from(address.to_bits()),
            // The words of IPv4 stand below any block that is in use.
            None => u64::try_from(address.to_bits() >> 64).ok()?,
        },
    };
    Some(format!("{bits:x}"))
}

/// `192.0.2.1:443`, `[2001:db8::1]:443`, or what has no port.
fn without_port(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    text.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(text, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(block(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_port_is_no_part_of_an_address() {
        check("192.0.2.1", Some("c0000201"));
        check(" 192.0.2.1:54321", Some("c0000201"));
        check("[2001:db8::1]:443", Some("20010db800000000"));
    }

    #[test]
    fn of_ipv6_a_block_counts() {
        check("2001:db8:1:2:3:4:5:6", Some("20010db800010002"));
        check("2001:db8:1:2::", Some("20010db800010002"));
        check("2001:db8:1:3::1", Some("20010db800010003"));
        check("::ffff:192.0.2.1", Some("c0000201"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", "unknown", "192.0.2", "192.0.2.1.", "localhost:80", "unix:/tmp/x", "2001:db8::1%eth0", "[", "[]", ":", "::1:"] {
            check(text, None);
        }
    }
}
