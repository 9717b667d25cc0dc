//! `bare_hyper PORT BYTES`: a hyper server that reads the body of any request and answers with a fixed JSON of so many
//! bytes. It is what an HTTP server on this machine can do at most with what brms is built on: the same library and
//! runtime, without anything to decide or to keep.

use std::error::Error;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(bytes)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bare_hyper PORT BYTES".into());
    };
    let (port, bytes): (u16, usize) = (port.parse()?, bytes.parse()?);
    let fixed = Bytes::from(format!("[\"{}\"]", "x".repeat(bytes.saturating_sub(4))));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let fixed = fixed.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, fixed.clone()));
            // An error is a client that went away.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, fixed: Bytes) -> hyper::Result<Response<Full<Bytes>>> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(fixed));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
