//! Request bodies: read to their end, within bytes, memory and time.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Request};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

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
/// nothing arrives for too long, 503 when too much is held already.
pub async fn read(app: &App, request: Request<Body>, media_type: &str) -> Result<Received, Problem> {
    let limits = &app.config.limits;
    let (head, mut body) = request.into_parts();
    media::expect(&head.headers, media_type)?;
    let announced = announced(&head.headers);
    if announced.is_some_and(|n| n > limits.body_bytes as u64) {
        return Err(Problem::too_large(limits.body_bytes));
    }
    let mut received = Received { bytes: Vec::new(), room: None };
    received.make_room(app, announced.unwrap_or(0) as usize)?;
    loop {
        let next = timeout(limits.stall(), poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await;
        let frame = match next {
            Err(_) => return Err(Problem::slow_body(limits.stall_seconds)),
            Ok(None) => return Ok(received),
            Ok(Some(Err(_))) => return Err(Problem::broken_body()),
            Ok(Some(Ok(frame))) => frame,
        };
        let data: Bytes = frame.into_data().unwrap_or_default();
        let length = received.bytes.len() + data.len();
        if length > limits.body_bytes {
            return Err(Problem::too_large(limits.body_bytes));
        }
        received.make_room(app, length)?;
        received.bytes.extend_from_slice(&data);
    }
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
