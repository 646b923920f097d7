//! The words of the jobs monitor.

use crate::console::jobs::View;

/// The duties of a job, in the order of their words.
const DUTIES: [&str; 4] = ["dispatch", "lease", "poll", "reconcile"];

/// The words of jobs in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Jobs {
    pub queue_waiting: &'static str,
    pub consumers: &'static str,
    pub unsent: &'static str,
    pub put_aside: &'static str,
    pub waiting_for_keys: &'static str,
    pub workers: &'static str,
    pub workers_hint: &'static str,
    pub open_by_age: &'static str,
    pub held: &'static str,
    pub oldest: &'static str,
    pub views: &'static str,
    pub tenant: &'static str,
    pub attempts: &'static str,
    pub no_attempts: &'static str,
    pub failure: &'static str,
    pub took: &'static str,
    pub next: &'static str,
    pub put_off: &'static str,
    pub held_by: &'static str,
    pub cancel_sure: &'static str,
    pub ask_now: &'static str,
    pub outcome: &'static str,
    pub provider: &'static str,
    pub provider_key: &'static str,
    pub upstream_id: &'static str,
    pub started: &'static str,
    pub ended: &'static str,
    pub choices: &'static str,
    pub choices_hint: &'static str,
    pub no_choices: &'static str,
    view_names: [&'static str; 3],
    duties: [&'static str; DUTIES.len()],
}

impl Jobs {
    /// What a view is called.
    #[must_use]
    pub fn view(&self, view: View) -> &'static str {
        View::ALL.iter().position(|one| *one == view).map_or("", |place| self.view_names[place])
    }

    /// What a duty is called.
    #[must_use]
    pub fn duty<'a>(&self, kind: &'a str) -> &'a str {
        DUTIES.iter().position(|one| *one == kind).map_or(kind, |place| self.duties[place])
    }
}

/// English.
pub static ENGLISH: Jobs = Jobs {
    queue_waiting: "In the queue",
    consumers: "Consumers",
    unsent: "Not yet sent",
    put_aside: "Put aside",
    waiting_for_keys: "Waiting for a key here",
    workers: "Workers with duties now",
    workers_hint: "A worker shows here while it holds a duty of a job",
    open_by_age: "Open jobs by age",
    held: "Held",
    oldest: "oldest",
    views: "Views of jobs",
    tenant: "Tenant",
    attempts: "Attempts",
    no_attempts: "No attempt has begun.",
    failure: "Failure",
    took: "Took",
    next: "Next:",
    put_off: "put off",
    held_by: "held by",
    cancel_sure: "Ask this job to stop? What the provider has begun may still be charged.",
    ask_now: "Ask the provider now",
    outcome: "Outcome",
    provider: "Provider",
    provider_key: "Provider key",
    upstream_id: "Upstream's id",
    started: "Started",
    ended: "Ended",
    choices: "Choices of keys",
    choices_hint: "why each attempt went where it went; kept for thirty days",
    no_choices: "None are recorded.",
    view_names: ["Open", "Open for more than 15 minutes", "More than one attempt"],
    duties: ["Send (due/all)", "Lease (due/all)", "Ask upstream (due/all)", "Reconcile (due/all)"],
};

/// Chinese.
pub static CHINESE: Jobs = Jobs {
    queue_waiting: "队列中",
    consumers: "消费者",
    unsent: "尚未发出",
    put_aside: "已搁置",
    waiting_for_keys: "本进程等待密钥",
    workers: "正在处理待办的工作进程",
    workers_hint: "工作进程持有任务待办时显示在此",
    open_by_age: "未结束任务的时长",
    held: "冻结",
    oldest: "最早",
    views: "任务视图",
    tenant: "租户",
    attempts: "尝试",
    no_attempts: "尚未开始任何尝试。",
    failure: "失败",
    took: "用时",
    next: "下一步：",
    put_off: "推迟次数",
    held_by: "持有者",
    cancel_sure: "请求停止此任务？供应商已开始的部分仍可能收费。",
    ask_now: "立即询问供应商",
    outcome: "结果",
    provider: "供应商",
    provider_key: "供应商密钥",
    upstream_id: "上游编号",
    started: "开始",
    ended: "结束",
    choices: "密钥选择",
    choices_hint: "每次尝试为何选择该密钥；保留三十天",
    no_choices: "没有记录。",
    view_names: ["未结束", "超过 15 分钟未结束", "多于一次尝试"],
    duties: ["发送（到期/全部）", "租约（到期/全部）", "询问上游（到期/全部）", "核对（到期/全部）"],
};
