alter table partner add column external_id text;

-- Only partners that have one pay for it. That it is unique among the live ones is the plan's to keep, which sees all
-- rows under the write lock; an index could not let two partners swap theirs in one change set.
create index partner_external_id on partner (workspace_id, external_id) where external_id is not null;

alter table change_set add column deleted integer not null default 0;
alter table change_set add column restored integer not null default 0;

-- How many live partners there are, so that counting them does not read them.
alter table workspace add column live integer not null default 0;
update workspace set live = (
    select count(*) from partner where partner.workspace_id = workspace.id and partner.deleted_at is null);
