// What became of every record as OpenTelemetry metrics, `runspan.outbox.*`: read when somebody collects, free of charge where nobody does.
import { type BatchObservableResult, type MeterProvider, metrics, type Observable } from '@opentelemetry/api';
import { shareInProcess } from '../../model/process-wide.ts';
import { INSTRUMENTATION_SCOPE } from '../../otel/attribute-names.ts';
import type { Outbox, OutboxStats } from '../../outbox/contract.ts';

/** Where the records go, without credentials: one series for each. */
const ATTR_TRACKING_URI = 'runspan.tracking_uri';
/** Why a record was refused; OpenTelemetry's own name. */
const ATTR_ERROR_TYPE = 'error.type';

type Totals = Pick<OutboxStats, 'accepted' | 'delivered' | 'pending' | 'deadLettered' | 'refused' | 'drainDeaths'>;

interface Observed {
  readonly live: Set<Pick<Outbox, 'stats'>>;
  /** Of services that have stopped: a counter never goes back. */
  past: Totals;
}

interface Shared {
  readonly byUri: Map<string, Observed>;
  provider: MeterProvider | undefined;
}

const NOTHING: Totals = { accepted: 0, delivered: 0, pending: 0, deadLettered: 0, refused: {}, drainDeaths: 0 };

/**
 * Has an outbox counted with the others of the process that go to the same place. The provider is the one that is registered by now.
 *
 * @returns ends it; what it counted until then stays
 */
export function observeOutbox(outbox: Pick<Outbox, 'stats'>, trackingUri: string): () => void {
  const shared = shareInProcess<Shared>('outbox-metrics', () => ({ byUri: new Map(), provider: undefined }));
  const observed = shared.byUri.get(trackingUri) ?? { live: new Set(), past: NOTHING };
  shared.byUri.set(trackingUri, observed);
  observed.live.add(outbox);
  const provider = metrics.getMeterProvider();
  if (provider !== shared.provider) {
    shared.provider = provider;
    register(provider, shared);
  }
  return () => {
    if (observed.live.delete(outbox)) observed.past = add(observed.past, outbox.stats());
  };
}

function register(provider: MeterProvider, { byUri }: Shared): void {
  const meter = provider.getMeter(INSTRUMENTATION_SCOPE);
  const counter = (name: string, description: string, unit = '{record}'): Observable =>
    meter.createObservableCounter(`runspan.outbox.${name}`, { unit, description });
  const accepted = counter('accepted', 'Records that the journal has taken');
  const delivered = counter('delivered', 'Records that the tracking store has taken');
  const deadLettered = counter('dead_lettered', 'Records that the tracking store refused for good');
  const refused = counter('refused', 'Records that were never accepted');
  const pending = meter.createObservableUpDownCounter('runspan.outbox.pending', {
    unit: '{record}',
    description: 'Records that wait for the tracking store',
  });
  const drainDeaths = counter('drain_deaths', 'Times that the thread that delivers has died', '{death}');
  const observe = (result: BatchObservableResult): void => {
    for (const [uri, { live, past }] of byUri) {
      const attributes = { [ATTR_TRACKING_URI]: uri };
      const totals = [...live].reduce<Totals>((sum, outbox) => add(sum, outbox.stats()), past);
      result.observe(accepted, totals.accepted, attributes);
      result.observe(delivered, totals.delivered, attributes);
      result.observe(deadLettered, totals.deadLettered, attributes);
      result.observe(pending, totals.pending, attributes);
      result.observe(drainDeaths, totals.drainDeaths, attributes);
      for (const [reason, count] of Object.entries(totals.refused))
        result.observe(refused, count, { ...attributes, [ATTR_ERROR_TYPE]: reason });
    }
  };
  meter.addBatchObservableCallback(observe, [accepted, delivered, deadLettered, refused, pending, drainDeaths]);
}

function add(a: Totals, b: Totals): Totals {
  const refused: Record<string, number> = { ...a.refused };
  for (const [reason, count] of Object.entries(b.refused)) refused[reason] = (refused[reason] ?? 0) + count;
  return {
    accepted: a.accepted + b.accepted,
    delivered: a.delivered + b.delivered,
    pending: a.pending + b.pending,
    deadLettered: a.deadLettered + b.deadLettered,
    refused,
    drainDeaths: a.drainDeaths + b.drainDeaths,
  };
}
