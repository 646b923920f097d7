//! Waits for the sign of a kill, kills, and starts again. A sign that never comes within the bound is given up: the kill
//! then hits a gateway at rest, which must bear that too.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use super::plan::{Kill, Plan, Sign};
use crate::{gateway::Gateway, upstream::Upstream};

/// How long a sign is waited for.
const SIGN_WITHIN: Duration = Duration::from_millis(1_500);
/// The pause between two looks: shorter than any step of a job.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What happened at a kill.
#[derive(Clone, Debug)]
pub struct Killed {
    /// The plan of it.
    pub kill: Kill,
    /// The ledger's last position just after.
    pub position: i64,
    /// How many calls had arrived at the provider when the gateway was there again.
    pub calls: usize,
    /// Whether the sign was seen.
    pub sign_seen: bool,
}

/// Carries out the kills of a plan, one after the other.
///
/// # Errors
/// When a process had ended by itself, or does not come back.
pub async fn carry_out(plan: &Plan, gateway: &mut Gateway) -> anyhow::Result<Vec<Killed>> {
    let mut done = Vec::with_capacity(plan.kills.len());
    let mut observer = Observer::begin(gateway).await?;
    for kill in &plan.kills {
        let sign_seen = tokio::time::timeout(SIGN_WITHIN, observer.await_sign(kill.sign)).await.is_ok();
        tokio::time::sleep(kill.offset).await;
        gateway.kill9(&kill.victims).await?;
        let position = observer.position().await?;
        gateway.restart(&kill.victims).await?;
        observer.begin_again().await?;
        done.push(Killed { kill: kill.clone(), position, calls: observer.first_calls, sign_seen });
    }
    observer.ledger.close().await?;
    Ok(done)
}

/// Sees from outside how far the run has come.
struct Observer {
    ledger: PgConnection,
    upstream: Upstream,
    first_position: i64,
    first_calls: usize,
}

impl Observer {
    async fn begin(gateway: &Gateway) -> anyhow::Result<Self> {
        let ledger = gateway.database.connect().await?;
        let upstream = gateway.upstream.clone();
        let mut observer = Self { ledger, upstream, first_position: 0, first_calls: 0 };
        observer.begin_again().await?;
        Ok(observer)
    }

    async fn begin_again(&mut self) -> anyhow::Result<()> {
        self.first_position = self.position().await?;
        self.first_calls = self.upstream.calls().await?.len();
        Ok(())
    }

    async fn position(&mut self) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar("select position from ledger_head").fetch_one(&mut self.ledger).await?)
    }

    async fn await_sign(&mut self, sign: Sign) {
        while !self.is_seen(sign).await.unwrap_or_default() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn is_seen(&mut self, sign: Sign) -> anyhow::Result<bool> {
        match sign {
            Sign::LedgerEvents(events) => Ok(self.position().await? >= self.first_position + events),
            Sign::UpstreamCalls(calls) => {
                let arrived = self.upstream.calls().await?.len().saturating_sub(self.first_calls);
                Ok(u64::try_from(arrived).is_ok_and(|arrived| arrived >= calls))
            }
        }
    }
}
