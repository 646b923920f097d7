//! The words of the console, one file an area: those of its frame, and those of each group of its pages.

pub mod books;
pub mod customers;
pub mod frame;
pub mod health;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod models;
pub mod overview;
pub mod providers;
pub mod requests;

/// The words of the console in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the area that it is called by")]
pub struct Console {
    pub frame: &'static frame::Frame,
    pub health: &'static health::Health,
    pub models: &'static models::Models,
    pub customers: &'static customers::Customers,
    pub books: &'static books::Books,
    pub keys: &'static keys::Keys,
    pub providers: &'static providers::Providers,
    pub jobs: &'static jobs::Jobs,
    pub requests: &'static requests::Requests,
    pub limits: &'static limits::Limits,
    pub overview: &'static overview::Overview,
}

/// English.
pub static ENGLISH: Console = Console {
    frame: &frame::ENGLISH,
    health: &health::ENGLISH,
    models: &models::ENGLISH,
    customers: &customers::ENGLISH,
    books: &books::ENGLISH,
    keys: &keys::ENGLISH,
    providers: &providers::ENGLISH,
    jobs: &jobs::ENGLISH,
    requests: &requests::ENGLISH,
    limits: &limits::ENGLISH,
    overview: &overview::ENGLISH,
};

/// Chinese.
pub static CHINESE: Console = Console {
    frame: &frame::CHINESE,
    health: &health::CHINESE,
    models: &models::CHINESE,
    customers: &customers::CHINESE,
    books: &books::CHINESE,
    keys: &keys::CHINESE,
    providers: &providers::CHINESE,
    jobs: &jobs::CHINESE,
    requests: &requests::CHINESE,
    limits: &limits::CHINESE,
    overview: &overview::CHINESE,
};
