// What the script's author knows to be there: enough to make most operations good ones, and to know how to make bad ones.
import type { Ref } from './operation.ts';
import { Random } from './random.ts';

/** An experiment of the script. */
export interface KnownExperiment {
  readonly ref: string;
  name: string;
  isActive: boolean;
  readonly tags: Set<string>;
}

/** A run of the script. */
export interface KnownRun {
  readonly ref: string;
  readonly experiment: KnownExperiment;
  isActive: boolean;
  readonly params: Map<string, string>;
  readonly tags: Set<string>;
  /** Files and folders that were logged to it. */
  readonly files: Set<string>;
  readonly tables: Set<string>;
}

/** A logged model of the script. */
export interface KnownModel {
  readonly ref: string;
  readonly experiment: KnownExperiment;
  readonly tags: Set<string>;
  /** Whether it has the files of a model. */
  hasFiles: boolean;
}

/** A registered model, a prompt or an MCP server: its name is the script's own, and so are the numbers of its versions. */
export interface KnownName {
  readonly name: string;
  readonly tags: Set<string>;
  readonly aliases: Map<string, string>;
  /** The tags of each version. */
  readonly versions: Map<string, Set<string>>;
  /** How many versions were ever made. */
  made: number;
}

/** An evaluation dataset of the script. */
export interface KnownDataset {
  readonly ref: string;
  readonly tags: Set<string>;
  readonly experiments: Set<KnownExperiment>;
  readonly records: Set<string>;
}

/** A trace of the script. */
export interface KnownTrace {
  readonly ref: string;
  readonly experiment: KnownExperiment;
  /** Those that are open, the root first. */
  readonly spans: string[];
  readonly tags: Set<string>;
  readonly assessments: KnownAssessment[];
  isOpen: boolean;
}

/** An assessment of a trace of the script. */
export interface KnownAssessment {
  readonly ref: string;
  readonly kind: 'feedback' | 'expectation';
  isOverridden: boolean;
}

/** What is there so far. */
export class World {
  readonly random: Random;
  readonly experiments: KnownExperiment[] = [];
  readonly runs: KnownRun[] = [];
  readonly models: KnownModel[] = [];
  readonly registered: Map<string, KnownName> = new Map();
  readonly prompts: Map<string, KnownName> = new Map();
  readonly servers: Map<string, KnownName> = new Map();
  /** Of MCP servers: name of the server by the reference of the endpoint. */
  readonly endpoints: Map<string, string> = new Map();
  readonly datasets: KnownDataset[] = [];
  readonly traces: KnownTrace[] = [];
  /** URIs of models that have files. */
  readonly filed: string[] = [];
  readonly webhooks: string[] = [];
  readonly workspaces: Set<string> = new Set();
  readonly #counts = new Map<string, number>();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** The next number of a kind. */
  count(kind: string): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }

  /** A name for what the next operation makes. */
  name(kind: string): string {
    return `${kind}:${this.count(kind)}`;
  }

  /** A time of its own, long ago: what servers write by themselves is of today. */
  timeMs(): number {
    return 1_600_000_000_000 + this.count('time') * 1000;
  }

  /** One of what is there, mostly of what was made lately; undefined where nothing is. */
  one<T>(from: Iterable<T>, isMeant: (each: T) => boolean = () => true): T | undefined {
    const found = [...from].filter(isMeant);
    return found.length === 0 ? undefined : this.random.recent(found);
  }
}

/** A new name without versions. */
export function newName(name: string): KnownName {
  return { name, tags: new Set(), aliases: new Map(), versions: new Map(), made: 0 };
}

/** The next version of a name, numbered as the registry does. */
export function addVersion(of: KnownName, version: string = String(++of.made)): string {
  of.versions.set(version, new Set());
  return version;
}

/** Takes a version away with the aliases that led to it. */
export function removeVersion(of: KnownName, version: string): void {
  of.versions.delete(version);
  for (const [alias, to] of of.aliases) if (to === version) of.aliases.delete(alias);
}

/** Where the arguments of an operation refer to what was made. */
export function refTo(name: string): Ref {
  return { ref: name };
}

/** Takes one out of a list. */
export function drop<T>(from: T[], one: T): void {
  const at = from.indexOf(one);
  if (at >= 0) from.splice(at, 1);
}
