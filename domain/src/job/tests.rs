//! Given, when, then: the rules of a job.
