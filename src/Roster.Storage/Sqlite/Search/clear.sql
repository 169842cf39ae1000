-- Before an index is filled anew: nothing in it, and no order to keep while it is filled.
update state set reached = 0, request_id = null;
delete from doc;
insert into gram (gram) values ('delete-all');
drop index if exists doc_email;
drop index if exists doc_phone;
drop index if exists doc_deleted;
drop index if exists doc_name;
drop index if exists doc_updated_at;
drop index if exists doc_deleted_name;
drop index if exists doc_deleted_updated_at;
