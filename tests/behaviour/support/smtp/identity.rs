//! The identity of the test server: a certificate for loopback names, generated for each run.

use std::sync::{Arc, LazyLock};

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

struct Identity {
    pem: String,
    config: Arc<ServerConfig>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a key that fits the certificate");
    Identity { pem: made.cert.pem(), config: Arc::new(config) }
});

/// The certificate, for clients that should trust it.
pub fn certificate_pem() -> &'static str {
    &IDENTITY.pem
}

pub(super) fn config() -> Arc<ServerConfig> {
    Arc::clone(&IDENTITY.config)
}
