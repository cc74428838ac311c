//! The terminal's background. It is asked for (OSC 11) after the first frame, and nobody waits for the answer:
//! it comes among the keys, where [`listen`] takes it out whenever it comes, so that no part of it is ever a key.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use crate::config::Environment;
use crate::ui::theme::colour::Rgb;

/// How long an answer is still likely: so long an Escape may be its beginning, and so long after it was asked
/// the terminal is not given away without it.
const LIKELY: Duration = Duration::from_secs(1);
/// An answer is written at once; what does not go on for so long is none. A lone Escape is a key sooner.
const ESCAPE: Duration = Duration::from_millis(40);
const BEGUN: Duration = Duration::from_millis(300);
const GOES_ON: Duration = Duration::from_secs(2);
/// No answer is longer.
const LONGEST: usize = 64;

/// Whether this terminal may be asked: one that would print the question, or whose answers are known to go
/// astray, is not.
#[must_use]
pub fn answers(environment: &Environment) -> bool {
    let term = environment.text("TERM").unwrap_or("dumb");
    let never = ["dumb", "linux", "Eterm", "cons", "vt", "ansi", "sun", "unknown"];
    if never.iter().any(|never| term.starts_with(never)) || environment.os("STY").is_some() {
        return false;
    }
    let is_tmux = environment.os("TMUX").is_some() || term.starts_with("tmux");
    if !is_tmux {
        return !term.starts_with("screen");
    }
    // tmux knows the background of the terminal that it is on since 3.4; before, nobody answers.
    let is_it = environment.text("TERM_PROGRAM") == Some("tmux");
    let version = environment.text("TERM_PROGRAM_VERSION").filter(|_| is_it).unwrap_or_default();
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (3, 4)
}

/// Whether the background is dark, as some terminals tell in `COLORFGBG` ("15;0").
#[must_use]
pub fn by_variable(environment: &Environment) -> Option<bool> {
    let number: u8 = environment.text("COLORFGBG")?.rsplit(';').next()?.parse().ok()?;
    (number < 16).then_some(matches!(number, 0..=6 | 8))
}

/// The background as it was asked for.
pub struct Question {
    asked: Arc<AtomicBool>,
    found: mpsc::UnboundedReceiver<Rgb>,
    since: std::cell::Cell<Option<Instant>>,
}

impl Question {
    /// The terminal is being asked now.
    pub fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.since.set(Some(Instant::now()));
    }

    /// The answer, whenever it comes.
    pub async fn answer(&mut self) -> Rgb {
        match self.found.recv().await {
            Some(ground) => ground,
            None => std::future::pending().await,
        }
    }

    /// When no answer is likely any more.
    pub fn is_late(&self) -> impl Future<Output = ()> + use<> {
        let since = self.since.get();
        async move {
            if let Some(since) = since {
                tokio::time::sleep_until(since + LIKELY).await;
            }
        }
    }
}

/// The same events without the terminal's answer.
pub fn listen<S>(events: S) -> (Listening<S>, Question)
where
    S: Stream<Item = io::Result<Event>> + Unpin,
{
    let asked = Arc::new(AtomicBool::new(false));
    let (tell, found) = mpsc::unbounded_channel();
    let question = Question { asked: Arc::clone(&asked), found, since: None.into() };
    let listening = Listening {
        events,
        asked,
        tell,
        likely: None,
        parser: Parser::default(),
        patience: None,
        ready: VecDeque::new(),
    };
    (listening, question)
}

pub struct Listening<S> {
    events: S,
    asked: Arc<AtomicBool>,
    tell: mpsc::UnboundedSender<Rgb>,
    /// Runs from the asking on.
    likely: Option<Pin<Box<Sleep>>>,
    parser: Parser,
    /// How long what is held back may go on.
    patience: Option<Pin<Box<Sleep>>>,
    ready: VecDeque<Event>,
}

