//! What an image request asks for: strictly read, and counted in tokens.

use serde_json::Value;

use super::Work;
use super::models::{self, Kind};
use super::refusal::{moderated, unknown};
use crate::calls::Refusal;
use crate::fields::{flag, integer, invalid, media_url, missing, pixels, present, required_text, text, word};
use crate::media::Format;
use crate::wording;

/// The longest prompt, in characters.
const MAX_PROMPT: usize = 32_000;
/// The most images that go into an edit.
const MAX_INPUTS: usize = 16;
/// Sides are a multiple of this.
const STEP: u32 = 16;
/// The most pixels: 3840x2160, either way round.
const MAX_PIXELS: u64 = 3_840 * 2_160;
/// What `auto` means.
const USUAL_SIZE: (u32, u32) = (1_024, 1_024);
/// What a picture of 1024x1024 costs by its quality; other sizes by their pixels. The last two are a guess.
const QUALITY_TOKENS: [(&str, u64); 6] =
    [("auto", 1_056), ("low", 272), ("medium", 1_056), ("high", 4_160), ("xhigh", 8_320), ("max", 16_640)];
/// How many qualities a model of the plain family has.
const PLAIN_QUALITIES: usize = 4;
/// What an input image costs: by its pixels, within these.
const INPUT_TOKENS: std::ops::RangeInclusive<u64> = 64..=4_096;
const PIXELS_PER_INPUT_TOKEN: u64 = 256;
/// Fields of models that are gone.
const GONE: [&str; 2] = ["response_format", "style"];

/// A request that passed all checks.
pub struct Asked<'a> {
    /// What is to be seen.
    pub prompt: &'a str,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// As asked for, or `auto`.
    pub quality: &'a str,
    /// As asked for, or `auto`.
    pub background: &'a str,
    /// Which kind of file.
    pub format: Format,
    /// How many.
    pub count: usize,
    /// How many images were given.
    pub inputs: usize,
    /// What those cost.
    pub input_image_tokens: u64,
    /// Whether to stream, and how many unfinished images before each.
    pub stream: Option<usize>,
}

impl<'a> Asked<'a> {
    /// Reads a request; an edit needs images.
    pub fn read(work: &Work<'a>, edits: bool) -> Result<Self, Refusal> {
        let body = work.body;
        let finer = models::find(required_text(body, "model")?, |kind| match kind {
            Kind::Image { finer } => Some(finer),
            _ => None,
        })?;
        if let Some(gone) = GONE.into_iter().find(|field| present(body, field).is_some()) {
            return Err(unknown(gone));
        }
        let prompt = required_text(body, "prompt")?;
        if prompt.chars().count() > MAX_PROMPT {
            return Err(invalid("prompt", &format!("it must have at most {MAX_PROMPT} characters")));
        }
        let inputs = inputs(body, edits)?;
        let format = format(body)?;
        let asked = Self {
            prompt,
            size: size(body)?,
            quality: quality(body, finer)?,
            background: background(body, format)?,
            format,
            count: integer(body, "n", 1..=10)?.unwrap_or(1) as usize,
            inputs: inputs.len(),
            input_image_tokens: inputs.iter().map(|uri| input_tokens(uri)).sum(),
            stream: stream(body)?,
        };
        word(body, "moderation", &["auto", "low"])?;
        word(body, "input_fidelity", &["high", "low"])?;
        let prompt = prompt.to_lowercase();
        let refused = work.sim.config.moderated_words.iter().any(|word| prompt.contains(word));
        if refused { Err(moderated()) } else { Ok(asked) }
    }

    /// Tokens of the prompt.
    pub fn text_tokens(&self) -> u64 {
        wording::count(self.prompt) as u64
    }

    /// Tokens of one made image.
    pub fn tokens_each(&self) -> u64 {
        let (width, height) = self.size;
        let square = QUALITY_TOKENS.iter().find(|(word, _)| *word == self.quality).map_or(0, |(_, tokens)| *tokens);
        (square * u64::from(width) * u64::from(height)).div_ceil(1_024 * 1_024)
    }
}

