-- One workspace's search index, in a file of its own: derived from the log and the partners, and thrown away when its
-- version (pragma user_version) is not this code's.

-- reached: the revision whose partners this file shows, and the request that made it, since a database that was restored from
-- a backup has the same revisions again for other writes.
-- counted, counted_request: the same of the newest change set in day_count.
create table state (reached integer not null, request_id blob, counted integer not null, counted_request blob) strict;
insert into state values (0, null, 0, null);

-- A row for each partner, deleted ones included, numbered in creation order. sort_name is SearchText.SortName. tags and metadata are
-- as in the directory: they tell which terms the partner has here. Its indexes are in order.sql.
create table doc (
    number     integer not null primary key,
    id         blob    not null unique,
    text       text    not null,
    email      text,
    phone      text,
    sort_name  text    not null,
    name       text    not null,
    tags       text,
    metadata   text,
    updated_at integer not null,
    deleted    integer not null
) strict;

-- The trigrams of doc.text, without their places. Queries check the text itself.
create virtual table gram using fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');
-- Fewer, larger segments: a pass spends most of its time on them.
insert into gram (gram, rank) values ('hashsize', 16777216);

-- What lists are filtered by, with the partners that have it, deleted ones included.
-- kind: 0 is a tag, folded, 1 a key of metadata, and 2 a key with its value, as key=value.
create table term (
    kind   integer not null,
    term   text    not null,
    number integer not null,
    primary key (kind, term, number)
) strict, without rowid;

-- How many partners have a term of kind 0 or 1: the live ones, and all. A term that nobody has is not here. Of kind 3 are
-- partner, which each has, email and phone.
-- shown: the spelling that was met first.
create table term_count (
    kind  integer not null,
    term  text    not null,
    shown text    not null,
    live  integer not null,
    total integer not null,
    primary key (kind, term)
) strict, without rowid;

-- The change sets of each day (UTC, since 1970-01-01) by kind and key, 16 zero bytes for several keys, with the partners that they
-- changed. It has nothing of partners, so it is taken over where this file is thrown away for an erasure.
create table day_count (
    day         integer not null,
    kind        text    not null,
    key_id      blob    not null,
    change_sets integer not null,
    created     integer not null,
    updated     integer not null,
    deleted     integer not null,
    restored    integer not null,
    primary key (day, kind, key_id)
) strict, without rowid;
