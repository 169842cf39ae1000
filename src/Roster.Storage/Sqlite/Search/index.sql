-- One workspace's search index, in a file of its own: derived from the log and the partners, and thrown away when its
-- version (pragma user_version) is not this code's.

-- reached: the revision whose partners this file shows, and the request that made it, since a database that was restored from
-- a backup has the same revisions again for other writes. kept: the oldest snapshot that lists can still be sorted by.
create table state (reached integer not null, request_id blob, kept integer not null) strict;
insert into state values (0, null, 0);

-- When each snapshot was made, in microseconds, to know which to keep.
create table pass (reached integer not null primary key, at integer not null) strict;
create index pass_at on pass (at);

-- A row for each partner, deleted ones included, numbered in creation order.
create table doc (
    number     integer not null primary key,
    id         blob    not null unique,
    text       text    not null,
    email      text,
    phone      text,
    name       text    not null,
    updated_at integer not null,
    deleted    integer not null
) strict;
create index doc_email on doc (email) where email is not null;
create index doc_phone on doc (phone) where phone is not null;
create index doc_deleted on doc (number) where deleted = 1;

-- The trigrams of doc.text. Which ones are neighbours is checked in the text itself.
create virtual table gram using fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');
-- Fewer, larger segments: they are what a pass spends its time on.
insert into gram (gram, rank) values ('hashsize', 16777216);

-- What a partner is sorted by, from one snapshot (since) to another (until): a list goes on in the order that it began.
create table name_order (
    name text not null, number integer not null, since integer not null, until integer,
    primary key (name, number, since)
) strict, without rowid;
create index name_order_until on name_order (until) where until is not null;

create table update_order (
    updated_at integer not null, number integer not null, since integer not null, until integer,
    primary key (updated_at, number, since)
) strict, without rowid;
create index update_order_until on update_order (until) where until is not null;
