//! Registering a case, and what its customer adds later.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::act::{StoredAnswer, again};
use super::files::{described, found, summary};
use super::mail::{Kind, Letter, mail_entry};
use super::problem::{Answered, field, internal, invalid, not_found};
use super::store::files::Link;
use super::store::{
    CaseRow, Conn, Details, Ending, Licence, NewAudit, Scope, StoreError, Stored, new_case_id,
    partner, seal,
};
use super::texts::check_report;
use super::{Service, tokens, until_done};
use crate::domain::rules::{Change, TEXT_MAX, fault};
use crate::domain::{
    Actor, Attachment, CaseId, CaseState, Eligibility, Environment, PartnerRef, Person,
    PhoneFollowUp, Role, Severity, Tier, TimelineEntry, TimelineKind, Untrusted, UserId,
    Visibility,
};
use crate::sla::ledger::Ledger;
use crate::wire::{FieldError, Report, Reported};

/// The partner of cases whose licence key nobody knows: the vendor's own desk.
pub(super) const DIRECT: &str = "direct";
/// Who a customer is in timelines and in the audit record: customers have no account.
pub(crate) const CUSTOMER: &str = "customer";

/// The severity of a new case (the domain's severity criteria). A lab environment is never Critical.
/// Where the reporter names none, the case gets what the criteria give without an agent's judgement:
/// High in production and live use, Medium in a lab, one step lower with a workaround. Critical asks for
/// somebody who says so, since it asks for a phone call.
pub(crate) fn severity_of(report: &Report) -> Result<Severity, FieldError> {
    match (report.severity, report.environment) {
        (Some(Severity::Critical), Environment::Lab) => Err(field(
            "severity",
            "a case in a lab environment is never critical; high is the highest for it",
        )),
        (Some(severity), _) => Ok(severity),
        (None, environment) => {
            let severity = match environment {
                Environment::Production | Environment::Live => Severity::High,
                Environment::Lab => Severity::Medium,
            };
            Ok(if report.workaround == Some(true) { severity.lowered() } else { severity })
        }
    }
}

/// Where a report goes, by its licence key (domain rule 1).
struct Route {
    partner: PartnerRef,
    eligibility: Eligibility,
    company: Option<String>,
}

impl Route {
    async fn unknown(conn: &mut Conn) -> Answered<Self> {
        Ok(Self {
            partner: partner(conn, DIRECT).await?,
            eligibility: Eligibility::UnknownKey,
            company: None,
        })
    }

    async fn of(conn: &mut Conn, key: &str) -> Answered<Self> {
        Ok(match Licence::find(&mut *conn, key).await? {
            None => Self::unknown(conn).await?,
            Some(licence) => Self {
                eligibility: if licence.eligible {
                    Eligibility::Eligible
                } else {
                    Eligibility::NotEligible
                },
                partner: licence.partner,
                company: Some(licence.company),
            },
        })
    }
}

