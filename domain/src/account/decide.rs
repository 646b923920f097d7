//! The rules of an account, one function a command. Each checks everything before it returns the first event.

use super::{Account, AccountCommand, AccountError, AccountEvent, OpenHold, Overrun, PendingAdjustment, ReleaseReason};
use crate::{Credits, credits::MAX_AMOUNT, decide::Decide, id::JobId};

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
            AccountCommand::HoldCredits { job_id, amount, api_key_id, model } => {
                self.hold(job_id, OpenHold { amount, api_key_id, model })
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

    fn hold(&self, job_id: JobId, asked: OpenHold) -> Decision {
        amount_or_zero(asked.amount)?;
        if let Some(open) = self.holds.get(&job_id) {
            return if **open == asked { Ok(vec![]) } else { Err(AccountError::HoldDiffers { job_id }) };
        }
        if let Some(reason) = &self.frozen {
            return Err(AccountError::Frozen { reason: reason.clone() });
        }
        let available = self.available() + self.credit_limit;
        if available < asked.amount {
            return Err(AccountError::InsufficientCredits { needed: asked.amount, available, held: self.held });
        }
        let OpenHold { amount, api_key_id, model } = asked;
        Ok(vec![AccountEvent::CreditsHeld { job_id, amount, api_key_id, model }])
    }

    fn settle(&self, job_id: JobId, cost: Credits, overrun: Overrun) -> Decision {
        amount_or_zero(cost)?;
        if let Overrun::Debt { max } = overrun {
            amount_or_zero(max)?;
        }
        let OpenHold { amount: held, api_key_id, model } = self.hold_to_end(&job_id)?.clone();
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
            let taken = self.taken_by(overrun, over);
            let absorbed = over - taken;
            events.push(AccountEvent::OverrunSettled { job_id, taken, absorbed, policy: overrun, api_key_id, model });
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

    fn release(&self, job_id: JobId, reason: ReleaseReason) -> Decision {
        let OpenHold { amount, api_key_id, model } = self.hold_to_end(&job_id)?.clone();
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
