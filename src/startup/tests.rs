use std::ffi::OsStr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::*;
use crate::config;
use crate::lifeline::Ending;

struct Running {
    server: Server,
    /// A connection that was opened before the part ended.
    client: TcpStream,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let flags = [
            OsStr::new("--listen"),
            OsStr::new("127.0.0.1:0"),
            OsStr::new("--database"),
            database.as_os_str(),
        ];
        let settings = config::serve_settings_without_environment(flags.into_iter()).unwrap();
        let server = Server::start(&settings, Clock::default(), Audience::Unattended).await.unwrap();
        let client = TcpStream::connect(server.address().unwrap()).await.unwrap();
        let mut running = Self { server, client, _folder: folder };
        assert_eq!(running.livez().await, "HTTP/1.1 200");
        running
    }

    async fn livez(&mut self) -> String {
        self.client.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 4096];
        let length = self.client.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length.min(12)]).into_owned()
    }

    /// The ending is reported at once, and `/livez` answers 503.
    async fn ends(mut self, wanted: Ending) {
        let lifeline = self.server.lifeline().clone();
        assert_eq!(timeout(Duration::from_secs(10), lifeline.ended()).await, Ok(wanted));
        assert_eq!(self.livez().await, "HTTP/1.1 503");
    }
}

/// Makes the thread that drops it panic.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "as planned");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_server_without_its_writer_is_not_live() {
    let running = Running::new().await;
    let bomb = PanicsWhenDropped;
    let db = running.server.app().db.clone();
    // A panic inside a write is caught; this one happens after it, in the thread that answers another thread.
    let write = move || {
        db.write_blocking(move |_| {
            let _ = &bomb;
            Ok(())
        })
    };
    let _ = tokio::task::spawn_blocking(write).await;
    running.ends(Ending::Writer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_server_without_mail_delivery_is_not_live() {
    let running = Running::new().await;
    running.server.delivering.abort();
    running.ends(Ending::Delivery).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_server_without_its_listener_is_not_live() {
    let running = Running::new().await;
    running.server.serving.abort();
    running.ends(Ending::Accepting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_shutdown_is_not_reported_as_a_failure() {
    let running = Running::new().await;
    let lifeline = running.server.lifeline().clone();
    drop(running.client);
    running.server.stop().await;
    assert_eq!(lifeline.ending(), None);
}
