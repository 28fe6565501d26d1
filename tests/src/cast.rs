//! People and offices who sign for themselves, without a wallet file: for loads that no person would type.

use peal_spec::address::Address;
use peal_spec::hash::Seed;
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::posting::Posting;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{
    Amount, Body, Contribution, Evidence, Granted, Keys, Opened, Recovery, Source, Statement, What,
};
use peal_spec::value::{BadValue, Currency, Insurance, Month, Origin, Text, Time};

/// 16 random bytes.
pub fn random() -> Seed {
    let mut bytes = [0; 16];
    if let Err(e) = getrandom::fill(&mut bytes) {
        panic!("no randomness: {e}");
    }
    Seed(bytes)
}

/// The present second.
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time::new(since.map_or(0, |d| d.as_secs())).unwrap_or_default()
}

/// Someone with keys and, once opened, an address.
pub struct Signer {
    /// The ledger.
    pub origin: Origin,
    chain: KeyChain,
    /// The account, once it is opened.
    pub address: Option<Address>,
}

/// What a contribution of the load is for.
pub struct Load {
    /// The fund.
    pub fund: Address,
    /// The currency.
    pub currency: Currency,
    /// The scheme.
    pub scheme: Text<32>,
    /// Where the work was done.
    pub place: Text<64>,
    /// The month.
    pub month: Month,
}

impl Load {
    /// A pension contribution of this month to `fund`.
    ///
    /// # Errors
    /// None in practice: the texts are fixed.
    pub fn new(fund: Address) -> Result<Self, BadValue> {
        Ok(Self {
            fund,
            currency: "CNY".parse()?,
            scheme: "cn-flexible-pension".parse()?,
            place: "Suzhou, Gusu district".parse()?,
            month: now().month(),
        })
    }
}

impl Signer {
    /// New keys.
    pub fn new(origin: &Origin) -> Self {
        let mut seed = [0; 64];
        for part in seed.chunks_mut(16) {
            part.copy_from_slice(&random().0);
        }
        Self { origin: origin.clone(), chain: KeyChain::new(seed), address: None }
    }

    /// From the seed of 24 words.
    pub fn from_seed(origin: &Origin, seed: [u8; 64], address: Address) -> Self {
        Self { origin: origin.clone(), chain: KeyChain::new(seed), address: Some(address) }
    }

    fn keys(&self) -> Keys {
        Keys {
            key: self.chain.signing(0).public(),
            next: self.chain.signing(1).public().commitment(),
            reading: self.chain.reading(0).public(),
        }
    }

    /// An opening, by the issuer `who` or by herself.
    pub fn opening(&self, who: Option<Address>) -> Statement {
        let recovery = Recovery { guardians: Vec::new(), need: 0, delay: Time::default() };
        let body = Body::Opened(Opened { who, keys: self.keys(), recovery });
        Statement::new(random(), None, now(), None, None, &body)
    }

    /// The key that signs reads.
    pub fn reading(&self) -> PrivateKey {
        self.chain.reading(0)
    }

    /// A posting of statements.
    pub fn post(&self, statements: Vec<Statement>) -> Posting {
        Posting::sign(&self.origin, self.address, random(), now(), false, statements, &self.chain.signing(0))
    }

    /// A role for an account.
    pub fn grant(&self, about: Address, role: Role) -> Statement {
        let who = self.address.unwrap_or(about);
        let body = Body::Granted(Granted { who, role: Grant { role, insurances: Vec::new(), until: None } });
        Statement::new(random(), Some(about), now(), None, None, &body)
    }

    /// A contribution with all facets and a reference of its own.
    pub fn contribute(&self, about: Address, source: Source, load: &Load, number: u64) -> Statement {
        let reference = format!("bench/{number}").parse();
        let Ok(reference) = reference else { panic!("a reference of at most 64 bytes") };
        let amount = 100 + number % 1000;
        let body = Body::Contribution(Contribution {
            who: Payer { source, issuer: self.address.unwrap_or(about), reference },
            what: What { insurance: Insurance::PENSION, scheme: load.scheme.clone(), fund: load.fund },
            amount: Amount {
                amount,
                credited: amount * 2 / 5,
                base: Some(amount * 5),
                currency: load.currency,
            },
            evidence: Some(Evidence {
                orders: Some(1 + number % 40),
                shift: Some((Time::default(), now())),
                place: Some(load.place.clone()),
            }),
        });
        Statement::new(random(), Some(about), now(), None, Some(load.month), &body)
    }
}
