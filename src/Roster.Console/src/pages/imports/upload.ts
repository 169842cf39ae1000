import type { Problem } from '../../api/generated';
import { CallError, endSession, fromConsole, refuseHeld, withQuery } from '../../api/http';
import type { Seen } from './steps';

/** Sends a file. `fetch` does not tell how far an upload is, so this is an XMLHttpRequest. */
export function upload(
  file: Blob,
  name: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    refuseHeld();
    const request = new XMLHttpRequest();
    request.open('POST', withQuery('/api/imports', { filename: name }));
    for (const [header, value] of Object.entries(fromConsole)) request.setRequestHeader(header, value);
    request.setRequestHeader('Content-Type', file.type === '' ? 'application/octet-stream' : file.type);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const body = bodyOf(request);
      if (request.status === 201 && body !== null) {
        resolve(body as Seen);
        return;
      }
      if (request.status === 401) endSession();
      reject(new CallError(request.status, body as Problem | null));
    };
    request.onerror = () => reject(new CallError(0, null));
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

/** Null where it is not JSON: then something between this page and the server has answered. */
function bodyOf(request: XMLHttpRequest): unknown {
  if (request.getResponseHeader('Content-Type')?.includes('json') !== true) return null;
  try {
    return JSON.parse(request.responseText) as unknown;
  } catch {
    return null;
  }
}
