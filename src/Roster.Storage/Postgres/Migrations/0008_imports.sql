-- Imports. step: counts the changes of the document. due_at: when a server has to do something; null if never again.
create table import (
    workspace_id bigint not null,
    id           uuid   not null,
    step         bigint not null,
    due_at       bigint,
    document     bytea  not null,
    primary key (workspace_id, id)
);
create index import_due on import (due_at, workspace_id) where due_at is not null;
create index import_open on import (workspace_id) where due_at is not null;

-- The change sets that are parts of imports. A part is written once, in one transaction with its change set.
create table import_part (
    workspace_id bigint not null,
    import_id    uuid   not null,
    part         int    not null,
    parts        int    not null,
    revision     bigint not null,
    primary key (workspace_id, import_id, part)
);
create unique index import_part_revision on import_part (workspace_id, revision);

-- Mappings by name, and under "#" and its fingerprint the last one of each header.
create table import_mapping (
    workspace_id bigint not null,
    name         text   collate "C" not null,
    at           bigint not null,
    document     bytea  not null,
    primary key (workspace_id, name)
);

-- Files and rows, in blocks; those of rows are compressed already. kind: 0 file, 1 rows, 2 ids, 3 edits.
create table import_block (
    workspace_id bigint   not null,
    import_id    uuid     not null,
    kind         smallint not null,
    number       int      not null,
    head         bytea    not null,
    bytes        bytea    not null,
    primary key (workspace_id, import_id, kind, number)
);
alter table import_block alter column bytes set storage external;
