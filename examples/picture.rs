//! Makes the pictures of the README and of `docs/` from the real program: runs `caseload demo` in a terminal
//! of its own, presses keys, and writes what stands there as SVG. Which ones, and by which keys: `docs/pictures.toml`.
//!
//! `cargo build --release && cargo run --release --example picture` makes all of them, names of files after `--` only those.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde::Deserialize;

/// What the screen shows once the desk is there.
const READY: &str = "● live";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pictures {
    picture: Vec<Picture>,
}

/// One picture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picture {
    /// Its name in `docs/pictures/`.
    file: String,
    /// "120x32"
    size: String,
    /// At whose chair: the value of `--as`.
    #[serde(default = "partner")]
    role: String,
    /// Further arguments of `caseload`.
    #[serde(default)]
    args: Vec<String>,
    /// What is pressed, one after the other: characters, `{Down}` and the like; `{wait TEXT}` waits for a text.
    #[serde(default)]
    keys: Vec<String>,
    /// The theme; none: what the terminal gives.
    theme: Option<String>,
}

fn partner() -> String {
    "partner".to_owned()
}

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let list =
        std::fs::read_to_string("docs/pictures.toml").context("run it in the project's folder")?;
    let pictures: Pictures = toml::from_str(&list)?;
    std::fs::create_dir_all("docs/pictures")?;
    for picture in &pictures.picture {
        if wanted.is_empty() || wanted.contains(&picture.file) {
            take(picture).with_context(|| picture.file.clone())?;
        }
    }
    Ok(())
}

fn take(picture: &Picture) -> Result<()> {
    let (columns, rows) = picture.size.split_once('x').context("a size is like 120x32")?;
    let size = PtySize { cols: columns.parse()?, rows: rows.parse()?, ..PtySize::default() };
    let program = std::env::current_exe()?;
    let program = program.parent().and_then(Path::parent).context("no folder of binaries")?;
    let home = tempfile::tempdir()?;
    let pty = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(program.join("caseload"));
    command.args(["demo", "--still", "--seed", "7", "--as", &picture.role]);
    command.args(&picture.args);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "");
    command.env("CASELOAD_HOME", home.path());
    command.env_remove("NO_COLOR");
    command.env_remove("TMUX");
    if let Some(theme) = &picture.theme {
        command.env("CASELOAD_THEME", theme);
    }
    let mut child = pty.slave.spawn_command(command).context("build the program first")?;
    drop(pty.slave);

    let mut reader = pty.master.try_clone_reader()?;
    let (sender, bytes) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    let (Some(rows), Some(columns)) = (NonZero::new(size.rows), NonZero::new(size.cols)) else {
        bail!("a screen has at least one row and one column");
    };
    let mut screen = vt100::Parser::new(rows, columns, 0);
    let mut writer = pty.master.take_writer()?;
    wait_for(&mut screen, &bytes, READY)?;
    for step in &picture.keys {
        if let Some(text) = step.strip_prefix("{wait ").and_then(|rest| rest.strip_suffix('}')) {
            wait_for(&mut screen, &bytes, text)?;
            continue;
        }
        for key in keys_of(step) {
            writer.write_all(key.as_bytes())?;
            writer.flush()?;
            settle(&mut screen, &bytes);
        }
    }
    settle(&mut screen, &bytes);
    let light = picture.theme.as_deref() == Some("light");
    let ground = if light { &LIGHT } else { &DARK };
    std::fs::write(Path::new("docs/pictures").join(&picture.file), svg(screen.screen(), ground))?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// `{Down}` and the like are keys, everything else is typed.
