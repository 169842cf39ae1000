import { expect, it, vi } from 'vitest';
import type { ImportSettings } from '../../api/generated';
import { asksWithoutKey, savingOf, type Unsaved, withMode } from './settings';

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

function begun(...outcomes: boolean[]) {
  const send = vi.fn(async (_: ImportSettings) => outcomes.shift() ?? true);
  const shown: Unsaved[] = [];
  const saving = savingOf(send, (unsaved) => shown.push(unsaved));
  return { saving, sent: () => send.mock.calls.map(([changes]) => changes), last: () => shown.at(-1) };
}

it('sends what could not be saved with the next change', async () => {
  const { saving, sent, last } = begun(false);
  saving.save({ matchOn: 'email' });
  await settled();
  expect(last()).toEqual({ draft: { matchOn: 'email' }, isSaving: false });
  saving.save({ mode: 'update' });
  await settled();
  expect(sent()).toEqual([{ matchOn: 'email' }, { matchOn: 'email', mode: 'update' }]);
  expect(last()).toEqual({ draft: {}, isSaving: false });
});

it('tries again what could not be saved, without another change', async () => {
  const { saving, sent, last } = begun(false);
  saving.save({ mode: 'update' });
  await settled();
  saving.again();
  await settled();
  expect(sent()).toEqual([{ mode: 'update' }, { mode: 'update' }]);
  expect(last()?.draft).toEqual({});
});

it('sends what was chosen while a call ran with the next one, as a correction where that failed', async () => {
  const { saving, sent } = begun(false);
  saving.save({ maxDeletes: 'x', mode: 'mirror' });
  saving.save({ maxDeletes: '10' });
  await settled();
  expect(sent()).toEqual([
    { maxDeletes: 'x', mode: 'mirror' },
    { maxDeletes: '10', mode: 'mirror' },
  ]);
});

it('forgets what could not be saved where all is chosen anew', async () => {
  const { saving, sent } = begun(false);
  saving.save({ matchOn: 'email' });
  await settled();
  saving.saveOnly({ mapping: 'suggested' });
  await settled();
  expect(sent().at(-1)).toEqual({ mapping: 'suggested' });
});

it('does not send a member of an earlier change that a later one takes back', async () => {
  const { saving, sent } = begun(false);
  const phone = { columns: [{ column: 'Phone', target: 'phone' }] };
  const both = { columns: [...phone.columns, { column: 'Mail', target: 'email' }] };
  saving.save({ mapping: phone, matchOn: null });
  await settled();
  saving.save({ mapping: both, matchOn: undefined });
  await settled();
  expect(JSON.parse(JSON.stringify(sent().at(-1)))).toEqual({ mapping: both });
});

it('forgets what is being saved where all is chosen anew meanwhile, also if that then fails', async () => {
  const { saving, sent, last } = begun(false);
  saving.save({ matchOn: 'email', mode: 'update' });
  saving.saveOnly({ mapping: 'suggested' });
  await settled();
  expect(sent()).toEqual([{ matchOn: 'email', mode: 'update' }, { mapping: 'suggested' }]);
  expect(last()?.draft).toEqual({});
});

it('takes back that rows without a key create partners, with a mode that does not go with it', () => {
  expect(withMode('mirror', 'create')).toEqual({ mode: 'mirror', withoutKey: 'refuse' });
  expect(withMode('update', 'create')).toEqual({ mode: 'update', withoutKey: 'refuse' });
  expect(withMode('create', 'create')).toEqual({ mode: 'create' });
  expect(withMode('mirror', 'refuse')).toEqual({ mode: 'mirror' });
});

it('asks about rows without a key where there can be any, or where the mode refuses what is stored', () => {
  expect(asksWithoutKey('upsert', 'email', 'refuse')).toBe(true);
  expect(asksWithoutKey('upsert', null, 'refuse')).toBe(false);
  expect(asksWithoutKey('mirror', 'email', 'refuse')).toBe(false);
  expect(asksWithoutKey('mirror', 'email', 'create')).toBe(true);
  expect(asksWithoutKey('update', null, 'create')).toBe(true);
});
