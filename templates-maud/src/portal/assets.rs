//! The tenant's files: what was made and what was brought.

use chrono::{DateTime, Utc};
use domain::capability::{Capability, CapabilityKind};
use maud::{Markup, html};

use super::job::Media;
use crate::{
    figures::{bytes, moment},
    form::{PREFIX, fields},
    page::{Look, Page, Visitor, form_token},
    parts::pager::pager,
    paths::{ASSET_DELETE, ASSETS, ASSETS_DELETE, JOB, MODEL, fill, with_query},
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

/// A form that takes files.
#[derive(Clone, Debug)]
pub struct Use {
    /// The public name of the model.
    pub model: String,
    /// What the model is called.
    pub display_name: String,
    /// What it does with the file.
    pub kind: CapabilityKind,
    /// The parameter that the file goes into.
    pub field: String,
    /// How the media types begin that it takes.
    pub media: &'static str,
}

impl Use {
    /// How a capability's form takes a file, if it does.
    #[must_use]
    pub fn of(model: &str, display_name: &str, capability: &Capability) -> Option<Self> {
        let fields = fields(&capability.param_schema, &capability.ui_hints);
        let field = fields.iter().find(|field| field.is_media())?;
        Some(Self {
            model: model.to_owned(),
            display_name: display_name.to_owned(),
            kind: capability.kind,
            field: field.name(),
            media: field.media_type(),
        })
    }
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
    /// What files can be used in.
    pub uses: &'a [Use],
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
            form.inline.card.pad method="post" action=(ASSETS) enctype="multipart/form-data" data-drop data-word=(words.portal.uploading) {
                (form_token(&self.visitor.form_token))
                label { span { (words.portal.drop_here) " " span.soft { (words.upload_file) } } input type="file" name="file" required multiple accept="image/*,video/*,audio/*,application/pdf"; }
                button type="submit" { (words.upload) }
            }
            nav.tabs aria-label=(words.kind) {
                @for (kind, word) in kinds {
                    a href=(with_query(ASSETS, &[("kind", kind)])) aria-current=[(kind == self.kind).then_some("page")] { (word) }
                }
            }
            @if self.assets.is_empty() { div.card { div.empty { p { (words.no_assets) } } } }
            @if !self.assets.is_empty() {
                form #several method="post" action=(ASSETS_DELETE) {
                    (form_token(&self.visitor.form_token))
                    p { button.quiet type="submit" data-confirm=(words.portal.delete_selected_sure) { (words.portal.delete_selected) } }
                }
            }
            ul.gallery { @for asset in self.assets { li { (self.one(asset)) } } }
            (pager(words, ASSETS, &[("kind", self.kind)], self.after, self.next))
        };
        Page { look: self.look, title: words.assets, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    /// The forms that take this file.
    fn uses(&self, asset: &Shown) -> Markup {
        let words = self.look.words;
        let uses: Vec<&Use> = self.uses.iter().filter(|one| asset.media.content_type.starts_with(one.media)).collect();
        html! {
            @if !uses.is_empty() {
                details.uses {
                    summary { (words.portal.use_in) }
                    ul {
                        @for one in uses {
                            @let field = format!("{PREFIX}{}", one.field);
                            li { a href=(with_query(&fill(MODEL, &[&one.model]), &[("cap", one.kind.name()), (&field, &asset.media.asset_id)])) { (one.display_name) " · " (words.capability_name(one.kind)) } }
                        }
                    }
                }
            }
        }
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
                    label.toggle { input type="checkbox" form="several" name="asset" value=(media.asset_id) aria-label={ (words.portal.select) " " (name) }; span.id { (name) } }
                    @if let Some((width, height)) = media.size { (width) " × " (height) " · " }
                    (bytes(media.bytes)) " · " (moment(words, asset.created_at))
                    div.deeds {
                        a href=(media.url) download { (words.download) }
                        @if let Some(job_id) = &asset.job_id { a href=(fill(JOB, &[job_id])) { (words.job) } }
                        form method="post" action=(fill(ASSET_DELETE, &[&media.asset_id])) {
                            (form_token(&self.visitor.form_token))
                            button.link type="submit" data-confirm=(words.delete_sure) { (words.delete) }
                        }
                    }
                    (self.uses(asset))
                }
            }
        }
    }
}
