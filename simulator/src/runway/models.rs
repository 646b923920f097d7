//! Which models the pretended Runway has, what each takes, and how many credits it costs.

/// What a model does.
#[derive(Debug)]
pub enum Makes {
    /// Films.
    Video(VideoModel),
    /// Pictures.
    Image(ImageModel),
}

/// A model.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub makes: Makes,
}

/// What a model of films can do.
#[derive(Debug)]
pub struct VideoModel {
    /// The ratios of films from a text alone; none when it makes none.
    pub text_ratios: &'static [&'static str],
    /// The ratios of films from a picture.
    pub image_ratios: &'static [&'static str],
    /// The allowed seconds.
    pub seconds: &'static [u64],
    /// Without `duration`; none when it must be there.
    pub usual_seconds: Option<u64>,
    /// Whether `promptText` must be there beside a picture.
    pub needs_text: bool,
    /// Whether a picture may be the last frame.
    pub last_frame: bool,
    /// Credits a second without sound, when it can make sound.
    pub silent_credits: Option<u64>,
    /// Credits a second.
    pub credits: u64,
}

/// What a model of pictures can do.
#[derive(Debug)]
pub struct ImageModel {
    /// Least and most reference pictures.
    pub references: (usize, usize),
    /// Credits of a picture whose shorter side has 720 pixels, and of others.
    pub credits: (u64, u64),
}

const SIX: &[&str] = &["1280:720", "720:1280", "1104:832", "832:1104", "960:960", "1584:672"];
const TWO: &[&str] = &["1280:720", "720:1280"];
const FULL: &[&str] = &["1280:720", "720:1280", "1080:1920", "1920:1080"];
const TWO_TO_TEN: &[u64] = &[2, 3, 4, 5, 6, 7, 8, 9, 10];

/// The ratios of pictures.
pub const IMAGE_RATIOS: &[&str] = &[
    "1024:1024",
    "1080:1080",
    "1168:880",
    "1360:768",
    "1440:1080",
    "1080:1440",
    "1808:768",
    "1920:1080",
    "1080:1920",
    "2112:912",
    "1280:720",
    "720:1280",
    "720:720",
    "960:720",
    "720:960",
    "1680:720",
];

const VEO: VideoModel = VideoModel {
    text_ratios: FULL,
    image_ratios: FULL,
    seconds: &[4, 6, 8],
    usual_seconds: Some(8),
    needs_text: false,
    last_frame: true,
    silent_credits: Some(20),
    credits: 40,
};

/// All models.
pub const MODELS: &[Model] = &[
    Model {
        name: "gen4_turbo",
        makes: Makes::Video(VideoModel {
            text_ratios: &[],
            image_ratios: SIX,
            seconds: TWO_TO_TEN,
            usual_seconds: Some(10),
            needs_text: false,
            last_frame: false,
            silent_credits: None,
            credits: 5,
        }),
    },
    Model {
        name: "gen4.5",
        makes: Makes::Video(VideoModel {
            text_ratios: TWO,
            image_ratios: SIX,
            seconds: TWO_TO_TEN,
            usual_seconds: None,
            needs_text: true,
            last_frame: false,
            silent_credits: None,
            credits: 12,
        }),
    },
    Model { name: "veo3.1", makes: Makes::Video(VEO) },
    Model { name: "veo3.1_fast", makes: Makes::Video(VideoModel { silent_credits: Some(10), credits: 15, ..VEO }) },
    Model { name: "gen4_image", makes: Makes::Image(ImageModel { references: (0, 3), credits: (5, 8) }) },
    Model { name: "gen4_image_turbo", makes: Makes::Image(ImageModel { references: (1, 3), credits: (2, 2) }) },
];

/// Pixels across and down of a ratio such as `1280:720`.
pub fn pixels(ratio: &str) -> (u32, u32) {
    let side = |text: &str| text.parse().unwrap_or(720);
    ratio.split_once(':').map_or((1_280, 720), |(width, height)| (side(width), side(height)))
}
