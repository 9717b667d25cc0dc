//! A browser: it keeps cookies, sends them back, says whose page a form is on, and does not follow what it is sent to, so
//! that a test sees it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Answer, Call, TestServer, leaks};

pub struct Browser<'s> {
    server: &'s TestServer,
    http: reqwest::Client,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Headers of every request, such as those of a proxy.
    headers: Vec<(String, String)>,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s TestServer) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.expect("a client");
        Self { server, http, cookies: RefCell::default(), headers: Vec::new() }
    }

    /// One whose requests come from this address, by a trusted proxy.
    pub fn at(server: &'s TestServer, address: &str) -> Self {
        let header = ("x-forwarded-for".to_owned(), address.to_owned());
        Self { headers: vec![header], ..Self::new(server) }
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        let call = Call::new(&self.http, method, &self.server.url(), path);
        let call = self.headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        let cookies = self.cookies.borrow();
        if cookies.is_empty() {
            return call;
        }
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        call.header("cookie", &pairs.join("; "))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.keep(self.call("GET", path).send().await)
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.keep(self.call("POST", path).form(fields).send().await)
    }

    /// Keeps the cookies of an answer.
    fn keep(&self, answer: Answer) -> Answer {
        for line in answer.all("set-cookie") {
            let (pair, attributes) = line.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            let mut cookies = self.cookies.borrow_mut();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                leaks::learn(value);
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The value of the cookie for this.
    pub fn cookie(&self, word: &str) -> Option<String> {
        let cookies = self.cookies.borrow();
        let found = cookies.iter().find(|(name, _)| name.starts_with(&format!("brms_{word}")));
        found.map(|(_, value)| value.clone())
    }

    pub fn set_cookie(&self, word: &str, value: &str) {
        let name = format!("brms_{word}_{}", self.server.url().rsplit(':').next().expect("a port"));
        self.cookies.borrow_mut().insert(name, value.to_owned());
    }

    /// Asks for a code, and returns it from the mail.
    pub async fn code(&self, email: &str) -> String {
        let before = mails_to(self.server, email).await.len();
        let answer = self.post("/sign-in", &[("email", email)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        next_code(self.server, email, before).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str) {
        let code = self.code(email).await;
        let answer = self.post("/sign-in/code", &[("code", &code)]).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("../account")),
            "{}",
            answer.text()
        );
    }

    pub async fn is_signed_in(&self) -> bool {
        self.get("/account").await.status == 200
    }

    /// What the API says to the session of the cookie as a credential.
    pub fn authorization(&self) -> String {
        format!("Internal {}", self.cookie("session").expect("a session"))
    }
}

/// The codes of the mails for signing in to this address, in order.
pub async fn mails_to(server: &TestServer, email: &str) -> Vec<String> {
    let mails = server.mails().await;
    let own = mails.into_iter().filter(|mail| mail.to == email && mail.text.contains("/sign-in#"));
    own.map(|mail| mail.code).collect()
}

/// The code of the mail after so many, which is queued after the answer.
pub async fn next_code(server: &TestServer, email: &str, before: usize) -> String {
    for _ in 0..2_000 {
        if let Some(code) = mails_to(server, email).await.into_iter().nth(before) {
            return code;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no mail with a code to {email}");
}
