//! The words of the command line: every help teaches, and what it teaches is right.

use clap::{CommandFactory, Parser};

use super::args::{Cli, ColorWhen, Command};

/// Every command with its path of words, the program itself first.
fn commands() -> Vec<(String, clap::Command)> {
    fn gather(path: &str, command: &clap::Command, into: &mut Vec<(String, clap::Command)>) {
        into.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            gather(&format!("{path} {}", sub.get_name()), sub, into);
        }
    }
    let mut all = Vec::new();
    gather("caseload", &Cli::command(), &mut all);
    all
}

/// The words of an example as a shell would split them, up to a redirection or a pipe.
fn words(example: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in example.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.into_iter().take_while(|word| !["<", ">", "|"].contains(&word.as_str())).collect()
}

fn examples(command: &clap::Command) -> Vec<String> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    after
        .lines()
        .skip_while(|line| *line != "Examples:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_has_a_paragraph_and_two_examples() {
    for (path, command) in commands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{path} says nothing of itself");
        assert!(long.len() > about.len() + 20, "{path} has no paragraph in its --help");
        let examples = examples(&command);
        assert!(examples.len() >= 2, "{path} has {examples:?}");
        for option in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{path} does not explain {}", option.get_id());
        }
    }
}

#[test]
fn every_example_in_a_help_is_a_right_command() {
    for (path, command) in commands() {
        for example in examples(&command) {
            assert!(example.starts_with(&path), "{example} is no example of {path}");
            if let Err(error) = Cli::try_parse_from(words(&example)) {
                assert!(!error.use_stderr(), "{example}\n{error}");
            }
        }
    }
}

#[test]
fn global_options_work_before_and_after_the_command() {
    for line in [
        "caseload --json --desk d --color never --ascii --quiet --config c list",
        "caseload list --json --desk d --color never --ascii --quiet --config c",
        "caseload --json --desk d list --color never --ascii --quiet --config c",
    ] {
        let cli = Cli::try_parse_from(words(line)).unwrap();
        let globals = cli.globals;
        assert!(globals.json && globals.ascii && globals.quiet, "{line}");
        assert_eq!(globals.color, ColorWhen::Never, "{line}");
        assert_eq!(globals.desk.as_deref(), Some("d"), "{line}");
        assert!(globals.config.is_some(), "{line}");
        assert!(matches!(cli.command, Some(Command::List(_))), "{line}");
    }
}

#[test]
fn wrong_words_are_refused_with_the_right_ones() {
    for (line, expected) in [
        ("caseload severity C-1 urgent --reason r", "critical"),
        ("caseload close C-1 --resolution explanaton --text t", "'explanation'"),
        ("caseload close C-1 --text t", "--resolution <WORD>"),
        ("caseload close C-1 --resolution explanation", "--text <T>"),
        ("caseload list --sort urgency", "due, severity, reported, updated, id"),
        ("caseload lst", "'list'"),
        ("caseload escalate C-1 --reason r --to first", "second"),
        ("caseload note", "<ID>"),
    ] {
        let error = Cli::try_parse_from(words(line)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(expected), "{line}\n{error}");
    }
}

#[test]
fn words_of_the_domain_may_be_written_with_hyphens() {
    for line in [
        "caseload close C-1 --resolution corrected-in-release --text t --cause Product_Error",
        "caseload close C-1 --resolution corrected_in_release --text t",
        "caseload list --sort -severity,id",
        "caseload note C-1 -",
    ] {
        Cli::try_parse_from(words(line)).unwrap();
    }
}

#[test]
fn commands_that_are_not_there_yet_are_not_offered() {
    let names: Vec<String> = commands().into_iter().map(|(path, _)| path).collect();
    for later in ["next", "status", "watch", "handover", "doctor"] {
        assert!(!names.contains(&format!("caseload {later}")), "{later}");
    }
}
