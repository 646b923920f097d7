-- The event log: a superset of postgres-es's table, its hash chain, and snapshots. Forward only.

create table events (
    aggregate_type text not null,
    aggregate_id   text not null,
    sequence       bigint not null check (sequence >= 1),
    event_type     text not null,
    event_version  text not null,
    payload        json not null, -- json, never jsonb: its bytes are hashed
    metadata       json not null,
    position       bigint not null, -- dense and global
    recorded_at    timestamptz not null,
    leaf_hash      bytea not null,
    constraint events_pkey primary key (aggregate_type, aggregate_id, sequence),
    constraint events_position_key unique (position)
);

-- One row: where the log ends. Every append moves it, so positions become visible in order and without gaps.
create table ledger_head (
    id          smallint primary key check (id = 1),
    position    bigint not null,
    hash        bytea not null,
    recorded_at timestamptz not null
) with (fillfactor = 50);

insert into ledger_head values (1, 0, sha256('zephyr ledger v1'::bytea), '-infinity');

-- One row a batch: its identity, its chain hash, and whether it was fenced off before it could commit.
create table ledger_batches (
    batch_id      uuid not null,
    last_position bigint not null,
    n             integer not null,
    root          bytea not null,
    hash          bytea not null,
    fenced        boolean not null,
    constraint ledger_batches_pkey primary key (batch_id)
);

create index ledger_batches_position on ledger_batches (last_position) where not fenced;

-- A cache of folded states, never the truth.
create table snapshots (
    aggregate_type text not null,
    aggregate_id   text not null,
    sequence       bigint not null,
    leaf_hash      bytea not null,
    code_version   integer not null,
    state          json not null,
    primary key (aggregate_type, aggregate_id)
);

-- The log is append only, also for its owner's slips: a correction is a new event.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append only: % on % is refused', tg_op, tg_table_name;
end
$$;

create trigger events_append_only before update or delete on events
    for each statement execute function refuse_change();
create trigger events_no_truncate before truncate on events
    for each statement execute function refuse_change();
