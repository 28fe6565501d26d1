//! A small server over HTTP/1.1: one path that is posted to, and `GET /`, which says what this is. A witness and a blinding office are ones.
//!
//! Bounded in connections, requests under way, bytes and time: a connection above the limit is closed, a head or a body that is late is cut,
//! and no connection lives for ever.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use peal_spec::value::Time;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::trouble::Trouble;
use crate::{clock, disk};

/// The most connections at one time.
const CONNECTIONS: usize = 256;
/// The most requests that are checked at one time.
const REQUESTS: usize = 16;
/// How long a head or a body may take, and an idle connection is kept.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may live.
const LIFE: Duration = Duration::from_secs(600);

/// Text in UTF-8.
pub const PLAIN: &str = "text/plain; charset=utf-8";

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the text.
    pub media_type: &'static str,
    /// What was asked for, or what is wrong.
    pub text: String,
}

impl Answer {
    /// A line of text.
    pub fn told(status: u16, text: impl std::fmt::Display) -> Self {
        Self { status, media_type: PLAIN, text: format!("{text}\n") }
    }
}

/// What answers.
pub trait Office: Send + Sync + 'static {
    /// What it is, as in "this witness".
    const NAME: &'static str;
    /// The path that is posted to.
    const PATH: &'static str;
    /// The most bytes of what is posted.
    const MAX_REQUEST: usize;

    /// What it says of itself.
    fn about(&self) -> String;

    /// Answers what was posted at `now`; `pass` is what the request has in `Authorization: Bearer`.
    fn answer(&self, pass: Option<&str>, body: &[u8], now: Time) -> Answer;
}

struct Shared<O> {
    office: Arc<O>,
    requests: Semaphore,
}

/// Answers until `stop`; requests under way are finished.
pub async fn serve<O: Office>(office: Arc<O>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let shared = Arc::new(Shared { office, requests: Semaphore::new(REQUESTS) });
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let (ending, ended) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: let some end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if let Ok(permit) = connections.clone().try_acquire_owned() {
            let (shared, ended) = (shared.clone(), ended.clone());
            tokio::spawn(async move {
                connection(shared, stream, ended).await;
                drop(permit);
            });
        }
    }
    ending.send_replace(true);
    let _ = timeout(PATIENCE, connections.acquire_many(CONNECTIONS as u32)).await;
}

async fn connection<O: Office>(shared: Arc<Shared<O>>, stream: TcpStream, mut ended: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(shared.clone(), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let over = async { ended.wait_for(|ended| *ended).await.is_ok() };
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = over => {}
        () = tokio::time::sleep(LIFE) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = timeout(PATIENCE, serving).await;
}

async fn respond<O: Office>(
    shared: Arc<Shared<O>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match (request.method(), request.uri().path()) {
        (&Method::POST, path) if path == O::PATH => take(&shared, request).await,
        (&Method::GET | &Method::HEAD, "/") => Answer::told(200, shared.office.about()),
        (_, path) if path == O::PATH => return Ok(other_method("POST")),
        (_, "/") => return Ok(other_method("GET, HEAD")),
        _ => Answer::told(404, "there is nothing here; see /"),
    };
    Ok(response(answer))
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(answer.text));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    response
}

fn other_method(allow: &'static str) -> Response<Full<Bytes>> {
    let mut response = response(Answer::told(405, format!("this resource knows {allow}")));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Reads a request within its bounds and has it answered, off the threads that serve connections.
async fn take<O: Office>(shared: &Arc<Shared<O>>, request: Request<Incoming>) -> Answer {
    let pass = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pass = pass.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let mut body = request.into_body();
    if body.size_hint().lower() > O::MAX_REQUEST as u64 {
        return too_large(body, O::MAX_REQUEST).await;
    }
    let body = match timeout(PATIENCE, Limited::new(&mut body, O::MAX_REQUEST).collect()).await {
        Err(_) => return Answer::told(408, "the body did not arrive in time"),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => {
            return too_large(body, O::MAX_REQUEST).await;
        }
        Ok(Err(_)) => return Answer::told(400, "the body did not arrive whole"),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let Ok(Ok(_permit)) = timeout(PATIENCE, shared.requests.acquire()).await else {
        return Answer::told(503, format!("more is asked of this {} than it takes on; try again", O::NAME));
    };
    let Ok(now) = clock::now() else {
        return Answer::told(500, format!("this {} does not know the time", O::NAME));
    };
    let office = shared.office.clone();
    let answer = tokio::task::spawn_blocking(move || office.answer(pass.as_deref(), &body, now)).await;
    answer.unwrap_or_else(|_| Answer::told(500, "something went wrong here"))
}

/// Refuses a body above the limit. A while of it is read away first: a connection that is closed on bytes unread is reset, and the
/// answer is lost with it.
async fn too_large(body: Incoming, limit: usize) -> Answer {
    let mut body = Limited::new(body, 16 * limit);
    let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = body.frame().await {} }).await;
    Answer::told(413, format!("a request has at most {limit} bytes"))
}

/// Runs until SIGTERM or SIGINT. Says where it listens: a line on standard output, and the port in a file that appears whole.
///
/// # Errors
/// Unusable if the address cannot be listened on, or the system gives no threads.
pub fn run<O: Office>(office: O, listen: SocketAddr, port_file: Option<&Path>) -> Result<(), Trouble> {
    let run = || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async move {
            let listener = TcpListener::bind(listen).await?;
            let stop = signals()?;
            announce(listener.local_addr()?, port_file)?;
            serve(Arc::new(office), listener, stop).await;
            let _ = writeln!(std::io::stderr().lock(), "peal: the {} has ended", O::NAME);
            Ok(())
        })
    };
    run().map_err(|e| {
        Trouble::unusable(
            format!("the {} does not run: {e}", O::NAME),
            listen,
            "stop what listens there, or choose another address with --listen",
        )
    })
}

fn announce(address: SocketAddr, port_file: Option<&Path>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading.
    let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    match port_file {
        None => Ok(()),
        Some(path) => disk::replace(path, format!("{}\n", address.port()).as_bytes())
            .map_err(|trouble| std::io::Error::other(trouble.what)),
    }
}

/// Waits for a signal to end.
#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    })
}

/// Waits for a signal to end.
#[cfg(not(unix))]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