impl<S> Stream for Listening<S>
where
    S: Stream<Item = io::Result<Event>> + Unpin,
{
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            match Pin::new(&mut this.events).poll_next(context) {
                Poll::Ready(Some(Ok(event))) => {
                    let escape_may_begin = this.is_likely(context);
                    let ground = this.parser.take(event, escape_may_begin, &mut this.ready);
                    if let Some(ground) = ground {
                        // An answer that nobody waits for any more is one all the same.
                        let _ = this.tell.send(ground);
                    }
                    this.patience =
                        this.parser.patience().map(|time| Box::pin(tokio::time::sleep(time)));
                }
                Poll::Ready(end) => return Poll::Ready(end),
                Poll::Pending => {
                    let Some(patience) = &mut this.patience else { return Poll::Pending };
                    if patience.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    this.patience = None;
                    this.parser.give_up(&mut this.ready);
                    if this.ready.is_empty() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl<S> Listening<S> {
    fn is_likely(&mut self, context: &mut Context<'_>) -> bool {
        if !self.asked.load(Ordering::Relaxed) {
            return false;
        }
        let likely = self.likely.get_or_insert_with(|| Box::pin(tokio::time::sleep(LIKELY)));
        likely.as_mut().poll(context).is_pending()
    }
}

/// How an answer begins once its Escape and bracket, which come as one key, have come.
const HEAD: [char; 3] = ['1', '1', ';'];

/// Where in an answer we are.
#[derive(Default)]
enum Parser {
    #[default]
    Outside,
    /// An Escape alone, which may be the beginning of one that came in two pieces.
    Escape(Vec<Event>),
    /// So many of [`HEAD`]; these are keys again if it goes on otherwise.
    Head(usize, Vec<Event>),
    /// Nobody types what has come until here.
    Body(String),
    /// Its last Escape, after which a backslash may come.
    Last,
}

impl Parser {
    /// Takes an event in; what is none of an answer goes to `ready`. Answers the ground at the answer's end.
    fn take(
        &mut self,
        event: Event,
        escape_may_begin: bool,
        ready: &mut VecDeque<Event>,
    ) -> Option<Rgb> {
        let key = match &event {
            Event::Key(key) => Some((key.code, key.modifiers)),
            // The size and the focus may change meanwhile.
            _ => None,
        };
        let Some((code, modifiers)) = key else {
            ready.push_back(event);
            return None;
        };
        let plain = match code {
            KeyCode::Char(c) if modifiers.difference(KeyModifiers::SHIFT).is_empty() => Some(c),
            _ => None,
        };
        match std::mem::take(self) {
            Self::Outside => self.outside(event, code, modifiers, escape_may_begin, ready),
            Self::Escape(mut held) => {
                if plain == Some(']') {
                    held.push(event);
                    *self = Self::Head(0, held);
                } else {
                    ready.extend(held);
                    self.outside(event, code, modifiers, escape_may_begin, ready);
                }
            }
            Self::Head(at, mut held) => {
                if plain == Some(HEAD[at]) {
                    held.push(event);
                    *self = if at + 1 == HEAD.len() {
                        Self::Body(String::new())
                    } else {
                        Self::Head(at + 1, held)
                    };
                } else {
                    ready.extend(held);
                    self.outside(event, code, modifiers, escape_may_begin, ready);
                }
            }
            Self::Body(mut body) => {
                let ends = matches!(
                    (code, modifiers),
                    (KeyCode::Char('g'), KeyModifiers::CONTROL)
                        | (KeyCode::Char('\\'), KeyModifiers::ALT)
                );
                if ends {
                    return ground(&body);
                }
                if code == KeyCode::Esc {
                    *self = Self::Last;
                    return ground(&body);
                }
                match plain.filter(|_| body.len() < LONGEST) {
                    Some(c) => {
                        body.push(c);
                        *self = Self::Body(body);
                    }
                    None => self.outside(event, code, modifiers, escape_may_begin, ready),
                }
            }
            Self::Last => {
                if plain != Some('\\') {
                    self.outside(event, code, modifiers, escape_may_begin, ready);
                }
            }
        }
        None
    }

    fn outside(
        &mut self,
        event: Event,
        code: KeyCode,
        modifiers: KeyModifiers,
        escape_may_begin: bool,
        ready: &mut VecDeque<Event>,
    ) {
        if (code, modifiers) == (KeyCode::Char(']'), KeyModifiers::ALT) {
            *self = Self::Head(0, vec![event]);
        } else if code == KeyCode::Esc && modifiers.is_empty() && escape_may_begin {
            *self = Self::Escape(vec![event]);
        } else {
            ready.push_back(event);
        }
    }

    /// How long the next piece may take.
    const fn patience(&self) -> Option<Duration> {
        match self {
            Self::Outside => None,
            Self::Escape(_) | Self::Last => Some(ESCAPE),
            Self::Head(..) => Some(BEGUN),
            Self::Body(_) => Some(GOES_ON),
        }
    }

    /// Nothing came any more: what may have been keys were keys.
    fn give_up(&mut self, ready: &mut VecDeque<Event>) {
        if let Self::Escape(held) | Self::Head(_, held) = std::mem::take(self) {
            ready.extend(held);
        }
    }
}

/// The colour of an answer: "rgb:1e1e/1e1e/2e2e", with one to four digits each, "rgba:…" or "#1e1e2e".
fn ground(body: &str) -> Option<Rgb> {
    let channel = |digits: &str| {
        let most = 16_u32
            .checked_pow(u32::try_from(digits.len()).ok().filter(|n| (1..=4).contains(n))?)?
            - 1;
        let value = u32::from_str_radix(digits, 16).ok()?;
        u8::try_from(value * 255 / most).ok()
    };
    if let Some(digits) = body.strip_prefix('#').filter(|digits| digits.len() == 6) {
        return Some(Rgb(
            channel(digits.get(..2)?)?,
            channel(digits.get(2..4)?)?,
            channel(digits.get(4..)?)?,
        ));
    }
    let (_, channels) = body.split_once(':').filter(|(kind, _)| matches!(*kind, "rgb" | "rgba"))?;
    let mut channels = channels.split('/').map(channel);
    Some(Rgb(channels.next()??, channels.next()??, channels.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;
    use futures_util::StreamExt;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    fn chars(text: &str) -> Vec<Event> {
        text.chars()
            .map(|c| {
                let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
                key(KeyCode::Char(c), shift)
            })
            .collect()
    }

    fn alt(c: char) -> Event {
        key(KeyCode::Char(c), KeyModifiers::ALT)
    }

    fn escape() -> Event {
        key(KeyCode::Esc, KeyModifiers::NONE)
    }

    /// What reaches the app of these events, sent with pauses where None stands, and the ground.
    async fn heard(pieces: Vec<Option<Event>>, asks: bool) -> (Vec<Event>, Option<Rgb>) {
        let (send, mut sent) = mpsc::unbounded_channel();
        let (mut events, mut question) =
            listen(futures_util::stream::poll_fn(move |context| sent.poll_recv(context)));
        if asks {
            question.asked();
        }
        let mut passed = Vec::new();
        for piece in pieces {
            match piece {
                Some(event) => send.send(Ok(event)).unwrap(),
                None => {
                    let pause = tokio::time::sleep(Duration::from_millis(500));
                    tokio::pin!(pause);
                    loop {
                        tokio::select! {
                            event = events.next() => passed.push(event.unwrap().unwrap()),
                            () = &mut pause => break,
                        }
                    }
                }
            }
        }
        drop(send);
        while let Some(event) = events.next().await {
            passed.push(event.unwrap());
        }
        (passed, question.found.try_recv().ok())
    }

    fn whole(head: Vec<Event>, body: &str, end: Vec<Event>) -> Vec<Option<Event>> {
        head.into_iter().chain(chars(body)).chain(end).map(Some).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_taken_out_however_it_ends_and_the_keys_around_it_stay() {
        let bell = key(KeyCode::Char('g'), KeyModifiers::CONTROL);
        for end in
            [vec![bell], vec![alt('\\')], vec![escape(), chars("\\").remove(0)], vec![escape()]]
        {
            let mut pieces = whole(vec![alt(']')], "11;rgb:FDfd/F6f6/e3e3", end);
            pieces.insert(0, Some(chars("j").remove(0)));
            pieces.push(Some(chars("k").remove(0)));
            let (passed, ground) = heard(pieces, true).await;
            assert_eq!(passed, chars("jk"));
            assert_eq!(ground, Some(Rgb(0xfd, 0xf6, 0xe3)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_comes_late_or_in_two_pieces_is_no_key_either() {
        let mut late = vec![None, None, None, None];
        late.extend(whole(vec![alt(']')], "11;rgb:1e/1e/2e", vec![alt('\\')]));
        assert_eq!(heard(late, true).await, (vec![], Some(Rgb(0x1e, 0x1e, 0x2e))));
        let torn = whole(vec![escape()], "]11;rgb:0/0/0", vec![alt('\\')]);
        assert_eq!(heard(torn, true).await, (vec![], Some(Rgb(0, 0, 0))));
        let mut stuck = whole(vec![alt(']')], "11;rgb:0000/00", vec![]);
        stuck.extend([None, None, None, None, None, Some(chars("q").remove(0))]);
        assert_eq!(heard(stuck, true).await, (chars("q"), None), "half an answer is dropped");
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_begins_like_an_answer_stays_what_was_typed() {
        let (passed, ground) = heard(vec![Some(escape()), None], true).await;
        assert_eq!((passed, ground), (vec![escape()], None));
        let typed = vec![Some(alt(']')), Some(chars("1").remove(0)), None];
        let (passed, _) = heard(typed, false).await;
        assert_eq!(passed, [vec![alt(']')], chars("1")].concat());
        let typed = whole(vec![alt(']')], "12", vec![]);
        let (passed, _) = heard(typed, false).await;
        assert_eq!(passed, [vec![alt(']')], chars("12")].concat());
        let resized = Event::Resize(80, 24);
        let mut with_size = whole(vec![alt(']')], "11;rgb:0/0/0", vec![alt('\\')]);
        with_size.insert(4, Some(resized.clone()));
        assert_eq!(heard(with_size, true).await, (vec![resized], Some(Rgb(0, 0, 0))));
    }

    /// Without a question an Escape is passed on at once.
    #[tokio::test(start_paused = true)]
    async fn an_escape_waits_for_nothing_when_no_answer_is_likely() {
        let (send, mut sent) = mpsc::unbounded_channel();
        let (mut events, _question) =
            listen(futures_util::stream::poll_fn(move |context| sent.poll_recv(context)));
        let before = tokio::time::Instant::now();
        send.send(Ok(escape())).unwrap();
        assert_eq!(events.next().await.unwrap().unwrap(), escape());
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[test]
    fn colours_come_in_several_spellings() {
        for (text, expected) in [
            ("rgb:ffff/0000/8080", Some(Rgb(255, 0, 128))),
            ("rgb:f/0/8", Some(Rgb(255, 0, 136))),
            ("rgba:1e1e/1e1e/1e1e/ffff", Some(Rgb(30, 30, 30))),
            ("#1e1e2e", Some(Rgb(30, 30, 46))),
            ("rgb:ffff/0000", None),
            ("rgb:fffff/0/0", None),
            ("?", None),
            ("#é1e2e", None),
        ] {
            assert_eq!(ground(text), expected, "{text}");
        }
    }

    #[test]
    fn only_terminals_that_are_likely_to_answer_are_asked() {
        for (variables, expected) in [
            (&[("TERM", "xterm-256color")][..], true),
            (&[("TERM", "alacritty")], true),
            (&[("TERM", "linux")], false),
            (&[("TERM", "dumb")], false),
            (&[], false),
            (&[("TERM", "screen.xterm-256color"), ("STY", "1.x")], false),
            (&[("TERM", "xterm-256color"), ("STY", "1.x")], false),
            (&[("TERM", "screen-256color"), ("TMUX", "/t,1,0")], false),
            (
                &[
                    ("TERM", "tmux-256color"),
                    ("TERM_PROGRAM", "tmux"),
                    ("TERM_PROGRAM_VERSION", "3.3a"),
                ],
                false,
            ),
            (
                &[
                    ("TERM", "tmux-256color"),
                    ("TERM_PROGRAM", "tmux"),
                    ("TERM_PROGRAM_VERSION", "3.5"),
                ],
                true,
            ),
        ] {
            assert_eq!(answers(&Environment::of(variables)), expected, "{variables:?}");
        }
        let told = |value| by_variable(&Environment::of(&[("COLORFGBG", value)]));
        assert_eq!(
            (told("15;0"), told("0;15"), told("0;default;7")),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!((told("x"), told("0;99")), (None, None));
    }
}
