//! Every word of the pages, in English and in Chinese. One struct, so that no language can lack a word.

use projections::rows::{JobStatus, LedgerType};

/// The words of one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Words {
    pub lang: &'static str,
    pub skip: &'static str,
    pub log_in: &'static str,
    pub log_out: &'static str,
    pub register: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub password_rule: &'static str,
    pub display_name: &'static str,
    pub optional: &'static str,
    pub no_account: &'static str,
    pub has_account: &'static str,
    pub overview: &'static str,
    pub available: &'static str,
    pub held: &'static str,
    pub posted: &'static str,
    pub credits: &'static str,
    pub each_worth: &'static str,
    pub jobs: &'static str,
    pub no_jobs: &'static str,
    pub job: &'static str,
    pub model: &'static str,
    pub status: &'static str,
    pub charged: &'static str,
    pub created: &'static str,
    pub ledger: &'static str,
    pub no_ledger: &'static str,
    pub time_utc: &'static str,
    pub kind: &'static str,
    pub amount: &'static str,
    pub balance: &'static str,
    pub reference: &'static str,
    pub api_docs: &'static str,
    pub back: &'static str,
    pub request_id: &'static str,
    pub no_tenant: &'static str,
    statuses: [&'static str; 6],
    kinds: [&'static str; 6],
}

/// English.
pub static ENGLISH: Words = Words {
    lang: "en",
    skip: "Skip to the content",
    log_in: "Log in",
    log_out: "Log out",
    register: "Register",
    email: "E-mail address",
    password: "Password",
    password_rule: "8 to 200 characters",
    display_name: "Name",
    optional: "optional",
    no_account: "No account yet?",
    has_account: "Registered already?",
    overview: "Overview",
    available: "Available",
    held: "Held by running jobs",
    posted: "In all",
    credits: "credits",
    each_worth: "One credit is worth",
    jobs: "Latest jobs",
    no_jobs: "No jobs yet. Create an API key and send the first one; the API documentation shows how.",
    job: "Job",
    model: "Model",
    status: "Status",
    charged: "Charged",
    created: "Created (UTC)",
    ledger: "Latest ledger lines",
    no_ledger: "Nothing has moved yet. A top-up will be the first line.",
    time_utc: "Time (UTC)",
    kind: "Kind",
    amount: "Amount",
    balance: "Available after",
    reference: "Reference",
    api_docs: "API documentation",
    back: "Back to the overview",
    request_id: "Request",
    no_tenant: "You belong to no tenant, so there are no credits and no jobs to show.",
    statuses: ["Queued", "Running", "Succeeded", "Failed", "Canceled", "Expired"],
    kinds: ["Top-up", "Hold", "Charge", "Release", "Refund", "Adjustment"],
};

/// Chinese.
pub static CHINESE: Words = Words {
    lang: "zh-CN",
    skip: "跳到正文",
    log_in: "登录",
    log_out: "退出登录",
    register: "注册",
    email: "电子邮箱",
    password: "密码",
    password_rule: "8 到 200 个字符",
    display_name: "姓名",
    optional: "选填",
    no_account: "还没有账户？",
    has_account: "已经注册？",
    overview: "概览",
    available: "可用",
    held: "任务冻结中",
    posted: "合计",
    credits: "积分",
    each_worth: "一个积分约合",
    jobs: "最近的任务",
    no_jobs: "还没有任务。创建一个 API 密钥并提交第一个任务，方法见 API 文档。",
    job: "任务",
    model: "模型",
    status: "状态",
    charged: "已扣",
    created: "创建时间 (UTC)",
    ledger: "最近的账目",
    no_ledger: "还没有账目。第一笔将是充值。",
    time_utc: "时间 (UTC)",
    kind: "类型",
    amount: "金额",
    balance: "变动后可用",
    reference: "参考号",
    api_docs: "API 文档",
    back: "返回概览",
    request_id: "请求编号",
    no_tenant: "您不属于任何租户，因此没有可显示的积分和任务。",
    statuses: ["排队中", "进行中", "已成功", "已失败", "已取消", "已过期"],
    kinds: ["充值", "冻结", "消费", "释放", "退款", "调整"],
};

impl Words {
    /// The words that a browser prefers, by its Accept-Language.
    #[must_use]
    pub fn preferred(accept_language: &str) -> &'static Self {
        let weighed = accept_language.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let weight = weight.trim().parse::<f32>().ok().filter(|weight| *weight > 0.0)?;
            let tag = tag.trim().to_ascii_lowercase();
            let words = if tag.starts_with("zh") { &CHINESE } else { &ENGLISH };
            (words.lang == "zh-CN" || tag.starts_with("en")).then_some((weight, words))
        });
        let best = weighed.fold(None, |best: Option<(f32, &'static Self)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.map_or(&ENGLISH, |(_, words)| words)
    }

    /// What a job's status is called.
    #[must_use]
    pub fn status_name(&self, status: JobStatus) -> &'static str {
        let place = JobStatus::ALL.iter().position(|known| *known == status);
        place.map_or("", |place| self.statuses[place])
    }

    /// What a kind of ledger line is called.
    #[must_use]
    pub fn kind_name(&self, kind: LedgerType) -> &'static str {
        let place = LedgerType::ALL.iter().position(|known| *known == kind);
        place.map_or("", |place| self.kinds[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language() {
        for (header, lang) in [
            ("", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("en-GB,en;q=0.9,zh;q=0.5", "en"),
            ("de, zh-TW;q=0.7, en;q=0.3", "zh-CN"),
            ("fr", "en"),
            ("zh;q=0, en;q=0.1", "en"),
        ] {
            assert_eq!(Words::preferred(header).lang, lang, "{header}");
        }
    }
}