fn none_if_empty(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

impl Service {
    /// Registers a case.
    ///
    /// # Errors
    /// 422 with the fields that are wrong.
    pub async fn report(&self, actor: &Actor, report: Report) -> Answered<Reported> {
        let answer = self.report_once(actor, None, report).await?;
        serde_json::from_slice(&answer.body).map_err(|_| internal())
    }

    /// Registers a case that its customer reports. The key makes a form that is sent again the same case. The
    /// answer does not show whose the licence key is, or whether it is anybody's.
    pub(crate) async fn report_by_customer(
        &self,
        key: Uuid,
        report: Report,
        files: Vec<String>,
    ) -> Answered<Reported> {
        let customer = Actor {
            id: Self::customer(),
            name: Untrusted::from(report.contact.as_str()),
            // An agent without a partner: one who sees no case.
            role: Role::Partner,
            partner: None,
        };
        let answer = self.report_with(&customer, Some(key), report, files).await?;
        serde_json::from_slice(&answer.body).map_err(|_| internal())
    }

    /// Registers a case; with a key, once for that key.
    pub(crate) async fn report_once(
        &self,
        actor: &Actor,
        key: Option<Uuid>,
        report: Report,
    ) -> Answered<StoredAnswer> {
        self.report_with(actor, key, report, Vec::new()).await
    }

    /// As [`Service::report_once`], with files that the actor staged; the customer reads them.
    pub(crate) async fn report_with(
        &self,
        actor: &Actor,
        key: Option<Uuid>,
        report: Report,
        files: Vec<String>,
    ) -> Answered<StoredAnswer> {
        let mut errors = check_report(&report);
        let severity = severity_of(&report).map_err(|e| errors.push(e)).ok();
        let Some(severity) = severity.filter(|_| errors.is_empty()) else {
            return Err(invalid(errors));
        };
        let (service, actor) = (self.clone(), actor.clone());
        self.finish(
            async move { until_done!(service.register(&actor, key, &report, severity, &files)) },
        )
        .await
    }

    async fn register(
        &self,
        actor: &Actor,
        key: Option<Uuid>,
        report: &Report,
        severity: Severity,
        files: &[String],
    ) -> Answered<StoredAnswer> {
        let body = serde_json::to_string(report).map_err(|_| internal())?;
        // The key's partner need not be the actor's.
        let mut tx = self.store().write(&Scope::All).await?;
        let files = found(&mut tx, files, &actor.id).await?;
        let request = format!("report {body}{}", described(&files));
        let request_hash = tokens::hex(&Sha256::digest(request));
        let now = self.moment();
        if let Some(key) = key
            && let Some(stored) = Stored::find(&mut tx, &actor.id, key, now).await?
        {
            return again(stored, &request_hash);
        }
        let route = Route::of(&mut tx, &report.licence_key).await?;
        let given_company = none_if_empty(report.company.clone());
        let policy = self.policy_by(&mut tx).await?;
        let ledger = Ledger::opened(now, severity, &route.partner.id, &policy);
        let mut row = CaseRow {
            n: 0,
            id: new_case_id(&mut tx).await?,
            subject: report.subject.clone(),
            severity,
            tier: Tier::First,
            state: CaseState::Open,
            partner: route.partner,
            company: given_company.clone().or(route.company).unwrap_or_default(),
            contact: report.contact.clone(),
            assignee: None,
            eligibility: route.eligibility,
            environment: report.environment,
            workaround: report.workaround == Some(true),
            phone_follow_up: (severity == Severity::Critical).then_some(PhoneFollowUp::Due),
            correction: None,
            reached_second: false,
            ledger,
            reported_at: now,
            updated_at: now,
            revision: 1,
            change_seq: 0,
            entries: if self.sends_mail() { 2 } else { 1 },
        };
        let details = Details {
            description: report.description.clone(),
            licence_key: report.licence_key.clone(),
            email: report.email.clone(),
            phone: none_if_empty(report.phone.clone()),
            product: none_if_empty(report.product.clone()),
            version: none_if_empty(report.version.clone()),
            resolution: None,
        };
        row.insert(&mut tx, &details).await?;
        let by = Person { id: actor.id.clone(), name: actor.name.clone() };
        let link = Link { by: &by, at: now, visibility: Visibility::Customer };
        let attached = self.link_found(&mut tx, &row, &files, &link).await?;
        let entry = TimelineEntry {
            seq: 1,
            at: now,
            actor: by.clone(),
            kind: TimelineKind::Reported,
            visibility: Visibility::Customer,
            text: Untrusted::default(),
            summary: with_files(format!("reported as {severity}"), &attached).into(),
        };
        row.add_entry(&mut tx, &entry).await?;
        if self.sends_mail() {
            // The same work whether or not the address is on record, and an entry either way.
            let receipt = Letter {
                case: &row,
                licence_key: &details.licence_key,
                email: &details.email,
                kind: Kind::Receipt,
                text: "",
                at: self.now(),
            };
            let said = self.write_letter(&mut tx, &receipt).await?;
            let said = said.unwrap_or_else(|| "the case id is being mailed".to_owned());
            row.add_entry(&mut tx, &mail_entry(row.entries, now, said)).await?;
        }
        let mut shown = row.clone();
        let foreign =
            actor.role == Role::Partner && actor.partner.as_ref() != Some(&row.partner.id);
        if foreign {
            // Whether the key is some other partner's or nobody's must not show.
            let unknown = Route::unknown(&mut tx).await?;
            shown.ledger = Ledger::opened(now, severity, &unknown.partner.id, &policy);
            shown.company = given_company.unwrap_or_default();
            shown.partner = unknown.partner;
            shown.eligibility = unknown.eligibility;
        }
        let reported = Reported { id: row.id.clone(), case: shown.case(now, &policy) };
        let body = serde_json::to_vec(&reported).map_err(|_| internal())?;
        if let Some(key) = key {
            Stored { status: 201, body: body.clone(), request_hash }
                .keep(&mut tx, &actor.id, key, now)
                .await?;
        }
        let changed = seal(&mut tx, &[&row]).await?;
        let key = key.map(|k| k.to_string());
        NewAudit {
            at: now,
            actor: actor.id.as_str(),
            action: "report",
            case: Some(&row.id),
            key: key.as_deref(),
        }
        .append(&mut tx)
        .await?;
        audit_files(&mut tx, &attached, now, actor.id.as_str(), &row.id).await?;
        tx.commit().await?;
        self.changed(&changed);
        self.mail_is_queued();
        Ok(StoredAnswer { status: 201, body })
    }

    /// The customer adds something to a case. Awaited information has come with it, so that the clocks
    /// that it held run again. A closed case stays closed: whether to reopen it is an agent's to decide
    /// (domain rule 8), and the entry says that it came afterwards.
    ///
    /// # Errors
    /// 404 if there is no such case, 422 for a text that is empty, too long or holds NUL.
    pub async fn customer_answer(&self, id: &CaseId, text: &str) -> Answered<TimelineEntry> {
        self.customer_answer_with(id, text, Vec::new()).await
    }

    /// As [`Service::customer_answer`], with files that [`Service::customer`] staged; with them the text may
    /// be empty.
    ///
    /// # Errors
    /// As there; 413 or 422 where files pass their limits or are gone.
    pub async fn customer_answer_with(
        &self,
        id: &CaseId,
        text: &str,
        files: Vec<String>,
    ) -> Answered<TimelineEntry> {
        self.customer_answer_once(id, None, text, files).await
    }

    /// As [`Service::customer_answer_with`]; with a key, once for that key.
    pub(crate) async fn customer_answer_once(
        &self,
        id: &CaseId,
        key: Option<Uuid>,
        text: &str,
        files: Vec<String>,
    ) -> Answered<TimelineEntry> {
        let wrong = if text.is_empty() && !files.is_empty() {
            None
        } else if text.is_empty() {
            Some("must not be empty".to_owned())
        } else {
            fault(text, TEXT_MAX)
        };
        if let Some(message) = wrong {
            return Err(invalid(vec![field("text", message)]));
        }
        let (service, id, text) = (self.clone(), id.clone(), text.to_owned());
        self.finish(async move { until_done!(service.add_answer(&id, key, &text, &files)) }).await
    }

    /// Who stages the files of customers: they have no account.
    #[must_use]
    pub fn customer() -> UserId {
        UserId::from(CUSTOMER)
    }

    async fn add_answer(
        &self,
        id: &CaseId,
        key: Option<Uuid>,
        text: &str,
        files: &[String],
    ) -> Answered<TimelineEntry> {
        let customer = Self::customer();
        // The customer has no scope of their own; which case is theirs was asked before.
        let mut tx = self.store().write(&Scope::All).await?;
        let now = self.moment();
        let found = found(&mut tx, files, &customer).await?;
        let request = format!("answer {} {text}{}", id.as_str(), described(&found));
        let request_hash = tokens::hex(&Sha256::digest(request));
        if let Some(key) = key
            && let Some(stored) = Stored::find(&mut tx, &customer, key, now).await?
        {
            let answer = again(stored, &request_hash)?;
            return serde_json::from_slice(&answer.body).map_err(|_| internal());
        }
        let mut row = CaseRow::load(&mut tx, &Scope::All, id).await?.ok_or_else(not_found)?;
        let decided_on = row.revision;
        let summary = match row.state {
            CaseState::Open => "",
            CaseState::Waiting => {
                row.state = CaseState::Open;
                let policy = self.policy_by(&mut tx).await?;
                row.ledger.apply(now, &Change::InfoReceived, &policy);
                "no longer waiting for the customer"
            }
            CaseState::Closed => "came after the case was closed",
        };
        row.revision += 1;
        row.entries += 1;
        row.updated_at = now;
        if !row.update(&mut tx, decided_on, Ending::Kept).await? {
            return Err(StoreError::Again.into());
        }
        let by = Person { id: customer.clone(), name: row.contact.as_str().into() };
        let link = Link { by: &by, at: now, visibility: Visibility::Customer };
        let attached = self.link_found(&mut tx, &row, &found, &link).await?;
        let entry = TimelineEntry {
            seq: row.entries,
            at: now,
            actor: by.clone(),
            kind: TimelineKind::CustomerAnswer,
            visibility: Visibility::Customer,
            text: text.into(),
            summary: with_files(summary.to_owned(), &attached).into(),
        };
        row.add_entry(&mut tx, &entry).await?;
        if let Some(key) = key {
            let body = serde_json::to_vec(&entry).map_err(|_| internal())?;
            Stored { status: 200, body, request_hash }.keep(&mut tx, &customer, key, now).await?;
        }
        let changed = seal(&mut tx, &[&row]).await?;
        let key = key.map(|key| key.to_string());
        NewAudit {
            at: now,
            actor: CUSTOMER,
            action: "customer_answer",
            case: Some(id),
            key: key.as_deref(),
        }
        .append(&mut tx)
        .await?;
        audit_files(&mut tx, &attached, now, CUSTOMER, id).await?;
        tx.commit().await?;
        self.changed(&changed);
        Ok(entry)
    }
}

/// What happened, and the files that came with it.
fn with_files(mut what: String, attached: &[Attachment]) -> String {
    if !what.is_empty() && !attached.is_empty() {
        what.push_str("; ");
    }
    what + &summary(attached)
}

/// Files that came with another act have their own row in the audit record.
async fn audit_files(
    conn: &mut Conn,
    attached: &[Attachment],
    at: DateTime<Utc>,
    actor: &str,
    case: &CaseId,
) -> Result<(), StoreError> {
    if attached.is_empty() {
        return Ok(());
    }
    NewAudit { at, actor, action: "attach", case: Some(case), key: None }.append(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_severity_gets_the_one_of_the_criteria() {
        use Environment::{Lab, Live, Production};
        use Severity::{Critical, High, Low, Medium};
        let report = |environment, severity, workaround| Report {
            subject: "s".to_owned(),
            description: "d".to_owned(),
            environment,
            licence_key: "k".to_owned(),
            contact: "c".to_owned(),
            email: "a@b".to_owned(),
            severity,
            workaround,
            product: None,
            version: None,
            company: None,
            phone: None,
        };
        for (environment, given, workaround, expected) in [
            (Production, None, None, Some(High)),
            (Live, None, Some(false), Some(High)),
            (Lab, None, None, Some(Medium)),
            (Production, None, Some(true), Some(Medium)),
            (Lab, None, Some(true), Some(Low)),
            (Production, Some(Critical), None, Some(Critical)),
            (Live, Some(Low), Some(true), Some(Low)),
            (Lab, Some(High), None, Some(High)),
            (Lab, Some(Critical), None, None),
        ] {
            let report = report(environment, given, workaround);
            assert_eq!(severity_of(&report).ok(), expected, "{report:?}");
        }
    }
}
