import type { GuardAction, TextPlace } from '../../domain/guards/guard.ts';

export interface ConfiguredActions {
  readonly action: GuardAction;
  readonly places: Readonly<Partial<Record<TextPlace, GuardAction>>>;
}

/** A place's own action, or the guard's. */
export const actionsOf =
  ({ action, places }: ConfiguredActions) =>
  (place: TextPlace): GuardAction =>
    places[place] ?? action;
