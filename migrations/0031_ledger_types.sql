-- Recharges and corrections are rare among the lines of a ledger: small indexes of their own for the lists of them, on the
-- read models that are asked now. New generations get them with their tables. Forward only.

do $$
declare
    generation integer;
begin
    select active into generation from read_models where id = 1;
    if generation is not null then
        execute format(
            'create index if not exists ledger_entries_rare on read_v%s.ledger_entries (type, entry_id)
              where type in (''recharge'', ''refund'', ''adjustment'')', generation);
        execute format(
            'create index if not exists ledger_entries_rare_tenant on read_v%s.ledger_entries (tenant_id, type, entry_id)
              where type in (''recharge'', ''refund'', ''adjustment'')', generation);
    end if;
end $$;
