//! The log as C2SP tlog-tiles: checkpoint, hash tiles and entry bundles, so that existing monitors, mirrors and witnesses work unchanged.
//!
//! Log entries hold nothing but salted commitments and directory roots, so all of this is public.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use crate::problem::Problem;

/// Leaves or nodes in a full tile.
const FULL: u16 = 256;

/// What a tile's path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// Hashes at a level.
    Hashes {
        /// 0 for leaf hashes; each level is 8 tree levels above the one before.
        level: u8,
        /// Place in the level.
        index: u64,
        /// Number of hashes, 1 to 256.
        width: u16,
    },
    /// Entries.
    Entries {
        /// Place.
        index: u64,
        /// Number of entries, 1 to 256.
        width: u16,
    },
}

impl Tile {
    /// Reads `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; every tile has one path, and all others are none.
    pub fn read(path: &str) -> Option<Self> {
        let (kind, rest) = path.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, FULL),
            Some((index, width)) => {
                (index, u16::try_from(decimal(width).filter(|w| (1..256).contains(w))?).ok()?)
            }
        };
        let index = tile_index(index)?;
        if kind == "entries" {
            return Some(Self::Entries { index, width });
        }
        let level = decimal(kind).filter(|l| *l <= 63)?;
        Some(Self::Hashes { level: u8::try_from(level).ok()?, index, width })
    }
}

/// A decimal without sign or leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain && text.len() <= 3 { text.parse().ok() } else { None }
}

/// `x001/x234/067` → 1234067.
fn tile_index(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, before) = groups.split_last()?;
    let group =
        |g: &str| (g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit())).then(|| g.parse::<u64>().ok())?;
    let mut index = 0u64;
    for (i, text) in before.iter().enumerate() {
        let digits = group(text.strip_prefix('x')?)?;
        if i == 0 && digits == 0 {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    index.checked_mul(1000)?.checked_add(group(last)?)
}

/// The published checkpoint
///
/// A C2SP tlog-checkpoint in a signed note, with the cosignatures of the witnesses. It follows the log at a steady pace; the tiles serve it.
#[utoipa::path(
    get, path = "/checkpoint", tag = "log", operation_id = "getCheckpoint",
    responses(
        (status = 200, description = "The signed note.", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 503, description = "`unpublished`: the witnesses that are needed have not cosigned one yet."),
        (status = "default", description = "Any problem."),
    )
)]
async fn checkpoint(State(app): State<Shared>) -> Result<Response, Problem> {
    let note = app.board.note(app.ledger()?).ok_or_else(Problem::unpublished)?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, note).into_response())
}

/// A tile of hashes
///
/// C2SP tlog-tiles: 256 hashes of 32 bytes, or W of them in a partial tile `/tile/{L}/{N}.p/{W}`. N is written in groups of three digits,
/// all but the last with an `x`: `x001/x234/067`.
#[utoipa::path(
    get, path = "/tile/{L}/{N}", tag = "log", operation_id = "getTile",
    params(
        ("L" = u8, Path, description = "Level, 0 to 63"),
        ("N" = String, Path, description = "Index in groups of three digits, with `.p/W` (1 to 255) for a partial tile", example = "000.p/7"),
    ),
    responses(
        (status = 200, description = "The hashes.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "Beyond the tree, or not the one path of a tile."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn tile(State(app): State<Shared>, Path(path): Path<String>) -> Result<Response, Problem> {
    let none = || {
        Problem::not_found(
            "no such tile: it is beyond the tree, or the path is not the one that tlog-tiles gives it",
        )
    };
    let named = Tile::read(&path).ok_or_else(none)?;
    let (data, width) = match named {
        Tile::Hashes { level, index, width } => (app.ask(move |l| l.tile(level, index, width)).await?, width),
        Tile::Entries { index, width } => (app.ask(move |l| l.entries(index, width)).await?, width),
    };
    let data = data.ok_or_else(none)?;
    // A partial tile never changes either, but is not worth keeping once the full one is there.
    let cache = if width == FULL { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, cache)], data).into_response())
}

/// A bundle of entries
///
/// C2SP tlog-tiles: 256 entries, or W of them, each after its length in 2 bytes, big-endian. An entry is `[1, 5, 1, 0, commitment]` or
/// `[1, 5, 1, 1, directory-size, directory-root, time]` (spec/README.md §10).
#[utoipa::path(
    get, path = "/tile/entries/{N}", tag = "log", operation_id = "getEntries",
    params(("N" = String, Path, description = "Index in groups of three digits, with `.p/W` (1 to 255) for a partial bundle", example = "000.p/7")),
    responses(
        (status = 200, description = "The entries.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "Beyond the tree, or not the one path of a bundle."),
        (status = "default", description = "Any other problem."),
    )
)]
#[expect(
    dead_code,
    reason = "served by `tile`; OpenAPI has no parameter that spans slashes, so it is described apart"
)]
async fn entries() {}

#[derive(OpenApi)]
#[openapi(paths(tile, entries))]
struct Described;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    let described = OpenApiRouter::with_openapi(Described::openapi());
    OpenApiRouter::new().merge(described).routes(routes!(checkpoint)).route("/tile/{*path}", get(tile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_one_path() {
        let hashes = |level, index, width| Some(Tile::Hashes { level, index, width });
        let entries = |index, width| Some(Tile::Entries { index, width });
        for (path, tile) in [
            ("0/000", hashes(0, 0, 256)),
            ("0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("63/000.p/1", hashes(63, 0, 1)),
            ("1/x001/000.p/255", hashes(1, 1000, 255)),
            ("entries/000", entries(0, 256)),
            ("entries/x999/x999/x999/x999/999.p/8", entries(999_999_999_999_999, 8)),
            ("", None),
            ("0", None),
            ("0/", None),
            ("0/0", None),
            ("0/00", None),
            ("0/0000", None),
            ("0/+00", None),
            ("0/x000/000", None),
            ("0/001/000", None),
            ("0/x001", None),
            ("0/x001/", None),
            ("0/X001/000", None),
            ("00/000", None),
            ("01/000", None),
            ("64/000", None),
            ("-1/000", None),
            ("0/000.p/0", None),
            ("0/000.p/256", None),
            ("0/000.p/01", None),
            ("0/000.p/", None),
            ("0/000.p/1/2", None),
            ("0/000.p/1.p/2", None),
            ("Entries/000", None),
            ("0/x999/x999/x999/x999/x999/x999/x999/x999/999", None),
        ] {
            assert_eq!(Tile::read(path), tile, "{path}");
        }
    }
}
