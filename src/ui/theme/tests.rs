//! What every theme must keep: contrast, and states that can be told apart by any eye.

use super::colour::XTERM;
use super::*;
use crate::ui::signs;

/// The first sixteen of the PC's palette; xterm's are those of `colour`.
const VGA: [u32; 16] = [
    0x00_0000, 0xaa_0000, 0x00_aa00, 0xaa_5500, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xaa_aaaa,
    0x55_5555, 0xff_5555, 0x55_ff55, 0xff_ff55, 0x55_55ff, 0xff_55ff, 0x55_ffff, 0xff_ffff,
];
/// What is read against what. Source: WCAG 2.2, 1.4.3.
const READABLE: f64 = 4.5;
/// Source: WCAG 2.2, 1.4.6.
const EASILY: f64 = 7.0;
/// Two colours that nobody takes for each other side by side (CIE 1976; 2.3 is just noticeable).
const APART: f64 = 10.0;

/// How eyes see: severity 1.0 of Machado, Oliveira and Fernandes (2009), on linear light.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// CIE L*a*b* of a colour as an eye sees it.
#[allow(clippy::many_single_char_names, reason = "they are called so wherever colours are")]
fn lab(colour: Rgb, eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let light = colour.linear();
    let [r, g, b] = eye.map(|row| {
        row.iter().zip(light).map(|(share, light)| share * light).sum::<f64>().clamp(0.0, 1.0)
    });
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83;
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

fn difference(a: Rgb, b: Rgb, eye: &[[f64; 3]; 3]) -> f64 {
    let (a, b) = (lab(a, eye), lab(b, eye));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Letters and what is behind them, as a look comes out over another on that ground.
fn pair(look: Style, over: Option<Style>, ground: (Rgb, Rgb), palette: &[u32; 16]) -> (Rgb, Rgb) {
    let shown = |colour: Option<Color>| colour.and_then(|colour| Rgb::on(colour, palette));
    // What stands as a block keeps its ground on the cursor's row.
    let behind = shown(look.bg).or_else(|| shown(over.and_then(|over| over.bg)));
    let letters = shown(over.and_then(|over| over.fg)).or_else(|| shown(look.fg));
    let pair = (letters.unwrap_or(ground.0), behind.unwrap_or(ground.1));
    let modifiers = look.add_modifier | over.map_or(Modifier::empty(), |over| over.add_modifier);
    if modifiers.contains(Modifier::REVERSED) { (pair.1, pair.0) } else { pair }
}

/// Every coloured theme in both depths with the palettes on which it must hold.
fn coloured() -> Vec<(Theme, Colours, Vec<[u32; 16]>)> {
    let mut all = Vec::new();
    for name in Theme::names().filter(|name| *name != MONO) {
        all.push((
            Theme::named(name, Colours::Sixteen).unwrap(),
            Colours::Sixteen,
            vec![XTERM, VGA],
        ));
        // From 16 on the numbers are the same everywhere.
        all.push((Theme::named(name, Colours::Rich).unwrap(), Colours::Rich, vec![XTERM]));
    }
    all
}

/// The theme's own ground, and, where the terminal's may stay, common ones of terminals.
fn grounds(theme: &Theme, colours: Colours, palette: &[u32; 16]) -> Vec<(Rgb, Rgb)> {
    let rgb = |colour| Rgb::on(colour, palette).unwrap();
    let (letters, own) = (rgb(theme.foreground), rgb(theme.background));
    let mut grounds = vec![(letters, own)];
    if colours == Colours::Rich && !theme.always {
        let common: &[u32] = if own.is_dark() {
            &[0x00_0000, 0x1e_1e1e, 0x1a_1b26]
        } else {
            &[0xff_ffff, 0xfa_fafa]
        };
        grounds.extend(common.iter().map(|ground| (letters, Rgb::of(*ground))));
    }
    grounds
}

#[test]
fn whatever_is_read_has_contrast_on_the_ground_and_on_the_cursors_row() {
    let mut judged = 0;
    for (theme, colours, palettes) in coloured() {
        let enough = if theme.name() == "high-contrast" && colours == Colours::Rich {
            EASILY
        } else {
            READABLE
        };
        for palette in palettes {
            for ground in grounds(&theme, colours, &palette) {
                for (part, table, key) in PARTS {
                    // Nothing is read in a frame's lines; titles in them are tones of their own.
                    if matches!(part, Part::Frame { .. } | Part::CursorRow) {
                        continue;
                    }
                    let look = theme.part(*part);
                    for over in [None, Some(theme.cursor_row())] {
                        let (letters, behind) = pair(look, over, ground, &palette);
                        let contrast = contrast(letters, behind);
                        assert!(
                            contrast >= enough,
                            "{} {colours:?} {table}.{key} {look:?} over {over:?} on {ground:?}: {contrast:.2}",
                            theme.name()
                        );
                        judged += 1;
                    }
                }
            }
        }
    }
    assert!(judged > 900, "{judged}");
}

/// A dimmed colour is another on each terminal, so that its contrast cannot be known.
#[test]
fn no_theme_with_colours_dims_by_attribute_and_mono_has_no_colour_at_all() {
    for (theme, ..) in coloured() {
        for look in &theme.looks {
            assert!(!look.add_modifier.contains(Modifier::DIM), "{}: {look:?}", theme.name());
        }
    }
    for colours in [Colours::None, Colours::Sixteen, Colours::Rich] {
        let mono = Theme::named(MONO, colours).unwrap().on(Some(false));
        assert!(mono.looks.iter().all(|look| (look.fg, look.bg) == (None, None)));
        assert!(!mono.painted);
        // Where colours are not wanted every name means it.
        assert_eq!(Theme::named("light", Colours::None).unwrap().name(), MONO);
    }
    // A frame that has the keys is seen to have them without colour, too.
    assert_ne!(Theme::mono().frame(true), Theme::mono().frame(false));
}

#[test]
fn what_commands_write_can_be_made_out_on_black_and_on_white() {
    let either = Theme::either();
    assert_eq!(either.looks.len(), PARTS.len());
    for ground in [(Rgb::of(0xff_ffff), Rgb::of(0)), (Rgb::of(0), Rgb::of(0xff_ffff))] {
        for palette in [XTERM, VGA] {
            for look in &either.looks {
                let (letters, behind) = pair(*look, None, ground, &palette);
                assert!(contrast(letters, behind) >= 3.0, "{look:?} on {ground:?}");
            }
        }
    }
}

#[test]
fn a_frame_with_the_keys_is_seen_and_differs_from_one_without() {
    for (theme, colours, palettes) in coloured() {
        for palette in palettes {
            for ground in grounds(&theme, colours, &palette) {
                let (line, behind) = pair(theme.frame(true), None, ground, &palette);
                // Source: WCAG 2.2, 1.4.11.
                assert!(contrast(line, behind) >= 3.0, "{} {colours:?}", theme.name());
                assert_ne!(theme.frame(true), theme.frame(false));
            }
        }
    }
}

/// The nine states differ by sign, and by word (`sla::reading`), in every theme: no eye and no terminal
/// needs colour for them.
#[test]
fn without_any_colour_the_nine_states_and_the_four_severities_are_told_apart() {
    for ascii in [false, true] {
        let mut seen: Vec<&str> = signs::FACES.iter().map(|f| signs::face(*f, ascii)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
    }
    let mut words: Vec<&str> = Severity::ALL.iter().map(|severity| severity.short()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 4);
}

fn told_apart(theme: &Theme, palette: &[u32; 16], parts: &[Part]) {
    let rgb = |colour| Rgb::on(colour, palette).unwrap();
    let ground = (rgb(theme.foreground), rgb(theme.background));
    for (kind, eye) in &EYES {
        for (at, a) in parts.iter().enumerate() {
            for b in &parts[..at] {
                let (one, other) = (
                    pair(theme.part(*a), None, ground, palette),
                    pair(theme.part(*b), None, ground, palette),
                );
                let apart = difference(one.0, other.0, eye).max(difference(one.1, other.1, eye));
                assert!(
                    apart >= APART,
                    "{} with {kind}: {a:?} and {b:?}, {apart:.1}",
                    theme.name()
                );
            }
        }
    }
}

#[test]
fn the_colour_blind_theme_tells_states_and_severities_apart_to_every_eye() {
    let faces: Vec<Part> = signs::FACES.iter().map(|f| face(*f)).collect();
    let severities: Vec<Part> = Severity::ALL.iter().map(|s| severity(*s)).collect();
    let rich = Theme::named("colour-blind", Colours::Rich).unwrap();
    told_apart(&rich, &XTERM, &faces);
    told_apart(&rich, &XTERM, &severities);
    // Sixteen colours that can all be read are too few for all nine: those that call somebody.
    let alarms = [Face::OnTrack, Face::Warning, Face::Critical, Face::Missed].map(face);
    let sixteen = Theme::named("colour-blind", Colours::Sixteen).unwrap();
    for palette in [XTERM, VGA] {
        told_apart(&sixteen, &palette, &alarms);
    }
}

/// The simulation does what is known of these eyes: red and green are one for most, and not for all.
#[test]
fn red_and_green_are_nearer_to_each_other_without_their_cones() {
    let (red, green) = (Rgb::of(0xaf_5f5f), Rgb::of(0x5f_875f));
    let [all, prot, deut, trit] = EYES.map(|(_, eye)| difference(red, green, &eye));
    assert!(prot < all / 2.0 && deut < all / 2.0, "{all:.0} {prot:.0} {deut:.0}");
    assert!(trit > all / 2.0, "{trit:.0}");
    assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
}

#[test]
fn every_deadline_state_that_calls_and_every_severity_has_a_look_of_its_own() {
    for (theme, colours, _) in coloured() {
        let alarms = [Face::OnTrack, Face::Warning, Face::Critical, Face::Missed, Face::Paused];
        let mut looks: Vec<Style> = alarms.iter().map(|f| theme.tone(Tone::Face(*f))).collect();
        looks.extend([Severity::Critical, Severity::High].iter().map(|s| theme.part(severity(*s))));
        for (at, look) in looks.iter().enumerate() {
            assert!(!looks[..at].contains(look), "{} {colours:?}: {look:?}", theme.name());
        }
        assert!(is_block(theme.tone(Tone::Face(Face::Missed))), "{}", theme.name());
        let bar = theme.ink(Tone::Face(Face::Missed));
        assert!(!is_block(bar), "a bar is no block with a hole");
    }
}

#[test]
fn the_ground_is_painted_where_the_terminal_has_another_one() {
    let painted = |name, dark| Theme::named(name, Colours::Rich).unwrap().on(dark).painted;
    assert!(!painted("dark", Some(true)) && !painted("dark", None) && painted("dark", Some(false)));
    assert!(painted("light", Some(true)) && painted("light", None));
    assert!(!painted("light", Some(false)));
    for dark in [None, Some(true), Some(false)] {
        assert!(painted("high-contrast", dark));
    }
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 3, 1));
    buffer.set_string(0, 0, "ab", Style::new().fg(Color::Red));
    let light = Theme::named("light", Colours::Sixteen).unwrap().on(Some(true));
    light.paint(&mut buffer);
    assert_eq!((buffer[(0, 0)].fg, buffer[(0, 0)].bg), (Color::Red, Color::White));
    assert_eq!((buffer[(2, 0)].fg, buffer[(2, 0)].bg), (Color::Black, Color::White));
}

#[test]
fn a_wrong_file_is_told_line_by_line_with_the_words_that_are_allowed() {
    let told = |text: &str| Theme::from_toml("own", text, Colours::Rich).unwrap_err().to_string();
    let dark = BUILT_IN[0].1;
    let text = dark.replace("error = \"bright-red bold\"", "error = \"crimson\"");
    let line = dark.lines().position(|line| line.starts_with("error")).unwrap() + 1;
    let error = told(&text);
    assert!(
        error.starts_with(&format!("line {line}: \"crimson\" is not a word of a look; ")),
        "{error}"
    );
    assert!(error.contains("allowed: black, red,") && error.contains("underlined"), "{error}");

    for (text, expected) in [
        ("inherits = \"drak\"\n", "line 1: \"drak\" is no theme; did you mean \"dark\"?"),
        ("inherits = \"neon\"\n", "line 1: \"neon\" is no theme; there are: dark, light,"),
        (
            "inherits = \"dark\"\n[face]\nwarnign = \"red\"\n",
            "line 3: \"warnign\" is no key of [face]; did you mean \"warning\"?",
        ),
        (
            "inherits = \"dark\"\n[faces]\n",
            "line 2: \"faces\" is no key of a theme; did you mean \"face\"?",
        ),
        (
            "inherits = \"dark\"\n[rich.tone]\nerror = \"yelow\"\n",
            "line 3: \"yelow\" is not a word of a look; did you mean \"yellow\"?",
        ),
        ("inherits = \"dark\"\n[tone]\nerror = 3\n", "line 3: \"error\" must be words in quotes"),
        ("background = \"blak\"\n", "line 1: \"blak\" is no colour; allowed: black"),
        ("inherits = \"dark\"\nalways = \"yes\"\n", "line 2: \"always\" must be true or false"),
        ("[tone\n", "line 1: this is not TOML"),
        ("[tone]\nplain = \"\"\n", "there is no look for tone.strong, tone.dim"),
    ] {
        let error = told(text);
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    assert!(told(&BUILT_IN[0].1.replace("background = ", "# ")).contains("the ground is missing"));
    // Both at once, in the order of the file.
    let two = told("inherits = \"dark\"\n[tone]\nplain = \"whit\"\ntitel = \"bold\"\n");
    assert_eq!(two.lines().count(), 2, "{two}");
}

#[test]
fn a_theme_of_ones_own_names_only_what_is_to_look_otherwise() {
    let text = "inherits = \"dark\"\n[face]\nwarning = \"cyan\"\n[rich.row]\ncursor = \"on-17\"\n";
    for colours in [Colours::Sixteen, Colours::Rich] {
        let own = Theme::from_toml("own", text, colours).unwrap();
        let dark = Theme::named("dark", colours).unwrap();
        // What is said of all depths goes before what the other theme says of one.
        assert_eq!(own.tone(Tone::Face(Face::Warning)), Style::new().fg(Color::Cyan));
        assert_eq!(own.tone(Tone::Error), dark.tone(Tone::Error));
        let cursor = if colours == Colours::Rich { Some(Color::Indexed(17)) } else { None };
        assert_eq!(own.cursor_row().bg, cursor);
    }
    let none = Theme::from_toml("own", text, Colours::None).unwrap();
    assert_eq!(none, Theme::mono());
}

#[test]
fn a_look_may_name_true_colours_palette_numbers_and_backgrounds() {
    let style = file::look("#ff8800 on-208 underlined").unwrap();
    assert_eq!(style.fg, Some(Color::Rgb(255, 136, 0)));
    assert_eq!(style.bg, Some(Color::Indexed(208)));
    assert!(style.add_modifier.contains(Modifier::UNDERLINED));
}
