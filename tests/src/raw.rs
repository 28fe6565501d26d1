//! HTTP as no library would speak it: bytes on a socket, and what comes back until the server closes it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::Daemon;

/// The longest that anything is waited for. No test demands so little; it only ends those that hang.
const ENOUGH: Duration = Duration::from_secs(60);

/// An answer, as far as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head without its first line.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |l: &&str| l.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name));
        self.head.lines().find(named)?.split_once(':').map(|(_, v)| v.trim())
    }

    /// The name of the problem that the body is, if it is one.
    pub fn code(&self) -> String {
        let value: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        value["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// One connection.
pub struct Wire {
    /// The socket.
    pub stream: TcpStream,
    opened: Instant,
}

impl Wire {
    /// A connection to a daemon.
    pub fn open(daemon: &Daemon) -> Self {
        let at = daemon.url().trim_start_matches("http://");
        let stream = TcpStream::connect(at).unwrap_or_else(|e| panic!("connect: {e}"));
        let set = stream.set_read_timeout(Some(ENOUGH)).and_then(|()| stream.set_write_timeout(Some(ENOUGH)));
        set.and_then(|()| stream.set_nodelay(true)).unwrap_or_else(|e| panic!("socket: {e}"));
        Self { stream, opened: Instant::now() }
    }

    /// Sends bytes; says whether all were taken.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends one byte after another at this pace until all are sent or the server has had enough.
    pub fn trickle(&mut self, bytes: &[u8], pace: Duration) {
        for byte in bytes {
            if !self.send(&[*byte]) || self.has_answer() {
                return;
            }
            std::thread::sleep(pace);
        }
    }

    /// Says that no more will be sent.
    pub fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Whether an answer has begun or the connection has ended, without taking it.
    pub fn has_answer(&self) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let peeked = self.stream.peek(&mut [0]);
        let _ = self.stream.set_nonblocking(false);
        !matches!(peeked, Err(e) if e.kind() == ErrorKind::WouldBlock)
    }

    /// Ends the connection with RST: what has arrived is dropped unread.
    pub fn reset(self) {
        let began = Instant::now();
        while !self.has_answer() {
            assert!(began.elapsed() < ENOUGH, "there is nothing to leave unread");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Everything that comes until the server closes, and how long after the connection was opened that is.
    ///
    /// # Panics
    /// If the server does not close.
    pub fn rest(&mut self) -> (Vec<Answer>, Duration) {
        let mut all = Vec::new();
        if let Err(e) = self.stream.read_to_end(&mut all)
            && matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        {
            panic!("still open after {:?}, having said {:?}", ENOUGH, String::from_utf8_lossy(&all));
        }
        (answers(&all), self.opened.elapsed())
    }

    /// The one answer that comes before the server closes.
    ///
    /// # Panics
    /// If there is another number of them.
    pub fn only(&mut self) -> Answer {
        let (mut answers, _) = self.rest();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }
}

/// Answers one after another, by their Content-Length.
fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut all = Vec::new();
    while let Some(cut) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
        let text = String::from_utf8_lossy(&bytes[..cut]).into_owned();
        let (line, head) = text.split_once("\r\n").unwrap_or((&text, ""));
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        let mut answer = Answer { status, head: head.to_owned(), body: Vec::new() };
        let length = answer.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        bytes = &bytes[cut + 4..];
        answer.body = bytes[..bytes.len().min(length)].to_vec();
        bytes = &bytes[bytes.len().min(length)..];
        all.push(answer);
    }
    assert!(bytes.is_empty(), "no HTTP: {:?}", String::from_utf8_lossy(bytes));
    all
}

/// A request with a body, that closes afterwards. `headers` end their lines themselves.
pub fn post(path: &str, media_type: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {media_type}\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend(body);
    bytes
}
