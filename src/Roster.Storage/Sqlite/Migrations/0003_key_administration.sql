-- Host names that a browser's page must come from, divided by spaces; null where any may.
alter table api_key add column allowed_hostnames text;

-- Who did what to keys and workspaces, when and from where. The actor is null for an operator's command.
create table audit_event (
    number       integer not null primary key,
    workspace_id integer not null,
    id           blob    not null unique,
    at           integer not null,
    action       text    not null,
    actor_key_id blob,
    address      text,
    subject      text    not null
) strict;
create index audit_event_workspace on audit_event (workspace_id, number);

create index api_key_workspace on api_key (workspace_id);
