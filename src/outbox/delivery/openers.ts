// The real stores and repositories, loaded when first opened: they are heavy, and the job's start must not wait for them.
import type { Openers } from './destination.ts';

/** Opens by URI; the code behind is imported at the first use. */
export const openers: Openers = {
  openStore: async (uri, options) => (await import('../../stores/open/open.ts')).openStore(uri, options),
  openArtifacts: async (artifactUri, options) =>
    (await import('../../artifacts/repositories/open.ts')).openArtifacts(artifactUri, options),
};
