-- Imports. Their files and rows are in a file of their own beside this one.
-- step: counts the changes of the document. due_at: when a server has to do something; null if never again.
create table import (
    workspace_id integer not null references workspace (id),
    id           blob    not null,
    step         integer not null,
    due_at       integer,
    document     blob    not null,
    primary key (workspace_id, id)
) strict;
create index import_due on import (due_at, workspace_id) where due_at is not null;
create index import_open on import (workspace_id) where due_at is not null;

-- The change sets that are parts of imports. A part is written once, in one transaction with its change set.
create table import_part (
    workspace_id integer not null references workspace (id),
    import_id    blob    not null,
    part         integer not null,
    parts        integer not null,
    revision     integer not null,
    primary key (workspace_id, import_id, part)
) strict, without rowid;
create unique index import_part_revision on import_part (workspace_id, revision);

-- Mappings by name, and under "#" and its fingerprint the last one of each header.
create table import_mapping (
    workspace_id integer not null references workspace (id),
    name         text    not null,
    at           integer not null,
    document     blob    not null,
    primary key (workspace_id, name)
) strict;
