import type { Call } from './http';

/** The call as a command for a shell: the key is in the variable ROSTER_KEY. */
export function asCurl(request: Call, origin: string): string {
  const { method = 'GET', path, body, headers = {} } = request;
  const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(origin + path)}`];
  lines.push(`-H "Authorization: Bearer $ROSTER_KEY"`);
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body instanceof Blob) lines.push(`--data-binary @${quoted(body instanceof File ? body.name : 'file')}`);
  else if (body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(' \\\n  ');
}

/** A text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
