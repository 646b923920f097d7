//! The rules of an account, one function a command. Each checks everything before it returns the first event.

use super::{
    Account, AccountCommand, AccountError, AccountEvent, Allowance, BudgetTerms, Limited, OpenHold, Overrun,
    PendingAdjustment, ReleaseReason, Spending,
};
use crate::{
    Credits,
    credits::MAX_AMOUNT,
    decide::Decide,
    id::{ApiKeyId, JobId},
};

type Decision = Result<Vec<AccountEvent>, AccountError>;

impl Decide for Account {
    fn decide(&self, command: &AccountCommand) -> Decision {
        if let AccountCommand::OpenAccount = command {
            return Ok(if self.open { vec![] } else { vec![AccountEvent::AccountOpened {}] });
        }
        if !self.open {
            return Err(AccountError::NotOpen);
        }
        self.decide_when_open(command)
    }
}

impl Account {
    fn decide_when_open(&self, command: &AccountCommand) -> Decision {
        match command.clone() {
            AccountCommand::OpenAccount => Ok(vec![]),
            AccountCommand::RechargeCredits { amount, source, reference } => {
                positive(amount)?;
                self.fits(amount)?;
                Ok(vec![AccountEvent::CreditsRecharged { amount, source, reference }])
            }
            AccountCommand::HoldCredits { job_id, amount, api_key_id, model, allowance } => {
                self.hold(job_id, OpenHold { amount, api_key_id, model, budgets: None }, &allowance)
            }
            AccountCommand::SettleHold { job_id, cost, overrun } => self.settle(job_id, cost, overrun),
            AccountCommand::ReleaseHold { job_id, reason } => self.release(job_id, reason),
            AccountCommand::RefundCredits { job_id, amount, model, reason } => {
                positive(amount)?;
                self.fits(amount)?;
                Ok(vec![AccountEvent::CreditsRefunded { job_id, amount, model, reason }])
            }
            AccountCommand::RequestAdjustment { adjustment_id, amount, reason, by } => {
                self.request_adjustment(adjustment_id, PendingAdjustment { amount, by }, reason)
            }
            AccountCommand::ApproveAdjustment { adjustment_id, by } => {
                let pending = self.pending(&adjustment_id)?;
                if pending.by == by {
                    return Err(AccountError::SamePerson);
                }
                let amount = pending.amount;
                self.fits(amount)?;
                Ok(vec![
                    AccountEvent::AdjustmentApproved { adjustment_id: adjustment_id.clone(), by },
                    AccountEvent::BalanceAdjusted { adjustment_id, amount },
                ])
            }
            AccountCommand::RejectAdjustment { adjustment_id, by } => {
                self.pending(&adjustment_id)?;
                Ok(vec![AccountEvent::AdjustmentRejected { adjustment_id, by }])
            }
            AccountCommand::SetCreditLimit { limit } => {
                amount_or_zero(limit)?;
                let already = limit == self.credit_limit;
                Ok(if already { vec![] } else { vec![AccountEvent::CreditLimitSet { limit }] })
            }
            AccountCommand::FreezeAccount { reason } => {
                let already = self.frozen.is_some();
                Ok(if already { vec![] } else { vec![AccountEvent::AccountFrozen { reason }] })
            }
            AccountCommand::UnfreezeAccount => {
                let frozen = self.frozen.is_some();
                Ok(if frozen { vec![AccountEvent::AccountUnfrozen {}] } else { vec![] })
            }
        }
    }

    fn hold(&self, job_id: JobId, asked: OpenHold, allowance: &Allowance) -> Decision {
        amount_or_zero(asked.amount)?;
        if let Some(open) = self.holds.get(&job_id) {
            let same = (open.amount, &open.api_key_id, &open.model) == (asked.amount, &asked.api_key_id, &asked.model);
            return if same { Ok(vec![]) } else { Err(AccountError::HoldDiffers { job_id }) };
        }
        if let Some(reason) = &self.frozen {
            return Err(AccountError::Frozen { reason: reason.clone() });
        }
        let available = self.available() + self.credit_limit;
        if available < asked.amount {
            return Err(AccountError::InsufficientCredits { needed: asked.amount, available, held: self.held });
        }
        let OpenHold { amount, api_key_id, model, .. } = asked;
        self.within_budgets(amount, api_key_id.as_ref(), allowance).and_then(|budgets| {
            self.within_jobs(api_key_id.as_ref(), allowance)?;
            Ok(vec![AccountEvent::CreditsHeld { job_id, amount, api_key_id, model, budgets }])
        })
    }

    /// The budgets that a hold counts against. Spent, held and this hold together never exceed one of them.
    fn within_budgets(
        &self,
        amount: Credits,
        api_key_id: Option<&ApiKeyId>,
        allowance: &Allowance,
    ) -> Result<Option<BudgetTerms>, AccountError> {
        let asked = allowance.budgets.and_then(|terms| terms.limiting(api_key_id.is_some()));
        let Some(terms) = asked else { return Ok(None) };
        if !terms.key.iter().chain(&terms.tenant).all(super::Budget::is_valid) {
            return Err(AccountError::InvalidAmount { amount });
        }
        let (of_key, of_tenant) = (api_key_id.and_then(|key| self.spending_of(key)), self.spending());
        // A process whose clock is behind asks in a day that is over for the account.
        let seen = of_key.into_iter().chain(of_tenant).map(Spending::day).max();
        let day = seen.map_or(terms.day, |seen| seen.max(terms.day));
        if let Some(budget) = &terms.key {
            Spending::check(of_key, (Limited::ApiKey, budget), (day, amount))?;
        }
        if let Some(budget) = &terms.tenant {
            Spending::check(of_tenant, (Limited::Tenant, budget), (day, amount))?;
        }
        Ok(Some(BudgetTerms { day, ..terms }))
    }

