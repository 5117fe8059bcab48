// The resource of the SDK that is registered, for an exporter that lives in another thread.
import { trace } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';

interface ResourceLike {
  readonly attributes?: Attributes;
  waitForAsyncAttributes?(): Promise<void>;
}

interface ProviderLike {
  readonly _resource?: ResourceLike;
  getDelegate?(): ProviderLike;
}

/**
 * Gives the attributes of the registered SDK's resource, so that log records of a worker and spans of this thread belong to one
 * service instance; undefined where the SDK shows none. Never rejects.
 */
export async function findResourceAttributes(): Promise<Attributes | undefined> {
  try {
    // The API shows no resource; the SDKs of 2.x and 3.x keep it under this name.
    const provider = trace.getTracerProvider() as ProviderLike;
    const resource = (provider.getDelegate?.() ?? provider)._resource;
    await resource?.waitForAsyncAttributes?.();
    return resource?.attributes;
  } catch {
    // A provider of another make; the records then have the worker's own resource.
    return undefined;
  }
}
