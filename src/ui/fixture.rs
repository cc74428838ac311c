//! Snapshots made by hand, for the tests of drawing.

use crate::app::layout::{QueueLines, areas, queue_heads, queue_rows};
use crate::app::view::{
    Audience, BulkCase, BulkView, ClockRow, ClocksView, ConfirmView, DeskLink, DetailTitle,
    DetailView, FieldKind, FieldView, FilterLine, Footer, FormView, Header, HelpView, Hint, Late,
    Line, LinkSign, Notice, OutboxRow, OutboxView, Overlay, PaletteView, Pane, QueueView,
    ReportRow, ReportView, Row, RowDesk, Snapshot, Span, Tone, WhyView,
};
use crate::domain::{CaseId, Severity, Tier, Untrusted};
use crate::query::Column;
use crate::sla::reading::Face;

/// The desk of the mock in `screens.md`, at a size.
pub fn desk(columns: u16, rows: u16) -> Snapshot {
    desk_with(columns, rows, Pane::Queue, false)
}

pub fn desk_with(columns: u16, rows: u16, focus: Pane, zoomed: bool) -> Snapshot {
    let areas = areas(columns, rows, focus, zoomed);
    let visible = usize::from(queue_rows(areas.queue, false).height);
    Snapshot {
        areas,
        header: Header {
            who: "Nordwind Support · R. Hald, 1st level".into(),
            link: LinkSign::Live,
            link_text: "live".into(),
            desks: Vec::new(),
            waits: String::new(),
            late: Some(Late { missed: 2, under_1h: 3 }),
        },
        queue: QueueView {
            name: "mine and unassigned".into(),
            count: 42,
            arrived: 0,
            marked: None,
            stale: None,
            loading: false,
            sort: "next breach ▲".into(),
            rows: queue().into_iter().take(visible).collect(),
            first: 0,
            notice: None,
            filter: None,
            filter_wrong: None,
            under: None,
            lines: QueueLines { heads: queue_heads(areas.queue), filter: 0 },
            views: Vec::new(),
            columns: Column::USUAL.to_vec(),
        },
        detail: detail(),
        clocks: ClocksView {
            title: detail().title.filter(|_| areas.detail.is_empty()),
            ..clocks()
        },
        page: None,
        footer: Footer { progress: None, toast: None, hints: hints() },
        overlay: None,
        focus,
    }
}

pub fn row(
    id: &str,
    severity: Severity,
    subject: &str,
    with: Option<&str>,
    face: Face,
    due: &str,
) -> Row {
    Row {
        id: id.into(),
        desk: None,
        severity,
        subject: subject.into(),
        tier: Tier::First,
        with: with.map(Untrusted::from),
        face,
        due: due.into(),
        due_tone: Tone::Face(face),
        selected: false,
        marked: false,
        fresh: false,
        extra: Vec::new(),
    }
}

/// The same beside a second desk that is not reached, with cases of both.
pub fn two_desks(columns: u16, rows: u16) -> Snapshot {
    let mut both = desk(columns, rows);
    let link =
        |name: &str, link, text: &str| DeskLink { name: name.into(), link, text: text.into() };
    both.header.desks = vec![
        link("nordwind", LinkSign::Live, ""),
        link("fjord-support", LinkSign::Offline, "offline · 4 min old"),
    ];
    for (n, row) in both.queue.rows.iter_mut().enumerate() {
        let (name, stale) = if n % 3 == 0 { ("fjord-support", true) } else { ("nordwind", false) };
        row.desk = Some(RowDesk { name: name.into(), stale });
    }
    for title in [&mut both.detail.title, &mut both.clocks.title].into_iter().flatten() {
        title.desk = Some("nordwind".into());
    }
    both
}

