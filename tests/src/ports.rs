//! Ports that stay free across a restart: taken from below the range from which the kernel gives ports to clients.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::bail;
use rand::RngExt as _;

/// Ports that no client is given on Linux or macOS.
const RANGE: std::ops::Range<u16> = 18_000..32_000;
/// How many ports are tried.
const TRIES: usize = 100;

/// An address on loopback where nobody listens now.
///
/// # Errors
/// When none is found.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..TRIES {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::rng().random_range(RANGE)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port in {RANGE:?}")
}
