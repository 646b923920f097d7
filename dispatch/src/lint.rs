//! Whether routes lead somewhere: their providers are registered, spoken to by an adapter of ours, and offer what is asked.
//!
//! A model can't know that by itself, so it is asked before publishing.

use domain::capability::{CapabilityKind, LintIssue, Route};

use crate::Dispatcher;

impl Dispatcher {
    /// What is wrong with where a capability's routes lead.
    #[must_use]
    pub fn lint_routes(&self, kind: CapabilityKind, routes: &[Route]) -> Vec<LintIssue> {
        let wrong = |(index, route): (usize, &Route)| {
            let message = self.lint_route(kind, route)?;
            Some(LintIssue { path: format!("routes.{index}.provider"), message })
        };
        routes.iter().enumerate().filter_map(wrong).collect()
    }

    fn lint_route(&self, kind: CapabilityKind, route: &Route) -> Option<String> {
        let catalog = self.parts().live.catalog();
        let Some(settings) = catalog.provider(&route.provider).and_then(|entry| entry.settings().cloned()) else {
            return Some(format!("there is no provider {}", route.provider));
        };
        let Some(adapter) = self.adapter(&settings.adapter) else {
            return Some(format!("nothing here speaks to {} of kind {}", route.provider, settings.adapter));
        };
        let offered = adapter.offers(kind);
        (!offered).then(|| format!("{} does not offer {kind}", route.provider))
    }
}
