//! A browser without scripts: its cookies, and the token that its forms carry.

use store::identity::PlatformRole;

use super::{Answer, Api, text};

/// Somebody who is logged in, at a browser.
pub struct Browser<'a> {
    api: &'a Api,
    /// What it sends with every request.
    pub cookies: String,
    /// What its forms carry.
    pub token: String,
}

impl Browser<'_> {
    /// Gets a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.api.client.browse("GET", path, &self.cookies, None).await
    }

    /// Gets a part of a page, as htmx does.
    pub async fn fragment(&self, path: &str) -> Answer {
        let headers = [("cookie", self.cookies.clone()), ("hx-request", "true".to_owned())];
        self.api.client.send("GET", path, &headers, b"").await
    }

    /// Sends a form.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = templates_maud::paths::with_query("", fields).trim_start_matches('?').to_owned();
        let form = ("application/x-www-form-urlencoded", body);
        self.api.client.browse("POST", path, &self.cookies, Some(form)).await
    }

    /// Sends a form with this browser's token.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf_token", self.token.as_str())];
        all.extend_from_slice(fields);
        self.send(path, &all).await
    }

    /// Sends a form that may hold files.
    pub async fn send_parts(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let part = |(name, text): &(&str, &str)| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let body = fields.iter().map(part).collect::<String>() + "--b--\r\n";
        self.api.client.browse("POST", path, &self.cookies, Some(("multipart/form-data; boundary=b", body))).await
    }
}

impl Api {
    /// A new person at a browser, and their tenant.
    pub async fn browser(&self, email: &str) -> (Browser<'_>, String) {
        let person = self.register(email).await;
        let tenant = text(&person["user"]["tenants"][0]["id"]);
        (self.open(&text(&person["access_token"]), "/keys").await, tenant)
    }

    /// A new person with a role on the platform, at the console.
    pub async fn console(&self, email: &str, role: PlatformRole) -> Browser<'_> {
        let person = self.register(email).await;
        let id = text(&person["user"]["id"]).parse().expect("an id");
        self.state.identity.set_role(&id, Some(role)).await.expect("it is set");
        self.open(&text(&person["access_token"]), "/admin").await
    }

    async fn open(&self, access_token: &str, page: &str) -> Browser<'_> {
        let mut browser = Browser { api: self, cookies: format!("zephyr_access={access_token}"), token: String::new() };
        let page = browser.get(page).await.text();
        let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").expect("a form has its token");
        browser.token = rest.split('"').next().unwrap_or_default().to_owned();
        browser
    }
}
