// The files of a logged model with flavor tfjs: what TensorFlow.js loads back, and what MLflow's own readers look at.
import type { InputExample } from './tfjs-tensors.ts';
import type { ModelArtifacts, ModelLike, TfjsModule } from './tfjs-types.ts';
import { tfjsVersion } from './tfjs-types.ts';
import { isArrayBuffer } from '../model/any-realm.ts';

/** Everything that a logged model is made of, but for what only the store can say. */
export interface ModelFiles {
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** The fields of MLmodel. */
  readonly mlmodel: Readonly<Record<string, unknown>>;
}

/** What is known of a model beside itself. */
export interface ModelFacts {
  readonly tf: TfjsModule;
  readonly signature?: Readonly<Record<string, unknown>> | undefined;
  readonly example?: InputExample | undefined;
  readonly nowMs: number;
}

/** The version of MLflow whose MLmodel file this is; readers want one. */
const MLFLOW_VERSION = '3.17.2';

/** Where the model's own files lie. */
export const MODEL_FILE = 'data/model.json';
const WEIGHTS_FILE = 'weights.bin';

/** Writes a model as MLflow and TensorFlow.js read it. */
export async function writeModelFiles(model: ModelLike, facts: ModelFacts): Promise<ModelFiles> {
  const artifacts = await takeArtifacts(model);
  const weights = toBytes(artifacts.weightData);
  const files = [
    { path: MODEL_FILE, bytes: Buffer.from(JSON.stringify(toModelJson(artifacts))) },
    { path: `data/${WEIGHTS_FILE}`, bytes: weights },
    ...exampleFiles(facts.example),
  ];
  const mlmodel = {
    flavors: {
      tfjs: {
        code: null,
        data: 'data',
        format: artifacts.format ?? 'layers-model',
        model_file: MODEL_FILE,
        node_version: process.versions.node,
        tfjs_version: tfjsVersion(facts.tf) ?? null,
      },
    },
    mlflow_version: MLFLOW_VERSION,
    model_size_bytes: files.reduce((size, { bytes }) => size + bytes.byteLength, 0),
    ...(facts.example === undefined ? {} : { saved_input_example_info: EXAMPLE_INFO }),
    ...(facts.signature === undefined ? {} : { signature: facts.signature }),
    utc_time_created: toPythonTime(facts.nowMs),
  };
  return { files, mlmodel };
}

const EXAMPLE_INFO = {
  artifact_path: 'input_example.json',
  serving_input_path: 'serving_input_example.json',
  type: 'ndarray',
};

function exampleFiles(example: InputExample | undefined): ModelFiles['files'] {
  if (example === undefined) return [];
  return [
    { path: EXAMPLE_INFO.artifact_path, bytes: Buffer.from(JSON.stringify(example)) },
    { path: EXAMPLE_INFO.serving_input_path, bytes: Buffer.from(JSON.stringify({ inputs: example })) },
  ];
}

async function takeArtifacts(model: ModelLike): Promise<ModelArtifacts> {
  let taken: ModelArtifacts = {};
  await model.save({
    save: (artifacts) => {
      taken = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } });
    },
  });
  return taken;
}

/** As TensorFlow.js' own file handler writes it. */
function toModelJson(artifacts: ModelArtifacts): object {
  const { modelTopology, format, generatedBy, convertedBy, weightSpecs, userDefinedMetadata } = artifacts;
  return {
    modelTopology,
    format,
    generatedBy,
    convertedBy,
    ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: weightSpecs }],
  };
}

function toBytes(data: ModelArtifacts['weightData']): Uint8Array {
  if (data === undefined) return new Uint8Array();
  return isArrayBuffer(data) ? new Uint8Array(data) : Buffer.concat(data.map((each) => new Uint8Array(each)));
}

/** `2026-11-23 21:00:00.123000`, in UTC. */
function toPythonTime(nowMs: number): string {
  return `${new Date(nowMs).toISOString().replace('T', ' ').replace('Z', '')}000`;
}
