//! The providers by name, behind one set of calls. A new folder needs one line in this file: in the registry.

use std::{ops::Deref, sync::Arc};

use crate::{Provider, Trusted, ark::Ark, openai::OpenAi, runway::Runway};

/// Makes the translation of one provider.
type Make = fn(&Trusted) -> Arc<dyn Provider>;

/// Every provider: its kind, as admins name it, and its folder.
const REGISTRY: &[(&str, Make)] = &[
    ("ark", |http| Arc::new(Ark::new(http))),
    ("openai", |http| Arc::new(OpenAi::new(http))),
    ("runway", |http| Arc::new(Runway::new(http))),
];

/// A provider's translation. Cheap to clone; all clones share the client's connections.
#[derive(Clone, Debug)]
pub struct Adapter(Arc<dyn Provider>);

impl Adapter {
    /// The adapter of a provider's kind, such as `ark`.
    #[must_use]
    pub fn named(name: &str, http: &Trusted) -> Option<Self> {
        let (_, make) = REGISTRY.iter().find(|(kind, _)| *kind == name)?;
        Some(Self(make(http)))
    }

    /// The kinds of provider that there are.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        REGISTRY.iter().map(|(kind, _)| *kind)
    }
}

impl Deref for Adapter {
    type Target = dyn Provider;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
