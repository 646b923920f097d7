//! The one executable: its subcommands are its roles. Errors are printed once, here.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

fn main() -> ExitCode {
    // Two providers are in the tree, so one has to be named. Somebody who was first is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    match zephyr::run(zephyr::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "zephyr: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
