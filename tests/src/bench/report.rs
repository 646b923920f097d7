//! The medians as a table, and beside each target what it came to.

use std::collections::BTreeMap;

use crate::{contender::Contender, measure::Measured};

/// Every run, by what was measured with how many clients.
pub type Results = BTreeMap<(Contender, usize), Vec<Measured>>;

/// Prints the table and the targets.
pub fn print(results: &Results, measured: &[usize]) {
    println!("\nhold + settle pairs per second on one account (p50 / p99 of a hold in ms), medians\n");
    print!("{:<24}", "commands at once");
    for clients in measured {
        print!("{clients:>26}");
    }
    println!();
    for contender in Contender::ALL {
        print!("{:<24}", contender.name());
        for &clients in measured {
            let median = median(results, contender, clients);
            let (p50, p99) = (milliseconds(median.p50_us), milliseconds(median.p99_us));
            print!("{:>26}", format!("{:.0} ({p50} / {p99})", median.pairs_per_s));
        }
        println!();
    }
    println!();
    print_targets(results, measured);
}

fn print_targets(results: &Results, measured: &[usize]) {
    let rate = |contender, clients| median(results, contender, clients).pairs_per_s;
    for (clients, least) in [(256, 20.0), (32, 6.0), (1, 0.9)] {
        if !measured.contains(&clients) {
            continue;
        }
        let ratio = rate(Contender::Ours, clients) / rate(Contender::RowLock, clients);
        println!("{} {ratio:.1} × the row lock at {clients} (target: {least})", verdict(ratio >= least));
    }
    if !measured.contains(&256) {
        return;
    }
    let p99_us = median(results, Contender::Ours, 256).p99_us;
    println!("{} a hold's p99 at 256 is {} ms (target: 50)", verdict(p99_us <= 50_000), milliseconds(p99_us));
    let ratio = rate(Contender::OursTwice, 256) / rate(Contender::Ours, 256);
    println!(
        "{} two processes keep {ratio:.2} of one's pairs at 256, no conflict seen (target: 0.5)",
        verdict(ratio >= 0.5)
    );
}

const fn verdict(met: bool) -> &'static str {
    if met { "met:   " } else { "missed:" }
}

/// Each figure's own median.
fn median(results: &Results, contender: Contender, clients: usize) -> Measured {
    let runs = &results[&(contender, clients)];
    let middle = runs.len() / 2;
    let mut rates: Vec<f64> = runs.iter().map(|run| run.pairs_per_s).collect();
    rates.sort_by(f64::total_cmp);
    let of = |figure: fn(&Measured) -> u64| {
        let mut figures: Vec<u64> = runs.iter().map(figure).collect();
        figures.sort_unstable();
        figures[middle]
    };
    Measured { pairs_per_s: rates[middle], p50_us: of(|run| run.p50_us), p99_us: of(|run| run.p99_us) }
}

fn milliseconds(microseconds: u64) -> String {
    match microseconds {
        u64::MAX => "-".to_owned(),
        _ => format!("{}.{}", microseconds / 1_000, microseconds % 1_000 / 100),
    }
}
