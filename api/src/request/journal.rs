//! The last requests that this process answered: what a log line says, kept in memory for those who run the platform.
//!
//! Bounded, newest last. Never a body, a query string, an address, a cookie or a secret.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    body::{Body, HttpBody as _},
    response::Response,
};
use chrono::{DateTime, Utc};
use futures::StreamExt as _;

/// How many requests are kept; then the oldest goes.
pub const REQUESTS_KEPT: usize = 2_000;
/// Whose requests are kept: clients' and scripts'. Pages and files are not.
const KEPT_ROUTES: [&str; 4] = ["/v1/", "/auth/", "/admin/api/", "/upstream/"];

/// Who asked, as far as a layer found out.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// The tenant.
    pub tenant_id: String,
    /// The API key or the person.
    pub actor: String,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its number in this process.
    pub number: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `req_…`
    pub request_id: String,
    /// The method.
    pub method: String,
    /// The route's pattern.
    pub route: String,
    /// Who asked.
    pub asker: Asker,
    /// The status.
    pub status: u16,
    /// The stable code of an error.
    pub code: Option<&'static str>,
    /// The job behind it.
    pub job_id: Option<String>,
    /// What was charged, in credits, where the answer says so.
    pub cost: Option<String>,
    /// After how many milliseconds the answer began.
    pub began_ms: u64,
    /// After how many it ended; nothing while it is streamed.
    pub ended_ms: Option<u64>,
}

/// Which requests.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only with a status of this hundred, such as 4.
    pub class: Option<u16>,
    /// Only of this tenant.
    pub tenant_id: String,
    /// Only by this API key or person.
    pub actor: String,
    /// Only with this text in the route, the request id, the job's id or the code.
    pub q: String,
    /// Only before this number.
    pub before: Option<u64>,
}

/// The last requests. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    requests: VecDeque<Answered>,
}

impl Journal {
    /// Keeps a request whose answer has begun, if requests of its route are kept. An answer that is streamed tells by
    /// itself when it ends.
    #[must_use]
    pub fn keep(&self, mut answered: Answered, started: Instant, response: Response) -> Response {
        if !KEPT_ROUTES.iter().any(|prefix| answered.route.starts_with(prefix)) {
            return response;
        }
        let streams = response.body().size_hint().exact().is_none();
        answered.ended_ms = (!streams).then_some(answered.began_ms);
        let number = self.push(answered);
        if !streams {
            return response;
        }
        let end = End { journal: self.clone(), number, started };
        response.map(|body| {
            Body::from_stream(body.into_data_stream().inspect(move |_| {
                let _kept_until_the_body_is_dropped = &end;
            }))
        })
    }

    /// The newest requests first, and whether there are more.
    #[must_use]
    pub fn newest(&self, wanted: &Wanted, limit: usize) -> (Vec<Answered>, bool) {
        let kept = self.lock();
        let fitting = kept.requests.iter().rev().filter(|request| wanted.fits(request));
        let mut rows: Vec<_> = fitting.take(limit + 1).cloned().collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        (rows, more)
    }

    /// How many requests of this kind came after a number.
    #[must_use]
    pub fn newer(&self, wanted: &Wanted, number: u64) -> usize {
        let kept = self.lock();
        let newer = kept.requests.iter().rev().take_while(|request| request.number > number);
        newer.filter(|request| wanted.fits(request)).count()
    }

    /// How many came in the last minute, and how many of them were answered without an error of ours.
    #[must_use]
    pub fn last_minute(&self, now: DateTime<Utc>) -> (usize, usize) {
        let since = now - chrono::TimeDelta::minutes(1);
        let kept = self.lock();
        let recent = kept.requests.iter().rev().take_while(|request| request.at >= since);
        recent.fold((0, 0), |(all, well), request| (all + 1, well + usize::from(request.status < 500)))
    }

