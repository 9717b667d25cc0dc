//! Where the pages are served, as the public URL says: the names of their cookies, and which requests come from one of
//! them.

use crate::config::SignInSettings;
use crate::http::Request;
use crate::problem::Problem;

/// What the pages know of where they are served.
pub struct Home {
    /// As browsers write it in `Origin`.
    origin: String,
    is_https: bool,
    port: String,
    may_sign_in: bool,
    /// On this machine: the page for signing in at the public URL, and the host of that.
    own_sign_in: Option<(String, String)>,
    /// Whether mail goes to a relay, and not to the mailbox in the database.
    pub(super) sends_mail: bool,
}

/// How mails leave the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailWay {
    /// Through a relay.
    Relay,
    /// Into the mailbox in the database.
    Mailbox,
}

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    Session,
    /// The attempt to sign in that is going on.
    Attempt,
    /// The browser has signed in before.
    Device,
}

impl Home {
    /// From the public URL, which has a scheme and a host.
    #[must_use]
    pub fn new(public_url: &str, settings: &SignInSettings, mail: MailWay) -> Self {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let is_https = scheme.eq_ignore_ascii_case("https");
        let (host, port) = host_and_port(&authority);
        let usual = if is_https { "443" } else { "80" };
        let port = port.filter(|port| !port.is_empty()).unwrap_or(usual);
        let scheme = if is_https { "https" } else { "http" };
        let origin =
            if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        Self {
            origin,
            is_https,
            port: port.to_owned(),
            own_sign_in: (!is_https && is_loopback(host))
                .then(|| (format!("{}/sign-in", public_url.trim_end_matches('/')), host.to_owned())),
            may_sign_in: is_https || is_loopback(host) || settings.insecure_http,
            sends_mail: mail == MailWay::Relay,
        }
    }

    /// Whether a cookie would be safe on its way.
    pub(super) fn may_sign_in(&self) -> bool {
        self.may_sign_in
    }

    /// Fails with 403 where a cookie would travel in the clear between machines.
    pub(super) fn require_safe_way(&self) -> Result<(), Problem> {
        if self.may_sign_in {
            return Ok(());
        }
        Err(Problem::Forbidden(
            "Signing in over plain HTTP is refused, since others could read along. Give the server a public URL with \
             https://, or start it with --insecure-http.",
        ))
    }

    /// Fails with 403 unless a page of this server sent the form. Browsers say so in `Sec-Fetch-Site`; one that does not
    /// has to name the public URL in `Origin`.
    pub(super) fn require_own_page(&self, request: &Request) -> Result<(), Problem> {
        let is_own = if request.headers().contains_key("sec-fetch-site") {
            request.header("sec-fetch-site") == Some("same-origin")
        } else {
            request.header("origin") == Some(self.origin.as_str())
        };
        if is_own {
            return Ok(());
        }
        Err(Problem::Forbidden(
            "This form was not sent by a page of this server: Sec-Fetch-Site must be same-origin or, without it, Origin \
             the public URL. Programs send JSON.",
        ))
    }

    /// Where a browser on this machine should be: it may have come by another name of the machine, where the link of a mail
    /// would not find its cookie.
    pub(super) fn better_place(&self, request: &Request) -> Option<&str> {
        let (own, host) = self.own_sign_in.as_ref()?;
        let (name, port) = host_and_port(request.header("host")?);
        let is_visit = request.header("sec-fetch-mode") == Some("navigate");
        let is_other = is_loopback(name) && name != host && port.unwrap_or("80") == self.port;
        (is_visit && is_other).then_some(own)
    }

    /// The name of a cookie. Cookies ignore ports, so over http it carries the port of its server.
    fn name(&self, cookie: Cookie) -> String {
        let word = match cookie {
            Cookie::Session => "session",
            Cookie::Attempt => "attempt",
            Cookie::Device => "device",
        };
        if self.is_https { format!("__Host-brms_{word}") } else { format!("brms_{word}_{}", self.port) }
    }

    /// The value of a cookie, if the request has one. Two different ones count as none: another page of the host may have
    /// set one of them.
    pub(super) fn read<'r>(&self, request: &'r Request, cookie: Cookie) -> Option<&'r str> {
        let values = self.read_all(request, cookie);
        let (first, others) = values.split_first()?;
        others.iter().all(|other| other == first).then_some(first)
    }

    /// All values of a cookie. What other pages of the host have set beside it may be any bytes.
    pub(super) fn read_all<'r>(&self, request: &'r Request, cookie: Cookie) -> Vec<&'r str> {
        let name = self.name(cookie);
        let lines = request.headers().get_all("cookie").iter().map(AsRef::<[u8]>::as_ref);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        let texts = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='));
        texts.filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
    }

    /// The `Set-Cookie` with a value for so many seconds.
    pub(super) fn set(&self, cookie: Cookie, value: &str, seconds: u64) -> String {
        let (name, secure) = (self.name(cookie), if self.is_https { "; Secure" } else { "" });
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The `Set-Cookie` that removes it.
    pub(super) fn clear(&self, cookie: Cookie) -> String {
        self.set(cookie, "", 0)
    }
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = authority.split_once(']') {
        // With its brackets, as in an origin.
        return (&authority[..=address.len()], rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Result<std::net::IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn home(public_url: &str, settings: &SignInSettings) -> Home {
        Home::new(public_url, settings, MailWay::Relay)
    }

    fn strict() -> SignInSettings {
        SignInSettings {
            session_ttl: Duration::from_hours(12),
            session_idle: Duration::from_hours(2),
            sign_in_codes_max: 60,
            insecure_http: false,
        }
    }

    #[test]
    fn a_cookie_is_bound_to_the_host_over_https_and_named_by_its_port_over_http() {
        let secure = home("https://People.example/brms", &strict());
        assert_eq!(secure.origin, "https://people.example");
        assert_eq!(
            secure.set(Cookie::Session, "a", 7),
            "__Host-brms_session=a; Path=/; Max-Age=7; HttpOnly; SameSite=Lax; Secure"
        );
        let local = home("http://localhost:8080", &strict());
        assert_eq!(local.origin, "http://localhost:8080");
        assert_eq!(
            local.clear(Cookie::Attempt),
            "brms_attempt_8080=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
        for (url, origin) in [
            ("https://a.example:443", "https://a.example"),
            ("https://a.example:8443/x", "https://a.example:8443"),
            ("http://[::1]:80/", "http://[::1]"),
            ("http://[::1]:9", "http://[::1]:9"),
        ] {
            assert_eq!(home(url, &strict()).origin, origin);
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_unless_it_is_asked_for() {
        for (url, may) in [
            ("http://localhost:8080", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:80", true),
            ("https://people.example", true),
            ("http://people.example", false),
            ("http://192.0.2.1:8080", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(home(url, &strict()).may_sign_in(), may, "{url}");
            assert!(home(url, &SignInSettings { insecure_http: true, ..strict() }).may_sign_in());
        }
    }
}
