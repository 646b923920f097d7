//! Pages of lists: a cursor, a bounded size, and the shape that every list answers with.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};

/// The most that one page holds.
pub const PAGE_MAX: u32 = 100;
/// What a page holds unless told otherwise.
pub const PAGE_DEFAULT: u32 = 20;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// `list`
    object: &'static str,
    /// The things themselves.
    pub data: Vec<T>,
    /// Whether there are more after them.
    pub has_more: bool,
    /// What to send as `after` for the next page.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page that was cut already.
    #[must_use]
    pub fn page(data: Vec<T>, has_more: bool, cursor: impl Fn(&T) -> String) -> Self {
        let next_cursor = data.last().filter(|_| has_more).map(cursor);
        Self { object: "list", data, has_more, next_cursor }
    }

    /// A page out of things of which one more was asked for than the page holds.
    #[must_use]
    pub fn cut(mut data: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = data.len() > limit;
        data.truncate(limit);
        Self::page(data, has_more, cursor)
    }
}

/// The size of a page that was asked for.
///
/// # Errors
/// `invalid_parameter` outside 1 to [`PAGE_MAX`].
pub fn page_size(limit: Option<u32>) -> ApiResult<u32> {
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    let outside = || ApiError::parameter("limit", format!("limit is from 1 to {PAGE_MAX}"));
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(outside()) }
}

/// An id, or any other text, as a cursor of a list.
///
/// # Errors
/// `invalid_parameter`.
pub fn cursor<T: std::str::FromStr>(after: Option<&str>) -> ApiResult<Option<T>> {
    let wrong = |_| ApiError::parameter("after", "after is not a cursor of this list");
    after.map(|text| text.parse().map_err(wrong)).transpose()
}

/// When something was made, as its id says.
#[must_use]
pub fn made_at(id: uuid::Uuid) -> chrono::DateTime<chrono::Utc> {
    let (seconds, nanos) = id.get_timestamp().map_or((0, 0), |at| at.to_unix());
    i64::try_from(seconds).ok().and_then(|at| chrono::DateTime::from_timestamp(at, nanos)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_more_follows() {
        let page = List::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.data, page.has_more, page.next_cursor.as_deref()), (vec![1, 2], true, Some("2")));
        let last = List::cut(vec![1, 2], 2, ToString::to_string);
        assert_eq!((last.has_more, last.next_cursor), (false, None));
        assert!(page_size(Some(0)).is_err() && page_size(Some(101)).is_err() && page_size(None).is_ok());
    }
}
