import { expect, it } from 'vitest';
import { welcomeNextPerson } from '../../app/nextPerson';
import { dropEdits, editsToSend, keepEdits, keptEdits, tableOf, withCell, withoutSaved, withSkip } from './edits';
import type { Seen } from './steps';

it('keeps only cells that differ from what is stored', () => {
  const edits = withCell(new Map(), 4, 'E-mail', 'a@example.com', 'a');
  expect(editsToSend(edits)).toEqual([{ line: 4, cells: { 'E-mail': 'a@example.com' } }]);
  expect(withCell(edits, 4, 'E-mail', 'a', 'a').size).toBe(0);
});

it('sends an empty cell as null', () => {
  expect(editsToSend(withCell(new Map(), 4, 'Phone', '', '1'))).toEqual([{ line: 4, cells: { Phone: null } }]);
});

it('leaves rows out, beside their cells', () => {
  const edits = withSkip(withCell(new Map(), 4, 'Phone', '2', '1'), 4, true);
  expect(editsToSend(edits)).toEqual([{ line: 4, cells: { Phone: '2' }, skip: true }]);
  expect(editsToSend(withSkip(edits, 4, undefined))).toEqual([{ line: 4, cells: { Phone: '2' } }]);
  expect(withSkip(withSkip(new Map(), 5, true), 5, undefined).size).toBe(0);
});

it('keeps what was typed while earlier edits were saved', () => {
  const sent = withSkip(withCell(withCell(new Map(), 4, 'Phone', '2', '1'), 5, 'Phone', '3', '1'), 6, true);
  const typed = withCell(withCell(sent, 4, 'Phone', '22', null), 7, 'Name', 'Radia', null);
  expect(editsToSend(withoutSaved(typed, sent))).toEqual([
    { line: 4, cells: { Phone: '22' } },
    { line: 7, cells: { Name: 'Radia' } },
  ]);
  expect(withoutSaved(sent, sent).size).toBe(0);
});

it('keeps a cell that was put back, and a row that was taken in again, while the other text was saved', () => {
  const sent = withSkip(withCell(new Map(), 4, 'Phone', '2', '1'), 5, true);
  const back = withSkip(withCell(sent, 4, 'Phone', '1', null), 5, false);
  expect(editsToSend(withoutSaved(back, sent))).toEqual([
    { line: 4, cells: { Phone: '1' } },
    { line: 5, skip: false },
  ]);
});

it('keeps edits for the sheet and columns that they were made in only', () => {
  const table = (sheet: string | null, ...columns: string[]) =>
    tableOf({ file: { sheet }, columns: columns.map((column) => ({ column })) } as unknown as Seen);
  const january = table('Jan', 'Name', 'Phone');
  const edits = withCell(new Map(), 7, 'Phone', '2', '1');
  keepEdits('a', january, edits);
  expect(keptEdits('a', january)).toBe(edits);
  for (const other of [table('Feb', 'Name', 'Phone'), table('Jan', 'Name'), table(null, 'Name', 'Phone')])
    expect(keptEdits('a', other).size).toBe(0);
  expect(keptEdits('b', january).size).toBe(0);
  dropEdits('a');
  expect(keptEdits('a', january).size).toBe(0);
});

it('keeps no edits for who signs in next', () => {
  const edits = withCell(new Map(), 7, 'Phone', '2', '1');
  keepEdits('a', 'January', edits);
  keepEdits('b', 'January', edits);
  welcomeNextPerson();
  expect([keptEdits('a', 'January').size, keptEdits('b', 'January').size]).toEqual([0, 0]);
});
