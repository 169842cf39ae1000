/** The call for one partner, deleted or not; with a revision, as it was then. */
export function partnerPath(id: string, asOf: string | null): string {
  const query =
    asOf === null ? 'deleted=true&include=deletedAt,revision' : `deleted=true&include=deletedAt&asOf=${asOf}`;
  return `/api/partners/${id}?${query}`;
}

/** The call for what became of a partner, newest first. */
export function historyPath(id: string): string {
  return `/api/partners/${id}/history?take=20`;
}
