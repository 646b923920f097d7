//! Given, when, then: the rules of an account.
