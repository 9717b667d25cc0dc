//! A request and its response. Every response is checked before a test sees it: a 200 of an operation against its
//! schema in brms.json, errors against the form of problems. It is also searched for leaked secrets.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::{contract, leaks};

/// A request.
pub struct Call {
    url: String,
    method: String,
    path: String,
    request: reqwest::RequestBuilder,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    pub fn new(http: &reqwest::Client, method: &str, url: &str, path: &str) -> Self {
        let word = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = http.request(word, format!("{url}{path}"));
        Self { url: url.to_owned(), method: method.to_owned(), path: path.to_owned(), request }
    }

    /// With this complete `Authorization` value.
    pub fn caller(self, authorization: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), authorization)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.own_form(pairs.join("&").into_bytes())
    }

    /// A form as browsers send that of a page of the same server.
    pub fn own_form(self, bytes: Vec<u8>) -> Self {
        self.header("sec-fetch-site", "same-origin").body("application/x-www-form-urlencoded", bytes)
    }

    /// A form of a page that is somewhere else, with these headers of the browser.
    pub fn foreign_form(self, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sent = headers.iter().fold(self, |call, (name, value)| call.header(name, value));
        sent.body("application/x-www-form-urlencoded", pairs.join("&").into_bytes())
    }

    pub fn body(mut self, content_type: &str, bytes: Vec<u8>) -> Self {
        self.request = self.request.header(CONTENT_TYPE, content_type).body(bytes);
        self
    }

    /// Sends it; the response conforms to the contract.
    pub async fn send(self) -> Answer {
        let (method, path, url) = (self.method.clone(), self.path.clone(), self.url.clone());
        let answer = self.receive().await;
        contract::check(&method, &path, &answer);
        leaks::answered(&url, &method, &path, &answer);
        answer
    }

    /// Sends it, and leaves the answer unexamined, which takes longer than some servers need to give it.
    pub async fn receive(self) -> Answer {
        let response = self.request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body").to_vec();
        Answer { status, headers, body }
    }

    /// Sends it and expects a status.
    pub async fn expect(self, status: u16) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        answer
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header is text"))
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().expect("a header is text").to_owned()).collect()
    }

    /// The last part of a problem's type: `not-found`.
    pub fn problem(&self) -> String {
        let body = self.json();
        let kind = body["type"].as_str().expect("a problem has a type").to_owned();
        kind.strip_prefix("urn:brms:problem:").expect("a type of ours").to_owned()
    }

    /// The places in a problem: pointers and parameters.
    pub fn places(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let place = |error: &Value| error.get("pointer").or_else(|| error.get("parameter")).cloned();
        errors
            .iter()
            .map(|error| place(error).expect("a place"))
            .map(|place| place.as_str().expect("a place is text").to_owned())
            .collect()
    }
}
