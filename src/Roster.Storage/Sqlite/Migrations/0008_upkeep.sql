-- One row. cleaning_owed: how many erasures there were since the file was last written anew, so that what they removed is in none of its
-- bytes; what was erased before this version may have been left there by a crash. fence: counts nothing but its own changes (SqliteWriter).
create table upkeep (
    id            integer not null primary key check (id = 1),
    cleaning_owed integer not null,
    fence         integer not null
) strict;
insert into upkeep (id, cleaning_owed, fence)
select 1, (select count(*) from (select 1 from change_set where kind = 'erase' limit 1)), 0;

-- "Rost": whose file it is.
pragma application_id = 1383035764;
