//! The rules know no time and no chance: both are arguments, so that a history replays to the same state anywhere.

use crate::{assert_none, scan::places, tree};

const CLOCKS_AND_CHANCE: [&str; 8] =
    ["Utc::now", "Local::now", "SystemTime::now", "Instant::now", "now_v7", "new_v4", "thread_rng", "rand::"];

#[test]
fn the_domain_asks_no_clock_and_rolls_no_dice() {
    let mut findings = Vec::new();
    for source in tree::sources().into_iter().filter(|source| source.krate() == "domain" && !source.is_test()) {
        let code = source.production_code();
        for needle in CLOCKS_AND_CHANCE {
            findings.extend(places(&code, needle).map(|(line, _)| {
                format!(
                    "{}:{line}: {needle} stands in domain; take the value as an argument of the command",
                    source.path
                )
            }));
        }
    }
    assert_none(&findings);
}
