-- Partners without an e-mail address, and without a phone: the few that a list is about are found at once.
create index partner_search_no_email on partner_search (workspace_id, id) where email is null;
create index partner_search_no_phone on partner_search (workspace_id, id) where phone is null;

-- Kind 3 of search_term: how many partners there are, and how many have an e-mail address or a phone. Indexes that are being filled
-- begin again.
insert into search_term (workspace_id, kind, term, shown, live, total)
select workspace_id, 3, 'partner', 'partner', count(*) filter (where not deleted), count(*) from partner_search group by workspace_id;
insert into search_term (workspace_id, kind, term, shown, live, total)
select workspace_id, 3, 'email', 'email', count(*) filter (where not deleted), count(*) from partner_search
where email is not null group by workspace_id;
insert into search_term (workspace_id, kind, term, shown, live, total)
select workspace_id, 3, 'phone', 'phone', count(*) filter (where not deleted), count(*) from partner_search
where phone is not null group by workspace_id;
update search_state set filling = null, filled = null where reached = 0;

-- The change sets of each day (UTC, since 1970-01-01) by kind and key, the zero UUID for several keys, with the partners that they
-- changed. The server counts the log in steps; counted is the revision that it has reached.
create table day_count (
    workspace_id bigint  not null,
    day          integer not null,
    kind         text    collate "C" not null,
    key_id       uuid    not null,
    change_sets  bigint  not null,
    created      bigint  not null,
    updated      bigint  not null,
    deleted      bigint  not null,
    restored     bigint  not null,
    primary key (workspace_id, day, kind, key_id)
);
alter table search_state add column counted bigint not null default 0;
