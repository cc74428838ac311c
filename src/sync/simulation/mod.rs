//! The line to a desk, its store and two processes on one folder, through whole lives with faults at every send,
//! answer and write, crashes at any step, other people's changes, and a person who orders, takes back,
//! answers and gives up. Time is paused, and all chance comes from a seed.
//!
//! What must be true in the end is in [`Life::judge`]; a seed that fails is printed, and `SEED=…` plays that
//! one alone. `SCHEDULES=…` says how many are played.

#![allow(
    clippy::result_large_err,
    clippy::struct_excessive_bools,
    clippy::needless_pass_by_value,
    reason = "a life is short, and reads better so"
)]

mod chance;
mod desk;
mod person;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::chance::Chance;
use self::desk::{Desk, Line, label};
use super::store::played::{Disk, Fate};
use super::store::{Fingerprint, Place, RowState, Store};
use super::{Event, Handle, start_with};
use crate::client::CaseApi;
use crate::clock::DeskClock;
use crate::domain::CaseId;
use crate::domain::outbox::{Outbox, State};

const CASES: &[&str] = &["C-1", "C-2", "C-3"];
/// How many are played where nobody says otherwise.
const SCHEDULES: u64 = 1_000;
/// What the person does in one life.
const STEPS: u64 = 16;
/// After how long a weighty act is asked about; short, since time that passes costs polls.
const ASK_AFTER: Duration = Duration::from_mins(2);
/// How long everything may take once nothing fails any more; the desk's longest silence is five minutes.
const PATIENCE: Duration = Duration::from_hours(4);

fn start_of_time() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

/// What is known of an act besides what the desk and the disk say.
#[derive(Debug, Default)]
struct Known {
    case: Option<CaseId>,
    /// Its number on the disk, once it was seen.
    n: Option<u64>,
    /// Somebody saw that it is kept.
    shown: bool,
    /// It was told that it is not.
    not_kept: bool,
    /// The person wanted it gone: taken back before it is sent, given up, or replaced.
    unwanted: bool,
    /// It was told that it was taken back before it was sent.
    undone: bool,
    done: bool,
}

/// All that people have seen, and what was wrong with it.
#[derive(Debug, Default)]
struct Witness {
    acts: BTreeMap<String, Known>,
    wrong: Vec<String>,
    /// What happened, in order.
    told: Vec<String>,
}

impl Witness {
    fn act(&mut self, label: &str) -> &mut Known {
        self.acts.entry(label.to_owned()).or_default()
    }

    fn wrong(&mut self, what: String) {
        self.told.push(format!("WRONG: {what}"));
        self.wrong.push(what);
    }
}

/// A screen and the line behind it.
struct Process {
    handle: Handle,
    disk: Arc<Disk>,
    seen: Arc<Mutex<Seen>>,
    /// Looks at what the line tells; ends with the process.
    watching: JoinSet<()>,
}

/// What stands on the screen.
#[derive(Debug, Default)]
struct Seen {
    outbox: Outbox,
    /// The ticket of each act that was ordered here.
    labels: BTreeMap<u64, String>,
    /// What has stood there.
    keys: BTreeSet<Uuid>,
}

/// Everything of one seed.
struct Life {
    seed: u64,
    chance: Chance,
    desk: Arc<Desk>,
    folder: PathBuf,
    processes: [Option<Process>; 2],
    /// How many processes there were.
    starts: u64,
    acts: u64,
    witness: Arc<Mutex<Witness>>,
    /// No disk fails any more.
    is_mended: bool,
}

impl Life {
    fn new(seed: u64, folder: &Path) -> Self {
        Self {
            seed,
            chance: Chance::of(&[seed]),
            desk: Desk::open(CASES, start_of_time()),
            folder: folder.to_owned(),
            processes: [None, None],
            starts: 0,
            acts: 0,
            witness: Arc::default(),
            is_mended: false,
        }
    }

    fn note(&self, what: String) {
        let at = (self.desk.now() - start_of_time()).num_milliseconds();
        self.witness.lock().unwrap().told.push(format!("{at:>8} {what}"));
    }

    fn place(&self) -> Place {
        Place { state: self.folder.join("state"), cache: self.folder.join("cache") }
    }

