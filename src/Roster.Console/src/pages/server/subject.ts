/** The object of an audit event is a key's id and name, or a name alone. */
export function subjectIn(text: string): { id: string | null; name: string } {
  const parts = /^([0-9a-f]{8}-[0-9a-f-]{27}) (.+)$/su.exec(text);
  return parts === null ? { id: null, name: text } : { id: parts[1] ?? null, name: parts[2] ?? text };
}
