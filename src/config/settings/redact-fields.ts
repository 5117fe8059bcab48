// The two settings of the redaction policy, the same in every service.
import type { Fields } from './fields.ts';

/** What the user adds to the list of secret names and takes from it. */
export interface RedactOptions {
  /** Last words of names (or, in code, patterns of whole names) that are secret too. @default []  Env: RUNSPAN_REDACT_ADD, comma-separated */
  readonly redactAdd?: readonly (string | RegExp)[];
  /** Last words of names that are no secret; the longer ending decides. @default []  Env: RUNSPAN_REDACT_REMOVE, comma-separated */
  readonly redactRemove?: readonly string[];
}

/** The fields of {@link RedactOptions}. */
export const REDACT_FIELDS: Fields<Required<RedactOptions>> = {
  redactAdd: {
    kind: 'list',
    env: ['RUNSPAN_REDACT_ADD'],
    defaultValue: [],
    allowsPatterns: true,
    doc: 'Last words of names that are secret too, such as pin.',
  },
  redactRemove: {
    kind: 'list',
    env: ['RUNSPAN_REDACT_REMOVE'],
    defaultValue: [],
    doc: 'Last words of names that are no secret, such as push token.',
  },
};