fn inputs(body: &Value, edits: bool) -> Result<Vec<&str>, Refusal> {
    let bad = || invalid("image", "it must be a file or a list of files");
    let found: Vec<&str> = match present(body, "image") {
        None => Vec::new(),
        Some(Value::String(uri)) => vec![uri],
        Some(Value::Array(list)) => list.iter().map(|uri| uri.as_str().ok_or_else(bad)).collect::<Result<_, _>>()?,
        Some(_) => return Err(bad()),
    };
    match (edits, found.len()) {
        (true, 0) => return Err(missing("image")),
        (true, 1..=MAX_INPUTS) | (false, 0) => {}
        (true, _) => return Err(invalid("image", &format!("at most {MAX_INPUTS} images are taken"))),
        (false, _) => return Err(unknown("image")),
    }
    for uri in &found {
        media_url("image", uri, &["image/png", "image/jpeg", "image/webp"])?;
    }
    match text(body, "mask")? {
        Some(_) if !edits => return Err(unknown("mask")),
        Some(mask) => media_url("mask", mask, &["image/png"])?,
        None => {}
    }
    Ok(found)
}

fn input_tokens(uri: &str) -> u64 {
    let (width, height) = pixels(uri).unwrap_or(USUAL_SIZE);
    let tokens = u64::from(width) * u64::from(height) / PIXELS_PER_INPUT_TOKEN;
    tokens.clamp(*INPUT_TOKENS.start(), *INPUT_TOKENS.end())
}

fn size(body: &Value) -> Result<(u32, u32), Refusal> {
    let bad = || {
        invalid("size", "it must be auto or WxH, both sides divisible by 16, from 1:3 to 3:1, and at most 3840x2160")
    };
    let Some(size) = text(body, "size")?.filter(|size| *size != "auto") else { return Ok(USUAL_SIZE) };
    let (width, height) = size.split_once('x').ok_or_else(bad)?;
    let (width, height): (u32, u32) = (width.parse().map_err(|_| bad())?, height.parse().map_err(|_| bad())?);
    let area = u64::from(width) * u64::from(height);
    let slim = u64::from(width) > u64::from(height) * 3 || u64::from(height) > u64::from(width) * 3;
    let fits = width > 0 && height > 0 && width % STEP == 0 && height % STEP == 0 && area <= MAX_PIXELS && !slim;
    if fits { Ok((width, height)) } else { Err(bad()) }
}

fn quality(body: &Value, finer: bool) -> Result<&str, Refusal> {
    let known = if finer { &QUALITY_TOKENS[..] } else { &QUALITY_TOKENS[..PLAIN_QUALITIES] };
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    Ok(word(body, "quality", &words)?.unwrap_or("auto"))
}

fn background(body: &Value, format: Format) -> Result<&str, Refusal> {
    match word(body, "background", &["transparent", "opaque", "auto"])? {
        Some("transparent") if format == Format::Jpeg => Err(invalid("background", "jpeg can't be transparent")),
        found => Ok(found.unwrap_or("auto")),
    }
}

fn format(body: &Value) -> Result<Format, Refusal> {
    let format = match word(body, "output_format", &["png", "jpeg", "webp"])? {
        Some("jpeg") => Format::Jpeg,
        Some("webp") => Format::Webp,
        _ => Format::Png,
    };
    match integer(body, "output_compression", 0..=100)? {
        Some(less) if less < 100 && format == Format::Png => {
            Err(invalid("output_compression", "png is never compressed with loss"))
        }
        _ => Ok(format),
    }
}

fn stream(body: &Value) -> Result<Option<usize>, Refusal> {
    let partial = integer(body, "partial_images", 0..=3)?.unwrap_or(0) as usize;
    Ok(flag(body, "stream")?.unwrap_or(false).then_some(partial))
}
