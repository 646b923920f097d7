//! Which sizes each image model takes, and which pixels a tier word means.

use super::refusal::invalid;
use crate::calls::Refusal;

/// What an image model can do; its prices are per generated image.
#[derive(Debug)]
pub struct ImageModel {
    /// The name without its date.
    pub stem: &'static str,
    /// Tier words (`2K`, …) that it takes.
    pub tiers: &'static [&'static str],
    /// Fewest and most pixels of `WxH`; none when it takes no `WxH`.
    pub pixels: Option<(u64, u64)>,
    /// Fewest and most pixels of a side, where that is the rule.
    pub side: Option<(u32, u32)>,
    /// When `size` is absent.
    pub default: &'static str,
    /// Most reference images; at least one is needed by editing models.
    pub references: usize,
    /// Whether a reference image is needed.
    pub edits: bool,
    /// Sequences and streams.
    pub sequences: bool,
    /// `seed` and `guidance_scale`.
    pub seeds: bool,
    /// `output_format` png.
    pub png: bool,
    /// `optimize_prompt_options.mode` fast.
    pub fast: bool,
}

const BASE: ImageModel = ImageModel {
    stem: "",
    tiers: &[],
    pixels: None,
    side: None,
    default: "2048x2048",
    references: 14,
    edits: false,
    sequences: true,
    seeds: false,
    png: false,
    fast: false,
};

const LITE: ImageModel = ImageModel { tiers: &["2K", "3K"], pixels: Some((3_686_400, 10_404_496)), png: true, ..BASE };

/// All image models.
pub const IMAGE_MODELS: &[ImageModel] = &[
    ImageModel {
        stem: "doubao-seedream-5-0-pro",
        tiers: &["1K", "2K"],
        pixels: Some((921_600, 4_624_220)),
        references: 10,
        png: true,
        sequences: false,
        ..BASE
    },
    ImageModel { stem: "doubao-seedream-5-0-lite", ..LITE },
    ImageModel { stem: "doubao-seedream-5-0", ..LITE },
    ImageModel { stem: "doubao-seedream-4-5", tiers: &["2K", "4K"], pixels: Some((3_686_400, 16_777_216)), ..BASE },
    ImageModel {
        stem: "doubao-seedream-4-0",
        tiers: &["1K", "2K", "4K"],
        pixels: Some((921_600, 16_777_216)),
        fast: true,
        ..BASE
    },
    ImageModel {
        stem: "doubao-seedream-3-0-t2i",
        pixels: Some((262_144, 4_194_304)),
        side: Some((512, 2_048)),
        default: "1024x1024",
        references: 0,
        sequences: false,
        seeds: true,
        ..BASE
    },
    ImageModel {
        stem: "doubao-seededit-3-0-i2i",
        default: "adaptive",
        references: 1,
        edits: true,
        sequences: false,
        seeds: true,
        ..BASE
    },
];

/// Recommended pixels: tier, ratio, width, height.
const RECOMMENDED: &[(&str, &str, u32, u32)] = &[
    ("1K", "1:1", 1024, 1024),
    ("1K", "4:3", 1152, 864),
    ("1K", "3:4", 864, 1152),
    ("1K", "16:9", 1280, 720),
    ("1K", "9:16", 720, 1280),
    ("1K", "3:2", 1248, 832),
    ("1K", "2:3", 832, 1248),
    ("1K", "21:9", 1512, 648),
    ("2K", "1:1", 2048, 2048),
    ("2K", "4:3", 2304, 1728),
    ("2K", "3:4", 1728, 2304),
    ("2K", "16:9", 2848, 1600),
    ("2K", "9:16", 1600, 2848),
    ("2K", "3:2", 2496, 1664),
    ("2K", "2:3", 1664, 2496),
    ("2K", "21:9", 3136, 1344),
    ("3K", "1:1", 3072, 3072),
    ("3K", "4:3", 3456, 2592),
    ("3K", "3:4", 2592, 3456),
    ("3K", "16:9", 4096, 2304),
    ("3K", "9:16", 2304, 4096),
    ("3K", "3:2", 3744, 2496),
    ("3K", "2:3", 2496, 3744),
    ("3K", "21:9", 4704, 2016),
    ("4K", "1:1", 4096, 4096),
    ("4K", "4:3", 4704, 3520),
    ("4K", "3:4", 3520, 4704),
    ("4K", "16:9", 5504, 3040),
    ("4K", "9:16", 3040, 5504),
    ("4K", "3:2", 4992, 3328),
    ("4K", "2:3", 3328, 4992),
    ("4K", "21:9", 6240, 2656),
];

impl ImageModel {
    /// The pixels that `size` means: a tier word takes its ratio from the prompt (`16:9`), square otherwise;
    /// `adaptive` takes those of the reference image.
    pub fn resolve(
        &self,
        size: Option<&str>,
        prompt: &str,
        reference: Option<(u32, u32)>,
    ) -> Result<(u32, u32), Refusal> {
        let size = size.unwrap_or(self.default);
        if size == "adaptive" && self.edits {
            return Ok(
                reference.map_or((1_024, 1_024), |(width, height)| (width.clamp(512, 2_048), height.clamp(512, 2_048)))
            );
        }
        if self.tiers.contains(&size) {
            return Ok(tier(size, prompt));
        }
        let (width, height) = parse(size).ok_or_else(|| self.bad_size(size))?;
        let area = u64::from(width) * u64::from(height);
        let fits = self.pixels.is_some_and(|(least, most)| (least..=most).contains(&area));
        let side =
            self.side.is_none_or(|(least, most)| (least..=most).contains(&width) && (least..=most).contains(&height));
        let slim = width > height * 16 || height > width * 16;
        match fits && side && !slim {
            true => Ok((width, height)),
            false => Err(self.bad_size(size)),
        }
    }

    fn bad_size(&self, size: &str) -> Refusal {
        let range = match (self.pixels, self.side) {
            (_, Some((least, most))) => format!("each side must be from {least} to {most} pixels"),
            (Some((least, most)), None) => format!("image size must be from {least} to {most} pixels"),
            (None, None) => "only adaptive is allowed".into(),
        };
        invalid("size", &format!("`{size}` is not supported by the model, {range}"))
    }
}

fn tier(word: &str, prompt: &str) -> (u32, u32) {
    let of_tier = || RECOMMENDED.iter().filter(|row| row.0 == word);
    let prompt = prompt.replace('：', ":");
    let mentions = |ratio: &str| prompt.split(|c: char| !c.is_ascii_digit() && c != ':').any(|piece| piece == ratio);
    let row = of_tier().find(|row| mentions(row.1)).or_else(|| of_tier().next());
    row.map_or((2_048, 2_048), |row| (row.2, row.3))
}

/// `WxH`, also with the multiplication sign that some pages print.
fn parse(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once(['x', 'X', '×'])?;
    let plain = |side: &str| {
        (!side.is_empty() && side.len() <= 5 && side.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| side.parse::<u32>().ok())
            .flatten()
            .filter(|pixels| *pixels > 0)
    };
    Some((plain(width)?, plain(height)?))
}
