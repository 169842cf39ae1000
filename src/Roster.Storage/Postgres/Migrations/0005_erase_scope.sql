-- Erasing takes a scope of its own. Keys that had every scope, as "all" gives them, have every scope; no other gets it.
update api_key set scopes = 'partnersRead,partnersWrite,linksWrite,partnersErase,keysRead,keysWrite'
where scopes = 'partnersRead,partnersWrite,linksWrite,keysRead,keysWrite';
