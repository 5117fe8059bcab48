// The interface that zod, valibot, ArkType and others share, as far as it is used here; its specification asks to copy it.

/** A schema of any library that follows Standard Schema. @see https://standardschema.dev */
export interface StandardSchema<Output = unknown> {
  /** What a library offers to those who do not know it. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a schema makes of a value: the value in its output's type, or what is wrong with it. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong, and where. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where it is wrong, from the root. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
