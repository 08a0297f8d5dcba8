//! `simulate --fault`: what is accepted is a status or a name of the list, with a number where one is taken; the rest is
//! explained in one line.
#![no_main]

#[path = "../../src/bin/atlas-export-buckets/fault.rs"]
mod fault;

use atlas_export_buckets::simulator::Simulator;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match fault::parse(text) {
        Ok(fault) => {
            let (name, number) =
                text.split_once('=').map_or((text, None), |(name, number)| (name, Some(number)));
            let status = name.parse().ok().filter(|status: &u16| (400..600).contains(status));
            assert!(status.is_some() || fault::NAMES.split(", ").any(|known| known == name), "{text:?}");
            assert!(
                number.is_none_or(|number| number.parse().is_ok_and(|number: u64| number > 0)),
                "{text:?}"
            );
            fault::inject(&[fault], Simulator::builder());
        }
        Err(problem) => assert!(!problem.is_empty() && !problem.contains('\n'), "{text:?}: {problem:?}"),
    }
});
