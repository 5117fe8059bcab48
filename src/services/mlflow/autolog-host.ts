// A started service as automatic logging sees it.
import { addHost } from '../../autolog/host.ts';
import type { AutologFlags, AutologHost } from '../../autolog/host.ts';
import type { MlflowSettings } from '../../config/settings/mlflow-settings.ts';
import type { RunSurroundings } from '../../runs/open/open-run.ts';
import type { RunBook } from './run-book.ts';

/** Opens a started service to automatic logging; the returned function closes it again. */
export function joinAutolog(
  settings: MlflowSettings,
  parts: {
    readonly book: RunBook;
    readonly surroundings: Pick<RunSurroundings, 'sourceTags'>;
    readonly runContext: AutologHost['runContext'];
  },
): () => void {
  const { book, surroundings, runContext } = parts;
  return addHost({
    flags: readFlags(settings),
    sourceTags: surroundings.sourceTags,
    findRun: (runKey) => book.find(runKey),
    runContext,
    complain: (message, isSilent) => book.refuse('autolog', message, isSilent),
  });
}

function readFlags(settings: MlflowSettings): AutologFlags {
  return {
    disable: settings.autologDisable || settings.isDisabled,
    disableForUnsupportedVersions: settings.autologDisableForUnsupportedVersions,
    exclusive: settings.autologExclusive,
    logInputExamples: settings.autologLogInputExamples,
    logModelSignatures: settings.autologLogModelSignatures,
    logModels: settings.autologLogModels,
    logDatasets: settings.autologLogDatasets,
    silent: settings.autologSilent,
  };
}
