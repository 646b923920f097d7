//! The fields of a form as HTML. Everything works without scripts; what only scripts can do is marked for them.

use domain::{capability::Widget, schema::ParamError};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{FILE_PREFIX, Field, PREFIX, read::shown};
use crate::words::Words;

/// What was wrong with a form that was sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormErrors<'a>(pub &'a [ParamError]);

impl FormErrors<'_> {
    fn of(&self, field: &Field<'_>) -> Option<&str> {
        let name = field.name();
        let about = |error: &&ParamError| error.param == name || error.param.starts_with(&format!("{name}."));
        self.0.iter().find(about).map(|error| error.message.as_str())
    }

    /// What is wrong at no field that is shown.
    fn others<'a>(&'a self, fields: &'a [Field<'_>]) -> impl Iterator<Item = &'a ParamError> {
        let shown = move |error: &ParamError| {
            fields
                .iter()
                .any(|field| error.param == field.name() || error.param.starts_with(&format!("{}.", field.name())))
        };
        self.0.iter().filter(move |error| !shown(error))
    }
}

/// The fields, filled with values, with what was wrong beside them.
#[must_use]
pub fn render(words: &Words, fields: &[Field<'_>], values: &Map<String, Value>, errors: FormErrors<'_>) -> Markup {
    let (folded, open): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.advanced);
    let wrong_within = folded.iter().any(|field| errors.of(field).is_some());
    html! {
        @if !errors.0.is_empty() { (summary(words, fields, errors)) }
        @for field in open { (one(words, field, values, errors)) }
        @if !folded.is_empty() {
            details.advanced open[wrong_within] {
                summary { (words.advanced) }
                @for field in folded { (one(words, field, values, errors)) }
            }
        }
    }
}

/// What is wrong, on top, with links to the fields.
fn summary(words: &Words, fields: &[Field<'_>], errors: FormErrors<'_>) -> Markup {
    html! {
        div.note role="alert" tabindex="-1" data-focus {
            strong { (words.form_has_errors) }
            ul {
                @for field in fields {
                    @if let Some(message) = errors.of(field) {
                        li { a href={ "#" (id(field)) } { (title(field)) } ": " (message) }
                    }
                }
                @for error in errors.others(fields) {
                    li { @if !error.param.is_empty() { (error.param) ": " } (error.message) }
                }
            }
        }
    }
}

fn one(words: &Words, field: &Field<'_>, values: &Map<String, Value>, errors: FormErrors<'_>) -> Markup {
    let (id, wrong) = (id(field), errors.of(field));
    let value = at(values, &field.path).or_else(|| field.schema.get("default"));
    let depends = field.depends_on;
    let within = depends.map(|on| Value::from(on.values.clone()).to_string());
    let described = format!("{id}-hint{}", if wrong.is_some() { format!(" {id}-wrong") } else { String::new() });
    let body = html! {
        (control(words, field, value, &id, &described, wrong.is_some()))
        @if let Some(hint) = hint(field) { p.hint id={ (id) "-hint" } { (hint) } }
        @if let Some(wrong) = wrong { p.wrong id={ (id) "-wrong" } { (wrong) } }
    };
    let may_be_absent = !field.required && field.schema.get("default").is_none();
    let optional =
        html! { @if may_be_absent && field.widget != Widget::Toggle { " " span.soft { "(" (words.optional) ")" } } };
    html! {
        div.field data-field=(field.path[0]) data-depends=[depends.map(|on| &on.field)] data-depends-in=[within] {
            @if is_group(field) {
                fieldset id=(id) aria-describedby=(described) { legend { (title(field)) (optional) } (body) }
            } @else if field.widget == Widget::Toggle {
                (body)
            } @else {
                label for=(id) { span { (if field.widget == Widget::Messages { words.your_message } else { title(field) }) (optional) } }
                (body)
            }
        }
    }
}

fn is_group(field: &Field<'_>) -> bool {
    matches!(field.widget, Widget::Segmented | Widget::AspectRatio) && !field.choices().is_empty()
}

fn id(field: &Field<'_>) -> String {
    format!("p-{}", field.path.join("-"))
}

fn title<'a>(field: &'a Field<'_>) -> &'a str {
    field.schema["title"].as_str().or(field.path.last().copied()).unwrap_or_default()
}

/// What a person reads about a field. That of a conversation speaks of all its messages, and a person writes one.
fn hint<'a>(field: &'a Field<'_>) -> Option<&'a str> {
    field.schema["description"].as_str().filter(|_| field.widget != Widget::Messages)
}

fn at<'a>(values: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(values.get(*first)?, |value, name| value.get(name))
}