    /// Whether one more job may be under way: each has exactly one open hold.
    fn within_jobs(&self, api_key_id: Option<&ApiKeyId>, allowance: &Allowance) -> Result<(), AccountError> {
        let of_key = api_key_id.map_or(0, |key| self.open_holds_of(key));
        let of_tenant = u32::try_from(self.holds.len()).unwrap_or(u32::MAX);
        let limits = [
            (Limited::ApiKey, allowance.key_jobs.filter(|_| api_key_id.is_some()), of_key),
            (Limited::Tenant, allowance.tenant_jobs, of_tenant),
        ];
        for (whose, limit, open) in limits {
            if let Some(limit) = limit.filter(|limit| open >= *limit) {
                return Err(AccountError::TooManyJobs { whose, limit });
            }
        }
        Ok(())
    }

    fn settle(&self, job_id: JobId, cost: Credits, overrun: Overrun) -> Decision {
        amount_or_zero(cost)?;
        if let Overrun::Debt { max } = overrun {
            amount_or_zero(max)?;
        }
        let hold = self.hold_to_end(&job_id)?;
        let OpenHold { amount: held, api_key_id, model, budgets } = hold.clone();
        let charged = cost.min(held);
        let mut events = vec![AccountEvent::HoldSettled {
            job_id: job_id.clone(),
            held,
            charged,
            api_key_id: api_key_id.clone(),
            model: model.clone(),
        }];
        let over = cost - charged;
        if over > Credits::ZERO {
            let taken = self.taken_by(overrun, over).min(self.budgets_leave(hold).unwrap_or(over));
            let absorbed = over - taken;
            let policy = overrun;
            events.push(AccountEvent::OverrunSettled { job_id, taken, absorbed, policy, api_key_id, model, budgets });
        }
        Ok(events)
    }

    /// How much of a cost above its hold the tenant pays. Only asked when the whole hold was charged, so that
    /// what is available is the same before and after the settlement.
    fn taken_by(&self, overrun: Overrun, over: Credits) -> Credits {
        let reachable = match overrun {
            Overrun::FromBalance => self.available(),
            Overrun::Debt { max } => self.available() + max,
            Overrun::Absorb => Credits::ZERO,
        };
        over.min(reachable).max(Credits::ZERO)
    }

    /// What the budgets of a hold leave above it, if it has any. Only asked when the whole hold was charged, so that
    /// what is used of them is the same before and after the settlement.
    fn budgets_leave(&self, hold: &OpenHold) -> Option<Credits> {
        let terms = hold.budgets?;
        let of_key = hold.api_key_id.as_ref().and_then(|key| self.spending_of(key));
        let rooms = [(of_key, terms.key), (self.spending(), terms.tenant)];
        let room = |(known, budget): (Option<&Spending>, Option<_>)| known?.room(&budget?, terms.day);
        rooms.into_iter().filter_map(room).min()
    }

    fn release(&self, job_id: JobId, reason: ReleaseReason) -> Decision {
        let OpenHold { amount, api_key_id, model, .. } = self.hold_to_end(&job_id)?.clone();
        Ok(vec![AccountEvent::HoldReleased { job_id, amount, reason, api_key_id, model }])
    }

    fn request_adjustment(&self, adjustment_id: String, asked: PendingAdjustment, reason: String) -> Decision {
        if asked.amount == Credits::ZERO || !(-MAX_AMOUNT..=MAX_AMOUNT).contains(&asked.amount) {
            return Err(AccountError::InvalidAmount { amount: asked.amount });
        }
        match self.adjustments.get(&adjustment_id) {
            Some(pending) if *pending == asked => Ok(vec![]),
            Some(_) => Err(AccountError::NoSuchAdjustment { adjustment_id }),
            None => {
                let PendingAdjustment { amount, by } = asked;
                Ok(vec![AccountEvent::AdjustmentRequested { adjustment_id, amount, reason, by }])
            }
        }
    }

    fn hold_to_end(&self, job_id: &JobId) -> Result<&OpenHold, AccountError> {
        self.open_hold(job_id).ok_or_else(|| AccountError::NoOpenHold { job_id: job_id.clone() })
    }

    fn pending(&self, adjustment_id: &str) -> Result<&PendingAdjustment, AccountError> {
        let missing = || AccountError::NoSuchAdjustment { adjustment_id: adjustment_id.to_owned() };
        self.adjustments.get(adjustment_id).ok_or_else(missing)
    }

    /// Keeps the balance within what sums of amounts may reach, so that no fold can overflow.
    fn fits(&self, amount: Credits) -> Result<(), AccountError> {
        let bound = Credits::from_micro(i64::MAX / 4);
        let sum = self.posted.checked_add(amount).filter(|sum| *sum <= bound && *sum >= -bound);
        sum.map(|_| ()).ok_or(AccountError::InvalidAmount { amount })
    }
}

fn amount_or_zero(amount: Credits) -> Result<(), AccountError> {
    if amount.is_amount() { Ok(()) } else { Err(AccountError::InvalidAmount { amount }) }
}

fn positive(amount: Credits) -> Result<(), AccountError> {
    amount_or_zero(amount)?;
    if amount == Credits::ZERO { Err(AccountError::InvalidAmount { amount }) } else { Ok(()) }
}