    async fn start(&mut self, which: usize) {
        self.starts += 1;
        let (seed, start, is_mended) = (self.seed, self.starts, self.is_mended);
        let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let is_armed = Arc::clone(&armed);
        let disk = Disk::new(move |write| {
            let mut chance = Chance::of(&[seed, start, write]);
            if is_mended || !is_armed.load(std::sync::atomic::Ordering::SeqCst) {
                return Fate::Written;
            }
            match chance.below(100) {
                0..=3 => Fate::Fails,
                4 => Fate::DiesBefore,
                5 => Fate::DiesAfter,
                _ => Fate::Written,
            }
        });
        Disk::play(Some(Arc::clone(&disk)));
        let store = Store::open(self.place(), Fingerprint::of(&"t0ken".into())).await;
        let store = store.asking_after(ASK_AFTER);
        armed.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(store.is_on_disk(), "{:?}", store.take_notices());
        let store = Arc::new(store);
        // A machine's clock may be off by minutes.
        let skew = i64::try_from(self.chance.below(600)).unwrap() - 300;
        let clock = DeskClock::start_at(self.desk.now() + chrono::TimeDelta::seconds(skew));
        let (events, mut told) = tokio::sync::mpsc::channel(64);
        let api = Line {
            desk: Arc::clone(&self.desk),
            chance: Mutex::new(Chance::of(&[seed, start, 1])),
            seed,
        };
        let jitter = Mutex::new(Chance::of(&[seed, start, 2]));
        let handle = start_with(
            Arc::new(api) as Arc<dyn CaseApi>,
            Arc::new(clock),
            Arc::clone(&store),
            events,
            Arc::new(move || {
                let thousandths = u32::try_from(jitter.lock().unwrap().below(1_001)).unwrap();
                f64::from(thousandths) / 1_000.0
            }),
        );
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut watching = JoinSet::new();
        let watcher = Watcher {
            seen: Arc::clone(&seen),
            desk: Arc::clone(&self.desk),
            witness: Arc::clone(&self.witness),
            store,
            which,
        };
        watching.spawn(async move {
            while let Some(event) = told.recv().await {
                watcher.look(event).await;
            }
        });
        self.note(format!("process {which} starts ({start})"));
        self.processes[which] = Some(Process { handle, disk, seen, watching });
    }

