//! The words for how the installation is.

/// The words of health in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Health {
    pub parts: &'static str,
    pub part: &'static str,
    pub state: &'static str,
    pub works: &'static str,
    pub database: &'static str,
    pub bus: &'static str,
    pub limits: &'static str,
    pub objects: &'static str,
    pub waiting: &'static str,
    pub outbox: &'static str,
    pub dead_letters: &'static str,
    pub timers: &'static str,
    pub timers_overdue: &'static str,
    pub log_head: &'static str,
    pub follower_lag: &'static str,
    pub projector_lag: &'static str,
    pub unknown: &'static str,
    pub keys: &'static str,
    pub paused: &'static str,
}

/// English.
pub static ENGLISH: Health = Health {
    parts: "Parts, as this process sees them",
    part: "Part",
    state: "State",
    works: "Works",
    database: "Database",
    bus: "Message bus",
    limits: "Shared limits",
    objects: "Object storage",
    waiting: "Waiting",
    outbox: "Messages not yet on the bus",
    dead_letters: "Messages put aside",
    timers: "Duties of jobs",
    timers_overdue: "Duties that are due",
    log_head: "Last position of the log",
    follower_lag: "Events this process has not heard of",
    projector_lag: "Events the read models have not taken",
    unknown: "not known",
    keys: "keys enabled",
    paused: "Paused",
};

/// Chinese.
pub static CHINESE: Health = Health {
    parts: "组件状态（以本进程所见为准）",
    part: "组件",
    state: "状态",
    works: "正常",
    database: "数据库",
    bus: "消息总线",
    limits: "共享限流",
    objects: "对象存储",
    waiting: "等待处理",
    outbox: "尚未发出的消息",
    dead_letters: "被搁置的消息",
    timers: "任务的待办",
    timers_overdue: "已到期的待办",
    log_head: "日志的最新位置",
    follower_lag: "本进程尚未读到的事件",
    projector_lag: "读模型尚未处理的事件",
    unknown: "未知",
    keys: "个密钥已启用",
    paused: "已暂停",
};
