-- Who takes the bytes of files that nobody can see any more: a sweep leases some rows, deletes their objects, then the rows.
-- Forward only.

alter table assets add column purge_lease_until timestamptz;