    /// The process is gone from one moment to the next.
    async fn crash(&mut self, which: usize, why: &str) {
        if let Some(process) = self.processes[which].take() {
            self.note(format!("process {which} dies: {why}"));
            process.disk.die();
            let Process { handle, mut watching, .. } = process;
            drop(handle);
            watching.shutdown().await;
            // Its tasks are gone once each had its turn.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn quit(&mut self, which: usize) {
        if let Some(process) = self.processes[which].take() {
            self.note(format!("process {which} is quit"));
            let Process { handle, disk, mut watching, .. } = process;
            let grace = Duration::from_secs(self.chance.below(6));
            let ending = tokio::time::timeout(Duration::from_mins(1), handle.shutdown(grace));
            if ending.await.is_err() && !disk.has_died() {
                self.witness
                    .lock()
                    .unwrap()
                    .wrong("quitting took longer than its grace".to_owned());
            }
            disk.die();
            watching.shutdown().await;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whoever died at a write is noticed.
    async fn bury(&mut self) {
        for which in 0..2 {
            if self.processes[which].as_ref().is_some_and(|process| process.disk.has_died()) {
                self.crash(which, "at a write").await;
            }
        }
    }

    async fn live(&mut self) {
        self.start(0).await;
        for _ in 0..STEPS {
            self.step().await;
            self.bury().await;
            if self.processes.iter().all(Option::is_none) {
                let which = usize::from(self.chance.percent(50));
                self.start(which).await;
            }
        }
        // Nothing fails any more, and both are there.
        self.note("all faults end".to_owned());
        self.is_mended = true;
        self.desk.mend();
        self.desk.deliver_late();
        for which in 0..2 {
            self.crash(which, "to start anew").await;
        }
        self.start(0).await;
        self.start(1).await;
    }

    /// What stands on the disk.
    async fn rows(&self) -> Vec<(String, super::store::Row)> {
        let store = Store::open(self.place(), Fingerprint::of(&"t0ken".into())).await;
        let rows = store.outbox().await.unwrap();
        assert_eq!(rows.damaged, [], "nothing damages the disk here");
        rows.rows.into_iter().map(|row| (label(&row.action).to_owned(), row)).collect()
    }

    async fn settle(&mut self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let rows = self.rows().await;
            let first_asked: BTreeSet<_> = rows
                .iter()
                .filter(|(_, row)| matches!(row.state, RowState::Asked(_)))
                .map(|(_, row)| row.case.clone())
                .collect();
            // What comes after a question of its case waits for the answer.
            let waits = rows.iter().any(|(_, row)| {
                matches!(row.state, RowState::Queued | RowState::Sending)
                    && !first_asked.contains(&row.case)
            });
            if !waits {
                return;
            }
            if tokio::time::Instant::now() > until {
                let left: Vec<_> = rows.iter().map(|(label, row)| (label, &row.state)).collect();
                let what = format!("not everything ended: {left:?}");
                return self.witness.lock().unwrap().wrong(what);
            }
        }
    }

    /// What must be true.
    async fn judge(&mut self) {
        let rows = self.rows().await;
        let done = self.desk.done();
        let mut witness = self.witness.lock().unwrap();
        let witness = &mut *witness;
        witness.wrong.extend(self.desk.broken_rules());
        let mut wrong = Vec::new();
        for (label, known) in &witness.acts {
            let times = done.iter().filter(|done| done.label == *label).count();
            let row = rows.iter().find(|(of, _)| of == label).map(|(_, row)| row);
            let mut say = |what: &str| wrong.push(format!("{label} {what} (done {times} times)"));
            if times > 1 {
                say("was done more than once");
            }
            if known.done && times != 1 {
                say("was told as done");
            }
            if known.undone && (times > 0 || row.is_some()) {
                say("was told as taken back");
            }
            if known.not_kept && (times > 0 || row.is_some()) {
                say("was told as not kept");
            }
            let is_kept = row.is_some_and(|row| {
                matches!(row.state, RowState::Asked(_) | RowState::Refused(_))
                    || matches!(row.state, RowState::Queued)
                        && rows.iter().any(|(_, before)| {
                            before.case == row.case
                                && before.n < row.n
                                && matches!(before.state, RowState::Asked(_))
                        })
            });
            if known.shown && times == 0 && !is_kept && !known.unwanted {
                say("was shown as kept, and has no end");
            }
            if times == 1 && row.is_some_and(|row| matches!(row.state, RowState::Refused(_))) {
                say("was done and is told as refused");
            }
        }
        // Each case was served in the order in which it was ordered.
        for case in CASES {
            let mut last = 0;
            for done in done.iter().filter(|done| done.case.as_str() == *case) {
                let known = &witness.acts[&done.label];
                // What was given up while it was on its way comes when it comes.
                let Some(n) = known.n.filter(|_| !known.unwanted) else { continue };
                if n < last {
                    wrong.push(format!(
                        "{} of {case} came after what was ordered later",
                        done.label
                    ));
                }
                last = last.max(n);
            }
        }
        for what in wrong {
            witness.wrong(what);
        }
    }
}

/// Looks at all that one process tells.
struct Watcher {
    seen: Arc<Mutex<Seen>>,
    desk: Arc<Desk>,
    witness: Arc<Mutex<Witness>>,
    store: Arc<Store>,
    which: usize,
}

impl Watcher {
    async fn look(&self, event: Event) {
        let at = (self.desk.now() - start_of_time()).num_milliseconds();
        let which = self.which;
        let label_of = |ticket: u64| {
            let seen = self.seen.lock().unwrap();
            let entry = seen.outbox.entries.iter().find(|entry| entry.ticket == ticket);
            let of_outbox = entry.map(|entry| label(&entry.action).to_owned());
            of_outbox.or_else(|| seen.labels.get(&ticket).cloned())
        };
        match event {
            Event::Outbox(outbox) => self.look_at(outbox).await,
            Event::ActDone { ticket, case } => {
                let Some(label) = label_of(ticket) else { return };
                let mut witness = self.witness.lock().unwrap();
                witness.told.push(format!("{at:>8} {which} told: {label} done"));
                let times = self.desk.times_done(&label);
                if times != 1 {
                    witness.wrong(format!("{label} was told as done, and was done {times} times"));
                }
                let known = witness.act(&label);
                known.done = true;
                if known.case.as_ref() != Some(&case.id) {
                    witness.wrong(format!("{label} was told as done on {}", case.id));
                }
            }
            Event::ActUndone { ticket } => {
                let Some(label) = label_of(ticket) else { return };
                let mut witness = self.witness.lock().unwrap();
                witness.told.push(format!("{at:>8} {which} told: {label} undone"));
                witness.act(&label).undone = true;
            }
            Event::ActNotKept { ticket, .. } => {
                let Some(label) = label_of(ticket) else { return };
                let mut witness = self.witness.lock().unwrap();
                witness.told.push(format!("{at:>8} {which} told: {label} not kept"));
                witness.act(&label).not_kept = true;
            }
            Event::Notice(sentence) => {
                let mut witness = self.witness.lock().unwrap();
                witness.told.push(format!("{at:>8} {which} told: {sentence}"));
            }
            _ => {}
        }
    }

    /// Nothing is shown before it is on the disk, with the key that it keeps.
    async fn look_at(&self, outbox: Outbox) {
        let is_new = |key: &Uuid| !self.seen.lock().unwrap().keys.contains(key);
        let rows = if outbox.entries.iter().any(|entry| is_new(&entry.key)) {
            self.store.outbox().await.unwrap().rows
        } else {
            Vec::new()
        };
        let at = (self.desk.now() - start_of_time()).num_milliseconds();
        let mut witness = self.witness.lock().unwrap();
        let states: Vec<_> = outbox
            .entries
            .iter()
            .map(|entry| {
                let state = match &entry.state {
                    State::Held { .. } => "held",
                    State::Queued => "queued",
                    State::Sending => "sending",
                    State::Asked(question) => match question.why {
                        crate::domain::outbox::Why::Changed => "changed?",
                        crate::domain::outbox::Why::Waited => "waited?",
                    },
                    State::Refused(_) => "refused",
                };
                format!("{}@{} {state}", label(&entry.action), entry.case)
            })
            .collect();
        witness.told.push(format!("{at:>8} {} shows {states:?}", self.which));
        for entry in &outbox.entries {
            let label = label(&entry.action);
            let on_disk = rows.iter().find(|row| row.key == entry.key);
            let known = witness.act(label);
            let is_gone = known.unwanted || self.desk.times_done(label) > 0;
            known.shown = true;
            let changed_number = known.n.is_some_and(|n| n != entry.n);
            known.n = Some(entry.n);
            let key = self.desk.key_of(label);
            let is_new = self.seen.lock().unwrap().keys.insert(entry.key);
            if is_new && on_disk.is_none() && !is_gone {
                witness.wrong(format!("{label} was shown, and is not on the disk"));
            }
            if changed_number || key.is_some_and(|key| key != entry.key) {
                witness.wrong(format!("{label} has another key or number than before"));
            }
            if on_disk.is_some_and(|row| row.n != entry.n || row.action != entry.action) {
                witness.wrong(format!("{label} stands otherwise on the disk"));
            }
        }
        drop(witness);
        self.seen.lock().unwrap().outbox = outbox;
    }
}

/// Lives one seed through; gives what happened, and what was wrong.
fn play(seed: u64) -> (Vec<String>, Vec<String>) {
    let root = Path::new("/dev/shm");
    let folder = if root.is_dir() { tempfile::tempdir_in(root) } else { tempfile::tempdir() };
    let folder = folder.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let witness = runtime.block_on(async {
        let mut life = Life::new(seed, folder.path());
        life.live().await;
        life.settle().await;
        life.judge().await;
        for which in 0..2 {
            life.crash(which, "the end").await;
        }
        Disk::play(None);
        std::mem::take(&mut *life.witness.lock().unwrap())
    });
    (witness.told, witness.wrong)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|number| number.parse().ok())
}

#[test]
fn through_faults_everywhere_every_act_ends_once_or_is_asked_about() {
    if let Some(seed) = number("SEED") {
        let (told, wrong) = play(seed);
        println!("{}", told.join("\n"));
        assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        return;
    }
    let schedules = number("SCHEDULES").unwrap_or(SCHEDULES);
    let next = std::sync::atomic::AtomicU64::new(1);
    let failed = Mutex::new(Vec::new());
    let ends = Mutex::new(0_usize);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if seed > schedules || failed.lock().unwrap().len() >= 5 {
                        return;
                    }
                    let (told, wrong) = play(seed);
                    *ends.lock().unwrap() += told.iter().filter(|t| t.ends_with(" done")).count();
                    if !wrong.is_empty() {
                        failed
                            .lock()
                            .unwrap()
                            .push(format!("SEED={seed}\n  {}", wrong.join("\n  ")));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // It is no proof if nothing gets through.
    let done = ends.into_inner().unwrap();
    assert!(done as u64 > schedules, "{done} acts were done in {schedules} lives");
}
