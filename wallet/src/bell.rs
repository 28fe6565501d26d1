//! The bell: server-sent events of one's own account. That something has happened is all that is taken from them; what it is, the wallet
//! fetches and checks.

use std::io::{BufRead, BufReader, Read as _};
use std::time::Duration;

use peal_spec::standing::Told;
use peal_spec::value::Time;

use crate::http::Remote;
use crate::trouble::Trouble;
use crate::wallet::Contents;

/// The most bytes of a line.
const MAX_LINE: u64 = 1 << 20;
/// How long one stream is listened to: longer than a ledger lets it live.
const LIFE: Duration = Duration::from_secs(660);

/// A stream of events.
pub struct Bell<R> {
    lines: BufReader<R>,
}

/// Listens for what follows on `told`.
///
/// # Errors
/// Unavailable if the ledger does not answer, refused if it does not want to tell.
pub fn listen(
    contents: &Contents,
    remote: &Remote,
    told: Told,
    now: Time,
) -> Result<Bell<impl std::io::Read + use<>>, Trouble> {
    let address = contents.address()?;
    let key = contents.chain().reading(contents.reading);
    let path = format!("/v1/accounts/{address}/notices");
    let query = format!("after={told}");
    let answer = remote.follow(&path, &query, "text/event-stream", &address, &key, now, LIFE)?;
    let reader = answer.map_err(|problem| problem.at(&format!("{}{path}", remote.base())))?;
    Ok(Bell { lines: BufReader::new(reader) })
}

impl<R: std::io::Read> Bell<R> {
    /// Waits until it rings: how far one is told with that event. Nothing once the stream has ended, for whatever reason.
    pub fn ring(&mut self) -> Option<Told> {
        let mut told = None;
        loop {
            let line = self.line()?;
            match line.strip_prefix("id:") {
                Some(id) => told = id.trim().parse().ok().or(told),
                // An event ends with an empty line; what is not known is passed over.
                None if line.is_empty() && told.is_some() => return told,
                None => {}
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let length = self.lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).ok()?;
        // Neither an end in the middle of a line nor a line without end is an event.
        if length == 0 || line.pop() != Some(b'\n') {
            return None;
        }
        Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings(text: &[u8]) -> Vec<String> {
        let mut bell = Bell { lines: BufReader::new(text) };
        std::iter::from_fn(|| bell.ring()).map(|told| told.to_string()).collect()
    }

    #[test]
    fn it_rings_for_whole_events() {
        let text = b": hello\n\nid: 3@2026-11-28\nevent: record\ndata: {}\n\n:\n\nid:4@2026-11-29\r\ndata: x\r\n\r\nid: 5@2026-11-29\n";
        assert_eq!(rings(text), ["3@2026-11-28", "4@2026-11-29"]);
    }

    #[test]
    fn noise_rings_nothing() {
        assert_eq!(rings(b"id: x\n\nid: 1@2026-13-01\n\n\xff\xfe\n\n"), [""; 0]);
        assert_eq!(rings(&vec![b'a'; 3 << 20]), [""; 0]);
    }
}
