//! Files of cases on their way up and down: what is asked of the desks for them, how far they are, what became of
//! them, and the keys of their list. A few at a time; the rest waits its turn.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::asks::For;
use super::model::{Model, Overlay};
use super::msg::{AskId, Effect};
use super::size;
use super::update::refuse;
use super::view::{Listing, ListingRow, Tone};
use super::words;
use crate::domain::ask::{Answer, Ask, Because, LocalFile, Unanswered};
use crate::domain::{Attachment, CaseId};
use crate::input::{Action, Context};

/// How many are on their way at once.
const AT_ONCE: usize = 2;
/// How many that have ended are still listed.
const REMEMBERED: usize = 50;
/// Columns of a name in a sentence.
const NAME: usize = 60;
const SENTENCE: usize = 300;

/// All of this run, oldest first.
#[derive(Debug, Default)]
pub struct Transfers {
    last: u64,
    all: Vec<Transfer>,
}

/// One file.
#[derive(Debug)]
struct Transfer {
    n: u64,
    case: CaseId,
    what: What,
    name: String,
    done: u64,
    total: u64,
    /// The first news of this try: when, and how many bytes there were.
    begun: Option<(DateTime<Utc>, u64)>,
    /// Bytes a second since then; None: not known yet.
    rate: Option<u64>,
    state: State,
}

#[derive(Debug, Clone)]
enum What {
    Up(PathBuf),
    /// All files of the case, and which of them.
    Down(Vec<Attachment>, String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waits,
    OnItsWay(AskId),
    /// Where it is now; empty: at the case.
    Done(String),
    Failed(String),
    /// What is left of it, in half a sentence.
    Cancelled(&'static str),
}

impl Transfer {
    fn is_up(&self) -> bool {
        matches!(self.what, What::Up(_))
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Waits | State::OnItsWay(_))
    }

    fn permille(&self) -> u16 {
        let permille = self.done.saturating_mul(1000).checked_div(self.total).unwrap_or(0);
        u16::try_from(permille.min(1000)).unwrap_or(1000)
    }

    /// "45 % · 1.2 MB/s · 8 s left"
    fn pace(&self) -> String {
        let mut parts = vec![format!("{} %", self.permille() / 10)];
        if let Some(rate) = self.rate {
            parts.push(format!("{}/s", size::text(rate)));
            if let Some(left) = self.total.saturating_sub(self.done).checked_div(rate) {
                parts.push(format!("{} left", size::seconds(left)));
            }
        }
        parts.join(" · ")
    }

    /// What is said of it as long as it has not begun or is not told.
    fn stand(&self) -> (String, Tone) {
        match &self.state {
            State::Waits => ("waits its turn".to_owned(), Tone::Dim),
            State::OnItsWay(_) if self.is_up() && self.total > 0 && self.done >= self.total => {
                ("the desk looks at it".to_owned(), Tone::Plain)
            }
            State::OnItsWay(_) => (self.pace(), Tone::Plain),
            State::Done(_) => ("done".to_owned(), Tone::Good),
            State::Failed(_) => ("failed".to_owned(), Tone::Error),
            State::Cancelled(_) => ("cancelled".to_owned(), Tone::Dim),
        }
    }
}

impl Transfers {
    /// Whether some file is on its way or waits for it.
    pub fn are_open(&self) -> bool {
        self.all.iter().any(Transfer::is_open)
    }

    /// What is on its way, for the question before quitting: "error.log to C-1".
    pub fn open_names(&self) -> Vec<String> {
        let open = self.all.iter().filter(|t| t.is_open());
        open.map(|t| {
            let way = if t.is_up() { "to" } else { "of" };
            let end = if t.is_up() { "it may have arrived" } else { "what came is kept" };
            format!("{} {way} {}: broken off, {end}", t.name, t.case)
        })
        .collect()
    }

    /// The one line about all of them: how far in all (per mille), and in words; None: none is on its way.
    pub fn summary(&self, ascii: bool) -> Option<(u16, String)> {
        let open: Vec<&Transfer> = self.all.iter().filter(|t| t.is_open()).collect();
        let (up, down) = if ascii { ("^", "v") } else { ("↑", "↓") };
        let way = |t: &Transfer| if t.is_up() { up } else { down };
        match open.as_slice() {
            [] => None,
            [one] => Some((one.permille(), format!("{} {} {}", way(one), one.name, one.stand().0))),
            many => {
                let total: u64 = many.iter().map(|t| t.total).sum();
                let done: u64 = many.iter().map(|t| t.done).sum();
                let permille = done.saturating_mul(1000).checked_div(total).unwrap_or(0);
                let permille = u16::try_from(permille.min(1000)).unwrap_or(1000);
                let rate: u64 = many.iter().filter_map(|t| t.rate).sum();
                let mut text = format!("{} files {} %", many.len(), permille / 10);
                if let Some(left) = total.saturating_sub(done).checked_div(rate) {
                    let left = size::seconds(left);
                    let _ = write!(text, " · {}/s · {left} left", size::text(rate));
                }
                Some((permille, text))
            }
        }
    }

