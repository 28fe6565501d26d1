//! The witness over HTTP/1.1: `POST /add-checkpoint`, and `GET /`, which says what this is.
//!
//! Bounded in connections, requests under way, bytes and time: a connection above the limit is closed, a head or a body that is late is cut,
//! and no connection lives for ever.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use peal_spec::witness::{MAX_REQUEST, PATH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::{Answer, Witness};
use crate::clock;

/// The most connections at one time.
const CONNECTIONS: usize = 256;
/// The most requests that are checked at one time.
const REQUESTS: usize = 16;
/// How long a head or a body may take, and an idle connection is kept.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may live.
const LIFE: Duration = Duration::from_secs(600);

struct Shared {
    witness: Arc<Witness>,
    requests: Semaphore,
}

/// Answers until `stop`; requests under way are finished.
pub async fn serve(witness: Arc<Witness>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let shared = Arc::new(Shared { witness, requests: Semaphore::new(REQUESTS) });
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

async fn connection(shared: Arc<Shared>, stream: TcpStream, mut ended: watch::Receiver<bool>) {
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

async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match (request.method(), request.uri().path()) {
        (&Method::POST, PATH) => add(&shared, request).await,
        (&Method::GET | &Method::HEAD, "/") => Answer::told(200, about(&shared.witness)),
        (_, PATH) => return Ok(other_method("POST")),
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

fn about(witness: &Witness) -> String {
    let logs: String = witness.origins().map(|origin| format!("\n  {origin}")).collect();
    format!(
        "A witness of transparency logs (C2SP tlog-witness): POST {PATH}\n\nverifier key\n  {}\n\nlogs{logs}",
        witness.verifier()
    )
}

/// Reads a request within its bounds and has it answered, off the threads that serve connections.
async fn add(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let mut body = request.into_body();
    if body.size_hint().lower() > MAX_REQUEST as u64 {
        return too_large(body).await;
    }
    let body = match timeout(PATIENCE, Limited::new(&mut body, MAX_REQUEST).collect()).await {
        Err(_) => return Answer::told(408, "the body did not arrive in time"),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => return too_large(body).await,
        Ok(Err(_)) => return Answer::told(400, "the body did not arrive whole"),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let Ok(Ok(_permit)) = timeout(PATIENCE, shared.requests.acquire()).await else {
        return Answer::told(503, "more is asked of this witness than it takes on; try again");
    };
    let Ok(now) = clock::now() else { return Answer::told(500, "this witness does not know the time") };
    let witness = shared.witness.clone();
    let answer = tokio::task::spawn_blocking(move || witness.answer(&body, now)).await;
    answer.unwrap_or_else(|_| Answer::told(500, "something went wrong here"))
}

/// Refuses a body above the limit. A while of it is read away first: a connection that is closed on bytes unread is reset, and the
/// answer is lost with it.
async fn too_large(body: Incoming) -> Answer {
    let mut body = Limited::new(body, 16 * MAX_REQUEST);
    let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = body.frame().await {} }).await;
    Answer::told(413, format!("a request has at most {MAX_REQUEST} bytes"))
}

/// Runs a witness until SIGTERM or SIGINT; `ready` is told where it listens.
///
/// # Errors
/// If the address cannot be listened on, or the system gives no threads.
pub fn run(
    witness: Witness,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(listen).await?;
        let stop = signals()?;
        ready(listener.local_addr()?)?;
        serve(Arc::new(witness), listener, stop).await;
        let _ = writeln!(std::io::stderr().lock(), "peal: the witness has ended");
        Ok(())
    })
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
