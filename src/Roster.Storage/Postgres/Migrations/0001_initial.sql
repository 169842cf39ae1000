-- Times are microseconds since the Unix epoch. Text compares byte by byte, so that all engines page in the same order. Every
-- key and index of what a workspace owns begins with workspace_id, by which Citus distributes it; workspace and api_key are
-- small and replicated everywhere.

create table workspace (
    id         bigint not null primary key,
    name       text   collate "C" not null unique,
    created_at bigint not null
);

create table api_key (
    id                uuid   not null primary key,
    workspace_id      bigint not null references workspace (id),
    name              text   collate "C" not null,
    prefix            text   collate "C" not null,
    hash              bytea  not null unique,
    scopes            text   collate "C" not null,
    created_at        bigint not null,
    expires_at        bigint,
    revoked_at        bigint,
    last_used_at      bigint,
    -- Host names that a browser's page must come from, divided by spaces; null where any may.
    allowed_hostnames text   collate "C"
);
create index api_key_workspace on api_key (workspace_id);

-- The end of a workspace's log. Whoever writes in a workspace holds this row, so that its change sets are in one order. live
-- counts the partners that are not deleted.
create table log_end (
    workspace_id bigint not null primary key,
    revision     bigint not null,
    changed_at   bigint not null,
    live         bigint not null,
    -- Old values are forgotten in all change sets up to this one.
    forgotten    bigint not null default 0
);

create table partner (
    workspace_id bigint not null,
    id           uuid   not null,
    name         text   collate "C" not null,
    email        text   collate "C",
    phone        text   collate "C",
    external_id  text   collate "C",
    created_at   bigint not null,
    updated_at   bigint not null,
    deleted_at   bigint,
    revision     bigint not null,
    primary key (workspace_id, id)
) with (fillfactor = 85); -- Room for new versions beside the old ones, so that updates need no new index entries.
-- Only partners that have one pay for it. That it is unique among the live ones is the plan's to keep.
create index partner_external_id on partner (workspace_id, external_id) where external_id is not null;

-- One row for each write, whatever its size; docs/reference/log-format.md describes changes.
create table change_set (
    workspace_id bigint  not null,
    revision     bigint  not null,
    kind         text    collate "C" not null,
    key_id       uuid    not null,
    request_id   uuid    not null,
    created      integer not null,
    updated      integer not null,
    unchanged    integer not null,
    deleted      integer not null,
    restored     integer not null,
    at           bigint  not null,
    -- The change set that this one undoes.
    undoes       bigint,
    changes      bytea   not null,
    primary key (workspace_id, revision)
);
create index change_set_undoes on change_set (workspace_id, undoes) where undoes is not null;

-- What was answered under an idempotency key, as far as the log does not have it (KeptAnswer); without a revision, what is being
-- carried out, by the attempt that claims it. The key and what was asked for are SHA-256 hashes.
create table idempotency (
    workspace_id bigint not null,
    key          bytea  not null,
    claim        uuid   not null,
    fingerprint  bytea  not null,
    at           bigint not null,
    key_id       uuid,
    request_id   uuid,
    revision     bigint,
    answer       bytea,
    primary key (workspace_id, key)
);
create index idempotency_at on idempotency (workspace_id, at);

-- Who did what to keys and workspaces, when and from where. The actor is null for an operator's command.
create table audit_event (
    workspace_id bigint not null,
    number       bigint not null,
    id           uuid   not null,
    at           bigint not null,
    action       text   collate "C" not null,
    actor_key_id uuid,
    address      text   collate "C",
    subject      text   collate "C" not null,
    primary key (workspace_id, number)
);
create index audit_event_id on audit_event (workspace_id, id);

-- The search index, derived from the log and the partners (docs/decisions/0005 and 0008).

-- reached: the revision whose partners it shows. kept: the oldest snapshot that lists can still be sorted by.
create table search_state (
    workspace_id bigint not null primary key,
    reached      bigint not null,
    kept         bigint not null
);

-- When each snapshot was made, to know which to keep.
create table search_pass (
    workspace_id bigint not null,
    reached      bigint not null,
    at           bigint not null,
    primary key (workspace_id, reached)
);

-- grams: hashes of a workspace's id with each trigram of text, so that workspaces share an index and no list in it.
create table search_doc (
    workspace_id bigint    not null,
    id           uuid      not null,
    text         text      collate "C" not null,
    grams        integer[] not null,
    email        text      collate "C",
    phone        text      collate "C",
    name         text      collate "C" not null,
    updated_at   bigint    not null,
    deleted      boolean   not null,
    primary key (workspace_id, id)
);
create index search_doc_grams on search_doc using gin (grams);
create index search_doc_email on search_doc (workspace_id, email, id) where email is not null;
create index search_doc_phone on search_doc (workspace_id, phone, id) where phone is not null;
create index search_doc_deleted on search_doc (workspace_id, id) where deleted;

-- What a partner is sorted by, from one snapshot (since) to another (until): a list goes on in the order that it began.
create table search_name (
    workspace_id bigint not null,
    name         text   collate "C" not null,
    id           uuid   not null,
    since        bigint not null,
    until        bigint,
    primary key (workspace_id, id, since)
);
create index search_name_order on search_name (workspace_id, name, id);
create index search_name_until on search_name (workspace_id, until) where until is not null;

create table search_update (
    workspace_id bigint not null,
    updated_at   bigint not null,
    id           uuid   not null,
    since        bigint not null,
    until        bigint,
    primary key (workspace_id, id, since)
);
create index search_update_order on search_update (workspace_id, updated_at, id);
create index search_update_until on search_update (workspace_id, until) where until is not null;
