import { expect, it } from 'vitest';
import { isComposing, keyOf } from './keys';

it.each([
  ['k', 'KeyK', false, 'k'],
  ['ن', 'KeyK', false, 'k'],
  ['л', 'KeyK', false, 'k'],
  ['لا', 'KeyB', false, 'b'],
  ['ظ', 'Slash', false, '/'],
  ['؟', 'Slash', true, '?'],
  ['?', 'Minus', true, '?'],
  ['x', 'KeyQ', false, 'x'],
  ['ArrowDown', 'ArrowDown', true, 'ArrowDown'],
  ['é', 'Digit2', false, 'é'],
])('%s at %s is the key of a shortcut', (key, code, shiftKey, expected) => {
  expect(keyOf({ key, code, shiftKey })).toBe(expected);
});

it('a key of an input method is known, in Safari too', () => {
  expect(isComposing({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});
