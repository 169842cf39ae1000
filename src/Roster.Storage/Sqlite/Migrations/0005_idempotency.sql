-- What was answered under an idempotency key, as far as the log does not have it (KeptAnswer). The key and what was asked for are
-- SHA-256 hashes.
create table idempotency (
    workspace_id integer not null,
    key          blob    not null,
    fingerprint  blob    not null,
    at           integer not null,
    key_id       blob    not null,
    request_id   blob    not null,
    revision     integer not null,
    answer       blob    not null,
    primary key (workspace_id, key)
) strict, without rowid;
create index idempotency_at on idempotency (workspace_id, at);

-- Old values are forgotten in all change sets up to this one.
alter table workspace add column forgotten integer not null default 0;
