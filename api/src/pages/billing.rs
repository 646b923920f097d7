//! `GET /billing`: what there is, and what was spent day by day.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{Datelike as _, Days, Months, NaiveDate};
use domain::account::{Account, Budget, BudgetPeriod, Spending};
use projections::{
    queries::LedgerQuery,
    spending::{DaySpent, SpendingQuery},
};
use templates_maud::{
    parts::chart::SHARES,
    portal::{
        billing::{BillingPage, BudgetShown, Pace},
        overview::Balance,
    },
};

use super::{answer, desk::Desk, keys::SPENT_DAYS};
use crate::{
    account::{ledger::lag_of, show::view},
    caller::Caller,
    error::ApiResult,
    state::AppState,
};

/// How many lines of the ledger are shown.
const LINES: u32 = 10;

/// How many budgets are shown, the fullest first.
const BUDGETS_SHOWN: usize = 50;

/// Shows balance and spending.
pub async fn show(State(state): State<AppState>, desk: Desk) -> Response {
    desk.answered(render(&state, &desk).await)
}

async fn render(state: &AppState, desk: &Desk) -> ApiResult<Response> {
    let caller = &desk.caller;
    let tenant_id = caller.tenant_id.to_string();
    let to = state.store.now().date_naive();
    let from = to.checked_sub_days(Days::new(SPENT_DAYS - 1)).unwrap_or(to);
    let months = to.with_day(1).and_then(|first| first.checked_sub_months(Months::new(1))).unwrap_or(from).min(from);
    lag_of(state, caller).await?;
    let asked_lines =
        LedgerQuery { tenant_id: Some(tenant_id.clone()), newest_first: true, limit: LINES, ..LedgerQuery::default() };
    let asked_usage = SpendingQuery { tenant_id, from: months, to };
    let (lines, spent) =
        tokio::try_join!(state.reads.ledger(&asked_lines), state.reads.spent_by_day(&asked_usage, from, SHARES))?;
    let account = view(state, caller).await?;
    let mut budgets = budgets(state, caller).await?;
    let all_budgets = budgets.len();
    budgets.sort_by_key(|budget| std::cmp::Reverse(fullness(budget)));
    budgets.truncate(BUDGETS_SHOWN);
    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
    let markup = BillingPage {
        look: &desk.look,
        visitor: &desk.visitor,
        balance: Balance {
            tenant: "",
            available: account.available.micro(),
            held: account.held.micro(),
            posted: account.posted.micro(),
            credit_value: &state.settings.credit_value,
        },
        days: &days,
        spent: &spent,
        pace: pace(&spent, to),
        budgets: &budgets,
        all_budgets,
        lines: &lines.rows,
    };
    Ok(answer::page(StatusCode::OK, markup.render()))
}

/// How much of a budget is gone, in thousandths.
fn fullness(budget: &BudgetShown) -> i128 {
    i128::from(budget.spent) * 1_000 / i128::from(budget.limit.max(1))
}

fn pace(spent: &[DaySpent], today: NaiveDate) -> Pace {
    let charged = |wanted: &dyn Fn(NaiveDate) -> bool| {
        spent.iter().filter(|row| wanted(row.day)).map(|row| row.charged - row.refunded).sum()
    };
    let this = (today.year(), today.month());
    let week = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    Pace {
        this_month: charged(&|day| (day.year(), day.month()) == this),
        last_month: charged(&|day| {
            day.checked_add_months(Months::new(1)).map(|day| (day.year(), day.month())) == Some(this)
        }),
        last_week: charged(&|day| day > week),
    }
}

/// The budgets of the tenant and of its keys, as the account counts them.
async fn budgets(state: &AppState, caller: &Caller) -> ApiResult<Vec<BudgetShown>> {
    let tenants = state.live.tenants();
    let Some(tenant) = tenants.tenant(&caller.tenant_id) else { return Ok(vec![]) };
    let account: Account = state.store.read(caller.tenant_id.as_str()).await?;
    let today = state.store.now().date_naive();
    let of = |whose: Option<&str>, budget: &Budget, spending: Option<&Spending>| -> Vec<BudgetShown> {
        let shown = |period| {
            let tally = spending.and_then(|spending| spending.tally(period, today)).unwrap_or_default();
            let (limit, spent) = (budget.of(period)?.micro(), tally.spent.micro() + tally.held.micro());
            Some(BudgetShown { whose: whose.map(str::to_owned), period, limit, spent })
        };
        [BudgetPeriod::Day, BudgetPeriod::Month, BudgetPeriod::Total].into_iter().filter_map(shown).collect()
    };
    let mut all = of(None, &tenant.limits.budget, account.spending());
    for holder in tenant.api_keys.values() {
        let key = &holder.api_key;
        all.extend(of(Some(&key.name), &key.budgets(), account.spending_of(&key.api_key_id)));
    }
    Ok(all)
}
