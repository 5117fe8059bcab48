// What a seed can have happen next, by weight.

/** The actions of a history. */
export const ACTIONS = {
  start: 6,
  open: 8,
  metrics: 22,
  tag: 8,
  param: 4,
  attribute: 4,
  artifact: 3,
  bad: 4,
  end: 6,
  flush: 3,
  stop: 3,
  kill: 3,
  'kill at a write': 7,
  'disk fails': 4,
  'a moment': 14,
  'some seconds': 10,
  'some minutes': 2,
  weather: 8,
  'clock steps': 2,
  reboot: 1,
  'power cut': 2,
  'a file is torn': 1,
  'a rival comes': 3,
} as const;

/** Where writes are synced: more of what that is for. */
export const SYNCED_ACTIONS: Readonly<Record<Action, number>> = {
  ...ACTIONS,
  artifact: 8,
  flush: 9,
  weather: 12,
  'power cut': 5,
};

/** One of them. */
export type Action = keyof typeof ACTIONS;
