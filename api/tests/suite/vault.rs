//! The vault by the admin API: who may look, who may rotate, and that no secret is ever shown.

use domain::id::ProviderKeyId;
use serde_json::json;

use crate::support::{start, text};

const SECRET: &str = "sk-recognisable-0123456789";

#[tokio::test]
async fn the_vault_is_rotated_by_admins_and_shows_ids_only() {
    let api = start().await;
    let token = text(&api.register("ada@example.com").await["access_token"]);
    let admin = api.admin().await;
    let id = ProviderKeyId::from_uuid(uuid::Uuid::now_v7());
    let parts = api.state.dispatcher.parts();
    parts.vault.put_provider_secret(&id, &SECRET.into(), parts.store.now()).await.expect("it is kept");
    assert_eq!(api.client.get("/admin/api/vault", Some(&token)).await.error(), "forbidden");
    assert_eq!(api.client.post("/admin/api/vault/rotate", Some(&token), &json!({})).await.error(), "forbidden");
    let shown = api.client.get("/admin/api/vault", Some(&admin)).await;
    let row = json!({ "id": "k1", "secrets": 1, "known": true, "current": true });
    assert_eq!(shown.json(), json!({ "object": "vault", "keys": [row] }));
    for _ in 0..2 {
        let rotated = api.client.post("/admin/api/vault/rotate", Some(&admin), &json!({})).await;
        assert_eq!((rotated.status, &rotated.json()["current"]), (200, &json!(1)), "{}", rotated.text());
        assert!(!rotated.text().contains(SECRET));
    }
}
