//! The scheme in plain words.

use super::Load;
use crate::scheme::pack::{Card, Pack, Piece, Thing};
use crate::scheme::written::{self as w, Said};

impl Load<'_> {
    pub(super) fn card(&mut self, pack: &Pack, written: &w::Card) -> Card {
        let mut sentences = |all: &[Said]| {
            if let Some(first) = all.first().filter(|_| all.len() > 12) {
                self.fault(first.span(), "a card has at most 12 sentences of a kind");
            }
            all.iter().map(|said| self.sentence(pack, said)).collect::<Vec<_>>()
        };
        Card { costs: sentences(&written.costs), gives: sentences(&written.gives) }
    }

    pub(super) fn sentence(&mut self, pack: &Pack, said: &Said) -> Vec<Piece> {
        let text = self.text(said, 1024);
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((words, more)) = rest.split_once('{') {
            pieces.push(Piece::Words(words.to_owned()));
            let Some((inside, more)) = more.split_once('}') else {
                self.fault(said.span(), "a } is missing in this sentence");
                return pieces;
            };
            let (name, choice) = match inside.split_once(':') {
                Some((name, choice)) => (name.trim(), Some(choice.trim())),
                None => (inside.trim(), None),
            };
            let found = match self.names.get(name) {
                Some(Thing::Parameter(at)) => Ok(*at),
                _ => Err(format!("no parameter is named {name}")),
            };
            if let Some(at) = self.held(said.span(), found) {
                let choices = pack.parameters[at].by.map(|by| &pack.inputs[by].choices);
                let fits = match (choices, choice) {
                    (Some(all), Some(choice)) => all.iter().any(|(key, _)| key == choice),
                    (None, None) => true,
                    _ => false,
                };
                if !fits {
                    self.fault(said.span(), format!("{name} is written with the choice by which it differs, or without: {{name: choice}}"));
                }
                pieces.push(Piece::Value(at, choice.map(ToOwned::to_owned)));
            }
            rest = more;
        }
        pieces.push(Piece::Words(rest.to_owned()));
        pieces
    }
}
