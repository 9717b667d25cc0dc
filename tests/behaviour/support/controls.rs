//! A server with test controls, and requests to them.

use serde_json::{Value, json};

use super::{Call, TestServer};

/// The token of all these servers.
pub const TOKEN: &str = "brms_tst_of_the_tests_0000000000000000000000000000";
/// The same as an `Authorization` value.
pub const TEST: &str = "Test brms_tst_of_the_tests_0000000000000000000000000000";

impl TestServer {
    /// A server with the example seed and test controls.
    pub async fn stand_in() -> Self {
        Self::start_with(&["--test-api", "--test-api-token", TOKEN]).await
    }

    /// A request to a test control.
    pub fn control(&self, method: &str, path: &str) -> Call {
        self.call(method, &format!("/_test/{path}")).caller(TEST)
    }

    /// Resets the server.
    pub async fn reset(&self) {
        self.control("POST", "reset").expect(200).await;
    }

    /// Exports all data as a seed.
    pub async fn export(&self) -> Value {
        self.control("GET", "export").expect(200).await.json()
    }

    /// Advances the clock.
    pub async fn advance_clock(&self, by: &str) -> Value {
        self.control("POST", "clock/advance").json(&json!({ "by": by })).expect(200).await.json()
    }
}
