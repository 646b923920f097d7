//! The tenant's files: what was made and what was brought.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::job::Media;
use crate::{
    figures::{bytes, moment},
    page::{Look, Page, Visitor, form_token},
    parts::pager::pager,
    paths::{ASSET_DELETE, ASSETS, JOB, fill, with_query},
};

/// A file.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The file.
    pub media: Media,
    /// What it was called when it was brought.
    pub name: Option<String>,
    /// The job that made it.
    pub job_id: Option<String>,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// A page of files.
#[derive(Debug)]
pub struct AssetsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// `output`, `upload`, or all.
    pub kind: &'a str,
    /// The files, the newest first.
    pub assets: &'a [Shown],
    /// What was wrong with an upload.
    pub failure: Option<&'a str>,
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl AssetsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let kinds = [("", words.all), ("output", words.outputs), ("upload", words.uploads)];
        let content = html! {
            h1 { (words.assets) }
            @if let Some(failure) = self.failure { p.note role="alert" { (failure) } }
            form.inline.card.pad method="post" action=(ASSETS) enctype="multipart/form-data" data-drop {
                (form_token(&self.visitor.form_token))
                label { span { (words.upload_file) } input type="file" name="file" required accept="image/*,video/*,audio/*,application/pdf"; }
                button type="submit" { (words.upload) }
            }
            nav.tabs aria-label=(words.kind) {
                @for (kind, word) in kinds {
                    a href=(with_query(ASSETS, &[("kind", kind)])) aria-current=[(kind == self.kind).then_some("page")] { (word) }
                }
            }
            @if self.assets.is_empty() { div.card { div.empty { p { (words.no_assets) } } } }
            ul.gallery { @for asset in self.assets { li { (self.one(asset)) } } }
            (pager(words, ASSETS, &[("kind", self.kind)], self.after, self.next))
        };
        Page { look: self.look, title: words.assets, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn one(&self, asset: &Shown) -> Markup {
        let (words, media) = (self.look.words, &asset.media);
        let name = asset.name.as_deref().unwrap_or(&media.asset_id);
        html! {
            figure {
                @if media.content_type.starts_with("image/") {
                    a href=(media.url) { img src=(media.url) alt=(name) loading="lazy"; }
                } @else if media.content_type.starts_with("video/") {
                    video src=(media.url) controls muted playsinline preload="metadata" aria-label=(name) {}
                } @else { a href=(media.url) { (media.content_type) } }
                figcaption.soft {
                    span.id { (name) } br;
                    @if let Some((width, height)) = media.size { (width) " × " (height) " · " }
                    (bytes(media.bytes)) " · " (moment(words, asset.created_at)) br;
                    a href=(media.url) download { (words.download) }
                    @if let Some(job_id) = &asset.job_id { " · " a href=(fill(JOB, &[job_id])) { (words.job) } }
                    form.inline-form method="post" action=(fill(ASSET_DELETE, &[&media.asset_id])) {
                        (form_token(&self.visitor.form_token))
                        " · " button.link type="submit" data-confirm=(words.delete_sure) { (words.delete) }
                    }
                }
            }
        }
    }
}
