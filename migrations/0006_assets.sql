-- Stored files: what is known of each; the bytes are in object storage. Forward only.

create table assets (
    id           text not null,
    tenant_id    text not null,
    job_id       text,
    kind         text not null,
    object_key   text not null,
    content_type text not null,
    bytes        bigint not null,
    sha256       bytea not null,
    width        integer,
    height       integer,
    duration_ms  bigint,
    name         text,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    deleted_at   timestamptz,
    constraint assets_pkey primary key (id),
    constraint assets_object_key_key unique (object_key),
    constraint assets_kind_known check (kind in ('output', 'upload')),
    constraint assets_bytes_not_negative check (bytes >= 0),
    constraint assets_sha256_length check (length(sha256) = 32)
);

create index assets_tenant on assets (tenant_id, id desc) where deleted_at is null;
create index assets_job on assets (job_id) where job_id is not null;
create index assets_deletion on assets (deleted_at) where deleted_at is not null;
create index assets_expiry on assets (expires_at) where deleted_at is null and expires_at is not null;
