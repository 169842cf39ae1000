-- Whether a program or a person uses the key.
alter table api_key add column kind text not null default 'key';

-- Browsers that are signed in. expires_at: when the session ends if it is not used again.
create table session (
    id           blob    not null primary key,
    workspace_id integer not null references workspace (id),
    key_id       blob    not null,
    hash         blob    not null unique,
    created_at   integer not null,
    last_used_at integer not null,
    expires_at   integer not null,
    address      text,
    user_agent   text
) strict, without rowid;
create index session_key on session (key_id, id);
create index session_workspace on session (workspace_id, id);
create index session_expiry on session (expires_at, id);

-- Invitations that nobody has used. scopes, allowed_hostnames and key_expires_at are for the person's key.
create table console_link (
    id                blob    not null primary key,
    workspace_id      integer not null references workspace (id),
    hash              blob    not null unique,
    made_by           blob,
    name              text    not null,
    scopes            text    not null,
    allowed_hostnames text,
    key_expires_at    integer,
    created_at        integer not null,
    expires_at        integer not null
) strict, without rowid;
create index console_link_workspace on console_link (workspace_id, id);
create index console_link_expiry on console_link (expires_at, id);
