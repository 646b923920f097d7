//! The words of limits.

/// The words of limits in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Limits {
    pub explained: &'static str,
    pub tenant: &'static str,
    pub key: &'static str,
    pub keys: &'static str,
    pub no_keys: &'static str,
    pub requests: &'static str,
    pub tokens: &'static str,
    pub jobs: &'static str,
    pub unlimited: &'static str,
    pub because_tenant: &'static str,
    pub because_key: &'static str,
    pub own_is: &'static str,
    pub change: &'static str,
    pub change_hint: &'static str,
    pub saved: &'static str,
    pub periods: [&'static str; 3],
}

/// English.
pub static ENGLISH: Limits = Limits {
    explained: "A request must fit every limit: its API key's and its tenant's. There are no limits over all tenants; those of providers stand with their keys.",
    tenant: "Tenant",
    key: "API key",
    keys: "Its API keys, and the limit that each meets first",
    no_keys: "It has no API keys.",
    requests: "Requests a minute",
    tokens: "Tokens a minute",
    jobs: "Jobs at once",
    unlimited: "no limit",
    because_tenant: "the tenant's limit",
    because_key: "the key's own limit",
    own_is: "the key's own is",
    change: "Set the limits",
    change_hint: "what is left empty has no limit from now on",
    saved: "The limits are set.",
    periods: ["Credits a day", "Credits a month", "Credits in all"],
};

/// Chinese.
pub static CHINESE: Limits = Limits {
    explained: "每个请求必须同时符合其 API 密钥和租户的限制。没有跨租户的全局限制；供应商的限制见其密钥。",
    tenant: "租户",
    key: "API 密钥",
    keys: "API 密钥，以及各自最先遇到的限制",
    no_keys: "没有 API 密钥。",
    requests: "每分钟请求",
    tokens: "每分钟 token",
    jobs: "并发任务",
    unlimited: "无限制",
    because_tenant: "租户的限制",
    because_key: "密钥自身的限制",
    own_is: "密钥自身为",
    change: "设置限制",
    change_hint: "留空即不再限制",
    saved: "限制已设置。",
    periods: ["每日积分", "每月积分", "累计积分"],
};
