//! The client address by which requests are counted.
use core::net::IpAddr;

use super::limiter::Subject;
use crate::http::parts::{Header, Parts};

/// The blocks of addresses that a client counts by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Blocks {
    /// An IPv4 address, or the first 64 bits of an IPv6 address, because its network chooses the rest.
    pub(super) own: Subject,
    /// The first 56 bits of an IPv6 address: providers give a site 256 networks or more.
    pub(super) site: Option<Subject>,
}

/// The blocks of every client whose address is not known: they share one count. No client has the address 0.0.0.0.
const UNKNOWN: Blocks = Blocks { own: Subject(0), site: None };

/// The blocks of the client's address; [`UNKNOWN`] if its address is not known, and `None` if it was not read from the request.
///
/// A header counts only if a client cannot forge it: the one that `CLIENT_ADDRESS_HEADER` names, because the deployment's proxy sets it,
/// and `CF-Connecting-IP` on Cloudflare. On workerd any client could send the latter, and workerd knows the connection's address.
/// `X-Forwarded-For` does not count unless the deployment names it.
pub(super) fn of(parts: &Parts<'_>) -> Option<Blocks> {
    let blocks = known(parts).and_then(blocks);
    blocks.or_else(|| (!parts.misses_part()).then_some(UNKNOWN))
}

/// The client's address; `None` if it is not known.
pub(super) fn known(parts: &Parts<'_>) -> Option<IpAddr> {
    // A proxy appends the address that it sees to the list.
    let named = parts.proxied.and_then(|list| address(list.rsplit(',').next()?));
    named.or_else(|| match parts.peer() {
        Some(peer) => address(peer),
        None => address(parts.header(Header::ConnectingIp)?),
    })
}

fn address(text: &str) -> Option<IpAddr> {
    Some(match without_port(text.trim()).parse().ok()? {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        address @ IpAddr::V4(_) => address,
    })
}

fn blocks(address: IpAddr) -> Option<Blocks> {
    Some(match address {
        IpAddr::V4(address) => Blocks { own: Subject(address.to_bits().into()), site: None },
        IpAddr::V6(address) => {
            // No IPv6 block in use is below 2³², so none equals an IPv4 address.
            let network = u64::try_from(address.to_bits() >> 64).ok()?;
            Blocks { own: Subject(network), site: Some(Subject(network >> 8)) }
        }
    })
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
    fn check(text: &str, own: u64, site: Option<u64>) {
        assert_eq!(address(text).and_then(blocks), Some(Blocks { own: Subject(own), site: site.map(Subject) }), "{text}");
    }

    #[test]
    fn a_port_is_left_out() {
        check("192.0.2.1", 0xc000_0201, None);
        check(" 192.0.2.1:54321", 0xc000_0201, None);
        check("[2001:db8::1]:443", 0x2001_0db8_0000_0000, Some(0x20_010d_b800_0000));
    }

    #[test]
    fn an_ipv6_address_counts_by_its_first_64_bits_and_by_its_first_56() {
        check("2001:db8:1:2:3:4:5:6", 0x2001_0db8_0001_0002, Some(0x20_010d_b800_0100));
        check("2001:db8:1:2::", 0x2001_0db8_0001_0002, Some(0x20_010d_b800_0100));
        check("2001:db8:1:ff::1", 0x2001_0db8_0001_00ff, Some(0x20_010d_b800_0100));
        check("2001:db8:1:100::1", 0x2001_0db8_0001_0100, Some(0x20_010d_b800_0101));
        check("::ffff:192.0.2.1", 0xc000_0201, None);
    }

    #[test]
    fn a_text_that_is_no_address_is_none() {
        for text in ["", "unknown", "192.0.2", "192.0.2.1.", "localhost:80", "unix:/tmp/x", "2001:db8::1%eth0", "[", "[]", ":", "::1:"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn clients_whose_address_is_not_known_count_as_one() {
        for peer in ["-", "unix:/run/s", ""] {
            let head = format!("GET\nhttp://x/\n{peer}\n\n");
            assert_eq!(of(&Parts::parse(&head, Header::ConnectingIp.bit()).unwrap()), Some(UNKNOWN), "{peer}");
        }
    }

    #[test]
    fn a_client_whose_address_was_not_read_does_not_count_as_unknown() {
        let blocks_of = |proxied: &str| of(&Parts::parse(&format!("GET\nhttp://x/\n?\n\n{proxied}"), Header::ConnectingIp.bit()).unwrap());
        assert_eq!(blocks_of(""), None);
        assert_eq!(blocks_of(":unknown"), None);
        assert_eq!(blocks_of(":192.0.2.1"), Some(Blocks { own: Subject(0xc000_0201), site: None }));
    }
}
