//! The address of the client behind trusted proxies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};

use crate::config::{ForwardedHeader, ProxySettings};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The right-most address that is not a trusted proxy: entries further left may have been forged by the client. The
/// peer's address if a relevant entry is not an address. A peer by a socket in the file system has none.
pub(super) fn of(proxies: &ProxySettings, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    if !peer.map_or_else(|| proxies.trusts_sockets(), |address| proxies.trusts(address)) {
        return peer;
    }
    let header = proxies.trusted_proxy_header;
    let name = match header {
        ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
        ForwardedHeader::Forwarded => FORWARDED,
    };
    let mut client = peer;
    for line in headers.get_all(name).iter().rev() {
        let Ok(line) = line.to_str() else { return peer };
        let Some(entries) = entries(header, line) else { return peer };
        for entry in entries.into_iter().rev() {
            let address = match header {
                ForwardedHeader::XForwardedFor => address(entry.trim()),
                ForwardedHeader::Forwarded => forwarded_for(entry),
            };
            let Some(address) = address else { return peer };
            client = Some(address);
            if !proxies.trusts(address) {
                return client;
            }
        }
    }
    client
}

fn entries(header: ForwardedHeader, line: &str) -> Option<Vec<&str>> {
    match header {
        ForwardedHeader::XForwardedFor => Some(line.split(',').collect()),
        ForwardedHeader::Forwarded => split_outside_quotes(line, ','),
    }
}

/// Splits at separators outside quoted strings (RFC 7239). `None` for an unterminated quoted string: a client could
/// send one to swallow what the proxy appends.
fn split_outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_separator = |letter: char| {
        let counts = letter == separator && !is_quoted;
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        counts
    };
    let parts = text.split(is_separator).collect();
    if is_quoted { None } else { Some(parts) }
}

/// The address in the only `for` parameter of an entry.
fn forwarded_for(entry: &str) -> Option<IpAddr> {
    let pairs = split_outside_quotes(entry, ';')?.into_iter().filter_map(|pair| pair.trim().split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, value)| value);
    let (Some(node), None) = (nodes.next(), nodes.next()) else { return None };
    match node.strip_prefix('"') {
        // A backslash escapes the next character; the address is what remains without it.
        Some(rest) => bracketed_or_ipv4(&rest.strip_suffix('"')?.replace('\\', "")),
        None => bracketed_or_ipv4(node),
    }
}

/// An address in the syntax of `X-Forwarded-For`: IPv6 with or without brackets, with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    match entry.parse::<Ipv6Addr>() {
        Ok(address) => Some(IpAddr::V6(address).to_canonical()),
        Err(_) => bracketed_or_ipv4(entry),
    }
}

fn bracketed_or_ipv4(node: &str) -> Option<IpAddr> {
    if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address
            .parse::<Ipv6Addr>()
            .ok()
            .filter(|_| is_fine)
            .map(|address| IpAddr::V6(address).to_canonical());
    }
    let (address, port) = node.split_once(':').unwrap_or((node, "0"));
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}
