//! `--dry-run`: what an act would do to the clocks of its cases. Asks the desk, and changes nothing.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use super::act::{Deed, Missed, Order, missed, past, to_next};
use super::clocks;
use super::list::policy;
use super::look::Look;
use super::outcome::{Exit, Failure};
use super::output::Output;
use super::session::Connection;
use crate::client::Fetched;
use crate::domain::{Action, Actor, CaseDetail, CaseId, ClockSummary, Revision};
use crate::sla::policy::Policy;
use crate::sla::preview::{NoPreview, Preview, preview};

/// What would happen to one case, as it is written with `--json`.
#[derive(Serialize)]
struct Foreseen<'a> {
    case: &'a CaseId,
    /// The revision that it holds for.
    revision: Revision,
    #[serde(flatten)]
    action: &'a Action,
    at: DateTime<Utc>,
    before: &'a [ClockSummary],
    after: &'a [ClockSummary],
    /// What changes, in sentences.
    changes: &'a [String],
}

#[derive(Serialize)]
struct Unforeseen<'a> {
    case: &'a CaseId,
    error: String,
}

/// Who asks, and by which policy.
struct Asking<'a> {
    connection: &'a Connection,
    actor: Actor,
    policy: Policy,
}

pub async fn run(
    connection: &Connection,
    output: &mut Output,
    look: &Look,
    order: &Order,
) -> Result<Exit, Failure> {
    let (me, policy) = tokio::join!(connection.api.me(), policy(connection));
    let me = me.map_err(|error| connection.failed("ask who you are", &error))?;
    let asking = Asking { connection, actor: connection.learn(me).actor(), policy: policy? };
    let mut worst = Exit::Done;
    let mut answers = Vec::new();
    for id in &order.ids {
        match asking.foresee(id, order).await {
            Ok((detail, action, preview)) => {
                let changes = preview.sentences(&detail.case, &asking.policy);
                if output.json {
                    answers.push(serde_json::to_value(Foreseen {
                        case: id,
                        revision: detail.case.revision,
                        action: &action,
                        at: preview.at,
                        before: &preview.before,
                        after: &preview.after,
                        changes: &changes,
                    }));
                } else {
                    write(output, look, order, id, &preview, &changes, &asking.policy)?;
                }
            }
            Err(missed) => {
                worst = worst.max(missed.exit);
                output.complain(&format!("caseload: {}", missed.sentence));
                answers.push(match missed.problem {
                    Some(problem) => serde_json::to_value(problem),
                    None => serde_json::to_value(Unforeseen { case: id, error: missed.sentence }),
                });
            }
        }
    }
    if output.json {
        let answers: Vec<serde_json::Value> =
            answers.into_iter().collect::<Result<_, _>>().map_err(std::io::Error::other)?;
        match answers.as_slice() {
            [only] if order.ids.len() == 1 => output.json(only)?,
            all => output.json_array(all)?,
        }
    }
    Ok(worst)
}

impl Asking<'_> {
    async fn foresee(
        &self,
        id: &CaseId,
        order: &Order,
    ) -> Result<(CaseDetail, Action, Preview), Missed> {
        let kind = order.deed.kind();
        let verb = kind.verb();
        let fetched = self.connection.api.case(id, None).await;
        let fetched = fetched.map_err(|error| missed(self.connection, id, kind, &error))?;
        let Fetched::Case(detail) = self.connection.learn(fetched) else {
            let sentence = format!("Could not foresee {id}: the desk tells nothing of the case.");
            return Err(Missed::new(Exit::Failed, sentence));
        };
        let is = detail.case.revision;
        if order.if_revision.is_some_and(|wanted| wanted != is) {
            let sentence = format!(
                "Could not {verb} {id}: it is at revision {is}. See what changed (caseload show \
                 {id}), then run it again."
            );
            return Err(Missed::new(Exit::Conflict, sentence));
        }
        let action = match &order.deed {
            Deed::Same(action) => action.clone(),
            Deed::EscalateToNext(escalation) => to_next(escalation, id, detail.case.tier)?,
        };
        let now = self.connection.now().trunc_subsecs(0);
        match preview(&self.actor, &detail, &action, now, &self.policy) {
            Ok(preview) => Ok((*detail, action, preview)),
            Err(NoPreview::Refused(refusal)) => {
                Err(Missed::new(Exit::Refused, format!("Could not {verb} {id}: {refusal}")))
            }
            Err(NoPreview::NotTold) => {
                let desk = &self.connection.desk;
                let sentence = format!(
                    "Could not foresee {id}: desk {desk} does not tell what its clocks went through."
                );
                Err(Missed::new(Exit::Failed, sentence))
            }
        }
    }
}

fn write(
    output: &mut Output,
    look: &Look,
    order: &Order,
    id: &CaseId,
    preview: &Preview,
    changes: &[String],
    policy: &Policy,
) -> Result<(), Failure> {
    let name = output.paint(look.title(), &output.id(id));
    let done = past(order.deed.kind());
    output.line(format!("{name}  {done}, if it were done now; nothing was changed"))?;
    for (when, clocks) in [("Before", &preview.before), ("After", &preview.after)] {
        let when = output.paint(look.dim(), when);
        output.line(format!("  {when}"))?;
        if clocks.is_empty() {
            output.line("    no clock")?;
        }
        clocks::write(output, look, clocks, policy, preview.at, 4)?;
    }
    let what = if changes.is_empty() { "No clock changes" } else { "What changes" };
    let what = output.paint(look.dim(), what);
    output.line(format!("  {what}"))?;
    for change in changes {
        output.line(format!("    {change}"))?;
    }
    Ok(())
}
