//! A case as its customer sees it: only what was told to the customer. What the desk notes for itself, its clocks,
//! whose the licence is and who holds the case stay inside.

use super::Service;
use super::act::asked_for;
use super::files::StagedFile;
use super::problem::Answered;
use super::store::files::{files, staged};
use super::store::{CaseRow, Outlined, Scope};
use crate::domain::{
    Attachment, CaseId, CaseState, ClockKind, ClockState, Resolution, TimelineEntry, TimelineKind,
    Visibility,
};

/// A case that somebody follows.
pub(crate) struct Followed {
    pub row: CaseRow,
    pub description: String,
    /// Whether somebody has told the customer that the case is received, or works on it.
    pub taken_up: bool,
    /// Set while the case is closed.
    pub resolution: Option<Resolution>,
    pub correction: Option<Outlined>,
    /// What the customer may read, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// The files that are the customer's to read.
    pub files: Vec<Attachment>,
    /// What is still awaited from the customer, oldest first.
    pub asked: Vec<Request>,
}

/// What the desk asked the customer for.
pub(crate) struct Request {
    pub entry: TimelineEntry,
    pub items: Vec<&'static str>,
}

impl Service {
    /// The case of this id, for who knows the e-mail address that it was reported with. None for a wrong id
    /// and for a wrong address alike. An address is the same in capitals, and so is an id.
    pub(crate) async fn followed(&self, id: &str, email: &str) -> Answered<Option<Followed>> {
        let id = CaseId::new(id.trim().to_uppercase());
        let mut tx = self.store().read(&Scope::All).await?;
        // One statement, whether there is such a case or not: the time that it takes tells nothing.
        let on_record = CaseRow::email(&mut tx, &id).await?;
        if !same_address(on_record.as_deref().unwrap_or_default(), email) {
            return Ok(None);
        }
        let Some(row) = CaseRow::load(&mut tx, &Scope::All, &id).await? else { return Ok(None) };
        let details = row.details(&mut tx).await?;
        let all = row.timeline(&mut tx).await?;
        let correction = match &row.correction {
            Some(id) => Outlined::find(&mut tx, id).await?,
            None => None,
        };
        let files = files(&mut tx, &row).await?;
        let policy = self.policy_by(&mut tx).await?;
        tx.commit().await?;
        let responded = row
            .ledger
            .summaries(self.now(), &policy)
            .iter()
            .any(|c| c.kind == ClockKind::Response && c.state != ClockState::Running);
        let waiting = row.state == CaseState::Waiting;
        let resolution = details.resolution.filter(|_| row.state == CaseState::Closed);
        Ok(Some(Followed {
            files: files
                .into_iter()
                .map(|file| file.attachment)
                .filter(|file| file.visibility == Visibility::Customer)
                .collect(),
            taken_up: responded || row.assignee.is_some(),
            resolution,
            correction,
            asked: if waiting { open_requests(&all) } else { Vec::new() },
            timeline: all.into_iter().filter(|e| e.visibility == Visibility::Customer).collect(),
            description: details.description,
            row,
        }))
    }
}

impl Service {
    /// The files of these ids that a customer staged; those that are gone are left out.
    pub(crate) async fn staged_by_customer(&self, ids: &[String]) -> Answered<Vec<StagedFile>> {
        let customer = Self::customer();
        // Of a form that is sent again they are a case's by now.
        let mut conn = self.store().read(&Scope::All).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(file) = staged(&mut conn, id).await? else { continue };
            if file.staged_by == customer.as_str() {
                found.push(StagedFile {
                    id: id.clone(),
                    name: file.name.into(),
                    size: file.size,
                    media_type: file.media_type,
                });
            }
        }
        Ok(found)
    }
}

/// Whether two e-mail addresses are the same, but for capitals and the space around them. An empty one is
/// nobody's.
fn same_address(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim().to_lowercase(), other.trim().to_lowercase());
    !one.is_empty() && one == other
}

/// The requests for information since the customer's last answer.
fn open_requests(timeline: &[TimelineEntry]) -> Vec<Request> {
    let answered = |entry: &TimelineEntry| {
        matches!(entry.kind, TimelineKind::CustomerAnswer | TimelineKind::InfoReceived)
    };
    let since = timeline.iter().rposition(answered).map_or(0, |last| last + 1);
    timeline
        .iter()
        .skip(since)
        .filter(|entry| entry.kind == TimelineKind::RequestInfo)
        .map(|entry| Request { items: asked_for(entry.summary.raw()), entry: entry.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_compared_without_capitals_and_space() {
        assert!(same_address("Ida@Fjord.example", " ida@fjord.EXAMPLE "));
        assert!(same_address("É@b", "é@B"));
        assert!(!same_address("ida@fjord.example", "ida@fjord.example.org"));
        assert!(!same_address("", " "));
    }
}
