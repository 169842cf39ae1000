import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { twice } from './twice';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a part that fails once is loaded again', async () => {
  const load = vi.fn().mockRejectedValueOnce(new TypeError('offline')).mockResolvedValue('a page');
  const loaded = twice(load);
  await vi.runAllTimersAsync();
  expect(await loaded).toBe('a page');
  expect(load).toHaveBeenCalledTimes(2);
});

it('a part that fails twice is not there', async () => {
  const load = vi.fn().mockRejectedValue(new TypeError('gone'));
  const failed = expect(twice(load)).rejects.toThrow('gone');
  await vi.runAllTimersAsync();
  await failed;
});
