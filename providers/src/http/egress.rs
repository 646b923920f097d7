//! Which addresses a user may make us call: public ones, and the exceptions that whoever runs the gateway lists.
//!
//! Public means globally reachable by the IANA registries of special-purpose addresses; what is embedded in IPv6 counts as itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The ranges of IPv4 that are not public, with their prefix lengths.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// Public IPv6 is this range,
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// without these: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
/// IPv4 behind a translator (RFC 6052).
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x0064, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// The most entries of a list.
const MAX_ENTRIES: usize = 256;

/// A name resolved to an address that may not be called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name leads to a network that may not be called")]
pub struct ForbiddenAddress;

/// The list of exceptions is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host, a host with a port, or a network such as 10.0.0.0/8")]
pub struct EgressAllowError(String);

/// The exceptions: networks that may be called whatever name leads there, and hosts that may be called wherever they lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressAllow {
    networks: Vec<(IpAddr, u8)>,
    /// In lower case, IPv6 in brackets; without a port, all of them.
    hosts: Vec<(String, Option<u16>)>,
}

impl EgressAllow {
    /// Reads a list such as `127.0.0.1,10.0.0.0/8,files.intranet:8443,[::1]:9000`. Empty means no exceptions.
    ///
    /// # Errors
    /// An entry is none of these, or there are too many.
    pub fn parse(list: &str) -> Result<Self, EgressAllowError> {
        let mut allow = Self::default();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if allow.networks.len() + allow.hosts.len() == MAX_ENTRIES {
                return Err(EgressAllowError(entry.to_owned()));
            }
            allow.add(entry).ok_or_else(|| EgressAllowError(entry.to_owned()))?;
        }
        Ok(allow)
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            self.networks.push((ip, if ip.is_ipv4() { 32 } else { 128 }));
            return Some(());
        }
        if let Some((ip, length)) = entry.split_once('/') {
            let (ip, length): (IpAddr, u8) = (ip.parse().ok()?, length.parse().ok()?);
            let longest = if ip.is_ipv4() { 32 } else { 128 };
            return (length <= longest).then(|| self.networks.push((ip, length)));
        }
        let url = reqwest::Url::parse(&format!("other://{entry}")).ok()?;
        let plain = url.path().is_empty() && url.username().is_empty() && url.query().is_none();
        let host = url.host_str().filter(|host| plain && !host.is_empty())?;
        self.hosts.push((host.trim_end_matches('.').to_lowercase(), url.port()));
        Some(())
    }

    /// Whether the list names this destination by its host.
    #[must_use]
    pub fn names(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|(named, only)| named.eq_ignore_ascii_case(host) && only.is_none_or(|only| only == port))
    }

    /// Whether this address may be called: it is public, or in a network of the list.
    #[must_use]
    pub fn permits(&self, ip: IpAddr) -> bool {
        let ip = unwrapped(ip);
        is_public(ip) || self.networks.iter().any(|(network, length)| within(ip, unwrapped(*network), *length))
    }
}

/// An IPv4 address that is written as IPv6, as itself.
fn unwrapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() || in_v6(v6, NAT64) => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => ip,
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|range| in_v4(v4, *range)),
        IpAddr::V6(v6) => in_v6(v6, PUBLIC_V6) && !NOT_PUBLIC_V6.iter().any(|range| in_v6(v6, *range)),
    }
}

fn within(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => in_v4(ip, (network, length)),
        (IpAddr::V6(ip), IpAddr::V6(network)) => in_v6(ip, (network, length)),
        _ => false,
    }
}

fn in_v4(ip: Ipv4Addr, (network, length): (Ipv4Addr, u8)) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    (u32::from(ip) ^ u32::from(network)) & mask == 0
}

fn in_v6(ip: Ipv6Addr, (network, length): (Ipv6Addr, u8)) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    (u128::from(ip) ^ u128::from(network)) & mask == 0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn permits(allow: &str, ip: &str) -> bool {
        EgressAllow::parse(allow).unwrap().permits(ip.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_permitted() {
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(permits("", public), "{public}");
        }
        let private =
            ["127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"];
        let other = ["255.255.255.255", "224.0.0.1", "::", "::1", "::127.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254"];
        let wrapped =
            ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "ff02::1"];
        for refused in private.iter().chain(&other).chain(&wrapped) {
            assert!(!permits("", refused), "{refused}");
        }
    }

    #[test]
    fn networks_and_hosts_are_exceptions() {
        assert!(permits("127.0.0.1, 10.0.0.0/8", "10.255.0.1"));
        assert!(permits("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!permits("127.0.0.1", "127.0.0.2"));
        assert!(permits("[::1]", "::1") && permits("fd00::/8", "fd12::1") && permits("0.0.0.0/0", "127.0.0.1"));
        let allow = EgressAllow::parse("Files.Intranet:8443,minio,127.0.0.1:9000,[::1]:9000").unwrap();
        assert!(allow.names("files.intranet.", 8443) && !allow.names("files.intranet", 443));
        assert!(allow.names("minio", 1) && allow.names("127.0.0.1", 9000) && allow.names("[::1]", 9000));
        assert!(!allow.permits("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn nonsense_is_refused() {
        for nonsense in ["10.0.0.0/33", "a b", "http://x", "x/y", "10.0.0.0/", "host:99999", "user@host"] {
            assert!(EgressAllow::parse(nonsense).is_err(), "{nonsense}");
        }
    }
}
