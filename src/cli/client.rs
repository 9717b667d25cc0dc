//! A minimal HTTP client for `demo` and `health`: one request, one response.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::failure::Failure;

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub authorization: Option<String>,
    pub json: Option<String>,
}

/// A response.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub reason: &'static str,
    pub content_type: String,
    pub body: String,
}

/// Sends one request on a connection of its own and reads the whole response, within `time_max`.
pub(super) async fn call(
    address: SocketAddr,
    call: &Call<'_>,
    time_max: Duration,
) -> Result<Answer, Failure> {
    let exchange = async { exchange(TcpStream::connect(address).await?, &address.to_string(), call).await };
    in_time(&address.to_string(), time_max, exchange).await
}

/// [`call`] by a socket in the file system.
#[cfg(unix)]
pub(super) async fn call_by_socket(
    path: &Path,
    call: &Call<'_>,
    time_max: Duration,
) -> Result<Answer, Failure> {
    let exchange = async { exchange(UnixStream::connect(path).await?, "localhost", call).await };
    in_time(&format!("unix:{}", path.display()), time_max, exchange).await
}

/// There are no such sockets on other systems.
#[cfg(not(unix))]
pub(super) async fn call_by_socket(
    path: &Path,
    _call: &Call<'_>,
    _time_max: Duration,
) -> Result<Answer, Failure> {
    Err(Failure(format!("unix:{} cannot be used on this system", path.display())))
}

async fn in_time(
    place: &str,
    time_max: Duration,
    exchange: impl Future<Output = Result<Answer, Box<dyn Error>>>,
) -> Result<Answer, Failure> {
    let doing = format!("no answer from {place}");
    match tokio::time::timeout(time_max, exchange).await {
        Ok(answer) => answer.map_err(|cause| Failure::new(&doing, cause)),
        Err(_) => Err(Failure::new(&doing, format_args!("timed out after {time_max:?}"))),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    host: &str,
    call: &Call<'_>,
) -> Result<Answer, Box<dyn Error>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(call.method).uri(call.path).header(HOST, host);
    if let Some(authorization) = &call.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    if call.json.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = Full::new(Bytes::from(call.json.clone().unwrap_or_default()));
    let response = sender.send_request(request.body(body)?).await?;
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status: status.as_u16(),
        reason: status.canonical_reason().unwrap_or_default(),
        content_type,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
