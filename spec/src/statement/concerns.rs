//! Whom a statement concerns: everybody whom its facets name, so that they can be told of the record. Whom it is about and who issued it are
//! known without it, and the record that it refers to concerns others in turn.

use super::Body;
use crate::address::Address;

impl Body {
    /// Whom the facets name beside the issuer: the fund that is to be paid or to pay, the party and the bureau of a claim, the grantee of a
    /// consent, guardians, the other account of a person. An address may stand there twice, and may be the issuer's all the same: a fund that credits interest names itself.
    pub fn concerns(&self) -> Vec<Address> {
        match self {
            Body::Opened(body) => body.recovery.guardians.clone(),
            Body::RecoveryChanged(body) => body.recovery.guardians.clone(),
            Body::Contribution(paid) => vec![paid.what.fund],
            Body::Matching(body) => vec![body.0.what.fund],
            Body::PaidFor(body) => vec![body.0.what.fund],
            Body::Interest(body) => vec![body.what.fund],
            Body::Award(body) => vec![body.what.fund],
            Body::Claim(body) => vec![body.claim.party, body.claim.bureau],
            Body::ClaimFor(body) => vec![body.claim.party, body.claim.bureau],
            Body::ConsentGranted(body) => vec![body.consent.grantee],
            Body::AccountLinked(body) => vec![body.link.0],
            Body::Departure(body) => body.to.bureau.into_iter().collect(),
            Body::Arrival(body) => body.from.bureau.into_iter().collect(),
            Body::TransferredOut(body) => vec![body.what.fund],
            Body::TransferredIn(body) => vec![body.what.fund],
            Body::Rotated(_)
            | Body::Granted(_)
            | Body::Revoked(_)
            | Body::Settlement(_)
            | Body::Correction(_)
            | Body::RecoveryApproved(_)
            | Body::RecoveryVetoed(_)
            | Body::RecoveryCompleted(_)
            | Body::Engagement(_)
            | Body::Benefit(_)
            | Body::Refund(_)
            | Body::RefundReceived(_)
            | Body::Ruling(_)
            | Body::ConsentRevoked(_)
            | Body::Access(_)
            | Body::AccessUnasked(_)
            | Body::ClaimAnswered(_)
            | Body::ClaimClosed(_)
            | Body::ClaimRemedied(_)
            | Body::IdentityBound(_)
            | Body::Withdrawn(_)
            | Body::MoveClosed(_)
            | Body::DepartureApproved(_)
            | Body::LedgerRecognised(_)
            | Body::Transcribed(_)
            | Body::Erased(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facet::{Amount, Keys, Recovery, Referenced, Source, What};
    use crate::hash::Hash;
    use crate::identity::Link;
    use crate::key::PublicKey;
    use crate::money::{Entitlement, Interest};
    use crate::rights::{Claim, ClaimKind, Consent, Decision, Outcome, Right, Scope};
    use crate::statement::contribution::Payer;
    use crate::statement::{self, Contribution, Matching, Opened, PaidFor, RecoveryChanged, Shape, Type};
    use crate::value::{Insurance, Time};

    fn somebody(number: u64) -> Address {
        Address { number, id: Hash([number as u8; 32]) }
    }

    fn contribution() -> Contribution {
        let currency = "CNY".parse().unwrap();
        Contribution {
            who: Payer { source: Source::Platform, issuer: somebody(1), reference: "r".parse().unwrap() },
            what: what(),
            amount: Amount { amount: 2, credited: 1, base: None, currency },
            evidence: None,
        }
    }

    fn what() -> What {
        What { insurance: Insurance::PENSION, scheme: "s".parse().unwrap(), fund: somebody(2) }
    }

    fn claim() -> Claim {
        Claim {
            kind: ClaimKind::Missing,
            party: somebody(3),
            bureau: somebody(4),
            insurance: None,
            months: None,
            records: Vec::new(),
        }
    }

    #[test]
    fn whoever_is_named_is_concerned() {
        let (who, says) = (somebody(1), "so".parse::<crate::rights::Says>().unwrap());
        let key = PublicKey([0; 32]);
        let keys = Keys { key, next: Hash::default(), reading: key };
        let recovery =
            Recovery { guardians: vec![somebody(5), somebody(6)], need: 1, delay: Time::default() };
        let consent = Consent {
            grantee: somebody(7),
            purpose: "advice".parse().unwrap(),
            rights: vec![Right::Read],
            scope: Scope { insurances: Vec::new(), months: None, parts: Vec::new() },
            until: Time::default(),
            once: false,
        };
        let referenced = Referenced { issuer: who, reference: "n".parse().unwrap() };
        let currency = "CNY".parse().unwrap();
        let interest = Body::Interest(statement::Interest {
            who: referenced.clone(),
            what: what(),
            amount: Interest { amount: 1, currency, stretches: Vec::new(), rate: 0 },
        });
        let award = Body::Award(statement::Award {
            who: referenced,
            what: what(),
            amount: Entitlement { currency, steps: Vec::new() },
        });
        let ruling = Decision { outcome: Outcome::Rejected, by: None };
        for (body, numbers) in [
            (Body::Opened(Opened { who: None, keys, recovery: recovery.clone() }), &[5, 6][..]),
            (Body::RecoveryChanged(RecoveryChanged { who, keys, recovery }), &[5, 6]),
            (Body::Contribution(contribution()), &[2]),
            (Body::Matching(Matching(contribution())), &[2]),
            (Body::PaidFor(PaidFor(contribution())), &[2]),
            (interest, &[2]),
            (award, &[2]),
            (Body::Claim(statement::Claim { who, claim: claim(), says: says.clone() }), &[3, 4]),
            (Body::ClaimFor(statement::ClaimFor { who, claim: claim(), says: says.clone() }), &[3, 4]),
            (Body::ConsentGranted(statement::ConsentGranted { who, consent }), &[7]),
            (Body::AccountLinked(statement::AccountLinked { who, link: Link(somebody(8)) }), &[8]),
            (Body::Ruling(statement::Ruling { who, ruling, says }), &[]),
            (Body::Rotated(statement::Rotated { who, keys }), &[]),
        ] {
            let expected: Vec<Address> = numbers.iter().map(|n| somebody(*n)).collect();
            assert_eq!(body.concerns(), expected, "{}", body.kind());
            // Whom the judge has to look up is among them.
            assert!(body.named().is_none_or(|named| expected.contains(&named)), "{}", body.kind());
        }
    }

    /// A facet in which others than the issuer stand is one of few shapes, so a new type that has one is thought of here.
    #[test]
    fn every_type_that_can_name_somebody_is_thought_of() {
        let names = |shape: &Shape| {
            matches!(
                shape,
                Shape::What
                    | Shape::Claim
                    | Shape::Consent
                    | Shape::Recovery
                    | Shape::Link
                    | Shape::To
                    | Shape::From
            )
        };
        let types: Vec<Type> =
            Type::ALL.iter().copied().filter(|kind| kind.shapes().iter().any(names)).collect();
        assert_eq!(
            types,
            [
                Type::Opened,
                Type::Contribution,
                Type::RecoveryChanged,
                Type::Interest,
                Type::Claim,
                Type::Departure,
                Type::Arrival,
                Type::ConsentGranted,
                Type::AccountLinked,
                Type::Award,
                Type::Matching,
                Type::ClaimFor,
                Type::PaidFor,
                Type::TransferredOut,
                Type::TransferredIn
            ]
        );
    }
}
