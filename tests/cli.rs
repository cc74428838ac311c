//! The real binary, from outside: words in, output and exit code out, against a real demo desk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step of a test is its failure"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::Value;

#[path = "support/program.rs"]
mod program;

use program::{At, Serving, case_where, ended, ids, revision, signal};

#[test]
fn without_a_terminal_the_screen_says_one_sentence() {
    let ran = At::nowhere().run(&[]);
    assert_eq!(ran.exit, 2);
    assert_eq!(ran.out, "");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("needs a terminal"), "{}", ran.err);
    let ran = At::nowhere().run(&["demo"]);
    assert_eq!((ran.exit, ran.err.lines().count()), (2, 1), "{}", ran.err);
}

#[test]
fn the_first_start_says_how_to_try_it_and_how_to_connect() {
    // What people can press is on the screen (tests/welcome.rs); this is for a terminal that has none.
    let (exit, said) = At::nowhere().with("TERM", "dumb").run_on_a_terminal(&[]);
    assert_eq!(exit, 2);
    for word in ["caseload demo", "CASELOAD_URL", "CASELOAD_TOKEN", "config.toml"] {
        assert!(said.contains(word), "{said} does not say {word}");
    }
    At::nowhere().run(&["list"]).fails(2, "no desk is configured");
}

#[test]
fn help_and_version_go_to_standard_output_and_wrong_usage_does_not() {
    let at = At::nowhere();
    let version = at.run(&["--version"]).ok();
    assert!(version.starts_with("caseload "), "{version}");
    let zones = caseload::sla::calendar::time_zone_version();
    assert!(version.ends_with(&format!(" (time zones {zones})\n")), "{version}");
    assert!(at.run(&["close", "--help"]).ok().contains("Examples:"));
    for args in [&["lst"][..], &["close", "C-1"], &["list", "--sort", "size"], &["note"]] {
        let ran = at.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn the_configuration_is_found_and_checked() {
    let at = At::nowhere();
    let file = at.home.path().join("config.toml");
    assert_eq!(at.run(&["config", "path"]).ok().trim_end(), file.to_str().unwrap());
    at.write("config.toml", "[desk.n]\nurl = \"https://n.example\"\ntoken_fil = \"t\"\n", 0o644);
    let out = at.run(&["config", "check"]).fails(
        2,
        "config.toml:3: unknown key \"token_fil\" in [desk.n]; did you mean \"token_file\"?",
    );
    assert_eq!(out, "");
    at.write("config.toml", "[desk.n]\nurl = \"https://n.example\"\ntoken_file = \"t\"\n", 0o644);
    let said = at.run(&["config", "check", "--ascii"]).ok();
    assert!(said.contains("desk n: caseload at https://n.example"), "{said}");
    assert!(said.contains("screen.ascii = true  (--ascii)"), "{said}");
    at.write("t", "s3cret\n", 0o644);
    at.run(&["list"]).fails(2, "can be read by others; run: chmod 600 ");
    at.write("policy.toml", "nonsense = 1\n", 0o644);
    at.write("config.toml", "policy = \"policy.toml\"\n", 0o644);
    at.run(&["config", "check"]).fails(2, "policy.toml");
}

#[test]
fn clocks_are_worked_out_line_by_line() {
    let line = r#"{"id":"a","cal":{"tz":"Etc/UTC","weekly":{"mon":[["09:00","17:00"]]}},"start":"2026-11-23T10:00:00Z","target":{"unit":"business_seconds","n":3600},"pauses":[],"probes":[]}"#;
    let ran = At::nowhere().run_with(&["sla", "eval"], &format!("{line}\nnonsense\n"));
    assert_eq!(ran.exit, 1);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["due"], "2026-11-23T11:00:00Z");
    assert!(lines[1]["error"].is_string());
}

#[test]
fn the_list_is_the_whole_queue_in_every_form() {
    let demo = Serving::demo();
    let at = demo.who("partner");
    let cases = at.run(&["list", "--json"]).json();
    let all = ids(&cases);
    assert!(all.len() > 5, "{all:?}");
    assert!(cases.as_array().unwrap().iter().all(|case| case["state"] != "closed"));
    // One object a line, in the same order.
    let lines = at.run(&["list", "--ndjson"]).ok();
    let by_line: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(ids(&Value::from(by_line)), all);
    // In a pipe a plain line each, which begins with the id, without tabs or colours.
    let plain = at.run(&["list"]).ok();
    let firsts: Vec<&str> =
        plain.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(firsts, all);
    assert!(!plain.contains(['\t', '\u{1b}']));
    assert!(at.run(&["--color", "always", "list"]).ok().contains("\u{1b}["));
    // Sorted and searched.
    let mut sorted = all.clone();
    sorted.sort_by_key(|id| id[2..].parse::<u64>().unwrap());
    assert_eq!(ids(&at.run(&["list", "--sort", "id", "--json"]).json()), sorted);
    sorted.reverse();
    assert_eq!(ids(&at.run(&["--json", "list", "--sort", "-id"]).json()), sorted);
    assert_eq!(ids(&at.run(&["list", &all[3].to_lowercase(), "--json"]).json()), [&*all[3]]);
    let none = at.run(&["list", "no such words"]);
    assert_eq!((none.exit, none.out.as_str()), (0, ""));
    assert!(none.err.contains("matches \"no such words\""), "{}", none.err);
    // Another partner's cases are not ours.
    let others = ids(&demo.who("other_partner").run(&["list", "--json"]).json());
    assert!(!others.is_empty() && others.iter().all(|id| !all.contains(id)));
    demo.who("partner").run(&["show", &others[0]]).fails(3, &format!("no case {}", others[0]));
}

#[test]
fn a_terminal_gets_a_table_with_signs_and_colours() {
    let demo = Serving::demo();
    let (exit, table) = demo.who("partner").run_on_a_terminal(&["list"]);
    assert_eq!(exit, 0);
    assert!(table.contains("case") && table.contains("due"), "{table}");
    assert!(table.contains("\u{1b}[") && table.contains('✖'), "{table}");
    let (_, plain) =
        demo.who("partner").with("NO_COLOR", "1").run_on_a_terminal(&["list", "--ascii"]);
    assert!(!plain.contains('\u{1b}') && !plain.contains('✖'), "{plain}");
    assert!(plain.lines().all(|line| line.trim_end().chars().count() <= 100), "{plain}");
}

#[test]
fn a_case_is_worked_on_from_the_shell() {
    let demo = Serving::demo();
    let (partner, engineer) = (demo.who("partner"), demo.who("engineer"));
    let id = case_where(&partner, |case| {
        case["tier"] == "first"
            && case["state"] == "open"
            && case["eligibility"] == "eligible"
            && case["assignee"].is_null()
            && case["severity"] != "low"
            && case["clocks"][0]["kind"] == "response"
            && case["clocks"][0]["state"] == "running"
    });
    let before = revision(&partner, &id);
    let done = partner.run(&["respond", &id]).ok();
    assert!(done.starts_with(&format!("{id}  responded")), "{done}");
    let answer = partner.run(&["take", &id, "--json"]).json();
    assert_eq!(answer["case"]["id"], id.as_str());
    assert_ne!(answer["case"]["clocks"][0]["state"], "running");
    assert_eq!(answer["event"]["kind"], "take");
    assert_eq!(answer["case"]["revision"], before + 2);

    partner.run(&["note", &id, "Called back at three"]).ok();
    partner.run_with(&["note", &id, "--text", "-"], "two\nlines\n").ok();
    let shown = partner.run(&["show", &id, "--json"]).json();
    let texts: Vec<&str> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "note")
        .map(|entry| entry["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts[texts.len() - 2..], ["Called back at three", "two\nlines"]);
    let writer = demo.who("partner").with("EDITOR", "env > seen; printf 'an essay\\n' >");
    let answer = writer.run(&["phone", &id, "--with", "Ida", "--editor", "--json"]).json();
    assert_eq!(answer["event"]["text"], "an essay");
    let seen = std::fs::read_to_string(writer.home.path().join("seen")).unwrap();
    assert!(!seen.contains("CASELOAD_TOKEN"), "{seen}");
    let idle = demo.who("partner").with("VISUAL", "true");
    idle.run(&["note", &id, "--editor"]).fails(1, "nothing was written, so nothing was sent");
    let broken = demo.who("partner").with("VISUAL", "false");
    broken.run(&["note", &id, "--editor"]).fails(1, "the editor failed");
    partner.run(&["note", &id, "words", "--editor"]).fails(2, "in quotes");
    partner.run(&["note", "", "--text", "t"]).fails(2, "a case id is empty");
    partner.run(&["show", ""]).fails(2, "the case id is empty");
    let page = partner.run(&["show", &id]).ok();
    for part in ["Clocks", "Description", "Timeline", "two\nlines", &id] {
        assert!(page.contains(part), "{page} lacks {part}");
    }

    // The case has moved on.
    let stale = before.to_string();
    let told = partner.run(&["release", &id, "--if-revision", &stale]);
    told.fails(5, &format!("Could not release {id}: "));
    let now = revision(&partner, &id).to_string();
    partner.run(&["severity", &id, "low", "--reason", "r", "--if-revision", &now]).ok();

    // What a rule, a right or a field stands against.
    partner.run(&["hand-back", &id, "--reason", "r"]).fails(4, "Could not hand back");
    partner.run(&["close", &id, "--resolution", "explanation", "--text", ""]).fails(4, "text");
    partner.run(&["close", &id, "--resolution", "explanation"]).fails(2, "--text");
    let refused = engineer.run(&["escalate", &id, "--reason", "r", "--json"]);
    let problem: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(refused.exit, 4);
    assert_eq!(problem["status"].as_u64().map(|status| (403..=409).contains(&status)), Some(true));

    // To 2nd level by default, and closed there.
    let up = partner.run(&["escalate", &id, "--reason", "Replicated", "--json"]).json();
    assert_eq!(up["case"]["tier"], "second");
    let args = ["close", &id, "--resolution", "explanation", "--cause", "setting", "--text", "So."];
    let done = engineer.run(&args).ok();
    assert!(done.starts_with(&format!("{id}  closed: explanation; cause: a setting (")), "{done}");
    assert_eq!(engineer.run(&["show", &id, "--json"]).json()["state"], "closed");
    let done = engineer.run(&["reopen", &id, "--reason", "Again"]).ok();
    assert!(done.starts_with(&format!("{id}  reopened (revision ")), "{done}");
}

#[test]
fn several_cases_at_once_end_with_the_worst_code() {
    let demo = Serving::demo();
    let at = demo.who("partner");
    let open = at.run(&["list", "--json"]).json();
    let mut ours = open.as_array().unwrap().iter().filter(|case| case["tier"] == "first");
    let mut next = || ours.next().unwrap()["id"].as_str().unwrap();
    let (a, b) = (next(), next());
    let ran = at.run(&["note", a, "C-0", b, "--text", "all of them"]);
    assert_eq!(ran.exit, 3);
    let told: Vec<&str> = ran.out.lines().map(|l| l.split_whitespace().next().unwrap()).collect();
    assert_eq!(told, [a, b]);
    assert!(ran.err.contains("Could not note on C-0"), "{}", ran.err);
    let answers = at.run(&["note", a, b, "--text", "t", "--json"]).json();
    assert_eq!(answers.as_array().unwrap().len(), 2);
    assert_eq!(answers[1]["case"]["id"], b);
    assert_eq!(at.run(&["note", a, b, "--text", "t", "--quiet"]).ok(), "");
    at.run(&["note", a, "words", "without", "quotes"]).fails(2, "in quotes");
    at.run(&["note", a]).fails(2, "--text");
}

#[test]
fn what_others_wrote_reaches_a_pipe_as_it_came_and_a_terminal_made_safe() {
    let demo = Serving::demo();
    let at = demo.who("admin");
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}31m red \u{202e}txt";
    let id = at
        .run(&[
            "report",
            "--subject",
            hostile,
            "--description",
            hostile,
            "--environment",
            "lab",
            "--licence-key",
            "none-such",
            "--contact",
            "Ida",
            "--email",
            "ida@fjord.example",
        ])
        .ok();
    let id = id.trim_end();
    assert_eq!(at.run(&["show", id, "--json"]).json()["subject"], hostile);
    assert!(at.run(&["show", id]).ok().contains(hostile));
    assert!(at.run(&["list", id]).ok().contains(hostile));
    for args in [&["show", id][..], &["list", id], &["show", id, "--json"], &["list", "--json"]] {
        let mut args = args.to_vec();
        args.extend(["--color", "never"]);
        let (exit, shown) = at.run_on_a_terminal(&args);
        assert_eq!(exit, 0, "{shown:?}");
        assert!(shown.contains(id), "{shown:?}");
        let acts = |c: char| (c.is_control() && !"\r\n".contains(c)) || c == '\u{202e}';
        assert!(!shown.contains(acts), "{args:?}: {shown:?}");
    }
}

#[test]
fn whoever_is_not_logged_in_or_does_not_reach_the_desk_is_told() {
    let demo = Serving::demo();
    let id = ids(&demo.who("partner").run(&["list", "--json"]).json()).remove(0);
    let stranger = At::desk(demo.url(), "cl_unknown");
    for args in [&["list"][..], &["show", &id], &["take", &id]] {
        stranger.run(args).fails(7, "Not logged in");
    }
    let tokenless = At::nowhere().with("CASELOAD_URL", demo.url());
    tokenless.run(&["list"]).fails(7, "has no token: set CASELOAD_TOKEN or CASELOAD_TOKEN_FILE");
    // A port that nobody listens on any more.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let far = At::desk(&format!("http://{free}"), "cl_any");
    far.run(&["list"]).fails(6, "Could not list the cases");
    far.run(&["note", &id, "lost"])
        .fails(6, &format!("The note on {id} is kept in the outbox as 1"));
    // Plain http to another machine, before anything is sent.
    At::desk("http://desk.example.org", "t").run(&["list"]).fails(2, "CASELOAD_INSECURE_HTTP=1");
    At::desk("desk.example.org", "t").run(&["list"]).fails(2, "CASELOAD_URL: ");
}

#[test]
fn an_answer_that_is_not_a_desks_is_a_failure_with_a_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let page = "<html><body>A proxy</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: \
                 close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    let at = At::desk(&url, "cl_any");
    let ran = at.run(&["list"]);
    assert!(!ran.err.contains("<html>"), "{}", ran.err);
    ran.fails(1, "Could not list the cases");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let demo = Serving::demo();
    let mut child = demo
        .who("partner")
        .command(&["list", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = ended(child, &["list"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_log_is_a_private_file_without_the_token() {
    use std::os::unix::fs::PermissionsExt;
    let demo = Serving::demo();
    let at = demo.who("partner").with("CASELOAD_LOG", "trace");
    at.run(&["list", "--json"]).json();
    let log = at.home.path().join("state/caseload.log");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(!text.is_empty());
    assert!(!text.contains(demo.said["tokens"]["partner"].as_str().unwrap()));
    let loud = At::nowhere().with("CASELOAD_LOG", "caseload=loud");
    loud.run(&["config", "path"]).fails(2, "CASELOAD_LOG");
}

#[test]
fn a_headless_demo_says_one_line_and_ends_with_0_when_it_is_told_to() {
    let demo = Serving::demo();
    for role in ["partner", "other_partner", "engineer", "product", "oncall", "admin"] {
        demo.who(role).run(&["list", "--json"]).json();
    }
    let output = demo.end();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

#[test]
fn a_new_desk_is_served_with_its_first_people() {
    let at = At::nowhere();
    let admin = |args: &[&str]| {
        let mut args = args.to_vec();
        args.extend(["--data", "desk"]);
        at.run(&args)
    };
    admin(&["admin", "partner", "create", "nordwind", "--name", "Nordwind"]).ok();
    let user = ["admin", "user", "create", "rhald", "--name", "R. Hald", "--role", "partner"];
    admin(&user).fails(4, "Could not make the user rhald");
    admin(&[&user[..], &["--partner", "nordwind"]].concat()).ok();
    admin(&["admin", "token", "create", "nobody"]).fails(4, "no user nobody");
    let token = admin(&["admin", "token", "create", "rhald", "--label", "laptop"]).ok();
    let token = token.trim_end().to_owned();
    let desk = at.home.path().join("desk");
    let desk = desk.to_str().unwrap();
    let serving = Serving::start(
        At::nowhere(),
        &["serve", "--listen", "127.0.0.1:0", "--json", "--data", desk],
    );
    let agent = At::desk(serving.url(), &token);
    assert_eq!(ids(&agent.run(&["list", "--json"]).json()), [""; 0]);
    // A token file does as well as a variable.
    let by_file =
        At::nowhere().with("CASELOAD_URL", serving.url()).with("CASELOAD_TOKEN_FILE", "t");
    by_file.write("t", &format!("{token}\n"), 0o600);
    by_file.run(&["list", "--json"]).json();
    // While it runs.
    admin(&["admin", "token", "revoke", "rhald", "--label", "laptop"]).ok();
    agent.run(&["list"]).fails(7, "Not logged in");
    admin(&["admin", "token", "revoke", "rhald"]).fails(1, "it was revoked before or never made");
    assert_eq!(serving.end().status.code(), Some(0));
}

#[test]
fn a_folder_or_address_that_cannot_be_used_is_told() {
    let at = At::nowhere();
    at.write("file", "", 0o600);
    for (verb, act) in [
        (&["serve", "--listen", "127.0.0.1:0"][..], "Could not open the desk in file/desk: "),
        (&["demo", "--headless"], "Could not open the demo desk: file/desk: "),
        (&["admin", "partner", "create", "p", "--name", "P"], "make the partner p in file/desk: "),
    ] {
        let said = at.run(&[verb, &["--data", "file/desk"]].concat());
        said.fails(1, &format!("{act}a file is where a folder should be. Name another folder"));
    }
    let demo = Serving::demo();
    let desk = demo.at.home.path().join("desk");
    let desk = desk.to_str().unwrap();
    at.run(&["serve", "--listen", "127.0.0.1:0", "--data", desk])
        .fails(1, ": another process has the desk open. End that one, or name another folder");
    // What an administrator does goes on beside it.
    at.run(&["admin", "partner", "create", "p", "--name", "P", "--data", desk]).ok();
    std::fs::create_dir(at.home.path().join("junk")).unwrap();
    at.write("junk/caseload.db", &"not a database ".repeat(100), 0o600);
    at.run(&["serve", "--listen", "127.0.0.1:0", "--data", "junk"]).fails(
        1,
        "the desk's data are damaged: file is not a database. caseload admin check says more",
    );
    let found = at.run(&["admin", "check", "--data", "junk"]).fails(1, "");
    assert!(
        found.starts_with("the database file is not a database; restore from a backup"),
        "{found}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taken = format!("cannot listen on {address}: another program listens there already. Name");
    at.run(&["serve", "--listen", &address, "--data", "desk"])
        .fails(1, &format!("Could not serve the desk: {taken}"));
    at.run(&["demo", "--headless", "--still", "--listen", &address])
        .fails(1, &format!("Could not open the demo desk: {taken}"));
    at.run(&["serve", "--listen", "8470"]).fails(2, "write an IP address and a port, such as");
}

#[test]
fn every_wrong_line_of_a_policy_file_is_told_by_every_command_that_reads_it() {
    let at = At::nowhere();
    let good = at.run(&["admin", "policy", "show"]).ok();
    at.write("policy.toml", &good, 0o600);
    let said = at.run(&["admin", "policy", "check", "policy.toml"]).ok();
    assert_eq!(said, "policy.toml is right: version 2026-11, 4 calendars, 4 partners\n");
    at.write("config.toml", "policy = \"policy.toml\"\n", 0o600);
    assert!(at.run(&["config", "check"]).out.contains("policy.toml is right: version 2026-11\n"));

    let bad = good
        .replacen("Asia/Tokyo", "Asia/Tokio", 1)
        .replacen("policy_change =", "policy_chagne =", 1)
        .replacen("[[\"08:00\", \"15:00\"]]", "[[\"08:00\", \"25:00\"]]", 1);
    at.write("policy.toml", &bad, 0o600);
    let line = |text: &str| bad.lines().position(|l| l.contains(text)).unwrap() + 1;
    let wrong = [
        (line("policy_chagne"), "rules.policy_chagne", "did you mean policy_change?"),
        (line("25:00"), "calendars.nordwind.weekly.fri[0]", "\"25:00\" is not a time of day"),
        (line("Asia/Tokio"), "calendars.sakura.tz", "\"Asia/Tokio\" is not a known time zone"),
    ];
    for args in [
        &["admin", "policy", "check", "policy.toml"][..],
        &["admin", "policy", "apply", "policy.toml", "--data", "desk"],
        &[
            "admin",
            "calendar",
            "import",
            "none.ics",
            "--policy",
            "policy.toml",
            "--calendar",
            "vendor",
        ],
        &["config", "check"],
        &["serve", "--listen", "127.0.0.1:0", "--data", "desk"],
    ] {
        at.write("none.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", 0o600);
        let ran = at.run(args);
        assert_eq!(ran.exit, 2, "{args:?} {}", ran.err);
        let lines: Vec<&str> = ran.err.trim_start_matches("caseload: ").lines().collect();
        assert_eq!(lines.len(), wrong.len(), "{args:?} {}", ran.err);
        for (said, (line, key, what)) in lines.iter().zip(wrong) {
            assert!(said.contains(&format!("policy.toml:{line}: {key}: ")), "{args:?} {said}");
            assert!(said.contains(what), "{args:?} {said}");
        }
    }
    assert!(!at.home.path().join("desk").exists(), "nothing was begun with it");
    let ran = at.run(&["admin", "policy", "check", "policy.toml", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (2, ""));
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["errors"][0]["key"], "rules.policy_chagne");
    assert_eq!(json["errors"][0]["line"], wrong[0].0);
    at.run(&["admin", "policy", "check", "gone.toml"])
        .fails(2, "could not read the policy gone.toml");
}

#[test]
fn a_policy_is_put_in_force_by_version_and_kept_for_ever() {
    let at = At::nowhere();
    let admin =
        |args: &[&str]| at.run(&[&["admin", "policy"][..], args, &["--data", "desk"]].concat());
    let built_in = admin(&["show"]).ok();
    at.write("policy.toml", &built_in, 0o600);
    let ran = admin(&["apply", "policy.toml", "--dry-run"]).ok();
    assert!(ran.starts_with("policy 2026-11 would be in force\n"), "{ran}");
    assert!(admin(&["apply", "policy.toml"]).ok().starts_with("policy 2026-11 is in force\n"));
    assert_eq!(admin(&["apply", "policy.toml"]).ok(), "policy 2026-11 is in force already\n");

    at.write("policy.toml", &built_in.replacen("20bd", "15bd", 1), 0o600);
    admin(&["apply", "policy.toml"]).fails(4, "version \"2026-11\" has been in force since");
    let next = built_in.replacen("20bd", "15bd", 1).replacen("\"2026-11\"", "\"2027-01\"", 1);
    at.write("policy.toml", &next, 0o600);
    let applied = admin(&["apply", "policy.toml", "--json"]).json();
    assert_eq!((&applied["version"], &applied["before"]), (&"2027-01".into(), &"2026-11".into()));
    assert_eq!(admin(&["show"]).ok(), next);
    assert_eq!(admin(&["show", "2026-11"]).ok(), built_in);
    admin(&["show", "2025-01"]).fails(1, "it was never in force");
    let versions = admin(&["list", "--json"]).json();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(versions[1]["version"], "2027-01");
    assert_eq!(versions[1]["in_force"], true);
    assert!(admin(&["list"]).ok().lines().nth(1).unwrap().ends_with("  in force"));

    // The service goes by what the desk keeps, and says so where a file says something else.
    at.write("policy.toml", &built_in, 0o600);
    at.write("config.toml", "policy = \"policy.toml\"\n", 0o600);
    admin(&["apply", "policy.toml"]).ok();
    at.write("policy.toml", &next, 0o600);
    let mut child = at
        .command(&["serve", "--listen", "127.0.0.1:0", "--data", "desk"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = lines.next().unwrap().unwrap();
    assert!(lines.next().unwrap().unwrap().starts_with("Serving at http://127.0.0.1:"));
    signal(child.id(), "TERM");
    assert_eq!(ended(child, &["serve"]).status.code(), Some(0));
    assert!(said.starts_with("The policy in force is 2026-11, as the desk keeps it; "), "{said}");
}

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Christmas Day\r\nDTSTART;VALUE=DATE:20001225\r\n\
RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Company\\, outing\r\nDTSTART;VALUE=DATE:20260911\r\n\
DTEND;VALUE=DATE:20260913\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:3\r\nSUMMARY:Christmas Eve\r\nDTSTART;VALUE=DATE:20261224\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:4\r\nSUMMARY:Summer party\r\nDTSTART:20260619T160000Z\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:5\r\nSUMMARY:Long ago\r\nDTSTART;VALUE=DATE:19990101\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

/// The words of an import from `days.ics`.
fn import<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = ["admin", "calendar", "import", "days.ics", "--years", "2026-2027"];
    [&args[..], more].concat()
}

#[test]
fn holidays_are_shown_before_they_are_added_and_the_comments_of_the_file_stay() {
    let at = At::nowhere();
    let before = at.run(&["admin", "policy", "show"]).ok();
    at.write("policy.toml", &before, 0o640);
    at.write("days.ics", HOLIDAYS, 0o600);
    let file = || std::fs::read_to_string(at.home.path().join("policy.toml")).unwrap();
    let named = ["--policy", "policy.toml", "--calendar", "vendor"];

    let plan = "days.ics → calendar vendor in policy.toml, 2026-2027
  add     2026-09-11 Fri  Company, outing
  add     2026-09-12 Sat  Company, outing
  there   2026-12-25 Fri  Christmas Day
  there   2027-12-25 Sat  Christmas Day
  skipped Summer party (2026-06-19): it is not of whole days: its DTSTART is 20260619T160000Z
  skipped Christmas Eve (2026-12-24): the calendar has special hours for that date, which win
  1 event has no day in 2026-2027
2 to add, 2 there already, 2 skipped
";
    assert_eq!(at.run(&import(&[&named[..], &["--dry-run"]].concat())).ok(), plan);
    let shown = at.run(&import(&named)).fails(2, "nothing was changed");
    assert_eq!(shown, plan);
    let (exit, said) = at.answer_on_a_terminal(&import(&named), "n\n");
    assert_eq!(exit, 1, "{said}");
    assert!(said.contains("Add 2 dates to policy.toml? [y/N]"), "{said}");
    assert_eq!(file(), before, "nothing is written unless somebody said so");

    let (exit, said) = at.answer_on_a_terminal(&import(&named), "y\n");
    assert_eq!(exit, 0, "{said}");
    let after = file();
    let added: Vec<&str> =
        after.lines().filter(|line| before.lines().all(|old| old != *line)).collect();
    assert_eq!(
        added,
        ["    \"2026-09-11\", # Company, outing", "    \"2026-09-12\", # Company, outing"]
    );
    assert_eq!(after.lines().count(), before.lines().count() + 2);
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(at.home.path().join("policy.toml")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o640);
    }
    // Again: nothing is left to add, so nobody is asked.
    let again = at.run(&import(&named)).ok();
    assert!(again.ends_with("0 to add, 4 there already, 2 skipped\n"), "{again}");
    let json = at.run(&import(&[&named[..], &["--json"]].concat())).json();
    assert_eq!((&json["written"], &json["there"][0]["weekday"]), (&false.into(), &"Fri".into()));

    // The configured file, and a version with it.
    at.write("config.toml", "policy = \"policy.toml\"\n", 0o600);
    let nordwind = ["--calendar", "nordwind", "--set-version", "2026-12", "--yes"];
    at.run(&import(&nordwind)).ok();
    assert!(file().contains("\nversion = \"2026-12\"\n"));
    at.run(&import(&["--yes"]))
        .fails(2, "which calendar? Name one with --calendar: nordwind, sakura");
    at.run(&import(&["--calendar", "moon"])).fails(2, "there is no calendar \"moon\"");
    at.write("days.ics", "no calendar at all", 0o600);
    at.run(&import(&nordwind))
        .fails(2, "could not read the holidays of days.ics: it is not an iCalendar");
}

#[test]
fn holidays_go_straight_into_the_policy_that_a_desk_keeps() {
    let at = At::nowhere();
    at.write("days.ics", HOLIDAYS, 0o600);
    let admin = |args: &[&str]| at.run(&[&["admin"][..], args, &["--data", "desk"]].concat());
    let import =
        ["calendar", "import", "days.ics", "--calendar", "sakura", "--years", "2026", "--yes"];
    admin(&import).fails(2, "has no policy in force yet");
    let built_in = admin(&["policy", "show"]).ok();
    at.write("policy.toml", &built_in, 0o600);
    admin(&["policy", "apply", "policy.toml"]).ok();
    let said = admin(&import).ok();
    assert!(said.contains("calendar sakura in policy 2026-11 of desk, 2026\n"), "{said}");
    assert!(said.contains("policy 2026-11.2 is in force, after 2026-11\n"), "{said}");
    let now = admin(&["policy", "show"]).ok();
    assert!(now.contains("    \"2026-12-25\", # Christmas Day\n    \"2027-01-01\""), "{now}");
    assert_eq!(now.lines().count(), built_in.lines().count() + 4);
    // Nothing new: no version more.
    admin(&import).ok();
    assert_eq!(admin(&["policy", "list", "--json"]).json().as_array().unwrap().len(), 2);
}

#[test]
fn an_act_can_be_foreseen_and_a_clock_explained_and_neither_changes_anything() {
    let demo = Serving::demo();
    let at = demo.who("admin");
    let id = case_where(&at, |case| case["tier"] == "first" && case["state"] == "open");
    let seen = revision(&at, &id);
    // What is foreseen in two ways is the same, and then happens.
    let words = ["escalate", "--reason", "Replicated", "--json"];
    let preview = at.run(&[&["sla", "preview", &id], &words[..]].concat()).json();
    let dry = at.run(&["escalate", &id, "--reason", "Replicated", "--json", "--dry-run"]).json();
    assert_eq!(preview["changes"], dry["changes"]);
    assert_eq!((&preview["case"], &preview["action"]), (&Value::from(&*id), &"escalate".into()));
    assert_eq!(
        preview["before"].as_array().unwrap().len() + 1,
        preview["after"].as_array().unwrap().len()
    );
    let text = at.run(&["escalate", &id, "--reason", "Replicated", "--dry-run"]).ok();
    assert!(
        text.starts_with(&format!("{id}  escalated, if it were done now; nothing was changed"))
    );
    assert!(text.contains("\n    2nd level: "), "{text}");
    assert_eq!(revision(&at, &id), seen, "nothing was changed");
    // An explanation adds up, as data and as text.
    let told = at.run(&["sla", "explain", &id, "--clock", "2", "--json"]).json();
    assert_eq!((&told["case"], &told["clock"]), (&Value::from(&*id), &2.into()));
    let counted = told["past"].as_array().unwrap().iter().filter_map(|s| s["counted_s"].as_i64());
    assert_eq!(counted.sum::<i64>(), told["used_s"].as_i64().unwrap());
    let text = at.with("COLUMNS", "60").run(&["sla", "explain", &id]).ok();
    assert!(text.starts_with(&format!("{id}\nRes")), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    for label in ["Target ", "Calendar ", "Start ", "Budget ", "Stops "] {
        assert!(text.lines().any(|line| line.starts_with(label)), "{text} lacks {label}");
    }
    let at = demo.who("admin");
    let acted = at.run(&["escalate", &id, "--reason", "Replicated", "--json"]).json();
    let started = acted["case"]["clocks"].as_array().unwrap().last().unwrap();
    assert_eq!(started["target"], preview["after"].as_array().unwrap().last().unwrap()["target"]);
    // Refusals and wrong words end as those of the act itself.
    let dry = |args: &[&str]| at.run(&[args, &["--dry-run"]].concat());
    dry(&["reopen", &id, "--reason", "r"]).fails(4, "Could not reopen");
    dry(&["take", "C-1"]).fails(3, "Could not take C-1");
    dry(&["note", &id, "t", "--if-revision", "1"]).fails(5, "it is at revision");
    at.run(&["sla", "explain", "C-1"]).fails(3, "There is no case C-1");
    at.run(&["sla", "explain", &id, "--clock", "99"]).fails(2, "clocks: caseload show");
    at.run(&["sla", "preview", &id, "list"]).fails(2, "\"list\" is not an act");
}

#[test]
fn keys_shows_what_is_in_force_and_where_it_is_written() {
    let at = At::nowhere();
    at.write("config.toml", "[keys]\nfirst = [\"g g\", \"home\"]\nzoom = []\n", 0o600);
    let table = at.run(&["keys"]).ok();
    assert!(table.starts_with("[everywhere]\n  interrupt"), "{table}");
    let row = |action: &str| {
        let row = table.lines().find(|row| row.trim_start().starts_with(&format!("{action} ")));
        row.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("first"), "first g g home First case; top of the detail (config.toml:2)");
    assert!(
        row("zoom").starts_with("zoom - ") && row("note").starts_with("note n Write"),
        "{table}"
    );
    let keys = at.run(&["keys", "--json"]).json();
    let of =
        |action: &str| keys.as_array().unwrap().iter().find(|k| k["action"] == action).unwrap();
    assert_eq!(of("first")["keys"], serde_json::json!(["g g", "home"]));
    assert_eq!(of("first")["from"], "config.toml:2");
    assert_eq!((&of("send")["context"], &of("send")["from"]), (&"form".into(), &"built in".into()));
    at.write("keymap.toml", "[[desk]]\naction = \"last\"\nkeys = [\"g\"]\n", 0o600);
    at.run(&["config", "check"])
        .fails(2, "config.toml:2: [keys] g means last, and g g, which means first");
}