fn keys_of(keys: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            out.push(
                match name {
                    "Down" => "\x1b[B",
                    "Up" => "\x1b[A",
                    "Tab" => "\t",
                    "Enter" => "\r",
                    "Esc" => "\x1b",
                    "Space" => " ",
                    "BackTab" => "\x1b[Z",
                    "Ctrl-S" => "\x13",
                    other => other,
                }
                .to_owned(),
            );
            rest = after;
        } else {
            out.push(c.to_string());
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn wait_for(screen: &mut vt100::Parser, bytes: &mpsc::Receiver<Vec<u8>>, text: &str) -> Result<()> {
    while !screen.screen().contents().contains(text) {
        match bytes.recv_timeout(Duration::from_mins(1)) {
            Ok(chunk) => screen.process(&chunk),
            Err(_) => bail!("\"{text}\" never came; the screen:\n{}", screen.screen().contents()),
        }
    }
    Ok(())
}

/// Reads until the program has been quiet for a moment.
fn settle(screen: &mut vt100::Parser, bytes: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(chunk) = bytes.recv_timeout(Duration::from_millis(300)) {
        screen.process(&chunk);
    }
}

const CELL: (f32, f32) = (8.4, 18.0);
/// What the terminal looks like: its plain colours and its sixteen.
struct Ground {
    foreground: &'static str,
    background: &'static str,
    palette: [&'static str; 16],
}

const DARK: Ground = Ground {
    foreground: "#c8ccd4",
    background: "#16181d",
    palette: [
        "#3b4048", "#e06c75", "#98c379", "#d9a441", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
        "#7a818e", "#ff7b85", "#b0e08a", "#ffc866", "#82c4ff", "#dd9af0", "#7fd8e4", "#ffffff",
    ],
};

const LIGHT: Ground = Ground {
    foreground: "#24292f",
    background: "#fbfbfa",
    palette: [
        "#24292f", "#b3261e", "#1a6b34", "#7a5200", "#0550ae", "#8250df", "#0b6375", "#6e7781",
        "#57606a", "#a40e26", "#116329", "#633c01", "#0969da", "#6639ba", "#0a4f5e", "#8c959f",
    ],
};

fn color(color: vt100::Color, default: &str, ground: &Ground) -> String {
    match color {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        vt100::Color::Idx(n @ 0..=15) => ground.palette[usize::from(n)].to_owned(),
        vt100::Color::Idx(n @ 16..=231) => {
            let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
            let n = n - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        vt100::Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[derive(PartialEq)]
struct Look {
    fg: String,
    bg: String,
    bold: bool,
    dim: bool,
}

fn look(screen: &vt100::Screen, row: u16, column: u16, ground: &Ground) -> Look {
    let (front, back) = (ground.foreground, ground.background);
    let Some(cell) = screen.cell(row, column) else {
        return Look { fg: front.into(), bg: back.into(), bold: false, dim: false };
    };
    let (mut fg, mut bg) =
        (color(cell.fgcolor(), front, ground), color(cell.bgcolor(), back, ground));
    if cell.inverse() {
        std::mem::swap(&mut fg, &mut bg);
    }
    Look { fg, bg, bold: cell.bold(), dim: cell.dim() }
}

fn svg(screen: &vt100::Screen, ground: &Ground) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * CELL.0, f32::from(rows) * CELL.1);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" \
         height=\"{h:.0}\" font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        ground.background,
        w = width + 20.0,
        h = height + 20.0
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let look = look(screen, row, start, ground);
            let mut text = String::new();
            while column < columns && self::look(screen, row, column, ground) == look {
                let cell = screen.cell(row, column);
                let contents = cell.map(vt100::Cell::contents).unwrap_or_default();
                let covered = cell.is_some_and(vt100::Cell::is_wide_continuation);
                text.push_str(if contents.is_empty() && !covered { " " } else { contents });
                column += 1;
            }
            let (x, y) = (10.0 + f32::from(start) * CELL.0, 10.0 + f32::from(row) * CELL.1);
            let run = f32::from(column - start) * CELL.0;
            if look.bg != ground.background {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{run:.1}\" height=\"{}\" fill=\"{}\"/>",
                    CELL.1, look.bg
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
            let dim = if look.dim { " opacity=\".6\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{run:.1}\" xml:space=\"preserve\" \
                 fill=\"{}\"{bold}{dim}>{text}</text>",
                y + 13.5,
                look.fg
            );
        }
    }
    out.push_str("</svg>\n");
    out
}
