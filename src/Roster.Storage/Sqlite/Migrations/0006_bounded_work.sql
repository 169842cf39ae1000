-- With deleted_at, the live partner that has an external id is found whatever number of deleted ones had it before.
drop index partner_external_id;
create index partner_external_id on partner (workspace_id, external_id, deleted_at) where external_id is not null;

-- The changes come last: what follows them in a row is only found by reading through all of them.
create table change_set_anew (
    workspace_id integer not null,
    revision     integer not null,
    kind         text    not null,
    key_id       blob    not null,
    request_id   blob    not null,
    created      integer not null,
    updated      integer not null,
    unchanged    integer not null,
    deleted      integer not null,
    restored     integer not null,
    at           integer not null,
    undoes       integer,
    changes      blob    not null,
    primary key (workspace_id, revision)
) strict;
insert into change_set_anew
select workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes
from change_set order by workspace_id, revision;
drop table change_set;
alter table change_set_anew rename to change_set;

-- The newest change set that undoes another one, and lists of some change sets, without a walk through the log.
create index change_set_undoes on change_set (workspace_id, undoes, revision) where undoes is not null;
create index change_set_kind on change_set (workspace_id, kind, revision);
create index change_set_key on change_set (workspace_id, key_id, kind, revision);

-- The keys that only some pages may use.
create index api_key_hostnames on api_key (allowed_hostnames, revoked_at, expires_at) where allowed_hostnames is not null;
