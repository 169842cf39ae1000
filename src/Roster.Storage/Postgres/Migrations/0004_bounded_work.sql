-- The live partner that has an external id is found whatever number of deleted ones had it before.
drop index partner_external_id;
create index partner_external_id on partner (workspace_id, external_id) where external_id is not null and deleted_at is null;
create index partner_external_id_deleted on partner (workspace_id, external_id) where external_id is not null and deleted_at is not null;

-- Lists of change sets cost what they show, however long the log is: what undid each, and those of one kind, or of one key and kind.
drop index change_set_undoes;
create index change_set_undoes on change_set (workspace_id, undoes, revision) where undoes is not null;
create index change_set_kind on change_set (workspace_id, kind, revision);
create index change_set_key on change_set (workspace_id, key_id, kind, revision);

-- The few keys that name hosts, among all.
create index api_key_hostnames on api_key (id) where allowed_hostnames is not null;
