import { expect, it, vi } from 'vitest';
import { CallError } from '../../api/http';
import type { Seen } from './steps';
import { type Uploads, uploadsOf } from './uploads';

const file = { file: new Blob(['a']), name: 'a.csv' };
const seen = { id: '7' } as Seen;
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A file that was not taken is looked at first. */
const refused = (uploads: Uploads) => vi.waitFor(() => expect(uploads.now.get()?.state).toBe('failed'));

function begun(send: () => Promise<Seen>) {
  const elsewhere = { done: vi.fn(), failed: vi.fn() };
  const uploads = uploadsOf(send, async () => false, elsewhere);
  return { uploads, elsewhere };
}

it('refuses a second file while one is sent, and tells the page that shows it', async () => {
  let answer: (seen: Seen) => void = () => undefined;
  const { uploads, elsewhere } = begun(() => new Promise((resolve) => (answer = resolve)));
  const done = vi.fn();
  uploads.listen(done);
  expect(uploads.begin(file)).toBe(true);
  expect(uploads.begin({ ...file, name: 'b.csv' })).toBe(false);
  answer(seen);
  await settled();
  expect(done).toHaveBeenCalledWith({ name: 'a.csv', seen, isPlanned: false });
  expect(elsewhere.done).not.toHaveBeenCalled();
  expect(uploads.now.get()).toBeNull();
});

it('keeps a file that was not taken, to be sent again', async () => {
  const { uploads, elsewhere } = begun(() => Promise.reject(new CallError(0, null)));
  uploads.begin(file);
  await refused(uploads);
  expect(uploads.now.get()).toMatchObject({ state: 'failed', taken: file });
  expect(elsewhere.failed).toHaveBeenCalledOnce();
  expect(uploads.begin(file)).toBe(true);
  await refused(uploads);
  uploads.forget();
  expect(uploads.now.get()).toBeNull();
});

it('tells a file that cannot be read any more from a server that is away', async () => {
  const { uploads, elsewhere } = begun(() => Promise.reject(new CallError(0, null)));
  const unread = { arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) } as unknown as Blob;
  const taken = { file: Object.assign(new Blob(['a']), { slice: () => unread }), name: 'open.xlsx' };
  uploads.begin(taken);
  await refused(uploads);
  expect(uploads.now.get()).toEqual({ state: 'failed', taken, error: null });
  expect(elsewhere.failed).toHaveBeenCalledWith(taken, null);
  uploads.begin(file);
  await refused(uploads);
  expect(uploads.now.get()).toMatchObject({ error: { status: 0 } });
});

it('says nothing of an upload that was cancelled', async () => {
  let answer: (seen: Seen) => void = () => undefined;
  const { uploads, elsewhere } = begun(() => new Promise((resolve) => (answer = resolve)));
  uploads.begin(file);
  uploads.cancel();
  answer(seen);
  await settled();
  expect([uploads.now.get(), elsewhere.done.mock.calls.length]).toEqual([null, 0]);
});
