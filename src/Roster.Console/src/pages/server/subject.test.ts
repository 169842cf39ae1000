import { expect, test } from 'vitest';
import { subjectIn } from './subject';

test('a subject is an id and a name, or a name alone', () => {
  expect(subjectIn('01a21f3f-2c87-7f61-9694-68c4fbac545d first key')).toEqual({
    id: '01a21f3f-2c87-7f61-9694-68c4fbac545d',
    name: 'first key',
  });
  expect(subjectIn('default')).toEqual({ id: null, name: 'default' });
});
