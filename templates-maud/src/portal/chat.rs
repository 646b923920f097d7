//! What a conversation has beside its fields: the prompt for all of it, who answers next, and pictures to ask about.

use domain::capability::Capability;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::words::Words;

/// A model that can go on with a conversation.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// Its public name.
    pub name: String,
    /// What it is called.
    pub display_name: String,
}

/// The drawer of a conversation: the prompt for all of it, who answers next, and the parameters. All of it is part of the form,
/// also without scripts.
#[must_use]
pub fn drawer(words: &Words, speakers: &[Speaker], chosen: &str, system: &str, params: &Markup) -> Markup {
    html! {
        details.advanced open[!system.is_empty()] {
            summary { (words.portal.conversation) }
            div.field {
                label for="system" { span { (words.portal.system_prompt) " " span.soft { "(" (words.optional) ")" } } }
                textarea #system name="system" rows="2" data-grow aria-describedby="system-hint" { (system) }
                p.hint #system-hint { (words.portal.system_hint) }
            }
            @if speakers.len() > 1 {
                div.field {
                    label for="speaker" { span { (words.portal.speaks) } }
                    select #speaker name="model" {
                        @for speaker in speakers { option value=(speaker.name) selected[speaker.name == chosen] { (speaker.display_name) } }
                    }
                }
            }
            (params)
        }
    }
}

/// Pictures to ask about, where a message may have them. They are read by a script, so without one they are not offered.
#[must_use]
pub fn pictures(words: &Words, capability: &Capability) -> Markup {
    html! {
        @if takes_pictures(&capability.param_schema) {
            div.field hidden {
                label for="pictures" { span { (words.portal.attach) " " span.soft data-attached {} } }
                input #pictures type="file" accept="image/*" multiple data-pictures;
            }
        }
    }
}

/// Whether a message may have parts beside its text.
fn takes_pictures(schema: &Value) -> bool {
    let content = &schema["properties"]["messages"]["items"]["properties"]["content"]["type"];
    content.as_array().is_some_and(|types| types.iter().any(|one| one == "array"))
}

/// The words that the script of a conversation says.
pub(super) fn spoken(words: &Words) -> Value {
    let portal = &words.portal;
    json!({
        "stop": portal.stop, "edit": portal.edit, "regenerate": portal.regenerate, "reasoning": portal.reasoning,
        "earlier": portal.earlier_version, "later": portal.later_version, "copy": words.copy, "credits": words.credits,
        "tokens_in": portal.tokens_in, "tokens_out": portal.tokens_out, "attached": portal.attached,
        "too_large": portal.too_large,
    })
}