/// One row of every state, and one whose act is on its way.
pub fn queue() -> Vec<Row> {
    use Severity::{Critical, High, Low, Medium};
    let hald = Some("R. Hald");
    let mut rows = vec![
        row("C-10398", Critical, "Host service stops at logon", hald, Face::Missed, "+1h 10m over"),
        row(
            "C-10412",
            Critical,
            "Guest cannot connect after update",
            None,
            Face::Critical,
            "9m 12s",
        ),
        row("C-10377", High, "Slow file transfer over VPN", Some("L. Ito"), Face::Warning, "52m"),
        row("C-10391", Medium, "Licence server not found", None, Face::OnTrack, "2bd 4h"),
        row("C-10405", High, "日本語キーボードの入力が二重になる", None, Face::OnTrack, "sending"),
        row(
            "C-10388",
            Medium,
            "Session recording is empty",
            Some("R. Hald"),
            Face::OnTrack,
            "reply in 8 s, u undoes",
        ),
        row("C-9", Low, "Typo in the printed manual", None, Face::Outside, "opens Mon 09:00"),
        row("C-10301", Low, "Wrong icon in toolbar", hald, Face::Paused, "held, 6bd left"),
        row("C-10299", Medium, "\u{1b}[31mred\u{202e}\u{7}", hald, Face::Met, "met in 1h 20m"),
        row("C-10287", High, "Printer redirection", hald, Face::MissedDone, "missed by 40m"),
        row("C-10250", Low, "Wish: dark title bar", Some("Product"), Face::NoTarget, "no target"),
    ];
    rows[1].selected = true;
    rows[2].fresh = true;
    rows[4].due_tone = Tone::Dim;
    rows[5].due_tone = Tone::Customer;
    rows
}

fn line(pieces: &[(Tone, &str)]) -> Line {
    pieces.iter().map(|(tone, text)| Span::new(*tone, *text)).collect()
}

pub fn detail() -> DetailView {
    let lines = vec![
        Vec::new(),
        line(&[(Tone::Dim, "09:12 "), (Tone::Plain, "reported by form, 2 files")]),
        line(&[(Tone::Dim, "09:12 "), (Tone::Plain, "case id mailed → response met in 8 s")]),
        line(&[(Tone::Dim, "09:40 "), (Tone::Internal, "R. Hald, note")]),
        line(&[(Tone::Internal, "      Asked the customer's IT for the firewall log.")]),
    ];
    DetailView {
        title: Some(DetailTitle {
            id: "C-10412".into(),
            desk: None,
            severity: Severity::Critical,
            tier: Tier::First,
        }),
        head: vec![
            line(&[(Tone::Strong, "Guest cannot connect after update")]),
            line(&[(Tone::Plain, "Fjord Logistics · licence "), (Tone::Good, "✓ eligible")]),
            line(&[
                (Tone::Plain, "production · no workaround · "),
                (Tone::Face(Face::Warning), "phone call due"),
            ]),
        ],
        count: lines.len(),
        lines,
        ..DetailView::default()
    }
}

/// The same with its tabs, and a note and a text of the customer.
pub fn detail_with_tabs() -> DetailView {
    let lines = vec![
        line(&[(Tone::Dim, "times in CET, newest last")]),
        line(&[(Tone::Dim, "Thu 13 Nov")]),
        line(&[
            (Tone::Customer, "« "),
            (Tone::Dim, "09:12 "),
            (Tone::Strong, "Ida Holm "),
            (Tone::Plain, "reported it "),
            (Tone::Customer, "[from customer]"),
        ]),
        line(&[(Tone::Customer, "«       "), (Tone::Customer, "It stopped after the update.")]),
        line(&[
            (Tone::Internal, "┃ "),
            (Tone::Dim, "09:40 "),
            (Tone::Strong, "R. Hald "),
            (Tone::Plain, "noted "),
            (Tone::Internal, "[internal]"),
        ]),
        line(&[
            (Tone::Internal, "┃       "),
            (Tone::Internal, "Asked the customer's IT for the firewall log."),
        ]),
    ];
    DetailView {
        title: Some(DetailTitle {
            id: "C-10412".into(),
            desk: None,
            severity: Severity::Critical,
            tier: Tier::First,
        }),
        head: vec![
            line(&[(Tone::Strong, "Guest cannot connect after update")]),
            line(&[
                (Tone::Plain, "Fjord Logistics · "),
                (Tone::Good, "licence ✓"),
                (Tone::Plain, " · production · no workaround · "),
                (Tone::Error, "call due"),
            ]),
        ],
        tabs: line(&[
            (Tone::Title, "[time 2]"),
            (Tone::Plain, " text "),
            (Tone::Plain, " clocks 2 "),
            (Tone::Dim, " files 0 "),
            (Tone::Plain, " past "),
            (Tone::Dim, " corr "),
        ]),
        count: lines.len(),
        lines,
        ..DetailView::default()
    }
}

