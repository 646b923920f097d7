-- What people wrote and what came back as text: erasable, so never in an event. Forward only.

create table job_inputs (
    job_id      text not null,
    route       text not null,
    params      json not null, -- json: as it was sent, its keys in their order
    metadata    json,
    webhook_url text,
    created_at  timestamptz not null,
    constraint job_inputs_pkey primary key (job_id)
);

create table job_texts (
    job_id text not null,
    index  integer not null,
    kind   text not null,
    body   text not null,
    constraint job_texts_pkey primary key (job_id, index, kind),
    constraint job_texts_index_not_negative check (index >= 0),
    constraint job_texts_kind_known check (kind in ('text', 'response'))
);

-- The answer that a once-only key gave, to be given again.
create table idempotent_replies (
    once_id      text not null,
    status       smallint not null,
    content_type text not null,
    body         bytea not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    constraint idempotent_replies_pkey primary key (once_id)
);

create index idempotent_replies_expiry on idempotent_replies (expires_at);
