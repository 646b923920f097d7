//! The tenants: what each has, spends and may do; and a new one.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::{amount, moment},
    icons,
    page::{Look, form_token},
    parts::pager::pager,
    paths::{CONSOLE_TENANT, CONSOLE_TENANTS, fill},
    words::Words,
};

/// A tenant in the list. Amounts are micro-credits.
#[derive(Clone, Debug)]
pub struct TenantLine {
    /// Its id.
    pub id: String,
    /// What its people call it.
    pub name: String,
    /// What it can spend.
    pub available: i64,
    /// What is set aside for running jobs.
    pub held: i64,
    /// What it spent in the last days.
    pub spent: i64,
    /// How many people it has.
    pub members: usize,
    /// How many live API keys it has.
    pub api_keys: usize,
    /// Why its requests are refused, if they are.
    pub suspended: Option<String>,
    /// Why its account takes no new hold, if so.
    pub frozen: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

/// Which tenants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words that name or id hold.
    pub query: String,
    /// `suspended`, `working`, or all.
    pub state: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 2] {
        [("q", &self.query), ("state", &self.state)]
    }

    /// Whether a tenant is asked for.
    #[must_use]
    pub fn holds(&self, id: &str, name: &str, suspended: bool) -> bool {
        let text = format!("{name} {id}").to_lowercase();
        let state = match self.state.as_str() {
            "suspended" => suspended,
            "working" => !suspended,
            _ => true,
        };
        state && self.query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// What was typed into the form of a new tenant.
#[derive(Clone, Debug, Default)]
pub struct NewTenant {
    /// Its name.
    pub name: String,
    /// Who manages it.
    pub owner: String,
}

/// The page of the tenants.
#[derive(Debug)]
pub struct TenantsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which tenants.
    pub filter: &'a Filter,
    /// The tenants of this page.
    pub tenants: &'a [TenantLine],
    /// How many there are on all pages.
    pub found: usize,
    /// The tenant that this page begins after.
    pub after: Option<&'a str>,
    /// The tenant that the next page begins after.
    pub next: Option<&'a str>,
    /// What was typed, and what was wrong with it.
    pub refused: Option<(&'a NewTenant, &'a str)>,
}

impl TenantsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        let content = html! {
            h1 { (words.console.frame.tenants) }
            @if self.operator.may_act { (self.new_tenant()) }
            (self.filters())
            p.soft role="status" { (self.found) " " (ours.found) }
            section.card {
                @if self.tenants.is_empty() { div.empty { p { (if self.filtered() { words.nothing_found } else { ours.no_tenants }) } } }
                @else { (self.table()) }
            }
            (pager(words, CONSOLE_TENANTS, &self.filter.pairs(), self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: words.console.frame.tenants, content }.render()
    }

    fn filtered(&self) -> bool {
        self.filter.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    fn new_tenant(&self) -> Markup {
        let ours = self.look.words.console.customers;
        let (typed, failure) = self.refused.map_or((None, None), |(typed, failure)| (Some(typed), Some(failure)));
        html! {
            details.card.fold open[failure.is_some()] {
                summary { (ours.new_tenant) }
                div.pad {
                    @if let Some(failure) = failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
                    form.inline method="post" action=(CONSOLE_TENANTS) {
                        (form_token(&self.operator.form_token))
                        label { span { (ours.name) } input type="text" name="name" required maxlength="200" autocomplete="off" value=(typed.map_or("", |typed| &typed.name)); }
                        label { span { (ours.owner) } input type="text" name="owner" required maxlength="64" autocomplete="off" placeholder="usr_…" value=(typed.map_or("", |typed| &typed.owner)) aria-describedby="owner-hint"; }
                        button type="submit" { (ours.create_tenant) }
                    }
                    p.hint #owner-hint { (ours.owner_hint) }
                }
            }
        }
    }

    fn filters(&self) -> Markup {
        let (words, ours, filter) = (self.look.words, self.look.words.console.customers, self.filter);
        html! {
            form.filters method="get" action=(CONSOLE_TENANTS) role="search" {
                label { span { (ours.search_tenants) } input type="search" name="q" value=(filter.query) data-search; }
                label { span { (words.status) }
                    select name="state" {
                        @for (value, word) in [("", words.all), ("working", ours.working), ("suspended", ours.suspended)] {
                            option value=(value) selected[value == filter.state] { (word) }
                        }
                    }
                }
                button.quiet type="submit" { (words.filter) }
                @if self.filtered() { a.button.quiet href=(CONSOLE_TENANTS) { (words.clear_all) } }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (ours.tenant) } th scope="col" { (words.status) } th.num scope="col" { (words.available) } th.num scope="col" { (words.held) }
                    th.num scope="col" { (ours.spent_30) } th.num scope="col" { (ours.members) } th.num scope="col" { (ours.api_keys) } th scope="col" { (ours.created) }
                } }
                tbody {
                    @for tenant in self.tenants {
                        tr {
                            th scope="row" { a href=(fill(CONSOLE_TENANT, &[&tenant.id])) { (tenant.name) } " " span.id.soft { (tenant.id) } }
                            td { (standing(words, tenant.suspended.as_deref(), tenant.frozen.as_deref())) }
                            td.num.amount data-label=(words.available) .wrong[tenant.available < 0] { (amount(tenant.available, false)) }
                            td.num.amount.held data-label=(words.held) { (amount(tenant.held, false)) }
                            td.num.amount data-label=(ours.spent_30) { (amount(tenant.spent, false)) }
                            td.num data-label=(ours.members) { (tenant.members) }
                            td.num data-label=(ours.api_keys) { (tenant.api_keys) }
                            td.when data-label=(ours.created) { (moment(words, tenant.created_at)) }
                        }
                    }
                }
            } }
        }
    }
}

/// Whether a tenant works, or why not.
#[must_use]
pub fn standing(words: &Words, suspended: Option<&str>, frozen: Option<&str>) -> Markup {
    let ours = words.console.customers;
    html! {
        @if let Some(reason) = suspended { span.state.bad title=(reason) { (icons::stopped()) (ours.suspended) } }
        @else if let Some(reason) = frozen { span.state.warn title=(reason) { (icons::waiting()) (ours.frozen) } }
        @else { span.state.good { (icons::done()) (ours.working) } }
    }
}
