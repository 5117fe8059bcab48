// The logged model that metrics are measured of where nothing else is said: one a process, whichever copy of this package set it.
import { shareInProcess } from '../../model/process-wide.ts';

/** What is known of logged models in this process. */
export interface ActiveModelState {
  /** The active one's id. */
  activeId: string | undefined;
  /** Whether it was set or cleared: the environment is not asked any more. */
  isDecided: boolean;
  /** The id of the one that was made last. */
  lastId: string | undefined;
}

/** Gives the state, to read and to change. */
export function activeModelState(): ActiveModelState {
  return shareInProcess('active-model', () => ({ activeId: undefined, isDecided: false, lastId: undefined }));
}

/** Makes a model the active one until the returned function is called, which puts back what was before. */
export function activateModel(modelId: string | undefined): () => void {
  const state = activeModelState();
  const { activeId, isDecided } = state;
  Object.assign(state, { activeId: modelId, isDecided: true });
  return () => void Object.assign(state, { activeId, isDecided });
}

/** The active model's id: the one that was set, else the one that the environment names. */
export function activeModelId(ofEnv: string | undefined): string | undefined {
  const { activeId, isDecided } = activeModelState();
  return isDecided ? activeId : ofEnv || undefined;
}
