-- Before an index is filled anew: nothing in it, and no order to keep while it is filled.
update state set reached = 0, request_id = null;
delete from pass;
delete from doc;
insert into gram (gram) values ('delete-all');
delete from name_order;
delete from update_order;
drop index if exists doc_email;
drop index if exists doc_phone;
