//! `caseload config`

use serde_json::json;

use super::outcome::{Exit, Failure};
use super::output::Output;
use super::serve::check_tls;
use super::session::Session;
use crate::config::policy_file::PolicyFile;
use crate::config::{Origin, Places, Serve, Setting, Settings};
use crate::domain::text::safe_line;
use crate::sla::policy::Policy;
use crate::ui::theme::Colours;

/// The settings: where they are, and whether they are right
///
/// A flag wins over the environment, the environment over the file, the file over the default.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload config path
  caseload config check")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say where the settings and the program's own files are
    ///
    /// The first line is the configuration file, whether it is there or not. CASELOAD_HOME puts all of
    /// them under one folder.
    #[command(after_help = "Examples:
  caseload config path
  caseload config path --json")]
    Path,
    /// Check the configuration and say what is in force
    ///
    /// Every wrong line is told, also of keymap.toml beside it and of the policy file that it names, with the nearest right name of a key
    /// that is not known. Exit code 2 if anything is wrong. No desk is asked, and no token is read.
    #[command(after_help = "Examples:
  caseload config check
  caseload config check --config ./config.toml")]
    Check,
}

pub fn run(session: &mut Session<'_>, args: &Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Path => path(session),
        Command::Check => check(session),
    }
}

fn path(session: &mut Session<'_>) -> Result<Exit, Failure> {
    let places = Places::find(&session.environment)
        .ok_or_else(|| Failure::usage("no home folder is known; set HOME or CASELOAD_HOME"))?;
    let config = session
        .globals
        .config
        .clone()
        .or_else(|| session.environment.os("CASELOAD_CONFIG").map(Into::into))
        .unwrap_or_else(|| places.config_file());
    if session.output.json {
        session.output.json(&json!({
            "config": config, "state": places.state, "cache": places.cache, "data": places.data,
            "log": places.log_file(),
        }))?;
        return Ok(Exit::Done);
    }
    // In a pipe a path comes as it is.
    let shown = |path: &std::path::Path| {
        let path = path.to_string_lossy();
        if session.output.terminal { safe_line(&path, 1000) } else { path.into_owned() }
    };
    let mut lines = vec![shown(&config)];
    if session.output.terminal {
        lines.push(format!("state   {}", shown(&places.state)));
        lines.push(format!("cache   {}", shown(&places.cache)));
        lines.push(format!("data    {}", shown(&places.data)));
        lines.push(format!("log     {} (with CASELOAD_LOG=info)", shown(&places.log_file())));
    }
    for line in lines {
        session.output.line(line)?;
    }
    Ok(Exit::Done)
}

fn check(session: &mut Session<'_>) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let output = &mut *session.output;
    check_policy(&settings, output)?;
    settings.serve.tls.as_ref().map(check_tls).transpose()?;
    if let Some(theme) = super::theme::own(&settings, Colours::Rich)? {
        output.done(format!("theme {} is right", safe_line(theme.name(), 400)))?;
    }
    let file = safe_line(&settings.file.value.to_string_lossy(), 1000);
    let there = if settings.file_read { "is right" } else { "is not there; defaults are in force" };
    output.done(format!("{file} {there}"))?;
    if settings.keymap.file_read {
        let file = safe_line(&settings.keymap.file.to_string_lossy(), 1000);
        output.done(format!("{file} is right"))?;
    }
    let asked = settings.selected_desk().ok().map(|desk| desk.name.clone());
    for desk in settings.desks.iter() {
        let chosen = if asked.as_ref() == Some(&desk.name) { ", in use" } else { "" };
        output.done(format!(
            "desk {}: {} at {}, token from {}{chosen}",
            desk.name,
            desk.kind.word(),
            safe_line(desk.url.as_str(), 200),
            desk.token
        ))?;
    }
    for line in in_force(&settings) {
        output.done(line)?;
    }
    // A desk that was asked for by name must be there.
    if settings.desk.is_some() {
        settings.selected_desk()?;
    }
    if settings.desks.is_empty() {
        output.remark(
            "No desk is configured: set CASELOAD_URL and CASELOAD_TOKEN, or write a [desk.NAME].",
        );
    }
    Ok(Exit::Done)
}

/// Checks the configured policy file, and remarks what is seldom meant.
fn check_policy(settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let Some(Setting { value: path, .. }) = &settings.policy else { return Ok(()) };
    let file = PolicyFile::read(path)?;
    let policy = file.policy()?;
    let name = file.name();
    output.done(format!("{name} is right: version {}", safe_line(policy.version(), 64)))?;
    for remark in policy.remarks(file.text()) {
        output.remark(&safe_line(&format!("{name}:{remark}"), 600));
    }
    Ok(())
}

