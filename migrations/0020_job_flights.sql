-- Why each attempt of a job went where it went: the candidates, and why each was chosen or passed over. Kept for a while
-- beside the job; no part of the truth. Forward only.

create table job_flights (
    job_id      text not null,
    attempt     text not null, -- the attempt's id, or `waiting` for the last time that there was no key
    recorded_at timestamptz not null,
    body        json not null,
    constraint job_flights_pkey primary key (job_id, attempt)
);

create index job_flights_age on job_flights (recorded_at);
