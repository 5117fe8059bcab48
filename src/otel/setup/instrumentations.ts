// Instrumentations by name, and the loader hook that lets them patch ES modules: loaded first, hooked last.
import { createRequire, isBuiltin, register, syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sayFailure } from '../quietly.ts';

/** An instrumentation as far as it is used here. */
interface Instrumentation {
  enable(): void;
  /** Which modules it patches; private in the SDK's class, and absent in others. */
  readonly _modules?: readonly { readonly name: string }[];
}

interface Loaded {
  readonly name: string;
  readonly Found: new (config?: object) => Instrumentation;
  /** The folder of the copy of import-in-the-middle that it uses: with another copy nothing is patched (measured). */
  readonly hookFolder: string;
}

/** The shapes of import-in-the-middle 3. */
interface LoaderHook {
  supportsSyncHooks(): boolean;
  register(options: { readonly include: readonly string[] }): void;
}

const OPTIONAL = {
  undici: () => import('@opentelemetry/instrumentation-undici'),
  http: () => import('@opentelemetry/instrumentation-http'),
} as const;

/**
 * Our own requests make no spans. In this process a mark in the context sees to that; what comes from a sandbox with modules of its
 * own (Jest's) has another context, and is known by how it calls itself.
 */
const CONFIGS: Readonly<Record<string, object>> = {
  http: { ignoreOutgoingRequestHook: isOwnRequest },
  undici: { ignoreRequestHook: isOwnRequest },
};
/** Our sender and client, and the SDK's exporters. */
const OWN_AGENT = /^(?:runspan\b|OTel-OTLP-Exporter-JavaScript\/)/;

/**
 * Starts instrumentations: `undici` and `http` are ours, any other is looked for beside the job. One that is not installed or
 * does not start is said and left out.
 *
 * The hook comes last: before the loading it would wrap a thousand files of OpenTelemetry (measured: 1.3 s).
 *
 * @returns the names of those that run
 */
export async function startInstrumentations(names: readonly string[]): Promise<readonly string[]> {
  const loaded: Loaded[] = [];
  for (const name of names)
    await attempt(`loading the instrumentation '${name}'`, async () => loaded.push(await load(name)));
  const started: string[] = [];
  const patched = new Map<string, string[]>();
  for (const { name, Found, hookFolder } of loaded) {
    await attempt(`starting the instrumentation '${name}'`, () => {
      // Its constructor enables it.
      const modules = new Found(CONFIGS[name])._modules?.map((module) => module.name) ?? [];
      patched.set(hookFolder, [...(patched.get(hookFolder) ?? []), ...modules]);
      started.push(name);
    });
  }
  await attempt('patching modules of Node', () => patchBuiltins([...patched.values()].flat()));
  for (const [folder, modules] of patched) {
    const packages = modules.filter((name) => !isBuiltin(name));
    if (packages.length > 0) await attempt('hooking the loader of ES modules', () => startHook(folder, packages));
  }
  return started;
}

/**
 * Patches modules of Node now, and lets `import { get } from 'node:http'` see it: they need no loader hook, and one would find
 * them patched by require already and leave the imported names alone (measured).
 */
function patchBuiltins(modules: readonly string[]): void {
  const builtins = modules.filter((name) => isBuiltin(name));
  if (builtins.length === 0) return;
  const require = createRequire(import.meta.url);
  for (const name of builtins) require(name);
  syncBuiltinESMExports();
}

async function attempt(what: string, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    sayFailure(what, error);
  }
}

async function load(name: string): Promise<Loaded> {
  const packageName = /^@|\//.test(name) ? name : `@opentelemetry/instrumentation-${name}`;
  const isOurs = Object.hasOwn(OPTIONAL, name);
  const from = createRequire(isOurs ? import.meta.url : join(process.cwd(), 'job.js'));
  const file = from.resolve(packageName);
  // The cast: hasOwn has said that it is one of the two.
  const module: object = isOurs ? await OPTIONAL[name as keyof typeof OPTIONAL]() : (from(packageName) as object);
  const [, Found] =
    Object.entries(module).find(([key, value]) => key.endsWith('Instrumentation') && typeof value === 'function') ?? [];
  if (Found === undefined) throw new TypeError(`${packageName} exports no instrumentation`);
  const base = createRequire(createRequire(file).resolve('@opentelemetry/instrumentation'));
  // The cast: what is called an instrumentation is constructed as one.
  return { name, Found: Found as Loaded['Found'], hookFolder: dirname(base.resolve('import-in-the-middle')) };
}

/** The headers of a request to be: an object, a flat list or a text. */
function isOwnRequest({ headers }: { readonly headers?: unknown }): boolean {
  const flat = Array.isArray(headers)
    ? headers.map(String)
    : typeof headers === 'string'
      ? headers.split(/\r?\n|: /)
      : Object.entries(headers ?? {})
          .flat()
          .map(String);
  const at = flat.findIndex((name) => name.toLowerCase() === 'user-agent');
  return at >= 0 && OWN_AGENT.test(flat[at + 1] ?? '');
}

/** Hooks these packages alone: wrapping every module of a job costs it seconds (measured). */
async function startHook(folder: string, include: readonly string[]): Promise<void> {
  const url = (file: string): string => pathToFileURL(join(folder, file)).href;
  const hook = (await import(url('register-hooks.mjs'))) as LoaderHook;
  if (hook.supportsSyncHooks()) hook.register({ include });
  else register(url('hook.mjs'), { data: { include } });
}
