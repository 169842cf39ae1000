-- One bounded text each: tags divided by |, metadata a JSON object of texts.
alter table partner add column tags text;
alter table partner add column metadata text;
