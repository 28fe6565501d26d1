//! A connection whose client must take what it is sent: a write that makes no progress for too long ends it.
//!
//! At its end what the client is still sending is read and dropped for a moment (RFC 9112 §9.6): a socket that is closed with bytes unread is
//! reset, and with it goes the answer that says why.
//!
//! Reading has its own limits (the head's in hyper, the body's in `body`); nothing else bounds a client that asks and does not read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

/// The longest that the end of a connection waits for its client to stop sending.
const LINGER: Duration = Duration::from_secs(1);
/// The most bytes that are read and dropped meanwhile.
const DROPPED: usize = 1 << 20;

/// A TCP connection with patience.
pub struct Patient {
    stream: TcpStream,
    patience: Duration,
    waiting: bool,
    timer: Pin<Box<Sleep>>,
    /// Bytes that may still be dropped, once it is ending.
    ending: Option<usize>,
    stop: watch::Receiver<bool>,
}

impl Patient {
    /// A connection that waits for its client for as long as `patience`; once `stop` holds it does not linger.
    pub fn new(stream: TcpStream, patience: Duration, stop: watch::Receiver<bool>) -> Self {
        Self { stream, patience, waiting: false, timer: Box::pin(sleep(patience)), ending: None, stop }
    }

    /// Reads and drops until the client has ended, too, or has had its moment.
    fn drain(&mut self, cx: &mut Context<'_>, mut left: usize) -> Poll<()> {
        let mut bytes = [0; 8192];
        while left > 0 && !*self.stop.borrow() {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    left = left.saturating_sub(buffer.filled().len());
                    self.ending = Some(left);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.timer.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = false;
            return outcome;
        }
        if !self.waiting {
            self.waiting = true;
            self.timer.as_mut().reset(Instant::now() + self.patience);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take its answer")))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, data);
        self.watch(cx, outcome)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.watch(cx, outcome)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let left = match self.ending {
            Some(left) => left,
            None => {
                ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                self.timer.as_mut().reset(Instant::now() + LINGER);
                self.ending = Some(DROPPED);
                DROPPED
            }
        };
        self.drain(cx, left).map(Ok)
    }
}
