//! A small meter: how much of a limit is taken, as a bar and as figures, never as a bar alone.

use maud::{Markup, html};

/// How wide a bar is drawn.
const WIDTH: u64 = 48;

/// What is taken of a limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// How much; none when it can't be known now.
    pub used: Option<u64>,
    /// The limit, if there is one.
    pub limit: Option<u64>,
}

/// The meter of a limit. Without one there is nothing to draw.
#[must_use]
pub fn meter(no_limit: &str, taken: Taken) -> Markup {
    let Some(limit) = taken.limit else { return html! { span.soft title=(no_limit) { "–" } } };
    let used = taken.used.unwrap_or_default();
    let filled = (used.min(limit) * WIDTH).div_ceil(limit.max(1));
    let class = match used.saturating_mul(10) {
        tenths if tenths >= limit.saturating_mul(10) => "meter full",
        tenths if tenths >= limit.saturating_mul(8) => "meter high",
        _ => "meter",
    };
    html! {
        span class=(class) {
            svg viewBox={ "0 0 " (WIDTH) " 8" } width=(WIDTH) height="8" aria-hidden="true" {
                rect.track width=(WIDTH) height="8" rx="2" {}
                @if filled > 0 { rect.taken width=(filled) height="8" rx="2" {} }
            }
            span { @match taken.used { Some(used) => (used), None => "?" } "/" (limit) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_never_stands_without_its_figures() {
        let drawn = |used, limit| meter("no limit", Taken { used, limit }).into_string();
        assert!(drawn(Some(3), Some(10)).contains("<span>3/10</span>"));
        assert!(drawn(Some(8), Some(10)).contains("meter high") && drawn(Some(12), Some(10)).contains("meter full"));
        assert!(drawn(None, Some(10)).contains("?/10") && drawn(Some(1), None).contains("no limit"));
        assert!(!drawn(Some(0), Some(10)).contains("taken"));
    }
}
