//! How many codes may be asked for. All requests count, whether anybody has the address or not, so that a refusal tells
//! nothing. A browser that is known for an address has allowances of its own: what strangers ask for does not count there.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::SignInSettings;
use crate::db::Tx;
use crate::problem::{Problem, SendLimit};
use crate::secret::SecretHash;
use crate::store::sign_ins::{AttemptsOf, nth_last};

/// How long a code works.
pub(super) const CODE_LIFETIME: Duration = Duration::from_mins(10);
/// How many codes may be tried in one attempt.
pub(super) const TRIES_MAX: u32 = 5;
/// How many attempts of one address may live at once.
pub(super) const LIVE_MAX: u32 = 5;
/// How long a browser is known, and how many are for one address.
pub(super) const DEVICE_LIFETIME: Duration = Duration::from_hours(90 * 24);
pub(super) const DEVICES_MAX: u32 = 20;
/// How long an operator's link works.
pub(super) const LINK_LIFETIME: Duration = Duration::from_mins(10);
/// How many sessions one person may have.
pub(super) const SESSIONS_MAX: usize = 50;
/// How long a session lasts that began by accepting an invitation.
pub(super) const INVITATION_SESSION: Duration = Duration::from_hours(1);

const ADDRESS_CODES_MAX: u32 = 3;
const ADDRESS_WINDOW: Duration = Duration::from_mins(10);
/// For all browsers that are known for an address together: each that signs in is known anew.
const KNOWN_CODES_MAX: u32 = 6;
const NETWORK_CODES_MAX: u32 = 20;
const NETWORK_WINDOW: Duration = Duration::from_hours(1);
const SERVER_WINDOW: Duration = Duration::from_mins(1);

/// Who asks for a code.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) network: String,
    pub(super) address: SecretHash,
    /// The browser, if it is known for the address.
    pub(super) device: Option<SecretHash>,
}

/// Fails with 429 above a limit.
pub(super) fn check(tx: &Tx, settings: &SignInSettings, asker: &Asker) -> Result<(), Problem> {
    let Asker { network, address, device } = asker;
    let all = match device {
        None => vec![
            (SendLimit::SignInNetwork, AttemptsOf::Network(network), NETWORK_WINDOW, NETWORK_CODES_MAX),
            (SendLimit::SignInServer, AttemptsOf::Strangers, SERVER_WINDOW, settings.sign_in_codes_max),
            (SendLimit::SignInAddress, AttemptsOf::Address(address), ADDRESS_WINDOW, ADDRESS_CODES_MAX),
        ],
        Some(device) => vec![
            (SendLimit::SignInServer, AttemptsOf::Known, SERVER_WINDOW, settings.sign_in_codes_max),
            (
                SendLimit::SignInAddress,
                AttemptsOf::Device(address, device),
                ADDRESS_WINDOW,
                ADDRESS_CODES_MAX,
            ),
            (SendLimit::SignInAddress, AttemptsOf::Devices(address), ADDRESS_WINDOW, KNOWN_CODES_MAX),
        ],
    };
    for (limit, attempts, window, count) in all {
        if let Some(decisive) = nth_last(tx, attempts, tx.now().minus(window), count)? {
            return Err(too_many(tx, limit, decisive.plus(window)));
        }
    }
    Ok(())
}

fn too_many(tx: &Tx, limit: SendLimit, until: Timestamp) -> Problem {
    let wait_ms = until.as_millis() - tx.now().as_millis();
    let retry_after_seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000).max(1);
    Problem::TooManySends { limit, retry_after_seconds, places: Vec::new() }
}

/// The network of a client: what one customer of a provider has. Those who come by a socket of the file system are one.
pub(super) fn network_of(client: Option<IpAddr>) -> String {
    let Some(client) = client else { return "unix".to_owned() };
    match client.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_of_ipv4_or_the_first_half_of_one_of_ipv6() {
        let of = |text: &str| network_of(Some(text.parse().unwrap()));
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2::9"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
    }
}
