// What of TensorFlow.js is used, as it is found at run time: any 4.x module fits, whichever of its packages it comes from.

/** `@tensorflow/tfjs`, or `@tensorflow/tfjs-layers`. */
export interface TfjsModule {
  /** The class whose `fit` and `fitDataset` are watched. */
  readonly LayersModel: { readonly prototype: object };
  /** The class of models that are a list of layers; it has a `fit` of its own. */
  readonly Sequential: { readonly prototype: object };
  /** The callback that hears of epochs. */
  readonly CustomCallback: new (args: object, yieldEvery?: never) => object;
  /** The version, where the module is `@tensorflow/tfjs-layers`. */
  readonly version_layers?: string;
  /** The versions of the parts, where the module is `@tensorflow/tfjs`. */
  readonly version?: unknown;
}

/** A tensor of data. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  data(): Promise<ArrayLike<unknown>>;
}

/** An input or output of a model. */
export interface SymbolicLike {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

/** A model, as far as it is looked at. */
export interface ModelLike {
  /** Whether it has its layers and weights; looking at one that has not would build it, and fit would then say another error. */
  readonly built: boolean;
  readonly inputs: readonly SymbolicLike[];
  readonly outputs: readonly SymbolicLike[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly optimizer: { getClassName(): string; getConfig(): Readonly<Record<string, unknown>> };
  summary(lineLength: undefined, positions: undefined, print: (line: string) => void): void;
  save(handler: { readonly save: (artifacts: ModelArtifacts) => Promise<object> }): Promise<unknown>;
}

/** A model as TensorFlow.js hands it to whoever keeps it. */
export interface ModelArtifacts {
  readonly modelTopology?: unknown;
  readonly format?: string;
  readonly generatedBy?: string;
  readonly convertedBy?: string | null;
  readonly weightSpecs?: readonly unknown[];
  readonly weightData?: ArrayBuffer | readonly ArrayBuffer[];
  readonly userDefinedMetadata?: unknown;
}

/** One call of fit or fitDataset, as it was made. */
export interface FitCall {
  readonly tf: TfjsModule;
  readonly method: 'fit' | 'fitDataset';
  readonly model: ModelLike;
  /** x, y, args; or dataset, args. */
  readonly input: readonly unknown[];
  /** The object of options; empty where there was none. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** The version of the layers package; undefined where it does not say. */
export function tfjsVersion(tf: TfjsModule): string | undefined {
  if (typeof tf.version_layers === 'string') return tf.version_layers;
  const { version } = tf;
  if (typeof version !== 'object' || version === null || !('tfjs-layers' in version)) return undefined;
  return String(version['tfjs-layers']);
}

/** Whether a value is a tensor that can be read. */
export function isTensor(value: unknown): value is TensorLike {
  return (
    typeof value === 'object' &&
    value !== null &&
    'shape' in value &&
    Array.isArray(value.shape) &&
    'dtype' in value &&
    typeof value.dtype === 'string' &&
    'data' in value &&
    typeof value.data === 'function'
  );
}
