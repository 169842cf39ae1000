-- The search index is a table of the usual kind (docs/decisions/0008). It is filled again by the next server, from the partners.
-- It needs the extensions pg_trgm and btree_gin, which the server creates before this.
drop table search_page, search_segment, search_name, search_update, search_was, search_doc, search_pass;

-- reached: the revision whose partners partner_search shows; 0 until it is filled.
-- filling and filled: while it is filled, the revision at which that began, and the last partner copied.
alter table search_state drop column kept, add column filling bigint, add column filled uuid;
update search_state set reached = 0;

-- A row for each partner, deleted ones included, as searches see it: text is all that q looks through, folded.
-- revision: the partner's, to see whether a row is as its partner is.
create table partner_search (
    workspace_id bigint  not null,
    id           uuid    not null,
    revision     bigint  not null,
    text         text    collate "C" not null,
    sort_name    text    collate "C" not null,
    name         text    collate "C" not null,
    email        text    collate "C",
    phone        text    collate "C",
    updated_at   bigint  not null,
    deleted      boolean not null,
    primary key (workspace_id, id)
);
-- So that the planner knows the parts that many names have, and those that few have.
alter table partner_search alter column text set statistics 1000;
create index partner_search_text on partner_search using gin (workspace_id, text gin_trgm_ops);
create index partner_search_email on partner_search (workspace_id, email, id) where email is not null;
create index partner_search_phone on partner_search (workspace_id, phone, id) where phone is not null;
create index partner_search_name on partner_search (workspace_id, sort_name, name, id);
create index partner_search_updated on partner_search (workspace_id, updated_at, id);
-- The few that are deleted, in each order.
create index partner_search_deleted on partner_search (workspace_id, id) where deleted;
create index partner_search_deleted_name on partner_search (workspace_id, sort_name, name, id) where deleted;
create index partner_search_deleted_updated on partner_search (workspace_id, updated_at, id) where deleted;
