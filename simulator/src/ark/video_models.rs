//! Which video models there are, what each takes, and how many pixels a resolution and ratio mean.

/// What a video model can do.
#[derive(Debug)]
pub struct VideoModel {
    /// The name without its date.
    pub stem: &'static str,
    /// Whether it belongs to the 1.0 family, which has its own pixel sizes and takes `frames`.
    pub first_family: bool,
    /// Text alone.
    pub text: bool,
    /// A first frame.
    pub first_frame: bool,
    /// A first and a last frame.
    pub last_frame: bool,
    /// Most reference images.
    pub reference_images: usize,
    /// Reference videos and sounds.
    pub reference_clips: bool,
    /// Allowed resolutions.
    pub resolutions: &'static [&'static str],
    /// When `resolution` is absent.
    pub default_resolution: &'static str,
    /// Allowed seconds.
    pub seconds: (i64, i64),
    /// Whether `duration: -1` lets the model choose.
    pub chooses_length: bool,
    /// `generate_audio`.
    pub audio: bool,
    /// `draft`.
    pub draft: bool,
    /// `camera_fixed`.
    pub camera: bool,
    /// `service_tier: flex`.
    pub flex: bool,
    /// Whether a ratio beside a first frame is refused.
    pub ratio_follows_frame: bool,
}

const SECOND: VideoModel = VideoModel {
    stem: "doubao-seedance-2-0",
    first_family: false,
    text: true,
    first_frame: true,
    last_frame: true,
    reference_images: 9,
    reference_clips: true,
    resolutions: &["480p", "720p", "1080p", "4k"],
    default_resolution: "720p",
    seconds: (4, 15),
    chooses_length: true,
    audio: true,
    draft: false,
    camera: false,
    flex: false,
    ratio_follows_frame: false,
};

const FIRST: VideoModel = VideoModel {
    stem: "doubao-seedance-1-0-pro",
    first_family: true,
    reference_images: 0,
    reference_clips: false,
    resolutions: &["480p", "720p", "1080p"],
    default_resolution: "1080p",
    seconds: (2, 12),
    chooses_length: false,
    audio: false,
    camera: true,
    flex: true,
    ..SECOND
};

/// All video models.
pub const VIDEO_MODELS: &[VideoModel] = &[
    VideoModel {
        stem: "doubao-seedance-2-5",
        reference_images: 30,
        resolutions: &["480p", "720p", "1080p"],
        seconds: (4, 30),
        ratio_follows_frame: true,
        ..SECOND
    },
    SECOND,
    VideoModel { stem: "doubao-seedance-2-0-fast", resolutions: &["480p", "720p"], ..SECOND },
    VideoModel { stem: "doubao-seedance-2-0-mini", resolutions: &["480p", "720p"], ..SECOND },
    VideoModel {
        stem: "doubao-seedance-1-5-pro",
        reference_images: 0,
        reference_clips: false,
        resolutions: &["480p", "720p", "1080p"],
        seconds: (4, 12),
        draft: true,
        camera: true,
        flex: true,
        ..SECOND
    },
    FIRST,
    VideoModel { stem: "doubao-seedance-1-0-pro-fast", last_frame: false, ..FIRST },
    VideoModel {
        stem: "doubao-seedance-1-0-lite-t2v",
        first_frame: false,
        last_frame: false,
        default_resolution: "720p",
        ..FIRST
    },
    VideoModel {
        stem: "doubao-seedance-1-0-lite-i2v",
        text: false,
        reference_images: 4,
        default_resolution: "720p",
        ..FIRST
    },
];

/// The ratios that can be asked for, besides `adaptive`.
pub const RATIOS: [&str; 6] = ["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"];

/// Pixels per resolution, in the order of `RATIOS`: of the 1.0 family, and of the later ones.
type Sizes = [(u32, u32); 6];
const P480: [Sizes; 2] = [
    [(864, 480), (736, 544), (640, 640), (544, 736), (480, 864), (960, 416)],
    [(864, 496), (752, 560), (640, 640), (560, 752), (496, 864), (992, 432)],
];
const P720: [Sizes; 2] = [
    [(1248, 704), (1120, 832), (960, 960), (832, 1120), (704, 1248), (1504, 640)],
    [(1280, 720), (1112, 834), (960, 960), (834, 1112), (720, 1280), (1470, 630)],
];
const P1080: [Sizes; 2] = [
    [(1920, 1088), (1664, 1248), (1440, 1440), (1248, 1664), (1088, 1920), (2176, 928)],
    [(1920, 1080), (1664, 1248), (1440, 1440), (1248, 1664), (1080, 1920), (2206, 946)],
];

/// Pixels of a film; 4k is 1080p doubled.
pub fn pixels(model: &VideoModel, resolution: &str, ratio: &str) -> (u32, u32) {
    let family = usize::from(!model.first_family);
    let place = RATIOS.iter().position(|known| *known == ratio).unwrap_or(0);
    let (width, height) = match resolution {
        "480p" if model.stem.ends_with("2-5") && place == 0 => (854, 480),
        "480p" => P480[family][place],
        "720p" => P720[family][place],
        _ => P1080[family][place],
    };
    if resolution == "4k" { (width * 2, height * 2) } else { (width, height) }
}

/// The ratio nearest to a picture's.
pub fn nearest_ratio((width, height): (u32, u32)) -> &'static str {
    let wanted = f64::from(width) / f64::from(height.max(1));
    let distance = |ratio: &str| {
        let (left, right) = ratio.split_once(':').unwrap_or(("16", "9"));
        let value = left.parse::<f64>().unwrap_or(16.0) / right.parse::<f64>().unwrap_or(9.0);
        (value / wanted).ln().abs()
    };
    RATIOS.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or("16:9")
}
