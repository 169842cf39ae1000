import type { HistoryStep as Step } from './generated';
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'key';
}
export type HistoryStep = Step & { readonly actor?: Actor | null };
