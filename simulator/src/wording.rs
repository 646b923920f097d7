//! Words: text cut into tokens, answers that follow from the prompt alone, and JSON that fits a schema.
//! A token is a Han or kana character, a punctuation mark, or up to eight letters of a word with the space before it.

use serde_json::{Map, Value, json};

use crate::chance::{digest, mix};

/// The longest answer, in tokens.
pub const MAX_TOKENS: usize = 8_192;
const WORD_PART: usize = 8;
/// How deep a sampled value nests.
const MAX_DEPTH: usize = 8;

/// The tokens of a text; put together they are the text.
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut letters = 0;
    for character in text.chars() {
        let joins = match tokens.last() {
            Some(last) if character.is_alphanumeric() && !is_wide(character) => {
                (letters > 0 && letters < WORD_PART) || last.chars().all(char::is_whitespace)
            }
            Some(last) => character.is_whitespace() && last.chars().all(char::is_whitespace),
            None => false,
        };
        let is_letter = character.is_alphanumeric() && !is_wide(character);
        match tokens.last_mut() {
            Some(last) if joins => {
                letters = if is_letter && letters < WORD_PART { letters + 1 } else { usize::from(is_letter) };
                last.push(character);
            }
            _ => {
                letters = usize::from(is_letter);
                tokens.push(character.to_string());
            }
        }
    }
    tokens
}

/// How many tokens a text has.
pub fn count(text: &str) -> usize {
    tokens(text).len()
}

fn is_wide(character: char) -> bool {
    matches!(u32::from(character), 0x2e80..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xffef | 0x2_0000..=0x3_ffff)
}

const ENGLISH: [&str; 12] = [
    "It helps to begin with {a} and to see what it asks of {b}.",
    "Most people who look at {a} find that the first small step decides a great deal.",
    "A good picture of {b} needs three things: a clear aim, honest numbers and a little patience.",
    "Where {a} and {b} meet, the details matter more than the plan.",
    "One could also turn the question round and ask what happens without {a}.",
    "In practice {b} changes slowly, and then all at once.",
    "There is no single right way, but there are several wrong ones, and they are easy to name.",
    "Write down what you know about {a}, then what you only believe.",
    "The second look at {b} is usually the one that pays.",
    "If time is short, keep {a} and let the rest wait.",
    "Others have tried this with {b} and report much the same.",
    "So the short answer is: start small with {a}, measure, and go on from there.",
];
const CHINESE: [&str; 8] = [
    "先从{a}说起，再看它与{b}的关系。",
    "很多人研究{a}时，第一步往往决定了结果。",
    "要理解{b}，需要明确的目标、可靠的数据和一点耐心。",
    "{a}与{b}相遇之处，细节比计划更重要。",
    "也可以反过来想：如果没有{a}，会发生什么？",
    "实际上{b}的变化起初很慢，然后突然加快。",
    "把已经知道的写下来，再写下只是猜测的部分。",
    "简单来说，从{a}的一小步开始，测量，然后继续。",
];

/// An answer to the prompt: its opening quotes it, the rest turns on its words. It has as many tokens as `wanted`
/// when that is given, otherwise what a few whole sentences have.
pub fn answer(prompt: &str, salt: u64, wanted: Option<usize>) -> Vec<String> {
    let chinese = prompt.chars().any(is_wide);
    let (opening, sentences, gap) = match chinese {
        true => (format!("您问的是“{}”。", excerpt(prompt)), &CHINESE[..], ""),
        false => (format!("You asked: “{}”", excerpt(prompt)), &ENGLISH[..], " "),
    };
    let seed = mix(digest(prompt.as_bytes()) ^ mix(salt));
    let subjects = subjects(prompt);
    let at_least = 4 + (seed % 4) as usize;
    let mut written = tokens(&opening);
    let mut index = 0;
    while wanted.map_or(index < at_least, |wanted| written.len() < wanted.min(MAX_TOKENS)) {
        let place = (seed as usize).wrapping_add(index * 5) % sentences.len();
        let subject = |offset: usize| subjects[(index + offset) % subjects.len()].as_str();
        let sentence = sentences[place].replace("{a}", subject(0)).replace("{b}", subject(1));
        written.extend(tokens(&format!("{gap}{sentence}")));
        index += 1;
    }
    if let Some(wanted) = wanted {
        written.truncate(wanted);
    }
    written
}

/// What the model thinks before it answers.
pub fn reasoning(prompt: &str) -> Vec<String> {
    let subjects = subjects(prompt);
    let thought = match prompt.chars().any(is_wide) {
        true => format!("用户想了解{}。我应该先确认问题，再给出简短而有用的回答。", subjects[0]),
        false => format!(
            "The user wants to know about {}. I should say back what was asked, then look at {} from two sides, and keep it short.",
            subjects[0],
            subjects[1 % subjects.len()]
        ),
    };
    tokens(&thought)
}

