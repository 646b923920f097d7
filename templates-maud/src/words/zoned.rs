//! The words of a language with the times of a zone. Each pair is made once and kept for as long as the process lives:
//! there are as many as the zones that IANA lists, twice, so the memory is bounded by some megabytes.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use chrono_tz::Tz;

use super::Words;

static ZONED: LazyLock<Mutex<HashMap<(&'static str, Tz), &'static Words>>> = LazyLock::new(Mutex::default);

impl Words {
    /// The same words, with times told in a zone.
    #[must_use]
    pub fn in_zone(&self, zone: Tz) -> &'static Self {
        let mut zoned = ZONED.lock().unwrap_or_else(PoisonError::into_inner);
        zoned.entry((self.lang, zone)).or_insert_with(|| Box::leak(Box::new(Self { zone, ..self.clone() })))
    }
}

/// The zone of a name such as `Asia/Shanghai`, if IANA lists it.
#[must_use]
pub fn zone_named(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The names of all zones that can be chosen.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| name.contains('/') || *name == "UTC")
}

#[cfg(test)]
mod tests {
    use crate::words::{CHINESE, ENGLISH};

    #[test]
    fn a_pair_of_language_and_zone_is_made_once() {
        let berlin = super::zone_named("Europe/Berlin").expect("it is listed");
        assert!(std::ptr::eq(ENGLISH.in_zone(berlin), ENGLISH.in_zone(berlin)));
        assert_eq!((CHINESE.in_zone(berlin).lang, CHINESE.in_zone(berlin).zone), ("zh-CN", berlin));
        assert_eq!(super::zone_named("Mars/Base"), None);
    }
}
