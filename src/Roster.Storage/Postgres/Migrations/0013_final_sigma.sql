-- The final form of the Greek sigma is folded to the usual one. So search indexes are filled again, from the partners.
update search_state set reached = 0, filling = null, filled = null;