fn control(words: &Words, field: &Field<'_>, value: Option<&Value>, id: &str, described: &str, wrong: bool) -> Markup {
    let name = format!("{PREFIX}{}", field.name());
    let text = value.map(shown).unwrap_or_default();
    let invalid = wrong.then_some("true");
    let (required, bound) = (field.required, |end: &str| field.schema[end].as_number().map(ToString::to_string));
    match field.widget {
        _ if is_group(field) => choices(words, field, &name, &text),
        Widget::Toggle => toggle(field, &name, id, described, value),
        Widget::Select | Widget::Size | Widget::Segmented | Widget::AspectRatio if !field.choices().is_empty() => {
            html! {
                select id=(id) name=(name) aria-describedby=(described) aria-invalid=[invalid] {
                    @if !required || text.is_empty() { option value="" { (words.not_set) } }
                    @for choice in field.choices() {
                        @let choice = shown(choice);
                        option value=(choice) selected[choice == text] { (choice) }
                    }
                }
            }
        }
        Widget::Slider | Widget::Number | Widget::Seed => {
            let step = if field.takes("integer") { "1" } else { "any" };
            let pair = (field.widget == Widget::Slider).then_some(id);
            html! {
                div.paired {
                    input id=(id) name=(name) type="number" value=(text) placeholder=(words.not_set) min=[bound("minimum")] max=[bound("maximum")]
                        step=(step) aria-describedby=(described) aria-invalid=[invalid] inputmode="decimal";
                    @if let Some(pair) = pair {
                        input type="range" hidden data-pair=(pair) tabindex="-1" aria-hidden="true"
                            min=[bound("minimum")] max=[bound("maximum")] step=(if step == "1" { "1" } else { "0.01" });
                    }
                    @if field.widget == Widget::Seed { button.quiet type="button" hidden data-dice=(id) { (words.roll) } }
                }
            }
        }
        _ if field.is_media() => media(words, field, &name, &text, id, described),
        Widget::Textarea | Widget::Messages | Widget::Json => html! {
            textarea id=(id) name=(name) rows=(if field.widget == Widget::Json { 3 } else { 4 }) data-grow
                .code[field.widget == Widget::Json] aria-describedby=(described) aria-invalid=[invalid] aria-required=[required.then_some("true")]
                data-most=[field.schema["maxLength"].as_u64()] { (message_text(field, value, &text)) }
        },
        _ => html! {
            input id=(id) name=(name) type="text" value=(text) aria-describedby=(described) aria-invalid=[invalid]
                aria-required=[required.then_some("true")];
        },
    }
}

/// What stands in a conversation's field: the last thing that was said.
fn message_text(field: &Field<'_>, value: Option<&Value>, text: &str) -> String {
    if field.widget != Widget::Messages {
        return text.to_owned();
    }
    let last = value.and_then(Value::as_array).and_then(|messages| messages.last());
    last.and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned()
}

fn choices(words: &Words, field: &Field<'_>, name: &str, chosen: &str) -> Markup {
    let ratio = field.widget == Widget::AspectRatio;
    html! {
        div.segments {
            @if !field.required && field.schema.get("default").is_none() {
                label { input type="radio" name=(name) value="" checked[chosen.is_empty()]; span { (words.not_set) } }
            }
            @for choice in field.choices() {
                @let choice = shown(choice);
                label {
                    input type="radio" name=(name) value=(choice) checked[choice == chosen];
                    span { @if ratio { (rectangle(&choice)) } (choice) }
                }
            }
        }
    }
}

/// A small rectangle of a ratio such as `16:9`.
fn rectangle(ratio: &str) -> Markup {
    let sides = ratio.split_once(':').or_else(|| ratio.split_once('x'));
    let sides = sides.and_then(|(w, h)| Some((w.parse::<f64>().ok()?, h.parse::<f64>().ok()?)));
    let Some((w, h)) = sides.filter(|(w, h)| *w > 0.0 && *h > 0.0) else { return html! {} };
    let scale = 14.0 / w.max(h);
    let (w, h) = ((w * scale).max(3.0), (h * scale).max(3.0));
    html! {
        svg viewBox="0 0 16 16" aria-hidden="true" {
            rect x=(8.0 - w / 2.0) y=(8.0 - h / 2.0) width=(w) height=(h) fill="none" stroke="currentColor" {}
        }
    }
}

fn toggle(field: &Field<'_>, name: &str, id: &str, described: &str, value: Option<&Value>) -> Markup {
    html! {
        label.toggle for=(id) {
            input type="hidden" name=(name) value="false";
            input id=(id) type="checkbox" name=(name) value="true" checked[value == Some(&Value::Bool(true))]
                aria-describedby=(described);
            span { (title(field)) }
        }
    }
}

/// A file to upload, or where one is: an asset's id or an address.
fn media(words: &Words, field: &Field<'_>, name: &str, text: &str, id: &str, described: &str) -> Markup {
    // A picture within the text is too long to show, and is sent as it is.
    let long = text.len() > 2_000;
    html! {
        div.media {
            input type="file" name={ (FILE_PREFIX) (field.name()) } accept={ (field.media_type()) "*" } multiple[field.is_several()]
                aria-label={ (title(field)) ": " (words.upload) };
            @if long {
                input type="hidden" name=(name) value=(text);
                p.soft { (words.example_file) }
            } @else if field.is_several() {
                textarea id=(id) name=(name) rows="2" aria-describedby=(described) placeholder=(words.assets_or_urls) { (text) }
            } @else {
                input id=(id) name=(name) type="text" value=(text) aria-describedby=(described) placeholder=(words.asset_or_url);
            }
        }
    }
}
