//! What a killed `zephyr up` leaves behind: a database that still runs, or the file that says so.
//!
//! A process is only stopped when it is certain that it serves this very folder: numbers of processes are used again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What `postmaster.pid` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// There is no such file: the database was stopped properly.
    Nothing,
    /// The process is gone, or its number belongs to another one.
    Stale,
    /// A database serves this folder.
    Running,
}

/// Looks at the cluster in a folder.
#[must_use]
pub fn look(cluster: &Path) -> Leftover {
    let Ok(text) = fs::read_to_string(cluster.join("postmaster.pid")) else { return Leftover::Nothing };
    let pid = text.lines().next().and_then(|line| line.trim().parse::<u32>().ok());
    match pid {
        Some(pid) if serves(pid, cluster) => Leftover::Running,
        _ => Leftover::Stale,
    }
}

/// Whether a process is the database of this folder: that is where it works, or what it was started with.
fn serves(pid: u32, cluster: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    if Path::new("/proc/self").exists() {
        return fs::read_link(process.join("cwd")).is_ok_and(|works_in| works_in == cluster);
    }
    let told = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(&*cluster.to_string_lossy()))
}