    fn add(&mut self, case: &CaseId, what: What, name: String, total: u64) {
        self.last += 1;
        let ended = self.all.iter().filter(|t| !t.is_open()).count();
        if ended > REMEMBERED
            && let Some(oldest) = self.all.iter().position(|t| !t.is_open())
        {
            self.all.remove(oldest);
        }
        self.all.push(Transfer {
            n: self.last,
            case: case.clone(),
            what,
            name,
            done: 0,
            total,
            begun: None,
            rate: None,
            state: State::Waits,
        });
    }

    fn of(&mut self, ask: AskId) -> Option<&mut Transfer> {
        self.all.iter_mut().find(|t| t.state == State::OnItsWay(ask))
    }
}

/// Attaches a file of this machine to a case.
pub fn upload(model: &mut Model, case: &CaseId, file: LocalFile, effects: &mut Vec<Effect>) {
    let name = crate::domain::text::safe_line(&file.name, NAME);
    model.transfers.add(case, What::Up(file.path), name, file.size);
    start_next(model, effects);
}

/// Brings one of a case's files to this machine; one that is on its way already is not brought twice.
pub fn download(model: &mut Model, case: &CaseId, file: &Attachment, effects: &mut Vec<Effect>) {
    let is_coming = |t: &Transfer| {
        t.is_open() && t.case == *case && matches!(&t.what, What::Down(_, id) if *id == file.id)
    };
    if model.transfers.all.iter().any(is_coming) {
        return;
    }
    // Two files of one name are told apart by all that the case has.
    let known = model.details.get(case).map(|detail| detail.attachments.clone());
    let files = known.filter(|all| all.iter().any(|other| other.id == file.id));
    let files = files.unwrap_or_else(|| vec![file.clone()]);
    let what = What::Down(files, file.id.clone());
    model.transfers.add(case, what, file.name.cell(NAME), file.size);
    start_next(model, effects);
}

/// What waits begins, as far as its turn has come.
fn start_next(model: &mut Model, effects: &mut Vec<Effect>) {
    let on_their_way =
        model.transfers.all.iter().filter(|t| matches!(t.state, State::OnItsWay(_))).count();
    let to = model.downloads.clone();
    let waiting = model.transfers.all.iter_mut().filter(|t| t.state == State::Waits);
    for transfer in waiting.take(AT_ONCE.saturating_sub(on_their_way)) {
        let case = transfer.case.clone();
        let ask = match &transfer.what {
            What::Up(path) => Ask::Upload { case, path: path.clone() },
            What::Down(files, file) => {
                Ask::Download { case, files: files.clone(), file: file.clone(), to: to.clone() }
            }
        };
        let ask = model.asks.ask(transfer.case.desk(), For::Transfer, ask, effects);
        transfer.state = State::OnItsWay(ask);
    }
}

/// Some of a file has come, or gone.
pub fn progressed(model: &mut Model, ask: AskId, (done, total): (u64, u64), now: DateTime<Utc>) {
    let Some(transfer) = model.transfers.of(ask) else { return };
    // A try that began anew counts from there.
    if done < transfer.done {
        (transfer.begun, transfer.rate) = (None, None);
    }
    (transfer.done, transfer.total) = (done, total);
    let (since, before) = *transfer.begun.get_or_insert((now, done));
    let ms = u64::try_from((now - since).num_milliseconds()).unwrap_or(0);
    if ms >= 500 {
        transfer.rate = done.saturating_sub(before).saturating_mul(1000).checked_div(ms);
    }
}

/// A file has arrived, or will not.
pub fn answered(
    model: &mut Model,
    ask: AskId,
    answer: Result<Answer, Unanswered>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if let Some(transfer) = model.transfers.of(ask) {
        let (case, name) = (transfer.case.clone(), transfer.name.clone());
        let is_up = transfer.is_up();
        let (state, said, tone) = match answer {
            Ok(Answer::Downloaded(path)) => {
                let path = crate::domain::text::safe_line(&path.to_string_lossy(), SENTENCE);
                (State::Done(path.clone()), format!("{case}: {path}"), Tone::Good)
            }
            Ok(_) => {
                let said = format!("{case}: {name} is attached; the customer is not told");
                (State::Done(String::new()), said, Tone::Good)
            }
            Err(failed) => {
                let why = why(&failed);
                let act = if is_up { "attach" } else { "bring" };
                let way = if is_up { "to" } else { "of" };
                let said = if failed.in_doubt && is_up {
                    format!(
                        "It is not known whether {name} was attached to {case}: {why}. Look at the case first."
                    )
                } else {
                    format!("Could not {act} {name} {way} {case}: {why}.")
                };
                (State::Failed(said.clone()), said, Tone::Error)
            }
        };
        if matches!(state, State::Done(_)) {
            transfer.done = transfer.total;
        }
        transfer.state = state;
        model.say(said, tone, now);
    }
    start_next(model, effects);
}

fn why(failed: &Unanswered) -> String {
    let why = failed.why.cell(SENTENCE);
    let why = why.trim_end_matches('.');
    match failed.because {
        Because::NotReached if !failed.in_doubt => format!("{why}; nothing was kept at the desk"),
        _ => why.to_owned(),
    }
}

/// All that is on its way or has ended.
pub fn open(model: &mut Model) {
    model.toast = None;
    // On the first that is on its way.
    let at = model.transfers.all.iter().position(Transfer::is_open);
    let at = at.unwrap_or(model.transfers.all.len().saturating_sub(1));
    let on = model.transfers.all.get(at).map(|t| t.n);
    model.overlay = Some(Overlay::Transfers { on });
}

/// The place of the line that the keys are on.
fn place(model: &Model, on: Option<u64>) -> usize {
    let found = model.transfers.all.iter().position(|t| Some(t.n) == on);
    found.unwrap_or(model.transfers.all.len().saturating_sub(1))
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Transfers { on }) = model.overlay else { return };
    let at = place(model, on);
    let step = |to: usize| model.transfers.all.get(to).map(|t| t.n).or(on);
    match action {
        Some(Action::CloseTransfers) => model.overlay = None,
        Some(Action::NextTransfer) => {
            model.overlay = Some(Overlay::Transfers { on: step(at + 1) });
        }
        Some(Action::PrevTransfer) => {
            model.overlay = Some(Overlay::Transfers { on: step(at.saturating_sub(1)) });
        }
        Some(Action::CancelTransfer) => cancel(model, at, now, effects),
        Some(Action::RetryTransfer) => again(model, at, now, effects),
        _ => {}
    }
}

