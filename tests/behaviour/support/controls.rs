//! A server that tests control, and requests to its controls.

use serde_json::{Value, json};

use super::{Call, TestServer};

/// The token of every such server here.
pub const TOKEN: &str = "brms_tst_of_the_tests_0000000000000000000000000000";
/// The same as an `Authorization` value.
pub const TEST: &str = "Test brms_tst_of_the_tests_0000000000000000000000000000";

impl TestServer {
    /// A server with the people of the example seed that tests control.
    pub async fn stand_in() -> Self {
        Self::start_with(&["--test-api", "--test-api-token", TOKEN]).await
    }

    /// A request to a control.
    pub fn control(&self, method: &str, path: &str) -> Call {
        self.call(method, &format!("/_test/{path}")).caller(TEST)
    }

    /// Puts everything back.
    pub async fn reset(&self) {
        self.control("POST", "reset").expect(200).await;
    }

    /// Everything as a seed.
    pub async fn export(&self) -> Value {
        self.control("GET", "export").expect(200).await.json()
    }

    /// Lets time pass.
    pub async fn advance_clock(&self, by: &str) -> Value {
        self.control("POST", "clock/advance").json(&json!({ "by": by })).expect(200).await.json()
    }
}
