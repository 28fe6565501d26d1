//! What the ledger keeps for an account that came from elsewhere: a wallet that was made anew from its words fetches it.

use peal_spec::copy::Folded;
use peal_spec::moving::Arrived;
use peal_spec::proof;
use peal_spec::trust::Trust;
use peal_wallet::carried::Carried;
use peal_wallet::moving::arrivals;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Wallet;

use super::context;

/// The last record by which an account arrived, and the list that it shows.
fn arrival(wallet: &Wallet, arrived: &Arrived) -> Option<(u64, Trust)> {
    let (sequence, list) = arrivals(wallet.contents.copy.as_ref()?, arrived).pop()?;
    Some((sequence, list.parse().ok()?))
}

/// Fetches the histories that arrived and that the wallet does not carry; says of each what came of it. That the ledger has none is no fault.
///
/// # Errors
/// Unusable if the wallet cannot be saved.
pub(crate) fn fetch(wallet: &mut Wallet, folded: &Folded) -> Result<Vec<String>, Trouble> {
    let mut notes = Vec::new();
    let now = context::now()?;
    for arrived in folded.account.state.arrivals() {
        let has = wallet.contents.carried.find(&arrived.origin, &arrived.address);
        if has.is_some_and(|carried| carried.records() >= arrived.size) {
            continue;
        }
        let Some((sequence, trust)) = arrival(wallet, arrived) else { continue };
        let (remote, me) = (context::remote(&wallet.contents)?, wallet.contents.address()?);
        let key = wallet.contents.chain().reading(wallet.contents.reading);
        let path = format!("/v1/accounts/{me}/carried/{sequence}");
        let from = &arrived.origin;
        let missing = format!(
            "The history from {from} is not in this wallet; who has its file takes it in with `peal archive import`."
        );
        let file = match remote.signed_get(&path, "", proof::MEDIA_TYPE, &me, &key, now) {
            Ok(Ok(file)) => file,
            Ok(Err(_)) | Err(_) => {
                notes.push(missing);
                continue;
            }
        };
        let taken = Carried::from_file(&file, &trust, now).map_err(|bad| bad.at(&path));
        match taken.and_then(|carried| wallet.contents.carried.add(carried)) {
            Ok(_) => {
                wallet.save()?;
                notes.push(format!(
                    "The history from {from} is in this wallet now: {} records.",
                    arrived.size
                ));
            }
            Err(trouble) => {
                notes.push(format!("{missing} What the ledger gave does not hold: {}.", trouble.what))
            }
        }
    }
    Ok(notes)
}
