-- One workspace's search index, in a file of its own: derived from the log and the partners, and thrown away when its
-- version (pragma user_version) is not this code's.

-- reached: the revision whose partners this file shows, and the request that made it, since a database that was restored from
-- a backup has the same revisions again for other writes.
create table state (reached integer not null, request_id blob) strict;
insert into state values (0, null);

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

-- How many partners have a term of kind 0 or 1: the live ones, and all. A term that nobody has is not here.
-- shown: the spelling that was met first.
create table term_count (
    kind  integer not null,
    term  text    not null,
    shown text    not null,
    live  integer not null,
    total integer not null,
    primary key (kind, term)
) strict, without rowid;
