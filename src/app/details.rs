//! Whole cases that were read lately, so that going back to one shows it at once.

use std::collections::{HashMap, VecDeque};

use crate::domain::{CaseDetail, CaseId, DeskNo, Revision, Untrusted};

/// How many are kept. The timelines of a screenful of cases, a few times over.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub struct Details {
    known: HashMap<CaseId, CaseDetail>,
    /// Oldest first.
    used: VecDeque<CaseId>,
    /// Why the case that is wanted could not be read.
    failed: Option<(CaseId, Untrusted)>,
}

impl Details {
    /// Takes in a whole case, unless a newer one is known.
    pub fn put(&mut self, detail: CaseDetail) -> bool {
        let id = detail.case.id.clone();
        if self.revision(&id).is_some_and(|known| known > detail.case.revision) {
            return false;
        }
        self.used.retain(|used| *used != id);
        self.used.push_back(id.clone());
        if self.failed.as_ref().is_some_and(|(failed, _)| *failed == id) {
            self.failed = None;
        }
        self.known.insert(id, detail);
        while self.used.len() > KEPT {
            if let Some(oldest) = self.used.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }

    pub fn get(&self, id: &CaseId) -> Option<&CaseDetail> {
        self.known.get(id)
    }

    pub fn revision(&self, id: &CaseId) -> Option<Revision> {
        self.known.get(id).map(|d| d.case.revision)
    }

    pub fn forget(&mut self, id: &CaseId) {
        self.known.remove(id);
        self.used.retain(|used| used != id);
    }

    pub fn forget_desk(&mut self, desk: DeskNo) {
        self.known.retain(|id, _| id.desk() != desk);
        self.used.retain(|id| id.desk() != desk);
        self.failed = None;
    }

    pub fn fail(&mut self, id: CaseId, why: Untrusted) {
        self.failed = Some((id, why));
    }

    pub fn failure(&self, id: &CaseId) -> Option<&Untrusted> {
        self.failed.as_ref().filter(|(failed, _)| failed == id).map(|(_, why)| why)
    }

    pub fn clear_failure(&mut self) -> bool {
        self.failed.take().is_some()
    }
}
