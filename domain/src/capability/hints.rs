//! How a form shows the parameters and the results of a capability. It only arranges: what is valid stands in the schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The arrangement of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UiHints {
    /// Which page carries the form.
    pub layout: Layout,
    /// The fields in order; others follow, required ones first.
    pub order: Vec<String>,
    /// Fields that stand together.
    pub groups: Vec<Group>,
    /// What a field is entered with, where its type does not tell.
    pub widgets: BTreeMap<String, Widget>,
    /// Fields that are folded away at first.
    pub advanced: Vec<String>,
    /// Fields that only the API takes.
    pub hidden: Vec<String>,
    /// Fields that are shown, and sent, only when another has certain values.
    pub depends_on: BTreeMap<String, DependsOn>,
    /// How the result is shown.
    pub result: ResultDisplay,
    /// Fillings of the form.
    pub examples: Vec<Example>,
}

/// Which page carries the form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A form beside its result.
    #[default]
    Simple,
    /// A work bench with a gallery.
    Studio,
    /// A conversation.
    Chat,
}

/// Fields that stand together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The title above them.
    pub title: String,
    /// The fields, by name.
    pub fields: Vec<String>,
}

/// What a field is entered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    /// One line of text.
    Text,
    /// Text that grows.
    Textarea,
    /// A number with its range.
    Slider,
    /// A number.
    Number,
    /// Yes or no.
    Toggle,
    /// A list to open.
    Select,
    /// A few choices side by side.
    Segmented,
    /// Aspect ratios as small rectangles.
    AspectRatio,
    /// Sizes with their pixels.
    Size,
    /// A number with dice and a lock.
    Seed,
    /// One image: upload, URL or asset.
    Image,
    /// Several images, in order.
    Images,
    /// One video: upload, URL or asset.
    Video,
    /// Several videos, in order.
    Videos,
    /// Several sound files, in order.
    Audios,
    /// The messages of a conversation.
    Messages,
    /// JSON as it is.
    Json,
}

/// When a field is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DependsOn {
    /// The field that decides.
    pub field: String,
    /// The values of it that show this one; none means any value at all.
    #[serde(default, rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// How a result is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultDisplay {
    /// Text as it comes.
    #[default]
    Text,
    /// A grid of images.
    Images,
    /// A player.
    Video,
    /// Numbers.
    Vector,
}

/// A filling of the form, one click away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the button says.
    pub title: String,
    /// The parameters.
    pub params: Map<String, Value>,
}

impl UiHints {
    /// Every field that a hint names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.order, &self.advanced, &self.hidden].into_iter().flatten();
        let grouped = self.groups.iter().flat_map(|group| &group.fields);
        let dependent = self.depends_on.iter().flat_map(|(field, on)| [field, &on.field]);
        lists.chain(grouped).chain(self.widgets.keys()).chain(dependent).map(String::as_str)
    }
}
