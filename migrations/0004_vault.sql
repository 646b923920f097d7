-- Secrets that are ours to keep and to use, encrypted before they come here. Forward only.

create table provider_secrets (
    provider_key_id text not null,
    ciphertext      bytea not null,
    updated_at      timestamptz not null,
    constraint provider_secrets_pkey primary key (provider_key_id)
);
