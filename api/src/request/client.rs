//! The address of the client: the peer's, or what a proxy of ours says it is. Only ever used for limits, never stored.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use crate::{settings::Network, state::AppState};

/// Where the request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(Self(client_of(peer, &parts.headers, &state.settings.trusted_proxies)))
    }
}

/// The last address in the chain that no proxy of ours has; whatever stands before it may be made up.
fn client_of(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let trusted = |address: &IpAddr| proxies.iter().any(|network| network.contains(*address));
    if !trusted(&peer) {
        return peer;
    }
    let chain = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = chain.flat_map(|value| value.split(',')).map(str::trim).collect();
    let known = hops.iter().rev().map_while(|hop| hop.parse::<IpAddr>().ok());
    let mut last = peer;
    for hop in known {
        last = hop;
        if !trusted(&hop) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let proxies = ["10.0.0.0/8".parse().expect("a network")];
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 8.8.8.8, 10.0.0.2".parse().expect("a value"));
        let at = |peer: [u8; 4]| client_of(IpAddr::from(peer), &headers, &proxies);
        assert_eq!(at([10, 0, 0, 1]), IpAddr::from([8, 8, 8, 8]));
        assert_eq!(at([9, 9, 9, 9]), IpAddr::from([9, 9, 9, 9]));
    }
}
