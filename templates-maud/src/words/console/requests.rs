//! The words of the request log.

/// The words of requests in one language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Requests {
    pub kept_before: &'static str,
    pub kept_after: &'static str,
    pub tail: &'static str,
    pub stop_tail: &'static str,
    pub tail_hint: &'static str,
    pub new: &'static str,
    pub tenant: &'static str,
    pub actor: &'static str,
    pub search_hint: &'static str,
    pub route: &'static str,
    pub began: &'static str,
    pub ended: &'static str,
    pub cost: &'static str,
}

/// English.
pub static ENGLISH: Requests = Requests {
    kept_before: "The last",
    kept_after: "requests to the API that this process answered. Other processes keep their own; a restart forgets them. Never a body or a secret.",
    tail: "Live tail",
    stop_tail: "Stop the live tail",
    tail_hint: "every 5 seconds, while the page is in sight and nothing in it is pointed at or selected",
    new: "new",
    tenant: "Tenant",
    actor: "API key or person",
    search_hint: "route, id, code",
    route: "Route",
    began: "First byte",
    ended: "Whole",
    cost: "Credits",
};

/// Chinese.
pub static CHINESE: Requests = Requests {
    kept_before: "本进程最近答复的",
    kept_after: "个 API 请求。其他进程各自保存；重启后清空。不含请求正文和密钥。",
    tail: "实时跟踪",
    stop_tail: "停止实时跟踪",
    tail_hint: "每 5 秒刷新；页面不可见、鼠标停留或选中文字时暂停",
    new: "条新请求",
    tenant: "租户",
    actor: "API 密钥或用户",
    search_hint: "路由、编号、错误码",
    route: "路由",
    began: "首字节",
    ended: "全部",
    cost: "积分",
};
