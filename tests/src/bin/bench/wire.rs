//! HTTP as plain as can be: a socket, a request, an answer with its length. So that the client costs little of what it measures.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use peal_spec::posting::MEDIA_TYPE;
use peal_spec::receipt;

/// No answer of the benchmark is longer.
const LONGEST: usize = 256 << 20;

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    authority: String,
    /// What has arrived and is not taken yet.
    buffer: Vec<u8>,
}

fn bad(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

impl Connection {
    pub fn open(authority: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self { stream, authority: authority.to_owned(), buffer: Vec::new() })
    }

    /// Sends a posting; returns status and body.
    pub fn post(&mut self, posting: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let head = format!(
            "POST /v1/postings HTTP/1.1\r\nhost: {}\r\ncontent-type: {MEDIA_TYPE}\r\naccept: {}\r\ncontent-length: {}\r\n\r\n",
            self.authority,
            receipt::MEDIA_TYPE,
            posting.len()
        );
        if posting.len() < 16 << 10 {
            self.stream.write_all(&[head.as_bytes(), posting].concat())?;
        } else {
            self.stream.write_all(head.as_bytes())?;
            self.stream.write_all(posting)?;
        }
        self.answer()
    }

    /// Asks for a path with some headers.
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<(u16, Vec<u8>)> {
        let mut head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n", self.authority);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        self.stream.write_all(head.as_bytes())?;
        self.answer()
    }

    fn more(&mut self) -> io::Result<()> {
        let start = self.buffer.len();
        self.buffer.resize(start + (64 << 10), 0);
        let read = self.stream.read(&mut self.buffer[start..])?;
        self.buffer.truncate(start + read);
        if read == 0 { Err(bad("the connection was closed")) } else { Ok(()) }
    }

    fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            if self.buffer.len() > 64 << 10 {
                return Err(bad("a head without end"));
            }
            self.more()?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| bad("no status"))?;
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:"));
        let length: usize =
            length.and_then(|l| l.trim().parse().ok()).ok_or_else(|| bad("an answer without its length"))?;
        if length > LONGEST {
            return Err(bad("an answer too long"));
        }
        while self.buffer.len() < end + length {
            self.more()?;
        }
        let body = self.buffer[end..end + length].to_vec();
        self.buffer.drain(..end + length);
        Ok((status, body))
    }
}