fn cancel(model: &mut Model, at: usize, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(transfer) = model.transfers.all.get_mut(at) else { return };
    let left = match (&transfer.state, transfer.is_up()) {
        (State::Waits, _) => "nothing was sent or brought",
        (State::OnItsWay(_), true) => "it may have arrived all the same: look at the case",
        (State::OnItsWay(_), false) => "what came is kept, and the next time goes on from there",
        _ => return refuse(model, "It has ended; there is nothing to cancel.", now),
    };
    if let State::OnItsWay(ask) = transfer.state {
        model.asks.cancel(ask, effects);
    }
    transfer.state = State::Cancelled(left);
    let said = format!("{} is cancelled: {left}", transfer.name);
    model.say(said, Tone::Plain, now);
    start_next(model, effects);
}

fn again(model: &mut Model, at: usize, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(transfer) = model.transfers.all.get_mut(at) else { return };
    if !matches!(transfer.state, State::Failed(_) | State::Cancelled(_)) {
        return refuse(model, "Only what failed or was cancelled is tried again.", now);
    }
    (transfer.begun, transfer.rate) = (None, None);
    transfer.state = State::Waits;
    start_next(model, effects);
}

/// The list, for drawing.
pub fn view(model: &Model, on: Option<u64>) -> Listing {
    let (up, down) = if model.ascii { ("^", "v") } else { ("↑", "↓") };
    let rows = model.transfers.all.iter().map(|t| {
        let (stand, tone) = t.stand();
        ListingRow {
            cells: vec![
                (if t.is_up() { up } else { down }.to_owned(), Tone::Dim),
                (model.desks.named_case(&t.case), Tone::Strong),
                (t.name.clone(), Tone::Plain),
                (size::text(t.total), Tone::Dim),
                (stand, tone),
            ],
            permille: matches!(t.state, State::OnItsWay(_)).then(|| t.permille()),
            is_head: false,
        }
    });
    let at = place(model, on);
    let told = model.transfers.all.get(at).map(|t| match &t.state {
        State::Done(path) if path.is_empty() => {
            (Tone::Plain, "It is at the case, for colleagues; the customer is not told.".into())
        }
        State::Done(path) => (Tone::Plain, path.as_str().into()),
        State::Failed(said) => (Tone::Error, said.as_str().into()),
        State::Cancelled(left) => (Tone::Plain, format!("Cancelled: {left}.").into()),
        State::Waits => (Tone::Plain, "It begins when another one has ended.".into()),
        State::OnItsWay(_) => {
            (Tone::Plain, format!("{} of {}", size::text(t.done), size::text(t.total)).into())
        }
    });
    let attach = words::key(model, Action::Attach);
    let files = words::key(model, Action::Files);
    Listing {
        title: "Transfers".to_owned(),
        rows: rows.collect(),
        grows: 2,
        at,
        told: told.into_iter().collect(),
        empty: vec![
            "No file was sent or brought in this run.".to_owned(),
            format!("{attach} attaches files to a case, {files} brings those that it has."),
        ],
        hints: super::build::hints_of(model, Context::Transfers),
    }
}
