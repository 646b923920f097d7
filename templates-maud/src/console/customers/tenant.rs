//! A tenant: what it has and spends, who belongs to it, its keys, its latest entries; its recharge, and whether it may work.

use domain::tenant::{ApiKey, Role};
use maud::{Markup, html};
use projections::rows::LedgerRow;

use super::tenants::{TenantLine, standing};
use crate::{
    console::shell::{ConsolePage, Operator},
    figures::{amount, moment, short_amount},
    page::{Look, form_token},
    parts::{entries::entries, pager::of_all},
    paths::{
        CONSOLE_LEDGER, CONSOLE_LIMITS_OF, CONSOLE_RECHARGE, CONSOLE_TENANT_STATE, CONSOLE_TENANTS, CONSOLE_USER,
        CONSOLE_VIEW, fill, with_query,
    },
    words::Words,
};

/// Where credits usually come from, to choose from.
const SOURCES: [&str; 6] = ["card", "bank", "invoice", "voucher", "promo", "goodwill"];

/// A person of the tenant.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// How to call them, if that is known.
    pub name: Option<String>,
    /// What they may do in it.
    pub role: Role,
}

/// An API key and what it spent in the last days, in micro-credits.
#[derive(Clone, Debug)]
pub struct KeyLine {
    /// The key.
    pub key: ApiKey,
    /// What it spent.
    pub spent: i64,
}

/// More of the account than the list shows, in micro-credits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// All credits, those held included.
    pub posted: i64,
    /// How far below zero holds may reach.
    pub credit_limit: i64,
    /// How many jobs are under way.
    pub running: usize,
    /// All that was ever recharged.
    pub recharged: i64,
    /// All that was ever charged.
    pub charged: i64,
}

/// What was typed into the form of a recharge.
#[derive(Clone, Debug, Default)]
pub struct RechargeTyped {
    /// The once-only token of the form.
    pub once: String,
    /// Credits.
    pub amount: String,
    /// Where the money came from.
    pub source: String,
    /// A reason, or the id of a payment.
    pub reference: String,
    /// Whether it is the id of a payment.
    pub by_payment: bool,
}

/// What came of a recharge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recharged {
    /// The credits were added.
    Now,
    /// They had been added before.
    Before,
}

/// The page of a tenant.
#[derive(Debug)]
pub struct TenantPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The tenant.
    pub tenant: &'a TenantLine,
    /// More of its account.
    pub totals: Totals,
    /// Its people, the first of them.
    pub people: &'a [Person],
    /// Its live keys, the newest of them.
    pub keys: &'a [KeyLine],
    /// Its latest entries, the newest first.
    pub lines: &'a [LedgerRow],
    /// What the form of a recharge holds.
    pub typed: &'a RechargeTyped,
    /// What came of the last recharge.
    pub recharged: Option<Recharged>,
    /// What was wrong with what was sent.
    pub failure: Option<&'a str>,
}

