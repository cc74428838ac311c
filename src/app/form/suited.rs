//! What a form offers and shows, by who has it and by what is chosen in it.

use super::{Choosable, Entry, Field, Form};
use crate::domain::rules::{self, Standing};
use crate::domain::{ActionKind, Actor, Cause, ResolutionKind};

impl Form {
    /// Offers what the rules allow that person, and keeps what is chosen already: whoever chose it learns by
    /// the preview why it would be refused.
    pub fn suit(&mut self, actor: &Actor) {
        if self.kind != ActionKind::Close {
            return;
        }
        let was_blank = self.is_blank();
        let case = Standing::from(&self.base);
        let may = |option: &Choosable| {
            let resolution = option.word.parse::<ResolutionKind>();
            resolution.is_ok_and(|kind| rules::may_resolve(actor, &case, kind).is_ok())
        };
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == "resolution") {
            field.offer_only(may);
            // Where there is one answer only, it is not asked for.
            if let Entry::Choice { options, chosen, .. } = &mut field.entry
                && options.len() == 1
            {
                *chosen = Some(0);
            }
        }
        self.suit_cause();
        if was_blank {
            self.begin_here();
        }
    }

    /// The causes are those that go with the resolution.
    pub(super) fn suit_cause(&mut self) {
        let Some(resolution) = self.resolution() else { return };
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == "cause")
            && let Entry::Choice { options, chosen, .. } = &mut field.entry
        {
            let word = chosen.and_then(|at| options.get(at)).map(|option| option.word.clone());
            let fit = Cause::ALL
                .iter()
                .filter(|cause| rules::may_be_cause(resolution, **cause).is_ok())
                .map(|cause| Choosable::new(cause.word(), cause.label()));
            *options = fit.collect();
            *chosen = word.and_then(|word| options.iter().position(|option| option.word == word));
        }
    }

    pub fn resolution(&self) -> Option<ResolutionKind> {
        self.chosen("resolution").and_then(|word| word.parse().ok())
    }

    /// Whether a field shows now: the case that this one duplicates is asked for with that resolution only,
    /// and a cause where something lay behind the case.
    #[must_use]
    pub fn shows(&self, field: &Field) -> bool {
        match field.name {
            "duplicate_of" => self.resolution() == Some(ResolutionKind::Duplicate),
            "cause" => self.resolution().is_none_or(ResolutionKind::has_cause),
            _ => true,
        }
    }
}
