//! The first steps with the API: a key, a call, its receipt; with this gateway's own address.

use maud::{Markup, html};

use crate::{
    page::{Look, Page, Visitor},
    parts::snippet::snippet,
    paths::{JOBS, KEYS, LEDGER, QUICKSTART},
};

/// What the first steps speak of.
#[derive(Clone, Copy, Debug)]
pub struct FirstSteps<'a> {
    /// The gateway's address.
    pub base_url: &'a str,
    /// The beginning of a key of the tenant, if there is one.
    pub key_prefix: Option<&'a str>,
    /// A model that answers with text, if there is one.
    pub model: Option<&'a str>,
    /// Whether a job was made already.
    pub has_jobs: bool,
}

/// The page.
#[must_use]
pub fn quickstart(look: &Look, visitor: &Visitor, steps: FirstSteps<'_>) -> Markup {
    let words = look.words;
    let (base, model) = (format!("{}/v1", steps.base_url), steps.model.unwrap_or("MODEL"));
    let curl = format!(
        "export ZEPHYR_API_KEY=\"{}…\"\ncurl {base}/chat/completions \\\n  -H \"Authorization: Bearer $ZEPHYR_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'",
        steps.key_prefix.unwrap_or("zk_live_")
    );
    let python = format!(
        "# pip install openai\nimport os\nfrom openai import OpenAI\n\nclient = OpenAI(base_url=\"{base}\", api_key=os.environ[\"ZEPHYR_API_KEY\"])\nanswer = client.chat.completions.create(\n    model=\"{model}\",\n    messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}],\n)\nprint(answer.choices[0].message.content)"
    );
    let javascript = format!(
        "// npm install openai\nimport OpenAI from \"openai\";\n\nconst client = new OpenAI({{ baseURL: \"{base}\", apiKey: process.env.ZEPHYR_API_KEY }});\nconst answer = await client.chat.completions.create({{\n  model: \"{model}\",\n  messages: [{{ role: \"user\", content: \"Hello\" }}],\n}});\nconsole.log(answer.choices[0].message.content);"
    );
    let content = html! {
        h1 { (words.quickstart) }
        ol.steps {
            li data-done[steps.key_prefix.is_some()] { a href=(KEYS) { (words.step_key) } }
            li data-done[steps.has_jobs] { a href=(QUICKSTART) { (words.step_call) } }
            li data-done[steps.has_jobs] { a href=(JOBS) { (words.step_job) } }
            li { a href=(LEDGER) { (words.step_ledger) } }
        }
        p { (words.base_url) ": " span.id { (base) } }
        (snippet(words, "curl", &curl))
        (snippet(words, "Python", &python))
        (snippet(words, "JavaScript", &javascript))
        p { a href="/docs" { (words.api_docs) } }
    };
    Page { look, title: words.quickstart, visitor: Some(visitor), narrow: false, content }.render()
}
