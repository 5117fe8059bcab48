// Which prompts a run or a model used, in MlflowClient: links in their tags, as MLflow's pages read them.
import { MlflowError, mlflowError, uncodedError } from '../../errors.ts';
import { parsePromptUri } from '../../model/model-uri.ts';
import { IS_PROMPT_TAG } from '../../model/registry.ts';
import { PromptVersion } from '../../model/prompt-version.ts';
import { PromptMethods } from './prompt-methods.ts';
import { toPromptVersion, withLinks } from './prompt-tags.ts';
import type { VersionNumber } from './registry-checks.ts';

const LINKED_PROMPTS_TAG = 'mlflow.linkedPrompts';
const RUN_IDS_TAG = 'mlflow.prompt.associatedRunIds';

/** The client's methods that tie prompts to what used them. */
export abstract class PromptLinkMethods extends PromptMethods {
  /** Notes of a run that it used a version of a prompt: the version, or its URI. */
  async linkPromptVersionToRun(runId: string, prompt: string | PromptVersion): Promise<void> {
    const used = typeof prompt === 'string' ? await this.#mustLoad(prompt) : prompt;
    if (!(used instanceof PromptVersion))
      throw mlflowError('INVALID_PARAMETER_VALUE', 'A prompt is a PromptVersion or the URI of one.');
    await this.getPromptVersion(used.name, used.version);
    const { tags } = (await this.getRun(runId)).data;
    const links = withLinks(tags[LINKED_PROMPTS_TAG], [used], badLinks);
    if (links !== undefined) await this.setTag(runId, LINKED_PROMPTS_TAG, links);
  }

  /** Notes of a logged model that it uses a version of a prompt. */
  async linkPromptVersionToModel(name: string, version: VersionNumber, modelId: string): Promise<void> {
    const used = await this.#mustLoad(`prompts:/${name}/${version}`);
    const { tags } = await this.getLoggedModel(modelId);
    const links = withLinks(tags[LINKED_PROMPTS_TAG], [used], badLinks);
    if (links !== undefined) await this.setLoggedModelTags(modelId, { [LINKED_PROMPTS_TAG]: links });
  }

  /** Notes of a trace that it used versions of prompts. */
  async linkPromptVersionsToTrace(promptVersions: readonly PromptVersion[], traceId: string): Promise<void> {
    const { info } = await this.ask('getTraceInfo', traceId);
    const prompts = promptVersions.map(({ name, version }) => ({ name, version: String(version) }));
    try {
      await this.ask('linkPromptsToTrace', { traceId, prompts });
    } catch (error) {
      // A server from before this endpoint knows the tag alone.
      if (!(error instanceof MlflowError) || error.errorCode !== 'ENDPOINT_NOT_FOUND') throw error;
    }
    const links = withLinks(info.tags[LINKED_PROMPTS_TAG], promptVersions, badLinks);
    if (links !== undefined) await this.ask('setTraceTag', { traceId, key: LINKED_PROMPTS_TAG, value: links });
  }

  /** Lists the versions of prompts that name a run in a tag of theirs, as older MLflows noted it. */
  async listLoggedPrompts(runId: string): Promise<readonly PromptVersion[]> {
    const filterString = `tags.\`${RUN_IDS_TAG}\` LIKE '%${runId}%' AND tags.\`${IS_PROMPT_TAG}\` = 'true'`;
    return (await this.searchModelVersions({ filterString }).all()).map(toPromptVersion);
  }

  /** Takes a run off what such a version names. */
  async detachPromptFromRun(runId: string, promptUri: string): Promise<void> {
    const { name, version, tags } = await this.#mustLoad(promptUri);
    const runIds = (tags[RUN_IDS_TAG] ?? '').split(',');
    if (!runIds.includes(runId))
      throw mlflowError('INVALID_PARAMETER_VALUE', `Run '${runId}' is not associated with prompt '${promptUri}'.`);
    const left = runIds.filter((id) => id !== runId);
    if (left.length === 0) return this.deletePromptVersionTag(name, version, RUN_IDS_TAG);
    return this.setPromptVersionTag(name, version, RUN_IDS_TAG, left.join(','));
  }

  /** Reads a `prompts:/` URI; an alias is looked up. */
  async parsePromptUri(uri: string): Promise<{ readonly name: string; readonly version: string }> {
    const parsed = parsePromptUri(uri);
    if (parsed.kind === 'version') return { name: parsed.name, version: parsed.version };
    const { name, version } = await this.#mustLoad(uri);
    return { name, version: String(version) };
  }

  async #mustLoad(uri: string): Promise<PromptVersion> {
    const found = await this.loadPrompt(uri);
    if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `There is no prompt ${uri}.`);
    return found;
  }
}

function badLinks(tag: string): Error {
  return uncodedError(`Invalid format for '${LINKED_PROMPTS_TAG}' tag: ${tag}`);
}
