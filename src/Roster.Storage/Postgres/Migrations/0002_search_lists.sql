-- The search index in another form (docs/decisions/0008), which the next server to follow a log fills again from the partners.
-- Lists that were begun by its old orders expire.
drop table search_name;
drop table search_update;
drop table search_doc;
delete from search_pass;
update search_state set kept = greatest(kept, reached), reached = 0;

-- A row for each partner, deleted ones included, numbered in creation order. since: the snapshot from which it is as it is.
create table search_doc (
    workspace_id bigint  not null,
    id           uuid    not null,
    number       integer not null,
    text         text    collate "C" not null,
    email        text    collate "C",
    phone        text    collate "C",
    name         text    collate "C" not null,
    updated_at   bigint  not null,
    deleted      boolean not null,
    since        bigint  not null,
    primary key (workspace_id, id)
) with (fillfactor = 80); -- No index has what changes, so that new versions beside the old ones need no index entries.
create unique index search_doc_number on search_doc (workspace_id, number);
create index search_doc_deleted on search_doc (workspace_id, id) where deleted;

-- What a partner was sorted by, from one snapshot (since) to another (until): a list goes on in the order that it began.
create table search_was (
    workspace_id bigint not null,
    id           uuid   not null,
    since        bigint not null,
    until        bigint not null,
    name         text   collate "C" not null,
    updated_at   bigint not null,
    primary key (workspace_id, id, until)
);
create index search_was_until on search_was (workspace_id, until);

-- The orders: an entry for all that a partner is, or not long ago was, sorted by.
create table search_name (
    workspace_id bigint not null,
    name         text   collate "C" not null,
    id           uuid   not null,
    primary key (workspace_id, name, id)
);
create table search_update (
    workspace_id bigint not null,
    updated_at   bigint not null,
    id           uuid   not null,
    primary key (workspace_id, updated_at, id)
);

-- What a pass adds, or several have added together: for each key, the numbers of the partners that have it, in pages of lists in
-- the order of their keys. The older ones have the higher level. numbers: all partners that were looked at, of which no older
-- segment counts any more; erases: whether some of them were erased.
create table search_segment (
    workspace_id bigint  not null,
    level        integer not null,
    reached      bigint  not null,
    numbers      bytea   not null,
    erases       boolean not null,
    primary key (workspace_id, level, reached)
);
create table search_page (
    workspace_id bigint  not null,
    level        integer not null,
    reached      bigint  not null,
    first        integer not null,
    lists        bytea   not null,
    primary key (workspace_id, level, reached, first)
);
