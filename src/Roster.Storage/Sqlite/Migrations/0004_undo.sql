-- The change set that this one undoes.
alter table change_set add column undoes integer;
create index change_set_undoes on change_set (workspace_id, undoes) where undoes is not null;
