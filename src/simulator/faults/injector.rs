//! The faults and scripts that are set, and which of them hit a request.

use std::sync::{Arc, Mutex};

use super::fault::Fault;
use super::plan::FaultPlan;
use super::when::{RequestInfo, Rule, When};
use crate::simulator::lock::lock;

/// A function that decides on faults request by request.
pub(crate) type Script = Arc<dyn Fn(&RequestInfo) -> Vec<Fault> + Send + Sync>;

/// The faults and scripts of a simulator.
#[derive(Default)]
pub(crate) struct FaultInjector {
    rules: Mutex<Vec<Rule>>,
    scripts: Mutex<Vec<Script>>,
}

impl FaultInjector {
    pub(crate) fn inject(&self, when: When, fault: Fault) {
        lock(&self.rules).push(Rule::new(when, fault));
    }

    pub(crate) fn add_script(&self, script: Script) {
        lock(&self.scripts).push(script);
    }

    pub(crate) fn clear(&self) {
        lock(&self.rules).clear();
        lock(&self.scripts).clear();
    }

    /// What goes wrong with this request.
    pub(crate) fn plan(&self, request: &RequestInfo) -> FaultPlan {
        let mut plan = FaultPlan::default();
        for fault in lock(&self.rules).iter_mut().filter_map(|rule| rule.hit(request)) {
            plan.add(fault);
        }
        // Scripts are the user's code, so no lock is held while they run.
        let scripts = lock(&self.scripts).clone();
        for fault in scripts.iter().flat_map(|script| script(request)) {
            plan.add(fault);
        }
        plan
    }
}
