//! What a colour is in red, green and blue, and how light that is.

use ratatui::style::Color;

/// The first sixteen as xterm has them; what they really are is each terminal's own affair.
pub(super) const XTERM: [u32; 16] = [
    0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5,
    0x7f_7f7f, 0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
];

/// Red, green and blue, 0 to 255 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Written as one number, 0xrrggbb.
    #[must_use]
    pub const fn of(number: u32) -> Self {
        let [_, r, g, b] = number.to_be_bytes();
        Self(r, g, b)
    }

    /// A colour as xterm shows it; None for the terminal's own.
    #[must_use]
    pub fn shown(colour: Color) -> Option<Self> {
        Self::on(colour, &XTERM)
    }

    /// A colour on a terminal whose first sixteen are these.
    pub(super) fn on(colour: Color, sixteen: &[u32; 16]) -> Option<Self> {
        Some(match colour {
            Color::Reset => return None,
            Color::Rgb(r, g, b) => Self(r, g, b),
            Color::Indexed(n @ 0..=15) => Self::of(sixteen[usize::from(n)]),
            Color::Indexed(n @ 16..=231) => {
                let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
                let n = n - 16;
                Self(step(n / 36), step(n / 6 % 6), step(n % 6))
            }
            Color::Indexed(n) => {
                let grey = 8 + 10 * (n - 232);
                Self(grey, grey, grey)
            }
            named => Self::of(sixteen[usize::from(place(named)?)]),
        })
    }

    /// Relative luminance, 0 (black) to 1 (white). Source: WCAG 2.2.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// The share of each light, 0 to 1, without the screen's curve.
    pub(super) fn linear(self) -> [f64; 3] {
        [self.0, self.1, self.2].map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Whether it is nearer to black than to white for an eye that reads on it.
    #[must_use]
    pub fn is_dark(self) -> bool {
        // Black and white letters have the same contrast there: (L + 0.05)² = 0.05 · 1.05.
        self.luminance() < 0.179
    }
}

/// Its place among the sixteen.
const fn place(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => return None,
    })
}
