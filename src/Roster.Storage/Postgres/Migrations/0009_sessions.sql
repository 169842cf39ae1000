-- Whether a program or a person uses the key.
alter table api_key add column kind text collate "C" not null default 'key';

-- Browsers that are signed in. expires_at: when the session ends if it is not used again. As a key, a session is found
-- before its workspace is known, so Citus replicates it.
create table session (
    id           uuid   not null primary key,
    workspace_id bigint not null references workspace (id),
    key_id       uuid   not null,
    hash         bytea  not null unique,
    created_at   bigint not null,
    last_used_at bigint not null,
    expires_at   bigint not null,
    address      text   collate "C",
    user_agent   text   collate "C"
);
create index session_key on session (key_id, id);
create index session_workspace on session (workspace_id, id);
create index session_expiry on session (expires_at, id);

-- Invitations that nobody has used. scopes, allowed_hostnames and key_expires_at are for the person's key.
create table console_link (
    id                uuid   not null primary key,
    workspace_id      bigint not null references workspace (id),
    hash              bytea  not null unique,
    made_by           uuid,
    name              text   collate "C" not null,
    scopes            text   collate "C" not null,
    allowed_hostnames text   collate "C",
    key_expires_at    bigint,
    created_at        bigint not null,
    expires_at        bigint not null
);
create index console_link_workspace on console_link (workspace_id, id);
create index console_link_expiry on console_link (expires_at, id);
