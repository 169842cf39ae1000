-- One bounded text each: tags divided by |, metadata a JSON object of texts.
alter table partner add column tags text collate "C", add column metadata text collate "C";

-- What searches filter by: tags folded, and metadata as it is. Null where there are none, as for all partners so far.
alter table partner_search add column tags text[] collate "C", add column metadata jsonb;
create index partner_search_tags on partner_search using gin (workspace_id, tags) where tags is not null;
create index partner_search_metadata on partner_search using gin (workspace_id, metadata) where metadata is not null;

-- How many partners have a tag (kind 0) or a key of metadata (kind 1): the live ones, and all. A term that nobody has is not here.
-- term: a tag folded, or a key. shown: the spelling that was met first.
create table search_term (
    workspace_id bigint   not null,
    kind         smallint not null,
    term         text     collate "C" not null,
    shown        text     collate "C" not null,
    live         bigint   not null,
    total        bigint   not null,
    primary key (workspace_id, kind, term)
);
