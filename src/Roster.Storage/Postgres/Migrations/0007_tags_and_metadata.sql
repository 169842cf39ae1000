-- One bounded text each: tags divided by |, metadata a JSON object of texts.
alter table partner add column tags text collate "C", add column metadata text collate "C";

-- What searches filter by: ["0gold", "1region", "2region=emea"] are a tag folded, a key of metadata, and a key with its
-- value. Null where there are none, as for all partners so far. The index has hashes of them (jsonb_path_ops): a GIN
-- index keeps each key that it ever had, also after a vacuum, so an erased value must not be one.
alter table partner_search add column terms jsonb;
create index partner_search_terms on partner_search using gin (workspace_id, terms jsonb_path_ops) where terms is not null;
-- The planner must know that few have any. Of an empty table it would learn nothing.
do $$ begin
    if exists (select 1 from partner_search) then
        analyze partner_search;
    end if;
end $$;

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
