//! The API through HTTP, on a real PostgreSQL and object storage: who gets in, what is refused, what belongs to whom.

mod admin;
mod auth;
mod behind;
mod callers;
mod catalog;
mod console_books;
mod console_catalog;
mod console_customers;
mod console_jobs;
mod console_keys;
mod console_seat;
mod console_system;
mod crowded;
mod pages;
mod portal;
mod provider_keys;
mod rehearsal;
mod requests;
mod socket;
mod support;
mod tenants;
mod vault;
