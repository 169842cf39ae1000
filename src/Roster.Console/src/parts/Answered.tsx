import type { ReactNode } from 'react';
import type { Reading } from '../api/useCall';
import { ErrorView, Loading } from './show';

/** What was read from the API, once it is there; until then that it is loading, and why it did not work. */
export function Answered<T>({ reading, children }: { reading: Reading<T>; children: (data: T) => ReactNode }) {
  const { answer, error, isLoading, again } = reading;
  return (
    <>
      {error === null ? null : <ErrorView error={error} again={again} />}
      {isLoading ? <Loading /> : null}
      {answer === null ? null : children(answer.data)}
    </>
  );
}
