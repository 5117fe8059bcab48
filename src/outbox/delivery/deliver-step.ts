// One step of a plan, handed to what delivers records of its kind.
import { RunspanError } from '../../errors.ts';
import type { InputsWrite, EndWrite } from '../../model/write.ts';
import type { ArtifactLane } from './artifact-lane.ts';
import { deleteTwins, deliverCreate } from './create-run.ts';
import { deliverBatch } from './deliver-batch.ts';
import { closeModels, deliverModel, deliverModelEnd, findModelId } from './deliver-model.ts';
import type { Delivery } from './delivery.ts';
import { bury, findRunId } from './delivery.ts';
import { deliverJoin } from './join-run.ts';
import type { EntryOf, FenceWrite, Step } from './plan.ts';

/** Delivers a step; what is refused for good is dead-lettered. Rejects where the drain is closed, and with what no store answers. */
export async function deliverStep(delivery: Delivery, lane: ArtifactLane, step: Step): Promise<void> {
  if (step.kind === 'batch') return deliverBatch(delivery, step.runKey, step.entries);
  if (step.kind === 'single') return deliverSingle(delivery, lane, step.entry);
  const { sequence, write } = step.entry;
  const error = new RunspanError('NOT_SUPPORTED', `This version does not know records of kind '${write.kind}'`);
  bury(delivery, sequence, { record: write, error });
}

async function deliverSingle(
  delivery: Delivery,
  lane: ArtifactLane,
  { sequence, write }: EntryOf<FenceWrite>,
): Promise<void> {
  switch (write.kind) {
    case 'create':
      return deliverCreate(delivery, { sequence, write });
    case 'join':
      return deliverJoin(delivery, { sequence, write });
    case 'inputs':
      return deliverInputs(delivery, { sequence, write });
    case 'artifact':
      return lane.deliver({ sequence, write });
    case 'model':
      return deliverModel(delivery, { sequence, write });
    case 'model-end':
      return deliverModelEnd(delivery, lane, { sequence, write });
    case 'attributes':
      delivery.state.keepAttributes(write.runKey, {
        params: write.params,
        tags: write.tags,
        // The journal spells NaN and the infinities as texts.
        metrics: write.metrics.map((metric) => ({ ...metric, value: Number(metric.value) })),
      });
      return;
    case 'end':
      return deliverEnd(delivery, lane, { sequence, write });
  }
}

async function deliverInputs(delivery: Delivery, { sequence, write }: EntryOf<InputsWrite>): Promise<void> {
  const { runKey, inputs, modelKeys = [] } = write;
  const found = await findRunId(delivery, runKey);
  const modelIds: string[] = [];
  for (const modelKey of modelKeys) {
    const id = await findModelId(delivery, { runKey, modelKey });
    if (id !== undefined) modelIds.push(id);
  }
  const outcome =
    found.status === 'rejected'
      ? found
      : await delivery.patience.attempt(async () => {
          const store = await delivery.destination.store();
          await (modelIds.length === 0
            ? store.logInputs(found.value, inputs)
            : store.logInputs(found.value, inputs, modelIds));
        });
  if (outcome.status === 'rejected') bury(delivery, sequence, { record: write, error: outcome.error });
}

async function deliverEnd(
  delivery: Delivery,
  lane: ArtifactLane,
  { sequence, write }: EntryOf<EndWrite>,
): Promise<void> {
  const { state, destination, patience } = delivery;
  const found = await findRunId(delivery, write.runKey);
  const run = state.run(write.runKey);
  if (found.status === 'done') await closeModels(delivery, write.runKey);
  const { status, endTimeMs } = write;
  const outcome =
    found.status === 'rejected'
      ? found
      : await patience.attempt(async () =>
          (await destination.store()).updateRun({ runId: found.value, status, endTimeMs }),
        );
  if (outcome.status === 'rejected') bury(delivery, sequence, { record: write, error: outcome.error });
  // As late as can be: what a slow server makes of a create while the run ends is found too.
  if (found.status === 'done' && run?.wasAmbiguous === true) await deleteTwins(delivery, run);
  if (run !== undefined && run.artifactUri !== '' && !lane.uses(run.artifactUri))
    destination.closeArtifacts(run.artifactUri);
  state.endRun(write.runKey);
}
