//! A form on its way: what was typed, what is wrong with it, and how it is read from a request.
//!
//! Nothing that was typed is lost: every form comes back with its values. What is stored is what was typed,
//! with one exception: browsers send each line break of a text area as CR LF, whatever the person's machine
//! writes (HTML, "constructing the entry list"), so CR LF becomes LF there, as everywhere else in the desk.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header;
use futures_util::{Stream, StreamExt};
use uuid::Uuid;

use super::shown::Words;
use crate::service::Service;
use crate::service::files::{FIELD, FileLimits, StagedFile};
use crate::service::http::form::{Form as Incoming, Part};
use crate::service::http::read::{arriving, drain};
use crate::service::problem::{Answered, problem};
use crate::wire::{Code, FieldError, Problem};

/// All texts of a form: a description of 100,000 characters of four bytes each, and the rest.
const TEXTS: usize = 512 * 1024;
/// The same as `application/x-www-form-urlencoded`, where a byte takes three.
const ENCODED: usize = 3 * TEXTS;
/// What a form takes around its fields and files: heads and boundaries.
const AROUND: u64 = 64 * 1024;

/// One field of a form.
pub(super) struct Field {
    pub name: &'static str,
    /// As the page calls it.
    pub label: &'static str,
    pub required: bool,
    /// The id of the element to go to when it is wrong, where it is not the name.
    pub place: Option<&'static str>,
}

impl Field {
    pub(super) const fn required(name: &'static str, label: &'static str) -> Self {
        Self { name, label, required: true, place: None }
    }

    pub(super) const fn optional(name: &'static str, label: &'static str) -> Self {
        Self { name, label, required: false, place: None }
    }

    pub(super) const fn at(mut self, place: &'static str) -> Self {
        self.place = Some(place);
        self
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    place: &'static str,
    name: &'static str,
    sentence: String,
}

impl Fault {
    pub(super) const fn place(&self) -> &'static str {
        self.place
    }

    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }
}

/// A form as its page shows it.
pub(super) struct Form {
    fields: &'static [Field],
    values: BTreeMap<&'static str, String>,
    faults: Vec<Fault>,
    notice: Option<String>,
    token: Uuid,
    files: Vec<Kept>,
}

impl Form {
    /// An empty form with a token of its own: by it the form counts once, however often it is sent.
    pub(super) fn new(fields: &'static [Field]) -> Self {
        let (values, faults) = (BTreeMap::new(), Vec::new());
        Self { fields, values, faults, notice: None, token: Uuid::new_v4(), files: Vec::new() }
    }

    /// The form with what was sent.
    pub(super) fn filled(fields: &'static [Field], posted: &mut Posted) -> Self {
        let mut form = Self::new(fields);
        if let Some(token) = posted.token {
            form.token = token;
        }
        for field in fields {
            if let Some(value) = posted.values.remove(field.name) {
                form.values.insert(field.name, value);
            }
            if posted.broken.iter().any(|name| name == field.name) {
                form.wrong(field.name, "is not text in UTF-8");
            }
        }
        form.files = std::mem::take(&mut posted.files);
        if let Some(fault) = posted.file_fault.take() {
            form.wrong(FIELD, &fault);
        }
        form
    }

    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.values.insert(name, value);
    }

    /// Another token: the form is another one from now on.
    pub(super) fn renew(&mut self) {
        self.token = Uuid::new_v4();
    }

    /// Says what is wrong with a field; once, the first time.
    pub(super) fn wrong(&mut self, name: &str, message: &str) {
        let Some(field) = self.fields.iter().find(|field| field.name == name) else {
            self.notice.get_or_insert_with(|| format!("{name}: {message}"));
            return;
        };
        if self.fault(field.name).is_none() {
            let place = field.place.unwrap_or(field.name);
            let sentence = sentence(field.label, message);
            self.faults.push(Fault { place, name: field.name, sentence });
        }
    }

    pub(super) fn wrong_all(&mut self, errors: &[FieldError]) {
        for error in errors {
            self.wrong(&error.field, error.message.raw());
        }
        // In the order of the page, whoever found them.
        let order = |fault: &Fault| self.fields.iter().position(|field| field.name == fault.name);
        self.faults.sort_by_key(order);
    }

    /// What went wrong with all of it, in a sentence.
    pub(super) fn refused(&mut self, problem: &Problem) {
        if problem.errors.is_empty() {
            self.notice = Some(problem.detail.raw().to_owned());
        }
        self.wrong_all(&problem.errors);
    }

    pub(super) fn told(&mut self, notice: impl Into<String>) {
        self.notice = Some(notice.into());
    }

    pub(super) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    pub(super) fn fault(&self, name: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.name == name)
    }

    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    pub(super) fn files(&self) -> &[Kept] {
        &self.files
    }

    /// What the files are linked by.
    pub(super) fn file_ids(&self) -> Vec<String> {
        self.files.iter().map(|file| file.id.clone()).collect()
    }

    pub(super) const fn token(&self) -> Uuid {
        self.token
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn label(&self, name: &str) -> &'static str {
        self.fields.iter().find(|field| field.name == name).map_or("", |field| field.label)
    }

    pub(super) fn is_required(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.required)
    }
}

