//! The bus from outside: what both kinds promise, and what RabbitMQ's faults do to it.

mod broker;
mod contract;
mod faults;
