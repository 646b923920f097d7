//! The one set of small icons, drawn in the colour of the text beside them.

use maud::{Markup, PreEscaped};

/// The sign of the product: wind.
pub fn brand() -> Markup {
    stroke("M2 7h9a3 3 0 1 0-3-3M2 11h13a3 3 0 1 1-3 3M2 15h6a2 2 0 1 1-2 2", 20)
}

/// Done.
pub fn done() -> Markup {
    stroke("M2 6.5 5 9.5 10 3", 12)
}

/// Not done, for good.
pub fn failed() -> Markup {
    stroke("M3 3 9 9M9 3 3 9", 12)
}

/// Under way.
pub fn running() -> Markup {
    stroke("M6 1.5A4.5 4.5 0 1 1 1.5 6", 12)
}

/// Waiting.
pub fn waiting() -> Markup {
    stroke("M6 3v3l2 2M6 1.2a4.8 4.8 0 1 0 .01 0", 12)
}

/// Stopped.
pub fn stopped() -> Markup {
    stroke("M3 6h6", 12)
}

/// The overview.
pub fn home() -> Markup {
    stroke("M3 7.5 9 3l6 4.5V15H3zM7 15v-4h4v4", 18)
}

/// The models.
pub fn market() -> Markup {
    stroke("M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 10h5v5h-5z", 18)
}

/// Jobs.
pub fn jobs() -> Markup {
    stroke("M3 4.5h12M3 9h12M3 13.5h8", 18)
}

/// Files.
pub fn assets() -> Markup {
    stroke("M3 3h12v12H3zM3 12l4-4 3 3 2-2 3 3M11.5 6.5h.01", 18)
}

/// Balance and spending.
pub fn billing() -> Markup {
    stroke("M2.5 4.5h13v9h-13zM2.5 7.5h13M5 11h3", 18)
}

/// Keys.
pub fn key() -> Markup {
    stroke("M11.5 3a3.5 3.5 0 1 0 .01 0M9 9l-6 6M5 13l2 2", 18)
}

/// Settings.
pub fn settings() -> Markup {
    stroke("M3 5h6M13 5h2M3 13h2M9 13h6M11 3a2 2 0 1 0 .01 0M7 11a2 2 0 1 0 .01 0", 18)
}

/// The first steps.
pub fn book() -> Markup {
    stroke("M3 3h4a2 2 0 0 1 2 2v10a2 2 0 0 0-2-1.5H3zM15 3h-4a2 2 0 0 0-2 2v10a2 2 0 0 1 2-1.5h4z", 18)
}

/// The console.
pub fn console() -> Markup {
    stroke("M2.5 3.5h13v11h-13zM5.5 7l2.5 2-2.5 2M9.5 11.5h3", 18)
}

fn stroke(path: &str, size: u32) -> Markup {
    PreEscaped(format!(
        "<svg viewBox=\"0 0 {size} {size}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" \
         stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
    ))
}