pub fn clocks() -> ClocksView {
    ClocksView {
        title: None,
        clocks: vec![
            ClockRow {
                short: "R",
                name: "response",
                face: Face::Met,
                text: "met in 8 s".into(),
                due: "Thu 13 Nov 11:12 CET".into(),
                wall: String::new(),
                used_permille: None,
                facts: "target 2h, since Thu 13 Nov 09:12 CET".into(),
                demand: "",
            },
            ClockRow {
                short: "S1",
                name: "resolution",
                face: Face::Critical,
                text: "9m 12s".into(),
                due: "Fri 14 Nov 14:05 CET".into(),
                wall: "in 9m 12s".into(),
                used_permille: Some(912),
                facts: "target 1bd, since Thu 13 Nov 14:05 CET".into(),
                demand: "",
            },
        ],
        stale: None,
        selected: None,
        next: vec![
            ("C-10398".into(), Face::Missed, "missed".into()),
            ("C-10412".into(), Face::Critical, "9m".into()),
            ("C-10377".into(), Face::Warning, "52m".into()),
            (CaseId::new("C-10391"), Face::OnTrack, "2bd 4h".into()),
        ],
    }
}

pub fn hint(keys: &str, label: &str) -> Hint {
    Hint { keys: keys.into(), label: label.into(), enabled: true }
}

pub fn hints() -> Vec<Hint> {
    let mut hints = vec![
        hint("a", "respond"),
        hint("t", "take"),
        hint("e", "escalate"),
        hint("c", "close"),
        hint("n", "note"),
        hint("r", "reply"),
        hint("s", "severity"),
        hint("/", "filter"),
        hint("?", "help"),
        hint("q", "quit"),
    ];
    hints[2].enabled = false;
    hints
}

pub fn note() -> FormView {
    FormView {
        title: "Note on C-10412".into(),
        subtitle: "Fjord Logistics · Critical · 1st level".into(),
        audience: Some(Audience::Internal),
        fields: vec![FieldView {
            label: "Note".into(),
            kind: FieldKind::Text {
                lines: vec![
                    "The firewall log shows that port 6502 is closed since the update of Tuesday."
                        .into(),
                    String::new(),
                    "Next: ".into(),
                ],
                cursor: (2, 6),
            },
            focused: true,
            error: None,
        }],
        facts: vec![],
        readiness: None,
        picker: None,
        preview: Vec::new(),
        error: None,
        send: hint("Ctrl-S", "send"),
        on_send: false,
        hints: vec![hint("Esc", "leave, keep the draft"), hint("Tab", "next")],
    }
}

pub fn reply() -> FormView {
    FormView {
        title: "Reply on C-10412".into(),
        subtitle: "to Ida Holm, Fjord Logistics".into(),
        audience: Some(Audience::Customer),
        ..note()
    }
}

/// Asking for information, with the keys on the list of what is asked for.
pub fn request_info() -> FormView {
    let options = ["licence key", "product version", "environment", "log files", "what was tried"];
    let options = options.iter().enumerate().map(|(at, label)| ((*label).to_owned(), at == 3));
    let mut form = reply();
    form.title = "Ask the customer on C-10412".into();
    form.fields[0].focused = false;
    form.fields.push(FieldView {
        label: "Asked for, Space checks (optional)".into(),
        kind: FieldKind::Many { options: options.collect(), at: 3 },
        focused: true,
        error: None,
    });
    form
}

