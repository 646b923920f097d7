//! `make screenshots`: a picture of every page, in both themes, on a desk and on a phone, with a page that shows them all.

use std::{fs, io::Write as _, path::PathBuf};

use clap::Parser;
use tests::browser::{
    Browser, Scene, Scripts,
    pages::{Page, Seat, pages},
};

/// Widths and least heights of a desk and of a phone.
const SIZES: [(u32, u32); 2] = [(1280, 900), (360, 740)];
const THEMES: [&str; 2] = ["light", "dark"];

#[derive(Parser)]
#[command(about = "A picture of every page, in both themes, on a desk and on a phone")]
struct Arguments {
    /// The folder for the pictures.
    #[arg(long, default_value = "target/screenshots")]
    out: PathBuf,
    /// Only pages whose name holds this.
    #[arg(long, default_value = "")]
    only: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.out)?;
    let scene = Scene::furnish().await?;
    let mut pages = pages(&scene);
    pages.retain(|page| page.name.contains(&arguments.only));
    for seat in Seat::ALL {
        let browser = Browser::open(&scene.world.base_url, Scripts::On).await?;
        if let Some((email, password)) = seat.account(&scene) {
            browser.log_in(email, password).await?;
        }
        for page in pages.iter().filter(|page| page.seat == seat) {
            shoot(&browser, page, &arguments.out).await?;
        }
        browser.close().await?;
    }
    let index = arguments.out.join("index.html");
    fs::write(&index, gallery(&pages))?;
    // Nobody listening any more is no reason to fail.
    drop(writeln!(std::io::stdout(), "{} pages: {}", pages.len(), index.display()));
    Ok(())
}

async fn shoot(browser: &Browser, page: &Page, out: &std::path::Path) -> anyhow::Result<()> {
    for theme in THEMES {
        browser.choose_theme(theme).await?;
        for (width, height) in SIZES {
            browser.resize(width, height).await?;
            browser.go(&page.path).await?;
            browser.until("the page is complete", SETTLED).await?;
            fs::write(out.join(file(page, theme, width)), browser.picture(width, height).await?)?;
        }
    }
    Ok(())
}

/// All that is loaded is there. Pictures further down load when they are scrolled to.
const SETTLED: &str = "document.readyState === 'complete' && document.fonts.status === 'loaded'
    && [...document.images].every((one) => { one.loading = 'eager'; return one.complete; })
    && [...document.querySelectorAll('video')].every((one) => one.readyState > 1)";

fn file(page: &Page, theme: &str, width: u32) -> String {
    format!("{}-{theme}-{width}.png", page.name)
}

fn gallery(pages: &[Page]) -> String {
    let mut html = "<!doctype html><html lang=en><meta charset=utf-8><title>Pages</title>\n".to_owned();
    for page in pages {
        html += &format!("<h2>{} <small>{}</small></h2><p>\n", page.name, page.path);
        for (theme, (width, _)) in THEMES.into_iter().flat_map(|theme| SIZES.map(|size| (theme, size))) {
            let file = file(page, theme, width);
            html += &format!("<a href={file}><img src={file} alt='{theme}, {width} px' width={}></a>\n", width / 3);
        }
    }
    html
}
