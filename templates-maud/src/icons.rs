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

fn stroke(path: &str, size: u32) -> Markup {
    PreEscaped(format!(
        "<svg viewBox=\"0 0 {size} {size}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" \
         stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
    ))
}
