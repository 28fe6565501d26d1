//! Request bodies: read to their end, within bytes, memory and time.
//!
//! 1. A length that is announced costs nothing: room is taken by bytes that are there, so whoever wants much of it must send much.
//! 2. A body that stalls, or that after its first window makes less than its pace in one, is cut off, so that nobody holds a place by
//!    trickling.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Request};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::media;
use crate::problem::Problem;

/// A body that has arrived, and the room that it takes up until it is dropped.
pub struct Received {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Room among all bodies held.
    pub room: Option<OwnedSemaphorePermit>,
}

/// Reads a body of one media type.
///
/// # Errors
/// 415 for another media type or any compression, 413 above the limit (before reading, if the length is announced), 408 when
/// nothing arrives for too long or too little in a window, 503 when too much is held already.
pub async fn read(app: &App, request: Request<Body>, media_type: &str) -> Result<Received, Problem> {
    read_within(app, request, media_type, app.config.limits.body_bytes).await
}

/// The same, of at most `most` bytes.
///
/// # Errors
/// As [`read`].
pub async fn read_within(
    app: &App,
    request: Request<Body>,
    media_type: &str,
    most: usize,
) -> Result<Received, Problem> {
    let limits = &app.config.limits;
    let (head, mut body) = request.into_parts();
    media::expect(&head.headers, media_type)?;
    if announced(&head.headers).is_some_and(|n| n > most as u64) {
        return Err(Problem::too_large(most));
    }
    let mut received = Received { bytes: Vec::new(), room: None };
    let mut stalled = Instant::now() + limits.stall();
    let mut window = Window { ends: Instant::now() + limits.pace(), had: None };
    loop {
        // What has arrived is taken first, however late this is: a busy server blames nobody.
        let deadline = stalled.min(window.ends);
        let frame = match timeout_at(deadline, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await {
            Err(_) if deadline == stalled => return Err(Problem::stalled_body(limits.stall_seconds)),
            Err(_) => {
                let made = window.had.map(|had| received.bytes.len() - had);
                if made.is_some_and(|made| made < limits.pace_bytes) {
                    return Err(Problem::slow_body(limits.pace_bytes, limits.pace_seconds));
                }
                window = Window { ends: Instant::now() + limits.pace(), had: Some(received.bytes.len()) };
                continue;
            }
            Ok(None) => return Ok(received),
            Ok(Some(Err(_))) => return Err(Problem::broken_body()),
            Ok(Some(Ok(frame))) => frame,
        };
        let data: Bytes = frame.into_data().unwrap_or_default();
        let length = received.bytes.len() + data.len();
        if length > most {
            return Err(Problem::too_large(most));
        }
        received.make_room(app, length)?;
        received.bytes.extend_from_slice(&data);
        stalled = Instant::now() + limits.stall();
    }
}

/// A stretch of time in which a body makes its pace.
struct Window {
    ends: Instant,
    /// How much there was when it began; none in the first, which is grace.
    had: Option<usize>,
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Received {
    /// Makes room for `length` bytes in all, in steps of 64 KiB.
    fn make_room(&mut self, app: &App, length: usize) -> Result<(), Problem> {
        let held = self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let needed = length.div_ceil(1024);
        if needed <= held {
            return Ok(());
        }
        let more = u32::try_from((needed - held).next_multiple_of(64)).map_err(|e| Problem::internal(&e))?;
        let permit = app.room.clone().try_acquire_many_owned(more).map_err(|_| Problem::overloaded(1))?;
        match &mut self.room {
            Some(room) => room.merge(permit),
            None => self.room = Some(permit),
        }
        Ok(())
    }
}
