//! The wallet file: what opens it, and what each kind of damage is called.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use peal_wallet::vault::{BadVault, Sealer, Stretch};
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::Words;
use proptest::prelude::*;

/// As cheap as may be: what is tested here is not how dear it is.
const CHEAP: Stretch = Stretch { memory: 8, passes: 1, lanes: 1 };
const BODY: &[u8] = b"twenty-four words and all the rest";

fn sealed() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| Sealer::new(b"secret", CHEAP).unwrap().seal(BODY).unwrap())
}

fn open(file: &[u8]) -> Result<Vec<u8>, BadVault> {
    Sealer::open(file, b"secret").map(|(_, body)| body.to_vec())
}

#[test]
fn the_passphrase_opens_it_and_no_other() {
    assert_eq!(open(sealed()).unwrap(), BODY);
    assert_eq!(Sealer::open(sealed(), b"Secret").unwrap_err(), BadVault::WrongPassphrase);
    assert_eq!(Sealer::open(sealed(), b"").unwrap_err(), BadVault::WrongPassphrase);
}

#[test]
fn a_foreign_file_is_called_so() {
    for file in [&b""[..], b"hello", b"peal trust 1\n", &[0; 200]] {
        assert_eq!(open(file).unwrap_err(), BadVault::Foreign);
    }
}

#[test]
fn a_file_that_was_cut_is_called_so_wherever_it_was_cut() {
    for length in 1..sealed().len() {
        assert!(matches!(open(&sealed()[..length]), Err(BadVault::Truncated { .. })), "{length}");
    }
}

#[test]
fn a_later_file_is_called_so() {
    let mut later = sealed().to_vec();
    later[17] = 2;
    assert_eq!(open(&later).unwrap_err(), BadVault::TooNew(2));
}

#[test]
fn more_than_the_file_is_damage() {
    assert!(matches!(open(&[sealed(), b"x"].concat()), Err(BadVault::Damaged(_))));
}

/// A file that was sent as text: its line ends were changed.
#[test]
fn a_file_sent_as_text_is_foreign() {
    let text: Vec<u8> = sealed().iter().copied().filter(|b| *b != b'\r').collect();
    assert_eq!(open(&text).unwrap_err(), BadVault::Foreign);
}

/// Whoever makes the checksum anew cannot ask for all memory, for an hour, or for anything else.
#[test]
fn a_forged_header_asks_for_nothing_and_opens_nothing() {
    use peal_spec::hash::plain;
    let forge = |at: usize, bytes: &[u8]| {
        let mut file = sealed().to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        let sum = plain(&[&file[..94], &file[126..]].concat());
        file[94..126].copy_from_slice(&sum.0);
        open(&file).unwrap_err()
    };
    let out = BadVault::Damaged("its key stretching is out of bounds");
    assert_eq!(forge(18, &u32::MAX.to_be_bytes()), out);
    assert_eq!(forge(22, &u32::MAX.to_be_bytes()), out);
    assert_eq!(forge(26, &u32::MAX.to_be_bytes()), out);
    // Another cost, salt or check gives another key; another nonce or ciphertext breaks the seal.
    assert_eq!(forge(18, &16u32.to_be_bytes()), BadVault::WrongPassphrase);
    assert_eq!(forge(30, &[1; 16]), BadVault::WrongPassphrase);
    assert_eq!(forge(70, &[1; 16]), BadVault::WrongPassphrase);
    assert_eq!(forge(46, &[1; 24]), BadVault::Damaged("its seal is broken"));
    assert_eq!(forge(130, &[1; 4]), BadVault::Damaged("its seal is broken"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Damage is never taken for a wrong passphrase, and never opens.
    #[test]
    fn flipped_bytes_are_damage(flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4)) {
        let mut file = sealed().to_vec();
        for (at, mask) in flips {
            file[at.index(sealed().len())] ^= mask;
        }
        if file == sealed() {
            return Ok(());
        }
        let error = open(&file).unwrap_err();
        prop_assert!(error != BadVault::WrongPassphrase, "{}", error);
    }

    #[test]
    fn any_bytes_are_refused_calmly(file in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&file).is_err());
    }
}

fn contents() -> Contents {
    let trust = "peal trust 1\n".parse().unwrap();
    let words = Words::new(zeroize::Zeroizing::new([3; 32]));
    Contents::new(words, "https://a.example".into(), "a.example".parse().unwrap(), trust)
}

#[test]
fn a_wallet_comes_back_and_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep").join("wallet");
    let mut wallet = Wallet::create(&path, b"secret", CHEAP, contents()).unwrap();
    assert_eq!(Wallet::open(&path, b"secret").unwrap_err().code(), 3);
    assert_eq!(Wallet::read(&path, b"secret").unwrap(), contents());
    wallet.contents.opening = Some(vec![1, 2, 3]);
    wallet.save().unwrap();
    let changed = wallet.contents.clone();
    drop(wallet);
    assert_eq!(Wallet::open(&path, b"secret").unwrap().contents, changed);
    let wrong = Wallet::open(&path, b"secret2").unwrap_err();
    assert_eq!((wrong.what.as_str(), wrong.code()), ("wrong passphrase", 2));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |p: &std::path::Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn secrets_are_not_printed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wallet");
    let wallet = Wallet::create(&path, b"secret", CHEAP, contents()).unwrap();
    let (printed, phrase) = (format!("{wallet:?} {wallet:#?}"), wallet.contents.words.phrase());
    assert!(printed.contains("Words(…)"));
    assert!(phrase.split(' ').all(|word| !printed.contains(&format!("\"{word}"))));
    assert!(!printed.contains("3, 3, 3"));
    let file = std::fs::read(&path).unwrap();
    assert!(!file.windows(32).any(|w| w == [3; 32]));
}

#[test]
fn an_empty_passphrase_and_a_second_wallet_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wallet");
    assert!(Wallet::create(&path, b"", CHEAP, contents()).unwrap_err().what.contains("empty"));
    assert!(!path.exists());
    drop(Wallet::create(&path, b"secret", CHEAP, contents()).unwrap());
    let again = Wallet::create(&path, b"other", CHEAP, contents()).unwrap_err();
    assert_eq!(again.code(), 2);
    assert!(Wallet::open(&path, b"secret").is_ok());
}
