//! What the list comes back with at the next start: view and filter, filters of before, orders, columns, and the
//! views that were saved on this machine.

use chrono::{DateTime, Utc};

use super::PAST;
use crate::app::model::Model;
use crate::app::msg::Effect;
use crate::query::{View, columns_of, sorts_of};

/// The names under which it is kept.
const VIEW: &str = "view";
const FILTER: &str = "filter";
const FILTERS: &str = "filters";
const SORTS: &str = "sorts";
const COLUMNS: &str = "columns";
const COMPACT: &str = "compact";
const VIEWS: &str = "views";

/// All of it, by name. Each is kept when it changes, but for view and filter of a line that is still typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    view: String,
    filter: String,
    rest: [(&'static str, String); 5],
}

impl Kept {
    pub fn of(model: &Model) -> Self {
        let finding = &model.finding;
        let words = |sort: &[crate::query::Sort]| {
            sort.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        };
        let sorts = model.queue.sorts().map(|(view, sort)| format!("{view}={}", words(sort)));
        let columns = finding.columns.as_ref().map(|columns| {
            columns.iter().map(|column| column.word()).collect::<Vec<_>>().join(",")
        });
        let saved = finding.saved.iter().map(|view| {
            let line = serde_json::json!({
                "name": view.name, "key": view.key, "query": view.text,
                "sort": view.sort.as_ref().map(|sort| words(sort)),
                "columns": view.columns.as_ref().map(|columns| {
                    columns.iter().map(|column| column.word()).collect::<Vec<_>>().join(",")
                }),
            });
            line.to_string()
        });
        Self {
            view: model.queue.view().name.clone(),
            filter: model.queue.filter().to_owned(),
            rest: [
                (FILTERS, finding.past.join("\n")),
                (SORTS, sorts.collect::<Vec<_>>().join("\n")),
                (COLUMNS, columns.unwrap_or_default()),
                (COMPACT, if finding.compact { "yes" } else { "" }.to_owned()),
                (VIEWS, saved.collect::<Vec<_>>().join("\n")),
            ],
        }
    }
}

/// After a key: what was chosen is what the next start comes back with.
pub fn remember(model: &mut Model, before: &Kept, effects: &mut Vec<Effect>) {
    let now = Kept::of(model);
    for ((name, body), (_, was)) in now.rest.iter().zip(&before.rest) {
        if body != was {
            effects.push(Effect::Remember { name, body: body.clone() });
        }
    }
    let shown = (now.view, now.filter);
    model.chose |= shown.0 != before.view || shown.1 != before.filter;
    if model.filtering.is_some() || !model.chose {
        return;
    }
    let known = model.remembered.as_ref();
    if known.is_none_or(|known| known.0 != shown.0) {
        effects.push(Effect::Remember { name: VIEW, body: shown.0.clone() });
    }
    if known.map_or("", |known| &known.1) != shown.1 {
        effects.push(Effect::Remember { name: FILTER, body: shown.1.clone() });
    }
    model.remembered = Some(shown);
}

/// What the screen was left with is what it comes back with, unless the person has chosen already.
pub fn came(model: &mut Model, remembered: &[(String, String)], now: DateTime<Utc>) {
    let of = |name: &str| remembered.iter().find(|(of, _)| of == name).map(|(_, body)| body);
    if model.finding.came {
        return;
    }
    model.finding.came = true;
    if let Some(past) = of(FILTERS) {
        // What was typed before this came stays the newest.
        let typed = std::mem::take(&mut model.finding.past);
        model.finding.past = past.lines().take(PAST).map(str::to_owned).collect();
        for filter in typed {
            model.finding.used(&filter);
        }
    }
    for line in of(VIEWS).into_iter().flat_map(|body| body.lines()) {
        if let Some(view) = view(line) {
            model.finding.save(view.clone());
            model.with_queue(now, |queue, at| queue.put_view(view, at));
        }
    }
    for line in of(SORTS).into_iter().flat_map(|body| body.lines()) {
        if let Some((view, sort)) = line.split_once('=')
            && let Ok(sort) = sorts_of(sort)
            && !sort.is_empty()
        {
            model.with_queue(now, |queue, at| queue.sort_view(view.to_owned(), sort, at));
        }
    }
    if let Some(columns) = of(COLUMNS).filter(|body| !body.is_empty())
        && model.finding.columns.is_none()
    {
        model.finding.columns = columns_of(columns).ok();
    }
    model.finding.compact |= of(COMPACT).is_some_and(|body| body == "yes");
    let view = of(VIEW).filter(|name| model.queue.view_named(name).is_some()).cloned();
    let filter = of(FILTER).cloned();
    if model.remembered.is_none() && (view.is_some() || filter.is_some()) {
        let view = view.unwrap_or_else(|| model.queue.view().name.clone());
        model.remembered = Some((view, filter.unwrap_or_default()));
        restore(model, now);
    }
}

pub fn restore(model: &mut Model, now: DateTime<Utc>) {
    if let Some((view, filter)) =
        model.remembered.clone().filter(|_| !model.chose && model.filtering.is_none())
    {
        model.with_queue(now, |queue, at| {
            if let Some(view) = queue.view_named(&view) {
                queue.set_view(view, at);
            }
            queue.set_filter(&filter, at);
            // One that means nothing any more is no filter.
            if queue.problem().is_some() {
                queue.set_filter("", at);
            }
        });
    }
}

/// A view as it was kept; None: it means nothing here.
fn view(line: &str) -> Option<View> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| line.get(name)?.as_str();
    let key = u8::try_from(line.get("key")?.as_u64()?).ok()?;
    let mut view = View::new(text("name")?, key, text("query")?).ok()?;
    view.sort = text("sort").and_then(|sort| sorts_of(sort).ok()).filter(|sort| !sort.is_empty());
    view.columns = text("columns").and_then(|columns| columns_of(columns).ok());
    crate::query::KEYS.contains(&key).then_some(view)
}
