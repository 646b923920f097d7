//! Files: brought, made by jobs, read whole or in part, used as an input, removed.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use tests::looking::until;

use crate::{
    IMAGE,
    answer::send,
    picture,
    world::{Person, World, text},
};

/// How long a sweep may take to come by.
const SWEPT_WITHIN: Duration = Duration::from_secs(20);
/// The smallest PNG: one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89, 0, 0, 0, 0x0D, b'I', b'D', b'A', b'T', 0x78, 0x9C, 0x63, 0xF8, 0xCF, 0xC0,
    0xF0, 0x1F, 0, 5, 0, 1, 0xFF, 0x56, 0xC7, 0x2F, 0x0D, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn an_output_is_read_whole_and_in_parts() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("50").await?;
    let job = send(person.api.post("/v1/jobs", &picture()).header("prefer", "wait=30")).await?.expect(200)?;
    let path = format!("/v1/assets/{}/content", text(&job["outputs"][0]["asset_id"])?);
    let whole = content(&person, &path, &[]).await?;
    let (length, etag) = (whole.2.len(), whole.1.clone());
    ensure!(whole.0 == 200 && Some(length as u64) == job["outputs"][0]["bytes"].as_u64(), "{length} bytes: {job}");
    for (range, from, to) in [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, length),
        ("bytes=-7", length - 7, length),
        ("bytes=5-9999999", 5, length),
    ] {
        let (status, _, part) = content(&person, &path, &[("range", range)]).await?;
        ensure!(status == 206 && part == whole.2[from..to], "{range} answered {status} with {} bytes", part.len());
    }
    let outside = person.api.request(Method::GET, &path).header("range", format!("bytes={length}-"));
    let outside = send(outside).await?;
    ensure!(outside.header("content-range") == format!("bytes */{length}"), "{outside:?}");
    outside.refused(416, "range_not_satisfiable")?;
    let (status, _, body) = content(&person, &path, &[("if-none-match", &etag)]).await?;
    ensure!(status == 304 && body.is_empty(), "{status}");
    let (status, _, body) = content(&person, &path, &[("range", "bytes=0-9"), ("if-range", "\"another\"")]).await?;
    ensure!(status == 200 && body == whole.2, "another file's range answered {status}");
    Ok(())
}

#[tokio::test]
async fn a_file_is_brought_used_as_an_input_and_removed() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("50").await?;
    let made = send(person.api.post("/v1/jobs", &picture()).header("prefer", "wait=30")).await?.expect(200)?;
    let path = format!("/v1/assets/{}/content", text(&made["outputs"][0]["asset_id"])?);
    let (_, _, photo) = content(&person, &path, &[]).await?;
    let asset = upload(&person, photo.clone(), "photo.jpg").await?.expect(201)?;
    ensure!(asset["kind"] == "upload" && asset["bytes"].as_u64() == Some(photo.len() as u64), "{asset}");
    let id = text(&asset["id"])?;
    for source in [format!("asset://{id}"), id.clone()] {
        let params = json!({ "prompt": "The same at night", "size": "1024x1024", "image": source });
        let job = json!({ "model": IMAGE, "capability": "image_to_image", "params": params });
        let job = send(person.api.post("/v1/jobs", &job).header("prefer", "wait=30")).await?.expect(200)?;
        ensure!(job["status"] == "succeeded", "{job}");
    }
    let listed: Value = person.api.get("/v1/assets").await?;
    ensure!(listed["data"].as_array().is_some_and(|assets| assets.len() == 4), "{listed}");
    let removed = send(person.api.request(Method::DELETE, &format!("/v1/assets/{id}"))).await?;
    ensure!(removed.status < 300, "{removed:?}");
    let gone = person.api.request(Method::GET, &format!("/v1/assets/{id}/content"));
    send(gone).await?.refused(404, "not_found")?;
    Ok(())
}

#[tokio::test]
async fn the_bytes_of_a_removed_file_are_swept_away() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SWEEP_EVERY_MS", "20"), ("ZEPHYR_PURGE_AFTER_MS", "1")]).await?;
    let person = world.person("0").await?;
    let kept = text(&upload(&person, PIXEL.to_vec(), "kept.png").await?.expect(201)?["id"])?;
    let removed = text(&upload(&person, PIXEL.to_vec(), "removed.png").await?.expect(201)?["id"])?;
    let data = world.data_dir();
    ensure!(holds(&data, &kept)? && holds(&data, &removed)?, "the bytes are not where they are looked for");
    let path = format!("/v1/assets/{removed}");
    ensure!(send(person.api.request(Method::DELETE, &path)).await?.status < 300, "it is not removed");
    until("the bytes of a removed file are gone", SWEPT_WITHIN, async || Ok(!holds(&data, &removed)?)).await?;
    ensure!(holds(&data, &kept)?, "another file's bytes went too");
    let (status, _, bytes) = content(&person, &format!("/v1/assets/{kept}/content"), &[]).await?;
    ensure!(status == 200 && bytes == PIXEL, "{status}");
    Ok(())
}

/// Whether a folder has a file of this name, at any depth.
fn holds(folder: &Path, name: &str) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == name || entry.file_type()?.is_dir() && holds(&entry.path(), name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test]
async fn what_is_no_picture_or_film_is_not_taken() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let person = world.person("0").await?;
    upload(&person, PIXEL.to_vec(), "pixel.png").await?.expect(201)?;
    let page = b"<html><script>alert(1)</script></html>".to_vec();
    upload(&person, page, "page.png").await?.refused(415, "unsupported_media_type")?;
    let none = person.api.request(Method::POST, "/v1/assets").multipart(Form::new().text("other", "x"));
    send(none).await?.refused(422, "invalid_parameter")?;
    Ok(())
}

async fn upload(person: &Person, bytes: Vec<u8>, name: &str) -> anyhow::Result<crate::answer::Answer> {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    send(person.api.request(Method::POST, "/v1/assets").multipart(form)).await
}

/// The status, the tag and the bytes.
async fn content(person: &Person, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<(u16, String, Vec<u8>)> {
    let request = person.api.request(Method::GET, path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await?;
    let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Ok((answer.status().as_u16(), etag, answer.bytes().await?.to_vec()))
}
