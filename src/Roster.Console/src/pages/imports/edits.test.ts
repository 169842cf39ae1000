import { expect, it } from 'vitest';
import { editsToSend, withCell, withSkip } from './edits';

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
