-- The tables of one generation of the read models. {schema} is filled in. Columns are named as the fields of the row structs.

create schema {schema};

create table {schema}.checkpoint (
    name     text primary key,
    position bigint not null
);

insert into {schema}.checkpoint values ('log', 0);

create table {schema}.balances (
    tenant_id     text primary key,
    posted        bigint not null,
    held          bigint not null,
    credit_limit  bigint not null,
    recharged     bigint not null,
    charged       bigint not null,
    refunded      bigint not null,
    adjusted      bigint not null,
    frozen        text,
    last_position bigint not null
);

create table {schema}.ledger_entries (
    entry_id        bigint primary key,
    position        bigint not null,
    tenant_id       text not null,
    sequence        bigint not null,
    occurred_at     timestamptz not null,
    recorded_at     timestamptz not null,
    type            text not null,
    amount          bigint not null,
    posted_change   bigint not null,
    held_change     bigint not null,
    posted_after    bigint not null,
    held_after      bigint not null,
    available_after bigint not null,
    job_id          text,
    api_key_id      text,
    model           text,
    reference       text,
    note            text,
    unit_id         text not null,
    request_id      text not null,
    actor           text not null
);

create index ledger_entries_tenant on {schema}.ledger_entries (tenant_id, entry_id);
create index ledger_entries_job on {schema}.ledger_entries (job_id, entry_id) where job_id is not null;
create index ledger_entries_time on {schema}.ledger_entries (tenant_id, recorded_at, entry_id);
create index ledger_entries_rare on {schema}.ledger_entries (type, entry_id)
    where type in ('recharge', 'refund', 'adjustment');
create index ledger_entries_rare_tenant on {schema}.ledger_entries (tenant_id, type, entry_id)
    where type in ('recharge', 'refund', 'adjustment');

create table {schema}.adjustments (
    tenant_id     text not null,
    adjustment_id text not null,
    amount        bigint not null,
    reason        text not null,
    status        text not null,
    requested_by  text not null,
    decided_by    text,
    requested_at  timestamptz not null,
    decided_at    timestamptz,
    primary key (tenant_id, adjustment_id)
);

create table {schema}.jobs (
    job_id           text primary key,
    tenant_id        text not null,
    api_key_id       text,
    user_id          text,
    model            text not null,
    capability       text not null,
    status           text not null,
    stage            text,
    mode             text not null,
    held             bigint not null,
    charged          bigint not null,
    refunded         bigint not null,
    price_version    integer not null,
    error_code       text,
    attempts         integer not null,
    attempt_id       text,
    cancel_requested boolean not null,
    outputs          jsonb not null,
    usage            jsonb not null,
    created_at       timestamptz not null,
    started_at       timestamptz,
    completed_at     timestamptz,
    last_sequence    bigint not null,
    last_position    bigint not null
);

create index jobs_tenant on {schema}.jobs (tenant_id, job_id);
create index jobs_open on {schema}.jobs (status, job_id) where status in ('queued', 'running');

create table {schema}.job_events (
    job_id   text not null,
    sequence bigint not null,
    type     text not null,
    data     jsonb not null,
    at       timestamptz not null,
    primary key (job_id, sequence)
);

create table {schema}.usage_daily (
    day        date not null,
    tenant_id  text not null,
    model      text not null,
    api_key_id text not null,
    jobs       bigint not null,
    succeeded  bigint not null,
    failed     bigint not null,
    charged    bigint not null,
    refunded   bigint not null,
    quantities jsonb not null,
    primary key (day, tenant_id, model, api_key_id)
);

create index usage_daily_tenant on {schema}.usage_daily (tenant_id, day);

create table {schema}.attempts (
    attempt_id      text primary key,
    job_id          text not null,
    tenant_id       text not null,
    number          integer not null,
    provider        text not null,
    upstream_model  text not null,
    provider_key_id text not null,
    upstream_id     text,
    started_at      timestamptz not null,
    ended_at        timestamptz,
    outcome         text not null,
    code            text,
    upstream_status integer,
    upstream_code   text
);

create index attempts_job on {schema}.attempts (job_id, number);
create index attempts_open on {schema}.attempts (started_at) where ended_at is null;
create index attempts_key on {schema}.attempts (provider_key_id, started_at);
