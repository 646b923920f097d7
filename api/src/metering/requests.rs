//! The layer that every request to `/v1` passes: it takes one request of the caller's limits and looks whether the API
//! key may call the route, before anything else is done, and tells on the answer what is left. An answer that was given
//! before does not count again.
//!
//! When the windows are out of reach, reading goes on uncounted, and whatever may begin work is refused.

use axum::{
    extract::{FromRequestParts as _, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, Method},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Rate, RateUse, of_requests, of_tokens, rate::Uncounted};
use crate::{
    caller::Caller,
    error::ApiError,
    generation::idempotency::REPLAYED,
    request::{
        journal::Asker,
        throttle::{self, RateHeaders},
    },
    state::AppState,
};

/// What limits of callers are for.
const METERED: &str = "/v1/";

/// Lets a caller pass within its limits and scopes. Who can't be told is refused by the handler, which says why.
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(METERED) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &state).await;
    let request = Request::from_parts(parts, body);
    let Ok(caller) = caller else { return next.run(request).await };
    if caller.viewing {
        return next.run(request).await;
    }
    let asker = Asker { tenant_id: caller.tenant_id.to_string(), actor: caller.actor().to_owned() };
    let mut response = metered(&state, &caller, request, next).await;
    response.extensions_mut().insert(asker);
    response
}

async fn metered(state: &AppState, caller: &Caller, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let (requests, tokens) = (of_requests(state, caller), of_tokens(state, caller));
    let taken = match take(state, request.method(), &requests).await {
        Ok(taken) => taken,
        Err(refused) => {
            let left = refused.left();
            return tell(state, ApiError::from(refused).into_response(), left.as_slice(), &tokens).await;
        }
    };
    let response = match caller.may_call(request.method(), route.as_deref().unwrap_or_default()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let replayed = response.headers().contains_key(REPLAYED);
    if replayed || response.status().is_client_error() || response.status().is_server_error() {
        state.tokens.give_back(&state.limits, &caller.request_id).await;
    }
    let Some(left) = taken else { return response };
    if !replayed {
        return tell(state, response, &left, &tokens).await;
    }
    Rate::correct(&state.limits, &requests, 1, 0).await;
    let left = Rate::look(&state.limits, &requests).await.unwrap_or_default();
    tell(state, response, &left, &tokens).await
}

/// Takes one request; none is counted when the windows are out of reach and the request only reads.
async fn take(state: &AppState, method: &Method, requests: &[Rate]) -> Result<Option<Vec<RateUse>>, Uncounted> {
    let taken = Rate::take(&state.limits, requests, 1).await;
    if !matches!(taken, Err(Uncounted::Unavailable(_))) {
        return taken.map(Some);
    }
    let reads = method.is_safe();
    let labels = [("limit", "requests"), ("admitted", if reads { "yes" } else { "no" })];
    metrics::counter!("zephyr_limits_unavailable_total", &labels).increment(1);
    if reads { Ok(None) } else { taken.map(Some) }
}

/// Writes what is left when the answer is given: of several limits the one that leaves least.
async fn tell(state: &AppState, mut response: Response, requests: &[RateUse], tokens: &[Rate]) -> Response {
    write(response.headers_mut(), &throttle::REQUESTS, requests);
    if let Ok(tokens) = Rate::look(&state.limits, tokens).await {
        write(response.headers_mut(), &throttle::TOKENS, &tokens);
    }
    response
}

fn write(headers: &mut HeaderMap, names: &[HeaderName; 3], uses: &[RateUse]) {
    if let Some(RateUse { limit, remaining, reset_after }) = uses.iter().min_by_key(|left| left.remaining) {
        headers.extend(RateHeaders::named(names, *limit, *remaining, *reset_after).0);
    }
}