    fn push(&self, mut answered: Answered) -> u64 {
        let mut kept = self.lock();
        kept.next += 1;
        answered.number = kept.next;
        if kept.requests.len() >= REQUESTS_KEPT {
            kept.requests.pop_front();
        }
        kept.requests.push_back(answered);
        kept.next
    }

    fn ended(&self, number: u64, ended_ms: u64) {
        let mut kept = self.lock();
        // Numbers have no holes, so a request's place is known.
        let first = kept.requests.front().map_or(0, |request| request.number);
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| kept.requests.get_mut(place)) {
            request.ended_ms = Some(ended_ms);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn fits(&self, request: &Answered) -> bool {
        let holds = |field: &str| field.contains(self.q.as_str());
        self.class.is_none_or(|class| request.status / 100 == class)
            && (self.tenant_id.is_empty() || request.asker.tenant_id == self.tenant_id)
            && (self.actor.is_empty() || request.asker.actor == self.actor)
            && self.before.is_none_or(|before| request.number < before)
            && (holds(&request.route)
                || holds(&request.request_id)
                || request.job_id.as_deref().is_some_and(holds)
                || request.code.is_some_and(holds))
    }
}

/// Milliseconds since a moment.
#[must_use]
pub fn millis(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Notes the end of a streamed body when it is dropped with it.
struct End {
    journal: Journal,
    number: u64,
    started: Instant,
}

impl Drop for End {
    fn drop(&mut self) {
        self.journal.ended(self.number, millis(self.started));
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, response::IntoResponse as _};

    use super::*;

    fn answered(route: &str, status: u16) -> Answered {
        Answered {
            number: 0,
            at: Utc::now(),
            request_id: "req_1".into(),
            method: "GET".into(),
            route: route.into(),
            asker: Asker { tenant_id: "ten_1".into(), actor: "key_1".into() },
            status,
            code: (status >= 400).then_some("not_found"),
            job_id: None,
            cost: None,
            began_ms: 3,
            ended_ms: None,
        }
    }

    fn keep(journal: &Journal, route: &str, status: u16) {
        drop(journal.keep(answered(route, status), Instant::now(), "whole".into_response()));
    }

    #[test]
    fn only_the_last_requests_are_kept_and_found_by_filters() {
        let journal = Journal::default();
        (0..REQUESTS_KEPT + 10).for_each(|_| keep(&journal, "/v1/jobs", 200));
        keep(&journal, "/v1/jobs/{id}", 404);
        keep(&journal, "/admin/jobs", 200);
        keep(&journal, "/healthz", 200);
        assert_eq!(journal.lock().requests.len(), REQUESTS_KEPT);
        let (all, more) = journal.newest(&Wanted::default(), 10);
        assert_eq!((all.len(), more, all[0].status, all[0].ended_ms), (10, true, 404, Some(3)));
        let class = Wanted { class: Some(4), q: "not_f".into(), ..Wanted::default() };
        assert_eq!(journal.newest(&class, 10).0.len(), 1);
        let other = Wanted { tenant_id: "ten_2".into(), ..Wanted::default() };
        assert_eq!((journal.newest(&other, 10).0.len(), journal.newer(&Wanted::default(), all[9].number)), (0, 9));
        let before = Wanted { before: Some(all[9].number), ..Wanted::default() };
        assert_eq!(journal.newest(&before, 1).0[0].number, all[9].number - 1);
    }

    #[test]
    fn a_streamed_answer_ends_when_its_body_does() {
        let journal = Journal::default();
        let stream = futures::stream::pending::<Result<Bytes, std::convert::Infallible>>();
        let streamed = Body::from_stream(stream).into_response();
        let response = journal.keep(answered("/v1/chat/completions", 200), Instant::now(), streamed);
        let ended = || journal.newest(&Wanted::default(), 1).0[0].ended_ms;
        assert_eq!(ended(), None);
        drop(response);
        assert!(ended().is_some());
    }
}