/// A message of the service about a field, as a sentence of its own.
fn sentence(label: &str, message: &str) -> String {
    let goes_on = ["must ", "is ", "has "].iter().any(|verb| message.starts_with(verb));
    let mut sentence = if goes_on {
        format!("{label} {message}")
    } else {
        let mut letters = message.chars();
        let first = letters.next().map(char::to_uppercase);
        first.into_iter().flatten().chain(letters).collect()
    };
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

/// A file that came with a form, and waits to become a case's. When the form comes back it is still there.
pub(super) struct Kept {
    pub id: String,
    pub name: Words,
    pub size: String,
}

impl From<StagedFile> for Kept {
    fn from(file: StagedFile) -> Self {
        let (name, size) = (Words::new(file.name.raw()), size(file.size));
        Self { id: file.id, name, size }
    }
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// What is done with files that come with a form.
#[derive(Clone, Copy)]
pub(super) enum Files<'a> {
    /// They are taken in.
    Taken(&'a Service),
    /// They are read past: there were too many forms.
    Refused,
}

/// What came with a request.
#[derive(Default)]
pub(super) struct Posted {
    values: BTreeMap<String, String>,
    /// Fields whose bytes are no UTF-8.
    broken: Vec<String>,
    /// The form's own, by which it counts once.
    pub token: Option<Uuid>,
    /// Files of this form, and of the one that came back.
    files: Vec<Kept>,
    /// The ids of files that came with the form before it came back.
    kept: Vec<String>,
    /// Those of them that are not wanted any more.
    removed: Vec<String>,
    /// What is wrong with a file.
    file_fault: Option<String>,
    texts: usize,
}

/// The field with the form's token.
const TOKEN: &str = "form";
/// The fields with the files of a form that came back, and with those that are not wanted any more.
const KEPT: &str = "kept";
const REMOVED: &str = "remove";

impl Posted {
    /// Reads a form, sent in either of the two ways that browsers have.
    ///
    /// # Errors
    /// 400 if it breaks off or does not come, 413 if it is too long, 415 if it is no form.
    pub(super) async fn read(
        service: &Service,
        request: Request,
        files: Files<'_>,
    ) -> Answered<Self> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let mut posted = Self::default();
        if media_type.eq_ignore_ascii_case("multipart/form-data") {
            posted.read_parts(service.file_limits(), request, files).await?;
        } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            posted.read_encoded(request).await?;
        } else {
            drain(request).await;
            return Err(problem(Code::Unsupported, "What was sent is not a form."));
        }
        posted.find_kept(service).await?;
        Ok(posted)
    }

    async fn read_parts(
        &mut self,
        limits: FileLimits,
        request: Request,
        files: Files<'_>,
    ) -> Answered<()> {
        let most = limits.bytes_of_case + TEXTS as u64 + AROUND;
        let mut form = Incoming::open(request, most).await?;
        while let Some(part) = form.next().await? {
            match part.file_name() {
                None => self.take_part(part).await?,
                // As browsers send the field when nobody chose a file.
                Some(name) if name.is_empty() => {}
                Some(name) => {
                    let mut content = Box::pin(part.content());
                    self.take_file(limits, &name, &mut content, files).await?;
                    // What is left of one that is not taken.
                    while let Some(piece) = content.next().await {
                        piece?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn take_file<S>(
        &mut self,
        limits: FileLimits,
        name: &str,
        content: &mut S,
        files: Files<'_>,
    ) -> Answered<()>
    where
        S: Stream<Item = Answered<Bytes>> + Send + Unpin,
    {
        let Files::Taken(service) = files else { return Ok(()) };
        if self.files.len() + self.kept.len() >= limits.at_once {
            self.file_fault = Some(format!("{} files at most can be sent at once", limits.at_once));
            return Ok(());
        }
        match service.stage_file(&Service::customer(), name, content).await {
            Ok(file) => self.files.push(file.into()),
            Err(problem) if problem.code == Code::BadRequest => return Err(problem),
            Err(problem) => {
                let own = problem.errors.first().map(|error| error.message.raw());
                let name = Words::new(name).line();
                self.file_fault = Some(match own {
                    Some(message) => format!("“{name}” {message}"),
                    None => format!("“{name}” was not taken. {}", problem.detail.raw()),
                });
            }
        }
        Ok(())
    }

    async fn take_part(&mut self, part: Part<'_>) -> Answered<()> {
        let name = part.name().to_owned();
        let mut bytes = Vec::new();
        let mut content = Box::pin(part.content());
        while let Some(chunk) = content.next().await {
            let chunk = chunk?;
            self.texts += chunk.len();
            if self.texts > TEXTS {
                return Err(too_long());
            }
            bytes.extend_from_slice(&chunk);
        }
        self.take(name, bytes);
        Ok(())
    }

    async fn read_encoded(&mut self, request: Request) -> Answered<()> {
        let mut arriving = std::pin::pin!(arriving(request));
        let mut body = Vec::new();
        while let Some(chunk) = arriving.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > ENCODED {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        for pair in body.split(|byte| *byte == b'&') {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(equals);
            let name = String::from_utf8_lossy(&decoded(name)).into_owned();
            self.take(name, decoded(value.get(1..).unwrap_or_default()));
        }
        Ok(())
    }

    fn take(&mut self, name: String, bytes: Vec<u8>) {
        let value = String::from_utf8(bytes).unwrap_or_else(|error| {
            self.broken.push(name.clone());
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        let value = value.replace("\r\n", "\n");
        match name.as_str() {
            TOKEN => self.token = Uuid::try_parse(&value).ok(),
            KEPT => self.kept.push(value),
            REMOVED => self.removed.push(value),
            _ => {
                self.values.insert(name, value);
            }
        }
    }

    /// Finds the files that came with the form before it came back.
    async fn find_kept(&mut self, service: &Service) -> Answered<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let (removed, mut kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.kept).into_iter().partition(|id| self.removed.contains(id));
        service.discard_staged(&removed).await;
        kept.truncate(service.file_limits().at_once);
        let found = service.staged_by_customer(&kept).await?;
        if found.len() < kept.len() {
            self.file_fault = Some("a file waited too long; please choose it again".to_owned());
        }
        self.files.splice(0..0, found.into_iter().map(Kept::from));
        Ok(())
    }
}

/// The bytes of a name or value in the URL encoding.
fn decoded(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let Some((first, rest)) = text.split_first() {
        let hex = match (first, rest) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low)).and_then(|(h, l)| u8::try_from(h * 16 + l).ok())
            }
            _ => None,
        };
        text = if hex.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
        bytes.push(hex.unwrap_or(if *first == b'+' { b' ' } else { *first }));
    }
    bytes
}

#[allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]
fn too_long() -> Box<Problem> {
    problem(
        Code::TooLarge,
        "The form is too long: a text has 100,000 characters at most. Go back, shorten it, and put the rest into \
         a file.",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use axum::body::Body;

    use super::*;
    use crate::clock::ManualClock;
    use crate::sla::policy::Policy;

    const FIELDS: &[Field] =
        &[Field::required("subject", "Subject"), Field::optional("severity", "Severity")];

    async fn desk(folder: &Path) -> Service {
        let clock = ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap());
        Service::open(folder, Arc::new(Policy::embedded()), Arc::new(clock)).await.unwrap()
    }

    async fn read(service: &Service, media_type: &str, body: impl Into<Body>) -> Answered<Form> {
        let request = Request::builder().header(header::CONTENT_TYPE, media_type);
        let request = request.body(body.into()).unwrap();
        let mut posted = Posted::read(service, request, Files::Taken(service)).await?;
        Ok(Form::filled(FIELDS, &mut posted))
    }

    #[tokio::test]
    async fn an_encoded_form_is_read_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path()).await;
        let body = "subject=a%26b+%3D%2B%0D%0Ac%0Dd%&severity=%zz%e2%82%ac&other=x&form=nonsense";
        let encoded = "application/x-www-form-urlencoded";
        let form = read(&desk, &format!("{encoded}; charset=utf-8"), body).await.unwrap();
        assert_eq!(form.value("subject"), "a&b =+\nc\rd%");
        assert_eq!(form.value("severity"), "%zz€");
        assert!(!form.has_faults());
        let form = read(&desk, encoded, "subject=%ff").await.unwrap();
        assert_eq!(form.fault("subject").unwrap().sentence(), "Subject is not text in UTF-8.");
    }

    #[tokio::test]
    async fn a_form_that_is_none_or_too_long_or_breaks_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path()).await;
        let part = "--x\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\n";
        let boundary = "multipart/form-data; boundary=x";
        for (media_type, body, status) in [
            ("application/json", "{}".to_owned(), 415),
            ("", String::new(), 415),
            ("multipart/form-data", String::new(), 400),
            (boundary, format!("{part}abc"), 400),
            (boundary, format!("{part}{}\r\n--x--\r\n", "x".repeat(TEXTS + 1)), 413),
            ("application/x-www-form-urlencoded", "x".repeat(ENCODED + 1), 413),
        ] {
            let refused = read(&desk, media_type, body).await.map(|_| ()).unwrap_err();
            assert_eq!(refused.status, status, "{media_type}");
        }
    }

    #[test]
    fn what_the_service_says_of_a_field_becomes_a_sentence() {
        assert_eq!(sentence("Subject", "must not be empty"), "Subject must not be empty.");
        assert_eq!(sentence("Severity", "a lab is never"), "A lab is never.");
    }

    #[test]
    fn a_size_is_told_in_the_unit_that_fits() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_025, "2 KiB"),
            (1_572_864, "1.5 MiB"),
            (26_214_400, "25.0 MiB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
