import { expect, it } from 'vitest';
import { asciiNumber, lineIn } from './numbers';

it('takes the digits of Arabic and Persian keyboards', () => {
  expect(asciiNumber('٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹')).toBe('0123456789 0123456789');
  expect(asciiNumber('١٠٪')).toBe('10%');
  expect(lineIn(' ٣ ')).toBe(3);
});

it('tells a slip from a line that is left empty', () => {
  expect(lineIn(' ')).toBeNull();
  for (const slip of ['x', '0', '-1', '3x', '1.5', '12345678901']) expect(lineIn(slip)).toBeUndefined();
});
