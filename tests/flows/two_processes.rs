//! Two API processes over one database: what one has taken, the other knows at once.

use std::time::Duration;

use anyhow::ensure;
use domain::Credits;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use tests::{
    api_client::ApiClient, looking::until, objects::ObjectStore, ports::free_address, program::Program,
    services::Services,
};

use crate::{
    FLAT,
    answer::send,
    question, statement,
    world::{Person, World},
};

/// How long a process may take to hear of a key.
const HEARD_WITHIN: Duration = Duration::from_secs(60);
const TRIES: u32 = 1_000;
/// How many tenants are tried side by side.
const TENANTS: u32 = 8;
/// What both processes and their furnisher share.
pub const SECRETS: [(&str, &str); 2] = [
    ("JWT_SECRET", "a-secret-that-only-the-tests-have"),
    ("ENCRYPTION_KEYS", "tests:dGhpcnR5LXR3byBieXRlcyBvZiB0ZXN0IGtleS4uLi4="),
];

#[tokio::test]
async fn a_recharge_in_one_is_spendable_at_once_in_the_other() -> anyhow::Result<()> {
    let mut settings = SECRETS.to_vec();
    settings.push(("ZEPHYR_SIMULATOR_TIME_SCALE", "0.0001"));
    let world = World::start(&settings).await?;
    let objects = ObjectStore::serve(&world.folder().join("bucket")).await?;
    let [first, second] = both(&world, &objects).await?;
    let tries = (0..TENANTS).map(|_| recharge_and_spend(&world, &first, &second));
    try_join_all(tries).await?;
    Ok(())
}

/// A process, and where it is.
pub struct Api {
    /// Its URL.
    pub base_url: String,
    _program: Program,
}

/// Two processes over the database of a world, on one Redis and one RabbitMQ.
pub async fn both(world: &World, objects: &ObjectStore) -> anyhow::Result<[Api; 2]> {
    let (first, second) = tokio::try_join!(api(world, objects, "first"), api(world, objects, "second"))?;
    Ok([first, second])
}

/// Waits until the process of a client has heard of its key, which it does by the log.
pub async fn until_known(client: &ApiClient) -> anyhow::Result<()> {
    let listed = async || Ok(send(client.request(Method::GET, "/v1/models")).await?.status != 401);
    until("the key is known", HEARD_WITHIN, listed).await
}

async fn api(world: &World, objects: &ObjectStore, name: &str) -> anyhow::Result<Api> {
    let (services, listen) = (Services::find()?, free_address()?);
    let mut variables = objects.variables();
    let settings = [
        ("DATABASE_URL", world.database_url()?),
        ("AMQP_URL", services.amqp_url),
        ("REDIS_URL", services.redis_url),
        ("ZEPHYR_LISTEN", listen.to_string()),
        ("ZEPHYR_EGRESS_ALLOW", "127.0.0.0/8".to_owned()),
        ("ZEPHYR_DATABASE_CONNECTIONS", "12".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ];
    variables.extend(settings.map(|(name, value)| (name.to_owned(), value)));
    variables.extend(SECRETS.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut program =
        Program::of_this_build("zephyr", name, world.folder())?.with_arguments(["api"]).with_variables(&variables);
    program.start()?;
    let base_url = format!("http://{listen}");
    let client = ApiClient::new(&base_url, "", world.http.clone());
    program.until_ready(&client).await?;
    Ok(Api { base_url, _program: program })
}

/// Recharges what one call costs in one process and spends it in the other, again and again.
async fn recharge_and_spend(world: &World, first: &Api, second: &Api) -> anyhow::Result<()> {
    let person = world.person("0").await?;
    let admin = world.admin_at(&first.base_url);
    let spender = Person { api: ApiClient::new(&second.base_url, &person.key, world.http.clone()), ..person };
    let chat = || send(spender.api.post("/v1/chat/completions", &question(FLAT)));
    until_known(&spender.api).await?;
    // Warm, and empty.
    chat().await?.refused(402, "insufficient_credits")?;
    for number in 0..TRIES / TENANTS {
        let reference = format!("{}-{number}", spender.tenant_id);
        let recharge =
            json!({ "tenant_id": spender.tenant_id, "amount": "1", "source": "card", "reference": reference });
        send(admin.post("/admin/api/recharges", &recharge)).await?.expect(201)?;
        let answer = chat().await?;
        ensure!(answer.status == 200, "try {number} was refused: {answer:?}");
    }
    chat().await?.refused(402, "insufficient_credits")?;
    let sums = statement::check(&spender.api).await?;
    ensure!(
        sums.charged == Credits::from_whole(i64::from(TRIES / TENANTS)) && sums.charged == sums.recharged,
        "{sums:?}"
    );
    Ok(())
}
