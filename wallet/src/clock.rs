//! This machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use peal_spec::value::Time;

use crate::trouble::Trouble;

/// The present time.
///
/// # Errors
/// Unusable if the clock is before 1970.
pub fn now() -> Result<Time, Trouble> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since
        .and_then(|d| Time::new(d.as_secs()))
        .ok_or_else(|| Trouble::unusable("the clock is before 1970", "this machine", "set the clock"))
}
