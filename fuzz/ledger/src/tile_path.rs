//! Paths of tiles: every tile has one path.

use peal_api::routes::tiles::Tile;
use peal_fuzz::seeds::Seeds;

/// Reads a path; what is read has been written in the one way that tlog-tiles has.
pub fn run(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else { return };
    let Some(tile) = Tile::read(path) else { return };
    let (kind, index, width) = match tile {
        Tile::Hashes { level, index, width } => {
            assert!(level <= 63);
            (level.to_string(), index, width)
        }
        Tile::Entries { index, width } => ("entries".to_owned(), index, width),
    };
    assert!((1..=256).contains(&width));
    let part = if width == 256 { String::new() } else { format!(".p/{width}") };
    assert_eq!(format!("{kind}/{}{part}", groups(index)), path, "a tile has one path");
}

/// 1234067 → `x001/x234/067`.
fn groups(index: u64) -> String {
    let (mut text, mut rest) = (format!("{:03}", index % 1000), index / 1000);
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// Paths of every form.
pub fn seeds() -> Seeds {
    ["0/000", "63/x001/x234/067", "1/x001/000.p/255", "entries/x018/x446/x744/x073/x709/x551/615.p/8"]
        .map(|s| s.as_bytes().to_vec())
        .to_vec()
}
