-- When an index has been filled.
create index doc_email on doc (email) where email is not null;
create index doc_phone on doc (phone) where phone is not null;
