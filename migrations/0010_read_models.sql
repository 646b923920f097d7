-- Which generation of the read models is asked. The tables themselves live in schemas read_v<N> and can be rebuilt. Forward only.

create table read_models (
    id          smallint primary key check (id = 1),
    active      integer not null check (active >= 1), -- the N of read_v<N>
    shape       integer not null, -- the version of the code that made its tables
    switched_at timestamptz not null default clock_timestamp()
);
