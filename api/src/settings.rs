//! What the API is told at its start. It never reads the environment: `zephyr` does, and hands this over.

use std::{net::IpAddr, str::FromStr};

use secrecy::SecretString;

/// The settings of the API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Where people and clients reach us, without a slash at its end.
    pub public_url: String,
    /// What tokens are signed with; the secrets of links and forms are derived from it.
    pub jwt_secret: SecretString,
    /// What a credit is worth, for display only, such as `0.01 USD`.
    pub credit_value: String,
    /// The other origins whose scripts may call the API with a bearer token; cookies are never shared.
    pub cors_origins: Vec<String>,
    /// The networks of our own proxies: only they may say who the client is.
    pub trusted_proxies: Vec<Network>,
    /// How far the log's follower may lag before this process calls itself not ready, in events.
    pub ready_lag_events: i64,
    /// Whether this is an installation to develop with: pages about pages are shown.
    pub development: bool,
}

impl ApiSettings {
    /// Settings with everything optional left out.
    #[must_use]
    pub fn new(public_url: &str, jwt_secret: SecretString) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            jwt_secret,
            credit_value: "0.01 USD".to_owned(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            ready_lag_events: READY_LAG_EVENTS,
            development: false,
        }
    }

    /// Whether cookies are for https only.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// How far the follower may lag unless told otherwise.
pub const READY_LAG_EVENTS: i64 = 10_000;

/// An address or a network, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address or a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if prefix > most { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, bits: u8| {
            let shift = u32::from(bits - self.prefix);
            ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same(ours.to_bits().into(), theirs.to_bits().into(), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_only() {
        let network: Network = "10.1.0.0/16".parse().expect("it is one");
        for (address, inside) in [("10.1.2.3", true), ("10.2.0.1", false), ("::ffff:10.1.0.9", true), ("::1", false)] {
            assert_eq!(network.contains(address.parse().expect("an address")), inside, "{address}");
        }
        assert!("0.0.0.0/0".parse::<Network>().expect("it is one").contains(IpAddr::from([1, 2, 3, 4])));
        assert!("::1".parse::<Network>().expect("it is one").contains("::1".parse().expect("an address")));
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("proxy".parse::<Network>().is_err());
    }
}
