-- People and their sessions. Never an event: e-mail addresses and password hashes are erasable. Forward only.

create table users (
    id            text not null,
    email         text not null,
    password_hash text not null,
    display_name  text not null,
    platform_role text,
    locale        text not null,
    created_at    timestamptz not null,
    disabled_at   timestamptz,
    constraint users_pkey primary key (id),
    constraint users_platform_role_known check (platform_role in ('admin', 'auditor'))
);

-- One address, one person, however it is written.
create unique index users_email_key on users (lower(email));

-- A session is one log-in and the family of its refresh tokens: revoking it ends them all.
create table sessions (
    id         text not null,
    user_id    text not null,
    tenant_id  text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    user_agent text not null,
    constraint sessions_pkey primary key (id),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- Only hashes: a token's successor is derived from it again when two tabs bring the same one.
create table refresh_tokens (
    token_hash bytea not null,
    session_id text not null,
    used_at    timestamptz,
    expires_at timestamptz not null,
    constraint refresh_tokens_pkey primary key (token_hash),
    constraint refresh_tokens_session_id_fkey foreign key (session_id) references sessions (id) on delete cascade
);

create index refresh_tokens_session on refresh_tokens (session_id);