/// The number in "300 words" or "300字", when a prompt asks for a length.
pub fn asked_length(prompt: &str) -> Option<usize> {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    let english = words.windows(2).find(|pair| pair[1].starts_with("words")).and_then(|pair| pair[0].parse().ok());
    let chinese = || {
        let (before, _) = prompt.split_once('字')?;
        let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
        digits.chars().rev().collect::<String>().parse().ok()
    };
    english.or_else(chinese).filter(|length| (1..=MAX_TOKENS).contains(length))
}

/// Words that no answer turns on.
const PLAIN: [&str; 24] = [
    "about", "and", "are", "can", "does", "for", "from", "has", "how", "not", "please", "say", "tell", "that", "the",
    "this", "what", "when", "where", "which", "who", "why", "with", "you",
];

/// The words that a prompt turns on, longest first; never empty.
pub fn subjects(prompt: &str) -> Vec<String> {
    let pieces = prompt.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    let mut words: Vec<String> = pieces
        .map(|piece| piece.chars().take(12).collect::<String>())
        .filter(|word| word.chars().count() > 2 || word.chars().any(is_wide))
        .filter(|word| !PLAIN.contains(&word.to_lowercase().as_str()))
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(4);
    if words.is_empty() {
        words.push("this".into());
    }
    words
}

fn excerpt(prompt: &str) -> String {
    let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A value that fits a JSON Schema (the common keywords), its strings taken from the prompt.
pub fn sample(schema: &Value, prompt: &str) -> Value {
    sample_at(schema, "", prompt, 0)
}

fn sample_at(schema: &Value, name: &str, prompt: &str, depth: usize) -> Value {
    if let Some(fixed) = schema.get("const").or_else(|| schema.get("default")) {
        return fixed.clone();
    }
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.is_empty()) {
        let named = choices.iter().find(|choice| choice.as_str().is_some_and(|c| prompt.contains(c)));
        return named.unwrap_or(&choices[0]).clone();
    }
    if let Some(options) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array())
        && let Some(first) = options.first()
    {
        return sample_at(first, name, prompt, depth + 1);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind.unwrap_or(if schema["properties"].is_object() { "object" } else { "string" }) {
        "object" if depth < MAX_DEPTH => object(schema, prompt, depth),
        "object" => json!({}),
        "array" if depth < MAX_DEPTH => {
            let items = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 8);
            (0..items).map(|_| sample_at(&schema["items"], name, prompt, depth + 1)).collect()
        }
        "array" => json!([]),
        "integer" => json!(schema["minimum"].as_i64().unwrap_or(1)),
        "number" => json!(schema["minimum"].as_f64().unwrap_or(1.5)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(word_for(name, prompt)),
    }
}

fn object(schema: &Value, prompt: &str, depth: usize) -> Value {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let filled = properties.iter().map(|(name, schema)| (name.clone(), sample_at(schema, name, prompt, depth + 1)));
    Value::Object(filled.collect())
}

/// A word for a string field: a capitalised one for places and names, else what the prompt turns on.
fn word_for(name: &str, prompt: &str) -> String {
    let words = prompt.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let proper = words.skip(1).find(|word| word.len() > 2 && word.chars().next().is_some_and(char::is_uppercase));
    let is_query = ["query", "prompt", "text", "question", "input"].iter().any(|field| name.contains(field));
    match proper {
        _ if is_query => excerpt(prompt),
        Some(proper) => proper.to_owned(),
        None => subjects(prompt).swap_remove(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_put_together_are_the_text() {
        for text in ["", " a  b\n", "Why is the sea salty?", "红狐狸 in 雪, internationalisation!"] {
            assert_eq!(tokens(text).concat(), text);
        }
        assert_eq!(tokens("internationalisation"), ["internat", "ionalisa", "tion"]);
        assert_eq!(count("红狐狸"), 3);
    }

    #[test]
    fn answers_have_the_wanted_length_and_language() {
        assert_eq!(answer("rivers", 0, Some(500)).len(), 500);
        assert!(answer("介绍一下狐狸", 0, None).concat().contains("您问的是"));
        assert_eq!(asked_length("please write 300 words"), Some(300));
        assert_eq!(asked_length("写200字"), Some(200));
        assert_eq!(asked_length("99999999 words"), None);
    }

    #[test]
    fn samples_fit_their_schema() {
        let schema = json!({ "type": "object", "properties": {
            "city": { "type": "string" }, "unit": { "enum": ["c", "f"] }, "list": { "type": "array", "items": { "type": "integer" }, "minItems": 2 },
        } });
        let value = sample(&schema, "What is the weather in Paris");
        assert_eq!(value, json!({ "city": "Paris", "unit": "c", "list": [1, 1] }));
    }
}
