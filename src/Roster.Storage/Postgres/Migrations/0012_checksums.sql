-- What the check compares (Checksum). Null where an earlier version wrote the row.
alter table partner add column checksum bigint;
alter table change_set add column checksum bigint;
