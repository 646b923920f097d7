-- The events of streams after a known number of each, in order; with the head locked first if asked. Forward only.
--
-- Volatile, so that what follows the lock sees what was committed while it was waited for: each statement of a volatile
-- function takes a snapshot of its own. One call, since the head is locked meanwhile and others wait for it.

create function stream_tails(types text[], ids text[], after bigint[], lock_head boolean)
    returns table (place bigint, sequence bigint, payload text, leaf_hash bytea)
    language plpgsql volatile as $$
begin
    if lock_head then
        perform from ledger_head where id = 1 for update;
    end if;
    -- Lateral and ordered, so that each stream is read by the primary key: as a plain join, the plan for unknown
    -- parameters read the whole log.
    return query
        select g.place, e.sequence, e.payload::text, e.leaf_hash
          from unnest(types, ids, after) with ordinality g (aggregate_type, aggregate_id, known, place)
         cross join lateral (
               select * from events
                where events.aggregate_type = g.aggregate_type and events.aggregate_id = g.aggregate_id
                  and events.sequence > g.known
                order by events.sequence) e
         order by g.place, e.sequence;
end $$;
