// What the lock file promises: one copy of everything of OpenTelemetry, and a tree that `npm ci` accepts on every platform.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, object>>;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
const manifest = read('package.json') as Locked & { scripts: Readonly<Record<string, string>> };

describe('the lock file', () => {
  it('has one copy of each package of OpenTelemetry: a second one would be a silent no-op', () => {
    const paths = Object.keys(packages).filter((path) => path.includes('node_modules/@opentelemetry/'));
    expect(paths.length).toBeGreaterThan(10);
    // That transport runs in a thread of its own, where its copy is the only one.
    const others = paths.filter((path) => !path.startsWith('node_modules/pino-opentelemetry-transport/'));
    expect(others.filter((path) => path.lastIndexOf('node_modules/') > 0)).toEqual([]);
  });

  it('knows the optional packages of every platform: npm ci refuses it otherwise', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('is that of package.json', () => {
    const { dependencies, optionalDependencies, peerDependencies } = packages[''] ?? {};
    expect({ dependencies, optionalDependencies, peerDependencies }).toEqual({
      dependencies: manifest.dependencies,
      optionalDependencies: manifest.optionalDependencies,
      peerDependencies: manifest.peerDependencies,
    });
  });
});

describe('package.json', () => {
  it('pins what it depends on, and leaves the API to the user', () => {
    const pinned = { ...manifest.dependencies, ...manifest.optionalDependencies };
    expect(Object.values(pinned).filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
    const optional = Object.keys(manifest.peerDependenciesMeta ?? {});
    const needed = Object.entries(manifest.peerDependencies ?? {}).filter(([name]) => !optional.includes(name));
    expect(needed).toEqual([['@opentelemetry/api', '^1.10.0']]);
    // for s3:// artifacts, and for runspan/testing/contract
    expect(optional).toEqual(['@aws-sdk/client-s3', 'vitest']);
    expect(Object.keys(manifest.dependencies ?? {})).not.toContain('@opentelemetry/api');
  });

  it('has what is optional for the repository too: npm leaves out an optional package that the machine’s own Node is too old for', () => {
    expect(manifest.devDependencies).toMatchObject(manifest.optionalDependencies ?? {});
    for (const name of Object.keys(manifest.optionalDependencies ?? {}))
      expect(packages[`node_modules/${name}`]?.optional, name).toBeUndefined();
  });

  it('runs no script of its own when it is installed', () => {
    const names = Object.keys(manifest.scripts);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) expect(names).not.toContain(name);
  });
});
