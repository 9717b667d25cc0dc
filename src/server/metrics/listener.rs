//! The listener of the metrics: `GET /metrics`, one request for each connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::prometheus_text;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::exporter::MetricsExporter;

const PATH: &str = "/metrics";
/// The most connections at once: Prometheus needs one.
const CONNECTIONS_MAX: usize = 4;
/// How long a connection may take in all.
const TIME_MAX: Duration = Duration::from_secs(20);
/// The delay after a failed `accept`, for example when file descriptors run out.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves the metrics until shutdown is signalled.
pub async fn serve_metrics(
    exporter: MetricsExporter,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let exporter = Arc::new(exporter);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let stopped = stop.clone();
    let serving = async {
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (exporter, mut stopped) = (Arc::clone(&exporter), stopped.clone());
                    tokio::spawn(async move {
                        let _slot = slot;
                        tokio::select! {
                            _ = tokio::time::timeout(TIME_MAX, answer(&exporter, stream)) => {}
                            _ = stopped.wait_for(|stop| *stop) => {}
                        }
                    });
                }
                Err(cause) => {
                    tracing::warn!(%cause, "a connection to the metrics could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    };
    tokio::select! {
        () = serving => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn answer(exporter: &MetricsExporter, stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, Infallible>(respond(exporter, &request).await)
    });
    // A client that disconnects needs no response.
    let _ = http1::Builder::new()
        // The whole connection has a time limit.
        .header_read_timeout(None)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(exporter: &MetricsExporter, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.uri().path() != PATH {
        return text(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            format!("The metrics are at {PATH}.\n"),
        );
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", String::new());
        refused.headers_mut().insert(hyper::header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match exporter.text().await {
        Ok(metrics) => text(StatusCode::OK, prometheus_text::CONTENT_TYPE, metrics),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", String::new()),
    }
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