/// A phone call, with the keys in its one-line field.
pub fn phone() -> FormView {
    let mut form = note();
    form.title = "Phone call on C-10412".into();
    form.audience = None;
    form.fields[0].focused = false;
    form.fields.insert(
        0,
        FieldView {
            label: "Spoken with".into(),
            kind: FieldKind::Line { text: "Ida Holm, Fjord Logistics".into(), cursor: 25 },
            focused: true,
            error: None,
        },
    );
    form
}

/// Closing, refused for want of a text, with everything that a form can have.
pub fn close() -> FormView {
    let choice = |label: &str, options: &[&str], chosen| FieldView {
        label: label.into(),
        kind: FieldKind::Choice {
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            chosen,
        },
        focused: false,
        error: None,
    };
    FormView {
        title: "Close C-10412".into(),
        subtitle: "Fjord Logistics · Critical · 1st level".into(),
        audience: Some(Audience::Customer),
        fields: vec![
            choice(
                "Resolution",
                &["explanation", "workaround", "guidance given", "duplicate", "no answer"],
                Some(1),
            ),
            choice("Cause", &["a setting", "product error", "network"], None),
            FieldView {
                label: "Text".into(),
                kind: FieldKind::Text { lines: vec![String::new()], cursor: (0, 0) },
                focused: true,
                error: Some("a text that the customer can read is needed".into()),
            },
        ],
        facts: vec![],
        readiness: None,
        picker: None,
        preview: vec![
            line(&[(Tone::Plain, "1st level: met with "), (Tone::Good, "2bd 4h left")]),
            line(&[(Tone::Dim, "No clock runs afterwards.")]),
        ],
        error: Some("Could not close C-10412: a text is needed.".into()),
        send: hint("Ctrl-S", "send"),
        on_send: false,
        hints: vec![hint("Esc", "leave, keep the draft"), hint("Tab", "next")],
    }
}

pub fn confirm() -> ConfirmView {
    ConfirmView {
        title: "Quit?".into(),
        lines: vec![
            "2 acts have not reached the desk yet.".into(),
            "They are lost if you quit now.".into(),
        ],
        hints: vec![hint("y", "quit"), hint("n", "stay")],
    }
}

/// The question before taking so many cases, of which two cannot be taken.
pub fn bulk(count: usize, dangerous: bool, refused: bool) -> BulkView {
    let about = dangerous.then(|| Untrusted::from("Fjord Logistics · 1st level"));
    let case = |n| BulkCase { case: format!("C-{}", 10_400 + n), about: about.clone() };
    let why = |id: &str| {
        Untrusted::new(format!("{id}: L. Ito has it already; only one person can have a case."))
    };
    let verb = if dangerous { "Respond to" } else { "Take" };
    BulkView {
        title: if refused {
            format!("2 of {} cannot be taken", count + 2)
        } else {
            format!("{verb} {count} cases?")
        },
        refused: if refused { vec![why("C-10398"), why("C-10377")] } else { Vec::new() },
        question: if refused { format!("{verb} the other {count}?") } else { String::new() },
        cases: (1..=count).map(case).collect(),
        hints: vec![hint("y", "yes"), hint("n", "no")],
    }
}

pub fn report() -> ReportView {
    let row = |id: &str, customer: &str, state: &str, tone| ReportRow {
        case: id.into(),
        desk: String::new(),
        customer: customer.into(),
        state: state.into(),
        tone,
    };
    ReportView {
        title: "Take 4 cases".into(),
        summary: "2 of 4 done, 1 failed".into(),
        tone: Tone::Error,
        rows: vec![
            row("C-10398", "Nordlys Shipping", "done", Tone::Good),
            row("C-10412", "Fjord Logistics", "failed", Tone::Error),
            row("C-10377", "Harbour Lines", "done", Tone::Good),
            row("C-10391", "東京ソフトウェア", "sending", Tone::Plain),
            row("C-10301", "Fjord Logistics", "left out", Tone::Dim),
        ],
        at: 1,
        told: Some("Could not take C-10412: L. Ito has it already.".into()),
        hints: vec![hint("Enter", "open"), hint("Esc", "take back"), hint("q", "leave it running")],
    }
}

