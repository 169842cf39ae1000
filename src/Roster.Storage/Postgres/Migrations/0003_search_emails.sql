-- Addresses are folded in another way where they are more than ASCII. The index of a workspace that has such is filled again from the
-- partners by the next server that follows its log; the others stay. Lists that were begun by its old orders expire.
update search_state set kept = greatest(kept, reached), reached = 0
where workspace_id in (select workspace_id from search_doc where email ~ '[^ -~]');
delete from search_doc where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_was where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_name where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_update where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_segment where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_page where workspace_id in (select workspace_id from search_state where reached = 0);
delete from search_pass where workspace_id in (select workspace_id from search_state where reached = 0);
