//! The configuration: what it says, and what it says when it is wrong.

use std::path::Path;

use secrecy::ExposeSecret;

use super::*;

fn load(home: &Path, config: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    load_with(home, config, variables, &Flags::default())
}

fn load_with(
    home: &Path,
    config: &str,
    variables: &[(&str, &str)],
    flags: &Flags,
) -> Result<Settings, ConfigError> {
    if !config.is_empty() {
        write(&home.join("config.toml"), config, 0o600);
    }
    let home = home.to_str().unwrap();
    let mut all = vec![("CASELOAD_HOME", home), ("HOME", home)];
    all.extend(variables);
    Settings::load(&Environment::of(&all), flags)
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn token(settings: &Settings, variables: &[(&str, &str)]) -> Result<String, ConfigError> {
    let desk = settings.selected_desk()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(desk.token(&Environment::of(variables)))
        .map(|token| token.expose_secret().to_owned())
}

#[test]
fn the_example_is_a_right_configuration_and_shows_every_key() {
    let text = include_str!("../../config.example.toml");
    let as_it_stands = ConfigFile::parse(Path::new("config.example.toml"), text).unwrap();
    assert_eq!(as_it_stands.desks.len(), 1);
    // The lines that are switched off ("#: ") are right as well.
    let everything: String = text
        .lines()
        .map(|line| match line.strip_prefix("#: ") {
            Some(code) => format!("{code}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let file = ConfigFile::parse(Path::new("config.example.toml"), &everything).unwrap();
    assert!(file.policy.is_some() && file.theme.is_some() && file.ascii.is_some());
    assert!(file.downloads.is_some());
    assert!(file.mouse.is_some() && file.reduced_motion.is_some() && file.alerts_at.is_some());
    assert!(file.bell.is_some() && file.osc.is_some() && file.quiet.is_some());
    assert!(!file.keys.is_empty() && file.ask_after.is_some());
    let serve = &file.serve;
    assert!(serve.listen.is_some() && serve.public_url.is_some() && serve.log.is_some());
    assert!(serve.mail_from.is_some() && serve.mail_per_hour.is_some());
    assert!(serve.tls_certificate.is_some() && serve.tls_key.is_some());
    assert!(serve.trusted_proxies.is_some() && serve.metrics_allow.is_some());
    assert!(serve.log_format.is_some() && serve.log_to.is_some());
    for key in ["ca_file", "token_file", "token_env", "token_command", "keyring"] {
        assert!(everything.contains(key), "{key} is not shown");
    }
}

#[test]
fn the_example_shows_the_defaults() {
    let text = include_str!("../../config.example.toml");
    let home = tempfile::tempdir().unwrap();
    let example = load(home.path(), text, &[]).unwrap();
    let nothing = tempfile::tempdir().unwrap();
    let default = load(nothing.path(), "", &[]).unwrap();
    assert_eq!(example.screen.theme.value, default.screen.theme.value);
    assert_eq!(example.screen.ascii.value, default.screen.ascii.value);
    assert_eq!(example.screen.mouse.value, default.screen.mouse.value);
    assert_eq!(example.screen.reduced_motion.value, default.screen.reduced_motion.value);
    assert_eq!(example.alerts.at.value, default.alerts.at.value);
    assert_eq!(example.alerts.bell.value, default.alerts.bell.value);
    assert_eq!(example.alerts.osc.value, default.alerts.osc.value);
    assert_eq!(example.alerts.quiet.value, default.alerts.quiet.value);
    assert_eq!(example.ask_after.value, default.ask_after.value);
    let (shown, serve) = (&example.serve, &default.serve);
    assert_eq!(shown.listen.value, serve.listen.value);
    assert_eq!(shown.trusted_proxies.value, serve.trusted_proxies.value);
    assert_eq!(shown.metrics_allow.value, serve.metrics_allow.value);
    assert!(serve.mail_from.is_none() && serve.mail_per_hour.is_none());
    assert_eq!(shown.log_format.value, serve.log_format.value);
    assert_eq!(shown.log_to.value, serve.log_to.value);
    assert!(serve.tls.is_none() && serve.public_url.is_none() && serve.log.is_none());
}

#[test]
fn a_wrong_file_is_told_line_by_line_with_the_nearest_right_name() {
    for (config, expected) in [
        (
            "[screen]\ntehme = \"dark\"\n",
            "2: unknown key \"tehme\" in [screen]; did you mean \"theme\"?",
        ),
        (
            "colour = 1\n",
            "1: unknown key \"colour\"; there are: policy, desk, screen, alerts, outbox, keys, canned, macro, serve",
        ),
        (
            "[serve]\ntrusted_proxy = []\n",
            "2: unknown key \"trusted_proxy\" in [serve]; did you mean \"trusted_proxies\"?",
        ),
        (
            "[serve]\nlisten = \"8470\"\n",
            "2: write an IP address and a port, such as 127.0.0.1:8470 (port 0: any free one)",
        ),
        (
            "[serve]\ntrusted_proxies = [\"10.0.0.0/33\"]\n",
            "2: \"10.0.0.0/33\" is no address or net; write 127.0.0.1, 10.0.0.0/8 or fd00::/8",
        ),
        (
            "[serve]\nmetrics_allow = \"10.0.0.0/8\"\n",
            "2: \"metrics_allow\" must be a list of texts, not a text",
        ),
        ("[serve]\nmail_from = \"Support\"\n", "2: mail_from is no address; write"),
        ("[serve]\nmail_per_hour = -1\n", "2: \"mail_per_hour\" is a number from 0"),
        ("[serve]\ntls_key = \"k\"\n", "2: tls_key needs a tls_certificate beside it"),
        (
            "[serve]\nlog_format = \"jsonl\"\n",
            "2: \"jsonl\" is no log_format; did you mean \"json\"?",
        ),
        (
            "[serve]\nlog = \"caseload=loud\"\n",
            "2: error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5; write a level, such as info or debug",
        ),
        (
            "[desk.a]\nurl = \"https://a.example\"\ntokenfile = \"t\"\n",
            "3: unknown key \"tokenfile\" in [desk.a]; did you mean \"token_file\"?",
        ),
        (
            "[desk.a]\nkind = \"caseload\"\n",
            "1: [desk.a] has no url, such as \"https://desk.example.org\"",
        ),
        (
            "[desk.a]\nurl = \"ftp://a\"\n",
            "2: the url begins with neither https:// nor http://; write it like https://desk.example.org",
        ),
        (
            "[desk.a]\nurl = \"https://u:p@a.example\"\n",
            "2: the url holds a name or password; write it like https://desk.example.org",
        ),
        (
            "[desk]\nurl = \"https://a.example\"\n",
            "2: \"url\" stands in [desk]; a desk has a name: write [desk.NAME]",
        ),
        (
            "[desk.\"a b\"]\nurl = \"https://a.example\"\n",
            "1: a desk's name has 1 to 64 letters, digits, \"-\", \"_\" or \".\"",
        ),
        (
            "[desk.a]\nurl = \"https://a.example\"\nkind = \"caselaod\"\n",
            "3: \"caselaod\" is no kind; did you mean \"caseload\"?",
        ),
        (
            "[desk.a]\nurl = \"https://a.example\"\ntoken_env = \"A\"\ntoken_file = \"b\"\n",
            "[desk.a] has both token_env and token_file; a token comes from one place",
        ),
        ("[screen]\nascii = \"yes\"\n", "2: \"ascii\" must be true or false, not a text"),
        ("screen = 3\n", "1: \"screen\" must be a table: [screen], not a number"),
        (
            "[screen]\ntheme = \"neon\"\n",
            "2: \"neon\" is no theme; there are: auto, dark, light, high-contrast, colour-blind, mono",
        ),
        (
            "[screen]\ntheme = \"color_blind\"\n",
            "2: \"color_blind\" is no theme; did you mean \"colour-blind\"?",
        ),
        (
            "[alerts]\nat = [\"1h\", \"soon\"]\n",
            "2: \"soon\" is not a time span; write 1h, 15m or 30s",
        ),
        (
            "[alerts]\nquiet = \"22-6\"\n",
            "2: \"22-6\" is not a span of the day; write \"22:00-06:00\"",
        ),
        (
            "[outbox]\nask_afer = \"1h\"\n",
            "2: unknown key \"ask_afer\" in [outbox]; did you mean \"ask_after\"?",
        ),
        ("[outbox]\nask_after = 900\n", "2: \"ask_after\" must be a text in quotes, not a number"),
        (
            "[outbox]\nask_after = \"a while\"\n",
            "2: \"a while\" is not a time span; write 1h, 15m or 30s",
        ),
        ("[keys]\nescalate = \"e\"\n", "2: \"escalate\" must be a list of texts, not a text"),
        (
            "[keys]\nescalat = [\"e\"]\n",
            "2: [keys] \"escalat\" is not an action; did you mean escalate?",
        ),
        ("[keys]\nescalate = [\"hyper-x\"]\n", "2: [keys] escalate: "),
        ("[screen\n", "1: this is not TOML: "),
        ("a = 1\na = 2\n", "2: this is not TOML: duplicate key"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let error = load(home.path(), config, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{config:?} says\n{error}\nand not\n{expected}");
        assert!(error.contains("config.toml:"), "{error} does not name the file");
    }
}

#[test]
fn every_wrong_line_is_told_in_the_order_of_the_file() {
    let home = tempfile::tempdir().unwrap();
    let error = load(home.path(), "[screen]\nx = 1\n[alerts]\nbel = true\n", &[]).unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(":2: ") && lines[1].contains(":4: "), "{lines:?}");
}

#[test]
fn a_broken_file_with_a_token_in_it_does_not_show_the_token() {
    for config in
        ["[desk.a]\ntoken = \"s3cret", "[desk.a]\ntoken = \"s3cret\"\ntoken_env = \"V\"\n"]
    {
        let home = tempfile::tempdir().unwrap();
        let error = load(home.path(), config, &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[test]
fn a_missing_file_is_fine_unless_it_was_asked_for() {
    let home = tempfile::tempdir().unwrap();
    assert!(!load(home.path(), "", &[]).unwrap().file_read);
    let error = load(home.path(), "", &[("CASELOAD_CONFIG", "/nowhere/c.toml")]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("could not read the configuration /nowhere/c.toml (CASELOAD_CONFIG): "),
        "{error}"
    );
    let flags = Flags { config: Some("/nowhere/d.toml".into()), ..Flags::default() };
    let error =
        load_with(home.path(), "", &[("CASELOAD_CONFIG", "/nowhere/c.toml")], &flags).unwrap_err();
    assert!(error.to_string().contains("/nowhere/d.toml (--config)"), "{error}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let config = "[screen]\nascii = false\ntheme = \"mono\"\n";
    let home = tempfile::tempdir().unwrap();
    let settings = load(home.path(), config, &[]).unwrap();
    assert_eq!(settings.screen.theme, Setting::new(Theme::Named("mono"), Origin::Line(3)));
    let variables = [("CASELOAD_ASCII", "1"), ("CASELOAD_THEME", "auto")];
    let settings = load(home.path(), config, &variables).unwrap();
    assert_eq!(settings.screen.ascii, Setting::new(true, Origin::Variable("CASELOAD_ASCII")));
    assert_eq!(settings.screen.theme.value, Theme::Auto);
    let flags = Flags { ascii: true, ..Flags::default() };
    let settings = load_with(home.path(), config, &[("CASELOAD_ASCII", "0")], &flags).unwrap();
    assert_eq!(settings.screen.ascii, Setting::new(true, Origin::Flag("--ascii")));
    let error = load(home.path(), config, &[("CASELOAD_THEME", "moon")]).unwrap_err();
    assert_eq!(error.to_string(), "CASELOAD_THEME: \"moon\" is no theme; did you mean \"mono\"?");
}

const TWO: &str = "[desk.north]\nurl = \"https://n.example\"\ntoken_env = \"N\"\n\
                   [desk.south]\nurl = \"https://s.example\"\ntoken_env = \"S\"\n";

#[test]
fn several_desks_are_meant_in_the_order_of_the_file_where_none_is_named() {
    let home = tempfile::tempdir().unwrap();
    let turned = "[desk.south]\nurl = \"https://south.example\"\n\n\
                  [desk.east]\nurl = \"https://east.example\"\n\n\
                  [desk.north]\nurl = \"https://north.example\"\n";
    let names = |variables: &[(&str, &str)]| {
        let settings = load_with(home.path(), turned, variables, &Flags::default()).unwrap();
        let desks = settings.meant_desks().unwrap();
        desks.iter().map(|desk| desk.name.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "south east north");
    assert_eq!(names(&[("CASELOAD_DESK", "east")]), "east");
    assert_eq!(names(&[("CASELOAD_URL", "http://127.0.0.1:8470")]), "127.0.0.1");
}

#[test]
fn the_desk_is_the_one_asked_for_or_the_environments_or_the_only_one() {
    let home = tempfile::tempdir().unwrap();
    let name = |variables: &[(&str, &str)], flags: &Flags| {
        load_with(home.path(), TWO, variables, flags)?.selected_desk().map(|desk| desk.name.clone())
    };
    let none = Flags::default();
    let south = Flags { desk: Some("south".into()), ..Flags::default() };
    assert_eq!(
        name(&[], &none).unwrap_err().to_string(),
        "several desks are configured (north, south): choose one with --desk NAME or CASELOAD_DESK"
    );
    assert_eq!(name(&[("CASELOAD_DESK", "north")], &none).unwrap(), "north");
    assert_eq!(name(&[("CASELOAD_DESK", "north")], &south).unwrap(), "south");
    assert_eq!(name(&[("CASELOAD_URL", "http://127.0.0.1:8470")], &none).unwrap(), "127.0.0.1");
    assert_eq!(name(&[("CASELOAD_URL", "http://127.0.0.1:8470")], &south).unwrap(), "south");
    let west = Flags { desk: Some("west".into()), ..Flags::default() };
    assert_eq!(
        name(&[], &west).unwrap_err().to_string(),
        "--desk: no desk is called \"west\"; there are: north, south"
    );
    let empty = tempfile::tempdir().unwrap();
    let error = load(empty.path(), "", &[]).unwrap().selected_desk().cloned().unwrap_err();
    assert!(error.to_string().starts_with("no desk is configured: set CASELOAD_URL"), "{error}");
}

#[test]
fn a_token_comes_from_its_place_and_errors_name_the_place_only() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join("t"), "from-file\n", 0o600);
    let config = |source: &str| format!("[desk.a]\nurl = \"https://a.example\"\n{source}\n");
    let got = |source: &str, variables: &[(&str, &str)]| {
        token(&load(home.path(), &config(source), variables)?, variables)
    };
    assert_eq!(got("token_file = \"t\"", &[]).unwrap(), "from-file");
    assert_eq!(got("token_file = \"~/t\"", &[]).unwrap(), "from-file");
    assert_eq!(got("token_env = \"MINE\"", &[("MINE", "from-env")]).unwrap(), "from-env");
    assert_eq!(got("token = \"from-here\"", &[]).unwrap(), "from-here");
    assert_eq!(got("", &[("CASELOAD_TOKEN", "of-env")]).unwrap(), "of-env");
    // A desk with its own source is not given the environment's token, which is another desk's.
    assert_eq!(got("token_file = \"t\"", &[("CASELOAD_TOKEN", "of-env")]).unwrap(), "from-file");
    let path = home.path().join("t");
    let variables = [("CASELOAD_TOKEN_FILE", path.to_str().unwrap())];
    assert_eq!(got("", &variables).unwrap(), "from-file");
    assert_eq!(
        got("", &[]).unwrap_err().to_string(),
        "desk a has no token: set CASELOAD_TOKEN or CASELOAD_TOKEN_FILE, or write token_file, \
         token_env, token_command or keyring into its [desk.NAME]"
    );
    assert_eq!(
        got("token_env = \"MINE\"", &[]).unwrap_err().to_string(),
        "the variable MINE, which should hold the token of desk a, is not set"
    );
    for bad in ["two words", "caf\u{e9}", "\u{1b}[31m"] {
        let error = got("token_env = \"MINE\"", &[("MINE", bad)]).unwrap_err().to_string();
        assert!(
            error.starts_with("what the variable MINE holds for desk a is no token"),
            "{error}"
        );
        assert!(!error.contains(bad));
    }
}

#[cfg(unix)]
#[test]
fn a_token_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("t");
    for mode in [0o644, 0o640, 0o604] {
        write(&path, "s3cret\n", mode);
        let config = "[desk.a]\nurl = \"https://a.example\"\ntoken_file = \"t\"\n";
        let error = token(&load(home.path(), config, &[]).unwrap(), &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the token file {0} can be read by others; run: chmod 600 {0}", path.display())
        );
    }
    let config = home.path().join("own.toml");
    write(&config, "[desk.a]\nurl = \"https://a.example\"\ntoken = \"s3cret\"\n", 0o644);
    let flags = Flags { config: Some(config.clone()), ..Flags::default() };
    let error = load_with(home.path(), "", &[], &flags).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "the configuration holds a token, and {0} can be read by others; run: chmod 600 {0}",
            config.display()
        )
    );
    // Without a token in it, others may read it.
    write(&config, "[desk.a]\nurl = \"https://a.example\"\ntoken_env = \"T\"\n", 0o644);
    assert!(load_with(home.path(), "", &[], &flags).is_ok());
}

#[cfg(unix)]
#[test]
fn a_token_command_gives_its_first_line_and_its_failures_are_told() {
    let home = tempfile::tempdir().unwrap();
    let got = |command: &str| {
        let config =
            format!("[desk.a]\nurl = \"https://a.example\"\ntoken_command = '''{command}'''\n");
        token(&load(home.path(), &config, &[]).unwrap(), &[])
    };
    assert_eq!(got("printf 'one\\ntwo\\n' | cat").unwrap(), "one");
    assert_eq!(
        got("exit 3").unwrap_err().to_string(),
        "token_command of desk a failed: exit status: 3"
    );
    assert_eq!(
        got("true").unwrap_err().to_string(),
        "the token of desk a is empty (it comes from token_command)"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_keyring_is_asked_for_the_desk_by_its_name_and_a_missing_program_is_named() {
    let home = tempfile::tempdir().unwrap();
    let settings =
        load(home.path(), "[desk.a]\nurl = \"https://a.example\"\nkeyring = true\n", &[]);
    let settings = settings.unwrap();
    let path = [("PATH", home.path().to_str().unwrap())];
    assert_eq!(
        token(&settings, &path).unwrap_err().to_string(),
        "the keyring with the token of desk a is read by secret-tool, which is not installed (the package \
         libsecret-tools, or libsecret); install it, or use token_file, token_env or token_command"
    );
    let played = |script: &str| {
        write(&home.path().join("secret-tool"), &format!("#!/bin/sh\n{script}\n"), 0o700);
        token(&settings, &path)
    };
    let asked = "[ \"$*\" = 'lookup service caseload account a' ] && echo from-keyring";
    assert_eq!(played(asked).unwrap(), "from-keyring");
    assert_eq!(
        played("exit 1").unwrap_err().to_string(),
        "the keyring with the token of desk a is locked, or has none; put it there with: secret-tool store \
         --label='caseload a' service caseload account a"
    );
}

#[cfg(unix)]
#[test]
fn a_token_is_read_again_from_its_place_and_without_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let again = |source: &str| {
        let config = format!("[desk.a]\nurl = \"https://a.example\"\n{source}\n");
        let settings = load(home.path(), &config, &[]).unwrap();
        let desk = settings.selected_desk().unwrap().clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let token = runtime.block_on(desk.token_again(&Environment::of(&[]))).unwrap();
        token.expose_secret().to_owned()
    };
    write(&home.path().join("t"), "first\n", 0o600);
    assert_eq!(again("token_file = \"t\""), "first");
    write(&home.path().join("t"), "second\n", 0o600);
    assert_eq!(again("token_file = \"t\""), "second");
    if cfg!(target_os = "linux") {
        assert_eq!(again("token_command = \"readlink /proc/self/fd/0\""), "/dev/null");
        assert_eq!(again("token_command = \"readlink /proc/self/fd/2\""), "/dev/null");
    }
}

#[test]
fn a_file_of_authorities_is_read_from_beside_the_configuration_and_its_faults_name_it() {
    let home = tempfile::tempdir().unwrap();
    let config = "[desk.a]\nurl = \"https://a.example\"\nca_file = \"ca.pem\"\n";
    let read = || {
        let settings = load(home.path(), config, &[])?;
        settings.selected_desk()?.authorities()
    };
    let path = home.path().join("ca.pem");
    let named = format!("the ca_file {} of desk a ", path.display());
    let error = read().unwrap_err().to_string();
    assert!(error.starts_with(&format!("{named}could not be read: ")), "{error}");
    write(&path, "", 0o644);
    assert_eq!(read().unwrap_err().to_string(), format!("{named}is empty"));
    write(&path, "certificates", 0o644);
    assert_eq!(read().unwrap(), b"certificates");
}

#[test]
fn what_serve_is_told_counts_from_the_file_and_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let config = "[serve]\nlisten = \"[::]:443\"\npublic_url = \"https://desk.example.org\"\n\
                  tls_certificate = \"tls/desk.crt\"\ntls_key = \"/etc/desk.key\"\n\
                  trusted_proxies = [\"127.0.0.1\", \"fd00::/8\"]\nlog = \"info\"\nlog_to = \"stderr\"\n";
    let serve = load(home.path(), config, &[("CASELOAD_LOG", "warn")]).unwrap().serve;
    assert_eq!(serve.listen.value, "[::]:443".parse().unwrap());
    assert_eq!(serve.listen.from, Origin::Line(2));
    assert_eq!(serve.public_url.unwrap().value.as_str(), "https://desk.example.org/");
    let tls = serve.tls.unwrap().value;
    assert_eq!(tls.certificate, home.path().join("tls/desk.crt"));
    assert_eq!(tls.key, Path::new("/etc/desk.key"));
    let this: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    assert_eq!(serve.trusted_proxies.value, [(this, 32), ("fd00::".parse().unwrap(), 8)]);
    assert_eq!(serve.log.map(|log| log.value).as_deref(), Some("warn"));
    assert_eq!(serve.log_to.value, LogTo::Stderr);
}

#[cfg(unix)]
#[test]
fn a_tls_key_that_others_can_read_is_refused_unless_the_system_guards_it() {
    let home = tempfile::tempdir().unwrap();
    for name in ["crt", "key"] {
        write(&home.path().join(name), "PEM", 0o440);
    }
    let config = "[serve]\ntls_certificate = \"crt\"\ntls_key = \"key\"\n";
    let read = |variables: &[(&str, &str)]| {
        let tls = load(home.path(), config, variables).unwrap().serve.tls.unwrap().value;
        tls.read().map(|pem| pem.certificate)
    };
    let error = read(&[]).unwrap_err().to_string();
    let key = home.path().join("key");
    let key = key.display();
    assert_eq!(error, format!("the TLS key {key} can be read by others; run: chmod 600 {key}"));
    let credentials = [("CREDENTIALS_DIRECTORY", home.path().to_str().unwrap())];
    assert_eq!(read(&credentials).unwrap(), b"PEM");
    std::fs::remove_file(home.path().join("crt")).unwrap();
    let error = read(&credentials).unwrap_err().to_string();
    assert!(error.starts_with("could not read the TLS certificate "), "{error}");
}

/// What is wrong with these keys, without the folder.
fn wrong_keys(keymap: &str, config: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("keymap.toml"), keymap).unwrap();
    let error = load(home.path(), config, &[]).unwrap_err().to_string();
    error.replace(&format!("{}/", home.path().display()), "")
}

#[test]
fn keymap_toml_beside_the_file_changes_keys_and_the_keys_of_the_file_change_them_again() {
    let home = tempfile::tempdir().unwrap();
    let keymap = "[[desk]]\naction = \"first\"\nkeys = [\"g g\"]\n\n[[desk]]\naction = \"note\"\nkeys = [\"N\"]\n";
    std::fs::write(home.path().join("keymap.toml"), keymap).unwrap();
    let settings = load(home.path(), "[keys]\nnote = [\"ctrl-y\"]\n", &[]).unwrap();
    let keys = &settings.keymap;
    let text = |action| keys.keymap.key_text(action, false);
    assert_eq!(text(crate::input::Action::First), "g g");
    assert_eq!(text(crate::input::Action::Note), "Ctrl-Y");
    assert!(keys.file_read);
    let written: Vec<(&str, &str)> =
        keys.written.iter().map(|(action, at)| (action.as_str(), at.as_str())).collect();
    assert_eq!(written, [("first", "keymap.toml:2"), ("note", "config.toml:2")]);
}

#[test]
fn two_actions_on_one_key_are_told_by_name_file_and_line() {
    assert_eq!(
        wrong_keys("", "[keys]\nfirst = [\"g g\"]\nlast = [\"g g\"]\n"),
        "config.toml:3: [keys] g g means both first and last (the other is on line 2)"
    );
    assert_eq!(
        wrong_keys("[[desk]]\naction = \"first\"\nkeys = [\"x\"]\n", "[keys]\nnote = [\"x\"]\n"),
        "keymap.toml:2: x means both note and first (the other is at config.toml:2)"
    );
    assert_eq!(
        wrong_keys("[[desk]]\naction = \"note\"\nkeys = [\"e\", \"c x\"]\n", ""),
        "keymap.toml:2: c means close, and c x, which means note, begins with it: one of the two would never come\n\
         keymap.toml:2: e means both escalate and note"
    );
    assert_eq!(
        wrong_keys("\n[[form]]\naction = \"note\"\nkeys = [\"x\"]\n", ""),
        "keymap.toml:3: note belongs under [[desk]], once"
    );
    assert!(wrong_keys("[[desk]\n", "").starts_with("keymap.toml:1: this is no keymap: "));
    assert!(wrong_keys("\n[[desk]]\nkeys = [\"x\"]\n", "").starts_with("keymap.toml:"));
}

#[test]
fn the_page_of_a_case_is_of_the_web_and_holds_the_id_outside_its_host() {
    let with = |link: &str| {
        let text = format!("[desk.a]\nurl = \"https://a.example\"\ncase_link = \"{link}\"\n");
        ConfigFile::parse(Path::new("c.toml"), &text)
    };
    let link = with("https://a.example/case?id={id}").unwrap().desks["a"].case_link.clone();
    assert_eq!(link.unwrap().value, "https://a.example/case?id={id}");
    for (link, why) in [
        ("https://a.example/case", "has no {id}"),
        ("file:///x/{id}", "begins with neither https:// nor http://"),
        ("https://{id}.example/", "has {id} in its host"),
        ("a{id}", "cannot be read"),
    ] {
        let error = with(link).unwrap_err().to_string();
        assert!(error.contains("c.toml:3: the case_link") && error.contains(why), "{error}");
    }
}
