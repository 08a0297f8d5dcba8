//! Against what others wrote: web servers that our client lists from, HTTP clients that list from our simulated Atlas,
//! and the shells and tools around the program.
//!
//! If a peer is not installed, its tests are ignored, with the reason; with `CI=true` they fail.

// Nothing of a program is reachable from outside.
#![allow(unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests; clippy knows them by #[test], which this harness does without"
)]

mod apache;
#[cfg(feature = "cli")]
mod clients;
mod lighttpd;
#[cfg(all(feature = "cli", feature = "rustls", target_os = "linux"))]
mod names;
#[cfg(feature = "cli")]
mod proxies;
mod random_challenges;
mod raw_exchange;
#[cfg(feature = "cli")]
mod readme;
#[cfg(feature = "cli")]
mod shells;
mod web_server;

#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

fn main() -> ExitCode {
    let mut trials = apache::trials();
    trials.extend(lighttpd::trials());
    trials.extend(random_challenges::trials());
    #[cfg(feature = "cli")]
    {
        trials.extend(clients::trials());
        trials.extend(proxies::trials());
        trials.extend(readme::trials());
        trials.extend(shells::trials());
    }
    #[cfg(all(feature = "cli", feature = "rustls", target_os = "linux"))]
    trials.extend(names::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Why a test cannot run here.
struct Missing {
    /// What is missing, in the words of a message.
    what: String,
    /// Whether CI has to have it: a program can be installed, but many containers do not allow all that root may do.
    is_due_in_ci: bool,
}

impl Missing {
    /// A program that is not installed.
    fn program(what: impl Into<String>) -> Missing {
        Missing { what: what.into(), is_due_in_ci: true }
    }
}

/// A test that takes a peer, if there is one.
fn trial<P: 'static>(
    name: impl Into<String>,
    find: fn() -> Result<P, Missing>,
    test: impl FnOnce(&P) + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match find() {
        Ok(peer) => {
            test(&peer);
            Ok(Completion::Completed)
        }
        Err(Missing { what, is_due_in_ci: true }) if env::var_os("CI").is_some_and(|ci| ci == "true") => {
            Err(format!("{what}; with CI=true every peer must be there").into())
        }
        Err(Missing { what, .. }) => Ok(Completion::ignored_with(what)),
    })
}
