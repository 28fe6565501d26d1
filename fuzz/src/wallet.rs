//! What a wallet keeps on disk and what a ledger, or whatever answers in its place, tells it.
//!
//! A passphrase is stretched once for all: the file's frame is read before the stretching, and what is sealed is read after it.

use std::path::PathBuf;
use std::sync::LazyLock;

use peal_spec::note::{Checkpoint, Note};
use peal_spec::trust::Pin;
use peal_wallet::http::{Problem, base_url, is_exposed};
use peal_wallet::layout;
use peal_wallet::outbox::Batch;
use peal_wallet::recovery::Request;
use peal_wallet::vault::{BadVault, Sealer, Stretch};
use peal_wallet::wallet::{Contents, Held, Seen};
use peal_wallet::words::Words;
use zeroize::Zeroizing;

use crate::cast::{origin, time};
use crate::operator::trust;
use crate::seeds::{Seeds, WORLD, postings};

static SEALER: LazyLock<Sealer> = LazyLock::new(|| {
    Sealer::new(b"fuzz", Stretch { memory: 8, passes: 1, lanes: 1 }).expect("the system gives random bytes")
});

/// The wallet file: its frame, and the body that is sealed in it.
pub fn run_file(data: &[u8]) {
    assert!(SEALER.unseal(data).is_err(), "nobody else has sealed this");
    let sealed = SEALER.seal(data).expect("it is small");
    assert_eq!(SEALER.unseal(&sealed).expect("its own seal").as_slice(), data);
    // One changed bit anywhere is noticed, and a cut is told as a cut.
    let at = data.iter().fold(7usize, |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b)));
    let mut flipped = sealed.clone();
    flipped[at % sealed.len()] ^= 1 << (at % 8);
    assert!(SEALER.unseal(&flipped).is_err());
    assert!(matches!(SEALER.unseal(&sealed[..sealed.len() - 1]), Err(BadVault::Truncated { .. })));

    let Ok(contents) = Contents::from_bytes(data) else { return };
    let written = contents.to_bytes();
    let again = Contents::from_bytes(&written).expect("what is written is read");
    assert_eq!(again, contents);
    assert_eq!(again.to_bytes().as_slice(), written.as_slice());
    if contents.trust.to_string() == trust_text(data, &contents) {
        assert_eq!(written.as_slice(), data, "what decodes re-encodes to itself");
    }
    let mut pinned = contents;
    if let Ok(pin) = pinned.pin() {
        assert!(pinned.trust.ledger(&pinned.origin).is_some_and(|l| l.pins.contains(&pin)));
    }
}

/// The trust list as it stands in the bytes: a wallet keeps its sense, not its comments.
fn trust_text(data: &[u8], contents: &Contents) -> String {
    let text = contents.trust.to_string();
    let there = data.windows(text.len()).any(|w| w == text.as_bytes());
    if there { text } else { String::new() }
}

/// A request for new keys, as somebody hands it to a guardian.
pub fn run_recovery(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<Request>() {
        Ok(request) => {
            let written = request.to_string();
            assert_eq!(written.parse::<Request>().as_ref(), Ok(&request), "what is written is read");
            // Blanks, and the case of addresses and digits, are the sender's.
            let words = |text: &str| text.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&written), words(&text), "one text for each request");
        }
        Err(trouble) => {
            assert_eq!(trouble.code(), 2);
            assert!(trouble.place.starts_with("line ") || trouble.place == "the end", "{trouble}");
        }
    }
}

/// Requests for the accounts of the small ledger.
pub fn seeds_recovery() -> Seeds {
    let request = |account: &peal_spec::account::Account| {
        Request { address: account.address, keys: account.state.control.keys }.to_string().into_bytes()
    };
    WORLD.book.accounts.iter().map(request).collect()
}

/// Bodies of wallets, and what another sealer has sealed.
pub fn seeds_file() -> Seeds {
    let mut contents = Contents::new(
        Words::new(Zeroizing::new([9; 32])),
        "https://ledger.example".into(),
        origin(),
        trust(),
    );
    let mut seeds = vec![contents.to_bytes().to_vec()];
    let lin = WORLD.lin.at();
    contents.address = Some(lin);
    contents.copy = Some(WORLD.book.copy(lin.number, 0, None));
    contents.synced = Some(time(900));
    contents.opening = Some(postings()[1].clone());
    let seen = |note: &str| {
        let body: Checkpoint = note.parse::<Note>().unwrap().text.parse().unwrap();
        Seen { size: body.size, root: body.root, time: time(300), received: time(301), note: note.to_owned() }
    };
    contents.head = Some(seen(&WORLD.book.checkpoint));
    contents.heads = WORLD.commits.iter().map(|c| seen(&c.checkpoint)).collect();
    contents.held = vec![Held(Pin { size: WORLD.commits[0].size, root: WORLD.commits[0].root })];
    seeds.push(contents.to_bytes().to_vec());
    let other = Sealer::new(b"other", Stretch { memory: 8, passes: 1, lanes: 1 }).unwrap();
    seeds.push(other.seal(b"sealed by another").unwrap());
    seeds
}

/// A batch of the outbox.
pub fn run_outbox(data: &[u8]) {
    let Ok(batch) = Batch::from_bytes(PathBuf::from("batch"), data) else { return };
    assert_eq!(batch.to_bytes(), data, "what decodes re-encodes to itself");
}

/// Batches of the small ledger's postings.
pub fn seeds_outbox() -> Seeds {
    let mut seeds = Vec::new();
    for posting in postings() {
        let mut w = peal_spec::cbor::Writer::default();
        w.array(4);
        w.text("peal outbox 1");
        w.bytes(&posting);
        w.array(1);
        w.array(2);
        w.uint(7);
        w.text("ride/7");
        w.null();
        seeds.push(w.into_bytes());
    }
    seeds
}

/// What a ledger answers, and every text of it that is shown: the first byte is the width of the terminal.
pub fn run_answer(data: &[u8]) {
    let Some((width, rest)) = data.split_first() else { return };
    let problem = Problem::read(500, rest);
    for text in [&problem.code, &problem.field, &problem.detail, &problem.remedy] {
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.chars().count() <= 1000);
    }
    let text = String::from_utf8_lossy(rest);
    let most = usize::from(*width).max(1);
    let clean = layout::clean(&text);
    assert!(!clean.chars().any(char::is_control));
    let cut = layout::cut(&clean, most);
    assert!(layout::width(&cut) <= most, "{cut:?} is wider than {most}");
    let _ = layout::short(&text);
    let rows = vec![vec![clean, "1.00".to_owned()], vec![cut, "12.00".to_owned()]];
    let table = layout::table(&["name", ">amount"], &rows, most.max(40));
    assert!(table.lines().all(|l| layout::width(l) <= most.max(40)), "{table}");
    if let Ok(url) = base_url(&text) {
        assert_eq!(base_url(&url).ok().as_ref(), Some(&url), "an address that was mended stays as it is");
        let _ = is_exposed(&url);
    }
}

/// Problems as a ledger writes them, and addresses of ledgers.
pub fn seeds_answer() -> Seeds {
    [
        r#"({"type":"urn:peal:refusal:bad-signature","title":"t","status":403,"detail":"bad","code":"bad-signature","number":3,"field":"signature","remedy":"sign"}"#,
        "(https://ledger.example/",
        "(http://[::1]:7878",
        "(养老保险 \u{1b}[2J tabs\tand e\u{301}",
    ]
    .map(|s| s.as_bytes().to_vec())
    .to_vec()
}
