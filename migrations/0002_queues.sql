-- What is written beside the events of an append: messages to send, timers, and the log's wake-up call. Forward only.

create table outbox (
    id          bigint generated always as identity primary key,
    topic       text not null,
    ref         text not null,
    payload     json not null,
    created_at  timestamptz not null default clock_timestamp(),
    lease_until timestamptz
);

-- Each job (or delivery) has at most one next duty: the kind says which, the attempt fences an older one.
create table timers (
    ref         text primary key,
    kind        text not null,
    due         timestamptz not null,
    attempt     text not null,
    tries       integer not null default 0,
    lease_owner text,
    lease_until timestamptz
);

create index timers_due on timers (due);
create index timers_attempt on timers (attempt) where attempt <> '';
