//! What tests over a database stand on: one of their own, with the schema, gone when the test is over. The tests of the read
//! models and of the API stand on it too.
//!
//! It never starts a server: `tests/with-services` does and says where it is.

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const CONNECTIONS: u32 = 16;

/// A database made for one test.
pub struct TestDatabase {
    /// Connections to it.
    pub pool: PgPool,
    /// Where it is, for pools of the test's own.
    pub url: String,
    server_url: String,
}

/// Makes an empty database with the schema.
///
/// # Panics
/// Without `TEST_DATABASE_URL`, and when the server can't be used.
pub async fn database() -> TestDatabase {
    #[expect(clippy::disallowed_methods, reason = "the runner of the tests says where the server is")]
    let server_url = std::env::var("TEST_DATABASE_URL").expect("run through tests/with-services");
    let name = format!("test_{}", Uuid::new_v4().simple());
    execute(&server_url, &format!("create database {name}")).await;
    let url = at_database(&server_url, &name);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await.expect("it connects");
    store::migrate(&pool).await.expect("the migrations run");
    TestDatabase { pool, url, server_url }
}

/// Dropped from a thread of its own, since the test's runtime may be gone, also when the test failed.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server_url, name) = (self.server_url.clone(), database_of(&self.url).to_owned());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&server_url, &format!("drop database if exists {name} with (force)")));
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("the test's database could not be dropped");
        }
    }
}

async fn execute(server_url: &str, statement: &str) {
    let mut connection = PgConnection::connect(server_url).await.expect("the server answers");
    sqlx::query(statement).execute(&mut connection).await.expect("the server does as told");
    connection.close().await.expect("the connection closes");
}

/// The URL with another database; what follows it stays.
fn at_database(server_url: &str, name: &str) -> String {
    let (before, options) = server_url.split_once('?').unwrap_or((server_url, ""));
    let server = before.strip_suffix(database_of(server_url)).expect("the URL ends with its database");
    format!("{server}{name}?{options}")
}

fn database_of(url: &str) -> &str {
    let (before, _) = url.split_once('?').unwrap_or((url, ""));
    before.rsplit_once('/').map(|(_, name)| name).expect("the URL names a database")
}
