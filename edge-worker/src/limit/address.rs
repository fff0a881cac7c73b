//! The client address by which requests are counted.
use core::net::IpAddr;

use crate::http::parts::{Header, Parts};

/// The address block of the client, as hexadecimal digits; `None` if its address is not known.
///
/// A header counts only if a client cannot forge it: the one that `CLIENT_ADDRESS_HEADER` names, because the deployment's proxy sets it,
/// and `CF-Connecting-IP` on Cloudflare. On workerd any client could send the latter, and workerd knows the connection's address.
/// `X-Forwarded-For` does not count unless the deployment names it.
pub(super) fn of(parts: &Parts<'_>) -> Option<String> {
    // A proxy appends the address that it sees to the list.
    let named = parts.proxied.and_then(|list| block(list.rsplit(',').next()?));
    named.or_else(|| match parts.peer {
        Some(peer) => block(peer),
        None => block(parts.header(Header::ConnectingIp)?),
    })
}

/// The block of an address, in hexadecimal digits: the first 64 bits of an IPv6 address, because its network chooses the rest.
fn block(text: &str) -> Option<String> {
    let bits = match without_port(text.trim()).parse().ok()? {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => u64::from(address.to_bits()),
            // No IPv6 block in use is below 2³², so none equals an IPv4 address.
            None => u64::try_from(address.to_bits() >> 64).ok()?,
        },
    };
    Some(format!("{bits:x}"))
}

/// The address without its port and brackets: from `192.0.2.1:443`, from `[2001:db8::1]:443`, or from an address alone.
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
    fn a_port_is_left_out() {
        check("192.0.2.1", Some("c0000201"));
        check(" 192.0.2.1:54321", Some("c0000201"));
        check("[2001:db8::1]:443", Some("20010db800000000"));
    }

    #[test]
    fn an_ipv6_address_counts_by_its_first_64_bits() {
        check("2001:db8:1:2:3:4:5:6", Some("20010db800010002"));
        check("2001:db8:1:2::", Some("20010db800010002"));
        check("2001:db8:1:3::1", Some("20010db800010003"));
        check("::ffff:192.0.2.1", Some("c0000201"));
    }

    #[test]
    fn a_text_that_is_no_address_is_none() {
        for text in ["", "unknown", "192.0.2", "192.0.2.1.", "localhost:80", "unix:/tmp/x", "2001:db8::1%eth0", "[", "[]", ":", "::1:"] {
            check(text, None);
        }
    }
}
