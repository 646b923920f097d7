//! Files and keys: a picture is brought and becomes the first frame of a video; a key is made and calls the API.

use anyhow::{Context as _, ensure};
use serde_json::json;
use templates_maud::paths::{ASSETS, JOBS, KEYS, MODEL, fill, with_query};
use tests::{
    answer::send,
    api_client::ApiClient,
    browser::{Browser, Scripts, on_stage},
    world::{World, text},
};

use crate::person::{self, receipt};

const VIDEO: &str = "doubao-seedance-1-0-pro";
const PICTURES: &str = "doubao-seedream-4-0";
const CHAT: &str = "demo-flat-chat";
const PLAYABLE: &str = "document.querySelector('.gallery video')?.readyState > 0";

#[tokio::test]
async fn an_uploaded_picture_becomes_the_first_frame_of_a_video() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let file = picture(&world).await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        browser.go(ASSETS).await?;
        browser.attach("input[type=file]", &file).await?;
        browser.until("the picture is there", UPLOADED_OR_PRESSED).await?;
        browser.until("the picture is shown", "document.querySelector('.gallery img')?.naturalWidth > 0").await?;
        let link = text(&browser.property(".gallery img", "src").await?)?;
        let asset = asset_of(&link)?;

        bench(browser).await?;
        browser.fill("input[name='p.image']", &asset).await?;
        browser.fill("[name='p.prompt']", "The boat leaves the harbour").await?;
        browser.click("form.run .pay button[type=submit]").await?;
        browser.until("a video plays", PLAYABLE).await?;
        browser.click("#results [data-job] header a").await?;
        receipt(browser).await?;
        let job = person::get(browser, &format!("/v1/jobs/{}", person::shown_job(browser).await?)).await?;
        ensure!(job["params"]["image"].to_string().contains(&asset), "the picture is an input: {job}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_picture_of_this_computer_becomes_the_first_frame_of_a_video() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let file = picture(&world).await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "500").await?;
        bench(browser).await?;
        browser.attach("input[name='f.image']", &file).await?;
        browser.fill("[name='p.prompt']", "The boat leaves the harbour").await?;
        browser.click("form.run .pay button[type=submit]").await?;
        browser.until("a video plays", PLAYABLE).await
    })
    .await
}

#[tokio::test]
async fn a_key_made_on_its_page_calls_the_api_and_its_job_is_on_the_jobs_page() -> anyhow::Result<()> {
    let world = World::shared().await?;
    on_stage(&world.base_url, Scripts::On, &[], async |browser| {
        person::register(&world, browser, "10").await?;
        browser.go(KEYS).await?;
        browser.fill("main input[name=name]", "from the browser").await?;
        browser.click("form:has(input[name=name]) button[type=submit]").await?;
        let key = browser.text(".issued code").await?;
        let api = ApiClient::new(&world.base_url, key.trim(), world.http.clone());
        let question = json!({ "model": CHAT, "messages": [{ "role": "user", "content": "Why is the sea salty?" }] });
        let answer = send(api.post("/v1/chat/completions", &question)).await?;
        let job_id = answer.header("x-zephyr-job-id");
        answer.expect(200)?;
        browser.go(KEYS).await?;
        ensure!(!browser.markup().await?.contains(key.trim()), "a key is shown once");
        browser.go(JOBS).await?;
        ensure!(browser.text("table td a.id").await?.contains(&job_id), "the key's job is listed");
        Ok(())
    })
    .await
}

/// Where scripts upload at once nothing need be pressed; elsewhere the button is.
const UPLOADED_OR_PRESSED: &str = "document.querySelector('.gallery img') || (() => {
    const form = document.querySelector('input[type=file]')?.form;
    if (form && !form.dataset.pressed) { form.dataset.pressed = 'yes'; form.querySelector('button[type=submit]')?.click(); }
})()";

async fn bench(browser: &Browser) -> anyhow::Result<()> {
    browser.go(&with_query(&fill(MODEL, &[VIDEO]), &[("cap", "image_to_video")])).await
}

/// A picture on this computer.
async fn picture(world: &World) -> anyhow::Result<std::path::PathBuf> {
    let painter = world.person("10").await?;
    let body = json!({ "model": PICTURES, "prompt": "A boat", "size": "1024x1024" });
    let made = send(painter.api.post("/v1/images/generations", &body)).await?.expect(200)?;
    let bytes = world.http.get(text(&made["data"][0]["url"])?).send().await?.error_for_status()?.bytes().await?;
    let file = world.folder().join(format!("{}.jpg", painter.tenant_id));
    tokio::fs::write(&file, bytes).await?;
    Ok(file)
}

fn asset_of(link: &str) -> anyhow::Result<String> {
    let (_, rest) = link.split_once("/a/").with_context(|| format!("{link} leads to an asset"))?;
    Ok(rest.split('?').next().unwrap_or_default().to_owned())
}