pub fn help() -> HelpView {
    let keys = |keys: &[(&str, &str)]| {
        keys.iter().map(|(k, what)| ((*k).to_owned(), (*what).to_owned())).collect::<Vec<_>>()
    };
    HelpView {
        groups: vec![
            (
                "Moving".into(),
                keys(&[
                    ("j, down", "next case"),
                    ("k, up", "case before"),
                    ("g, home", "first case"),
                    ("G, end", "last case"),
                    ("tab", "next pane"),
                    ("enter", "open the case"),
                    ("esc", "back"),
                ]),
            ),
            (
                "The case".into(),
                keys(&[
                    ("a", "respond: tell the customer that the case is received"),
                    ("t", "take"),
                    ("n", "internal note"),
                    ("r", "reply to the customer"),
                    ("e", "escalate to the next tier"),
                    ("c", "close"),
                    ("s", "severity"),
                ]),
            ),
            ("Everywhere".into(), keys(&[("/", "filter"), ("?", "help"), ("q", "quit")])),
        ],
        filter: FilterLine { text: String::new(), cursor: Some(0) },
        scroll: 0,
        hints: vec![hint("Esc", "leave")],
    }
}

/// Everything that has to do with a word, on something that the role may not do.
pub fn palette() -> PaletteView {
    let mut entries = vec![
        hint("e", "Escalate to the next tier, with a reason"),
        hint("h", "Hand back to the tier before, with a reason"),
        hint("s", "Set the severity, with a reason"),
        hint("Ctrl-L", "Draw the whole screen anew"),
    ];
    entries[1].enabled = false;
    PaletteView {
        case: Some("C-10412".into()),
        filter: FilterLine { text: "reason".into(), cursor: Some(6) },
        entries,
        at: 1,
        refusal: Some("The case is at 1st level; there is no tier to hand it back to.".into()),
        hints: vec![hint("Enter", "do it"), hint("↓", "next"), hint("Esc", "leave")],
    }
}

/// Why a clock reads so, longer than a small screen.
pub fn why() -> WhyView {
    let fact = |label: &str, text: &str| {
        line(&[(Tone::Strong, &format!("{label:<11}")), (Tone::Plain, text)])
    };
    WhyView {
        id: "C-10412".into(),
        which: "clock 2 of 2".into(),
        lines: vec![
            line(&[(Tone::Face(Face::Critical), "Resolution at 1st level: 9m 12s left")]),
            line(&[(Tone::Plain, "Due Fri 14 Nov 14:05 CET, in 9m 12s by the clock on the wall.")]),
            Vec::new(),
            fact("Target", "5 business days: resolution at 1st level of a Critical case, by"),
            fact("", "version 2026-11 of the policy."),
            fact("Calendar", "Nordwind Support, Hamburg: Mon-Thu 08:00-17:00, Fri 08:00-15:00"),
            fact("", "(Europe/Berlin)."),
            fact("Start", "The case was reported Fri 7 Nov 14:05 CET. The clock counts from"),
            fact("", "then on."),
            fact("Budget", "5 business days are 43h of open time here: due Fri 14 Nov 14:05"),
            fact("", "CET."),
            Vec::new(),
            line(&[(Tone::Strong, "So far: 42h 50m of 43h")]),
            line(&[(
                Tone::Plain,
                "  Fri 7 Nov 14:05 to now: 42h 50m counted; skipped: 4 nights and 1 weekend",
            )]),
            line(&[(Tone::Strong, "Until it is due: 9m 12s")]),
            line(&[(Tone::Plain, "  now to 14:05: 9m 12s to go")]),
            Vec::new(),
            fact("Stops", "It is stopped by escalating the case to 2nd level or closing it."),
            fact("", "Waiting for information from the customer holds it for as long as"),
            fact("", "that lasts."),
        ],
        scroll: 0,
        keys: "Tab next clock · Esc closes".into(),
    }
}

