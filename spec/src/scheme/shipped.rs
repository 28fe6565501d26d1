//! The packs that come with PEAL.

use super::load::BadPack;
use super::pack::Pack;

/// By id, in order: the text of each.
const PACKS: [(&str, &str); 10] = [
    ("at-severance", include_str!("../../schemes/at-severance.toml")),
    ("cn-flexible-pension", include_str!("../../schemes/cn-flexible-pension.toml")),
    ("cn-per-order-injury", include_str!("../../schemes/cn-per-order-injury.toml")),
    ("cn-reform", include_str!("../../schemes/cn-reform.toml")),
    ("cn-unemployment", include_str!("../../schemes/cn-unemployment.toml")),
    ("fr-micro", include_str!("../../schemes/fr-micro.toml")),
    ("in-epf", include_str!("../../schemes/in-epf.toml")),
    ("in-gig", include_str!("../../schemes/in-gig.toml")),
    ("sg-platform", include_str!("../../schemes/sg-platform.toml")),
    ("uk-self-employed", include_str!("../../schemes/uk-self-employed.toml")),
];

/// A pack to begin one's own from.
pub const TEMPLATE: &str = include_str!("../../schemes/template.toml");

/// The ids of all of them.
pub fn ids() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(id, _)| *id)
}

/// The text of one.
pub fn text(id: &str) -> Option<&'static str> {
    PACKS.iter().find(|(of, _)| *of == id).map(|(_, text)| *text)
}

impl Pack {
    /// One of those that come with PEAL.
    ///
    /// # Errors
    /// None of them that is in a release: a test reads all.
    pub fn shipped(id: &str) -> Option<Result<Self, BadPack>> {
        text(id).map(Self::read)
    }
}