/// The policy of the settings: the file's, or the built-in one.
pub fn policy(settings: &Settings) -> Result<Policy, Failure> {
    match &settings.policy {
        Some(Setting { value: path, .. }) => Ok(PolicyFile::read(path)?.policy()?),
        None => Ok(Policy::embedded()),
    }
}

/// A time span as the file writes it.
fn span(seconds: u64) -> String {
    match seconds {
        s if s != 0 && s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

fn row(name: &str, value: impl std::fmt::Display, from: Origin) -> String {
    format!("{name} = {value}  ({from})")
}

/// What `[serve]` comes to; what is not set and has no default is left out.
fn serve_in_force(serve: &Serve, rows: &mut Vec<String>) {
    let nets = |nets: &[(std::net::IpAddr, u8)]| {
        let nets: Vec<_> = nets.iter().map(|(address, bits)| format!("{address}/{bits}")).collect();
        if nets.is_empty() { "none".to_owned() } else { nets.join(", ") }
    };
    let path = |path: &std::path::Path| safe_line(&path.to_string_lossy(), 400);
    rows.push(row("serve.listen", serve.listen.value, serve.listen.from));
    if let Some(url) = &serve.public_url {
        rows.push(row("serve.public_url", safe_line(url.value.as_str(), 200), url.from));
    }
    if let Some(from) = &serve.mail_from {
        rows.push(row("serve.mail_from", safe_line(&from.value, 200), from.from));
    }
    if let Some(most) = &serve.mail_per_hour {
        rows.push(row("serve.mail_per_hour", most.value, most.from));
    }
    if let Some(Setting { value: files, from }) = &serve.tls {
        rows.push(row("serve.tls_certificate", path(&files.certificate), *from));
        rows.push(row("serve.tls_key", path(&files.key), *from));
    }
    let (proxies, metrics) = (&serve.trusted_proxies, &serve.metrics_allow);
    rows.push(row("serve.trusted_proxies", nets(&proxies.value), proxies.from));
    rows.push(row("serve.metrics_allow", nets(&metrics.value), metrics.from));
    if let Some(log) = &serve.log {
        rows.push(row("serve.log", safe_line(&log.value, 200), log.from));
    }
    rows.push(row("serve.log_format", serve.log_format.value.word(), serve.log_format.from));
    rows.push(row("serve.log_to", serve.log_to.value.word(), serve.log_to.from));
}

/// Every setting, its value and where it came from.
fn in_force(settings: &Settings) -> Vec<String> {
    let (screen, alerts) = (&settings.screen, &settings.alerts);
    let at: Vec<String> = alerts.at.value.iter().map(|at| span(at.as_secs())).collect();
    let quiet = alerts.quiet.value.map_or_else(|| "none".to_owned(), |quiet| quiet.to_string());
    let mut rows = vec![
        row("screen.theme", safe_line(screen.theme.value.word(), 400), screen.theme.from),
        row("screen.ascii", screen.ascii.value, screen.ascii.from),
        row("screen.mouse", screen.mouse.value, screen.mouse.from),
    ];
    if let Some(to) = &screen.downloads {
        let folder = safe_line(&to.value.to_string_lossy(), 400);
        rows.push(row("screen.downloads", folder, to.from));
    }
    // Checked already, so that a file written today is right when they come into force.
    for row in [
        row("screen.reduced_motion", screen.reduced_motion.value, screen.reduced_motion.from),
        row("alerts.at", at.join(", "), alerts.at.from),
        row("alerts.bell", alerts.bell.value, alerts.bell.from),
        row("alerts.osc", alerts.osc.value, alerts.osc.from),
        row("alerts.quiet", quiet, alerts.quiet.from),
    ] {
        rows.push(format!("{row}  [not used in this version]"));
    }
    let ask_after = &settings.ask_after;
    rows.push(row("outbox.ask_after", span(ask_after.value.as_secs()), ask_after.from));
    if let Some(policy) = &settings.policy {
        rows.push(row("policy", safe_line(&policy.value.to_string_lossy(), 400), policy.from));
    }
    serve_in_force(&settings.serve, &mut rows);
    let canned = &settings.canned;
    let title = |title: &str| safe_line(title, 60);
    rows.extend(
        canned.texts.iter().map(|t| format!("canned.{}: {}", title(&t.name), title(&t.title))),
    );
    rows.extend(canned.macros.iter().map(|m| {
        let steps: Vec<&str> = m.steps.iter().map(|step| step.act.word()).collect();
        format!("macro.{}: {} ({})", title(&m.name), title(&m.title), steps.join(", "))
    }));
    for (action, chords) in &settings.keys {
        let name = format!("keys.{}", safe_line(action, 60));
        rows.push(row(&name, safe_line(&chords.value.join(", "), 200), chords.from));
    }
    rows
}