/// Everything that an outbox can hold, with the keys on what is asked.
pub fn outbox() -> OutboxView {
    let row =
        |n: &str, case: &str, act: &str, state: &str, tone, age: &str, tries: &str| OutboxRow {
            n: n.into(),
            case: (!case.is_empty()).then(|| case.into()),
            desk: String::new(),
            act: act.into(),
            state: state.into(),
            tone,
            age: age.into(),
            tries: tries.into(),
        };
    OutboxView {
        rows: vec![
            row("7", "C-10412", "escalate", "asked", Tone::Error, "3 h", "4 tries"),
            row("9", "C-10377", "take", "refused", Tone::Error, "12 min", "1 try"),
            row("8", "C-10398", "note", "kept, not sent", Tone::Strong, "12 min", "3 tries"),
            row("10", "C-10398", "reply", "held 8 s", Tone::Strong, "2 s", ""),
            row("6", "", "", "set aside", Tone::Error, "", ""),
            row("", "C-9", "workaround", "draft", Tone::Dim, "", ""),
        ],
        at: 0,
        told: vec![
            (Tone::Error, "C-10412 changed meanwhile: still send?".into()),
            (Tone::Plain, "severity High → Critical, with nobody → L. Ito, 2 new revisions".into()),
            (Tone::Dim, "We cannot reproduce it here.".into()),
        ],
        hints: vec![
            hint("Enter", "open"),
            hint("s", "send all the same"),
            hint("d", "discard"),
            hint("Esc", "leave"),
        ],
    }
}

/// An escalation that the desk asks about.
pub fn question() -> FormView {
    let field = |what: &str, was: &str, is: &str| {
        line(&[
            (Tone::Dim, &format!("{what:<12}")),
            (Tone::Plain, &format!("{was} → ")),
            (Tone::Strong, is),
        ])
    };
    let mut form = note();
    form.title = "Escalate C-10412".into();
    form.audience = None;
    form.fields[0].label = "Reason".into();
    form.preview = vec![
        field("severity", "High", "Critical"),
        field("with", "nobody", "L. Ito"),
        field("due", "Fri 14 Nov 14:05 CET", "Thu 13 Nov 18:00 CET"),
        field("revision", "7", "9, by L. Ito"),
        line(&[(Tone::Plain, "1st level: met with 2bd 4h left.")]),
    ];
    form.error = Some("C-10412 changed meanwhile: still send?".into());
    form.send = hint("Ctrl-S", "still send");
    form
}

pub fn over(mut desk: Snapshot, overlay: Overlay) -> Snapshot {
    desk.overlay = Some(overlay);
    desk
}

/// Empty, loading, offline, not allowed, and error: five different screens.
pub fn notices() -> [(&'static str, Notice); 5] {
    let notice = |title: &str, lines: &[&str], tone| Notice {
        title: title.into(),
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
        tone,
    };
    [
        (
            "empty",
            notice(
                "Nothing is waiting for you",
                &["No open case is yours or unassigned.", "2 shows all open cases."],
                Tone::Good,
            ),
        ),
        ("loading", notice("Asking the desk for its cases …", &[], Tone::Dim)),
        (
            "offline",
            notice(
                "The desk is not reached",
                &["Connection refused by 127.0.0.1:4030.", "Tried again by itself in 8 s."],
                Tone::Face(Face::Warning),
            ),
        ),
        (
            "not_allowed",
            notice(
                "Not allowed",
                &["This token may not read the cases of this desk. Ask its administrator."],
                Tone::Error,
            ),
        ),
        (
            "error",
            notice(
                "This is not a case API",
                &["The answer was a web page. Is the address right, and no proxy in between?"],
                Tone::Error,
            ),
        ),
    ]
}
