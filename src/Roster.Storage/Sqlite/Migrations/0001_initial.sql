-- Times are microseconds since the Unix epoch. UUIDs are blobs of 16 bytes, most significant first, so that they sort
-- by age. Text compares byte by byte.

create table workspace (
    id         integer primary key,
    name       text    not null unique,
    revision   integer not null,
    changed_at integer not null,
    created_at integer not null
) strict;

create table api_key (
    id           blob    not null primary key,
    workspace_id integer not null references workspace (id),
    name         text    not null,
    prefix       text    not null,
    hash         blob    not null unique,
    scopes       text    not null,
    created_at   integer not null,
    expires_at   integer,
    revoked_at   integer,
    last_used_at integer
) strict, without rowid;

-- Clustered by its key: ids grow with time, so creates append, and nothing but the table itself is written.
create table partner (
    workspace_id integer not null,
    id           blob    not null,
    name         text    not null,
    email        text,
    phone        text,
    created_at   integer not null,
    updated_at   integer not null,
    deleted_at   integer,
    revision     integer not null,
    primary key (workspace_id, id)
) strict, without rowid;

-- One row for each write, whatever its size; docs/reference/log-format.md describes changes.
create table change_set (
    workspace_id integer not null,
    revision     integer not null,
    kind         text    not null,
    key_id       blob    not null,
    request_id   blob    not null,
    created      integer not null,
    updated      integer not null,
    unchanged    integer not null,
    at           integer not null,
    changes      blob    not null,
    primary key (workspace_id, revision)
) strict;
