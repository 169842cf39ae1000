-- Created after the table was filled: sorting all rows once is many times as fast as keeping the indexes sorted meanwhile.
create index doc_email on doc (email) where email is not null;
create index doc_phone on doc (phone) where phone is not null;
create index doc_deleted on doc (number) where deleted = 1;
create index doc_name on doc (sort_name, name, id);
create index doc_updated_at on doc (updated_at, id);
create index doc_deleted_name on doc (sort_name, name, id) where deleted = 1;
create index doc_deleted_updated_at on doc (updated_at, id) where deleted = 1;
create index doc_with_email on doc (number) where email is not null;
create index doc_without_email on doc (number) where email is null;
create index doc_with_phone on doc (number) where phone is not null;
create index doc_without_phone on doc (number) where phone is null;
