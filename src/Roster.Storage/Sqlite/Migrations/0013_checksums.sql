-- What the check compares (Checksum): SQLite's pages have no checksums. Null where an earlier version wrote the row.
alter table partner add column checksum integer;
alter table change_set add column checksum integer;
