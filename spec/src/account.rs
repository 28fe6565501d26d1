//! One account as it grows: state, cells and tree move together, the same way in ledger, wallet and audit.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::hash::{Hash, Seed};
use crate::log;
use crate::record::{Record, blind};
use crate::rules;
use crate::state::{CONTROL, Cells, ROLES, State};
use crate::statement::{At, Body, Opened, Statement, Type};
use crate::target::Target;
use crate::tree::Frontier;
use crate::value::{Month, Time};

/// Where the ledger puts an accepted statement.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Place in the log.
    pub log_index: u64,
    /// Digest of the signed posting.
    pub posting: Hash,
    /// Place in the posting.
    pub posting_index: u64,
    /// Root of the statement.
    pub statement_root: Hash,
    /// The commit's time.
    pub time: Time,
    /// The ledger's random seed for this record.
    pub record_seed: Seed,
}

/// One account at some size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// What its records add up to.
    pub state: State,
    /// Salts and hashes of the cells.
    pub cells: Cells,
    /// The account tree.
    pub frontier: Frontier,
    /// Seed of the last record.
    pub last_seed: Seed,
}

impl Account {
    /// Opens account `number` by an accepted opening; returns it with its first record and the leaf hash of that.
    pub fn open(number: u64, opened: &Opened, placed: &Placed) -> (Self, Record, Hash) {
        let opened_by = opened.who.map(|who| who.number);
        let mut account = Self {
            address: Address { number, id: placed.statement_root },
            state: State::open(opened.keys, opened.recovery.clone(), opened_by),
            cells: Cells::default(),
            frontier: Frontier::default(),
            last_seed: placed.record_seed,
        };
        let (record, leaf) = account.push(placed, Type::Opened, None, None, &[CONTROL, ROLES]);
        (account, record, leaf)
    }

    /// Appends an accepted statement of any other type, and changes the target that it refers to; returns its record, and the leaf hash of that.
    pub fn append(
        &mut self,
        statement: &Statement,
        body: &Body,
        target: Option<&mut Target>,
        placed: &Placed,
    ) -> (Record, Hash) {
        let at = At {
            time: placed.time,
            month: statement.month,
            sequence: self.frontier.size(),
            refers: statement.refers,
        };
        let changed = rules::effect(&mut self.state, body, at, target);
        self.push(placed, body.kind(), statement.refers, statement.month, changed.as_slice())
    }

    /// Appends a record whose contents are erased, and on which no state depends.
    pub fn append_erased(
        &mut self,
        kind: Type,
        refers: Option<u64>,
        month: Option<Month>,
        placed: &Placed,
    ) -> (Record, Hash) {
        self.push(placed, kind, refers, month, &[])
    }

    fn push(
        &mut self,
        placed: &Placed,
        kind: Type,
        refers: Option<u64>,
        month: Option<Month>,
        changed: &[usize],
    ) -> (Record, Hash) {
        self.cells.update(&self.state, changed, &placed.record_seed);
        let record = Record {
            account: self.address.number,
            sequence: self.frontier.size(),
            log_index: placed.log_index,
            posting: placed.posting,
            posting_index: placed.posting_index,
            statement_root: placed.statement_root,
            kind,
            refers,
            month,
            time: placed.time,
            state_root: self.cells.root(),
        };
        let leaf = record.leaf();
        self.frontier.push(leaf);
        self.last_seed = placed.record_seed;
        (record, leaf)
    }

    /// Its leaf in the directory.
    pub fn directory_leaf(&self) -> log::DirectoryLeaf {
        log::DirectoryLeaf {
            number: self.address.number,
            blind: blind(&self.last_seed),
            id: self.address.id,
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}