impl TenantPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours, tenant) = (self.look.words, self.look.words.console.customers, self.tenant);
        let content = html! {
            p.trail { a href=(CONSOLE_TENANTS) { (words.console.frame.tenants) } }
            div.titled {
                h1 { (tenant.name) " " span.id.soft { (tenant.id) } }
                p.actions { (standing(words, tenant.suspended.as_deref(), tenant.frozen.as_deref())) }
            }
            @if let Some(reason) = tenant.suspended.as_ref().or(tenant.frozen.as_ref()) { p.note.warned role="note" { (reason) } }
            (self.news())
            (self.sums())
            div.columns {
                div { (self.people()) (self.keys()) }
                @if self.operator.may_act { div { (self.recharge()) (self.switch()) (self.view_as()) } }
            }
            section.card aria-labelledby="entries" {
                header { h2 #entries { (ours.latest_lines) } a href=(with_query(CONSOLE_LEDGER, &[("tenant", &tenant.id)])) { (ours.all_entries) } }
                @if self.lines.is_empty() { div.empty { p { (words.no_ledger) } } } @else { (entries(words, self.lines, false)) }
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &tenant.name, content }.render()
    }

    fn news(&self) -> Markup {
        let ours = self.look.words.console.customers;
        html! {
            @match self.recharged {
                Some(Recharged::Now) => p.note.good role="status" { (ours.recharge_done) " " span.amount { (amount(self.tenant.available, false)) } },
                Some(Recharged::Before) => p.note.calm role="status" { (ours.recharge_twice) " " span.amount { (amount(self.tenant.available, false)) } },
                None => {},
            }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
        }
    }

    fn sums(&self) -> Markup {
        let (words, ours, tenant, totals) =
            (self.look.words, self.look.words.console.customers, self.tenant, self.totals);
        let all = [
            (words.available, tenant.available),
            (words.held, tenant.held),
            (words.posted, totals.posted),
            (ours.spent_30, tenant.spent),
            (ours.recharged_all, totals.recharged),
            (ours.charged_all, totals.charged),
        ];
        html! {
            section.card aria-label=(words.balance) {
                dl.sums.many {
                    @for (word, micro) in all { div { dt { (word) } dd.amount .wrong[micro < 0] { (amount(micro, false)) } } }
                    @if totals.credit_limit != 0 { div { dt { (ours.credit_limit) } dd.amount { (amount(totals.credit_limit, false)) } } }
                    div { dt { (ours.running) } dd { (totals.running) } }
                }
            }
        }
    }

    fn people(&self) -> Markup {
        let ours = self.look.words.console.customers;
        html! {
            section.card aria-labelledby="members" {
                header { h2 #members { (ours.members) (of_all(self.people.len(), self.tenant.members)) } }
                @if self.people.is_empty() { div.empty { p { (ours.no_members) } } }
                @else {
                    table { tbody {
                        @for person in self.people {
                            tr {
                                th scope="row" {
                                    @if let Some(name) = &person.name { (name) " " }
                                    @if self.operator.may_act { a.id href=(fill(CONSOLE_USER, &[&person.id])) { (person.id) } } @else { span.id { (person.id) } }
                                }
                                td { (role_word(self.look.words, person.role)) }
                            }
                        }
                    } }
                }
            }
        }
    }

    fn keys(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        html! {
            section.card aria-labelledby="keys" {
                header { h2 #keys { (ours.api_keys) (of_all(self.keys.len(), self.tenant.api_keys)) } a href=(fill(CONSOLE_LIMITS_OF, &[&self.tenant.id])) { (words.console.frame.limits) } }
                @if self.keys.is_empty() { div.empty { p { (ours.no_keys) } } }
                @else {
                    div.scroll { table {
                        thead { tr { th scope="col" { (ours.key) } th.num scope="col" { (ours.spent_30) } th.num scope="col" { (ours.budget) } th scope="col" { (ours.expires) } } }
                        tbody {
                            @for KeyLine { key, spent } in self.keys {
                                tr {
                                    th scope="row" { (key.name) " " span.id.soft { (key.prefix) "…" } }
                                    td.num.amount { (short_amount(*spent)) }
                                    td.num.amount { @match key.budget { Some(budget) => (short_amount(budget.micro())), None => "–" } }
                                    td.when { @match key.expires_at { Some(at) => (moment(words, at)), None => "–" } }
                                }
                            }
                        }
                    } }
                }
            }
        }
    }

    fn recharge(&self) -> Markup {
        let (words, ours, typed) = (self.look.words, self.look.words.console.customers, self.typed);
        html! {
            section.card aria-labelledby="recharge" {
                header { h2 #recharge { (ours.recharge_title) } }
                div.pad {
                    form.stack method="post" action=(fill(CONSOLE_RECHARGE, &[&self.tenant.id])) data-once {
                        (form_token(&self.operator.form_token))
                        input type="hidden" name="once" value=(typed.once);
                        label { span { (ours.amount) } input type="text" name="amount" required inputmode="decimal" pattern="[0-9]+([.][0-9]{1,6})?" maxlength="24" autocomplete="off" value=(typed.amount); }
                        label { span { (ours.source) } input type="text" name="source" required maxlength="100" list="sources" autocomplete="off" value=(typed.source) aria-describedby="source-hint"; }
                        datalist #sources { @for source in SOURCES { option value=(source) {} } }
                        p.hint #source-hint { (ours.source_hint) }
                        label { span { (ours.reference) } input type="text" name="reference" required maxlength="150" autocomplete="off" value=(typed.reference); }
                        fieldset.choices {
                            legend.visually-hidden { (ours.reference) }
                            label.toggle { input type="radio" name="keyed_by" value="form" checked[!typed.by_payment]; span { (ours.by_form) } }
                            label.toggle { input type="radio" name="keyed_by" value="payment" checked[typed.by_payment]; span { (ours.by_payment) } }
                        }
                        p.actions { button type="submit" data-confirm=(ours.recharge_sure) { (ours.recharge) } span.soft { (words.credits) } }
                    }
                }
            }
        }
    }

    fn switch(&self) -> Markup {
        let ours = self.look.words.console.customers;
        html! {
            section.card aria-labelledby="standing" {
                header { h2 #standing { (if self.tenant.suspended.is_some() { ours.resume } else { ours.suspend }) } }
                div.pad {
                    form.inline method="post" action=(fill(CONSOLE_TENANT_STATE, &[&self.tenant.id])) {
                        (form_token(&self.operator.form_token))
                        @if self.tenant.suspended.is_some() {
                            button.quiet type="submit" name="state" value="working" { (ours.resume) }
                        } @else {
                            label { span { (ours.reason) } input type="text" name="reason" required maxlength="200" autocomplete="off" aria-describedby="reason-hint"; }
                            button.quiet type="submit" name="state" value="suspended" data-confirm=(ours.suspend_sure) { (ours.suspend) }
                        }
                    }
                    @if self.tenant.suspended.is_none() { p.hint #reason-hint { (ours.reason_hint) } }
                }
            }
        }
    }

    fn view_as(&self) -> Markup {
        let ours = self.look.words.console.customers;
        html! {
            section.card aria-labelledby="view-as" {
                header { h2 #view-as { (ours.view_as) } }
                div.pad {
                    form.inline method="post" action=(fill(CONSOLE_VIEW, &[&self.tenant.id])) {
                        (form_token(&self.operator.form_token))
                        button.quiet type="submit" { (ours.view_as) }
                    }
                    p.hint { (ours.view_as_hint) }
                }
            }
        }
    }
}

/// What a role in a tenant is called.
#[must_use]
pub fn role_word(words: &Words, role: Role) -> &'static str {
    let ours = words.console.customers;
    if role == Role::Owner { ours.role_owner } else { ours.role_member }
}
