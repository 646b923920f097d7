//! The words of the console, one file an area: those of its frame, and those of each group of its pages.

pub mod books;
pub mod customers;
pub mod frame;
pub mod health;
pub mod models;

/// The words of the console in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the area that it is called by")]
pub struct Console {
    pub frame: &'static frame::Frame,
    pub health: &'static health::Health,
    pub models: &'static models::Models,
    pub customers: &'static customers::Customers,
    pub books: &'static books::Books,
}

/// English.
pub static ENGLISH: Console = Console {
    frame: &frame::ENGLISH,
    health: &health::ENGLISH,
    models: &models::ENGLISH,
    customers: &customers::ENGLISH,
    books: &books::ENGLISH,
};

/// Chinese.
pub static CHINESE: Console = Console {
    frame: &frame::CHINESE,
    health: &health::CHINESE,
    models: &models::CHINESE,
    customers: &customers::CHINESE,
    books: &books::CHINESE,
};
