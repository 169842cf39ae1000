-- For people who sign in by OpenID Connect: SHA-256 of the provider's issuer, a line feed, and the person's subject there.
alter table api_key add column identity bytea;
create unique index api_key_identity on api_key (workspace_id, identity) where identity is not null;
