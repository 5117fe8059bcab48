// The nodes that the package yaml makes of a text, to values: tags, anchors, `<<`, keys, bounds.
import type * as Yaml from 'yaml';
import type { Node, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { RunspanError } from '../../errors.ts';
import { configError } from './config-errors.ts';
import { MAX_DEPTH } from './config-values.ts';
import type { ConfigValue, KeyPath } from './config-values.ts';
import { Budget, checkKey } from './copy-config.ts';
import { setPlace } from './places.ts';
import type { Place } from './places.ts';
import { readPlain, readTagged } from './plain-scalars.ts';

const YAML_TAG = 'tag:yaml.org,2002:';

/** What stays the same while one document is read. */
interface Reading {
  /** The package, which is loaded by who parses. */
  readonly yaml: typeof Yaml;
  readonly locate: (offset: number) => Place;
  readonly anchors: Map<string, Node>;
  /** Nodes that are being read: an alias to one of them would contain itself. */
  readonly open: Set<Node>;
  readonly budget: Budget;
}

/**
 * Returns the value of a document's root node. An alias is a copy, so that no two places share one value.
 *
 * @throws {RunspanError} `INVALID_CONFIG` for unknown tags and aliases, doubled keys, keys that are no scalars, aliases that
 *   contain themselves or multiply without end, nesting beyond {@link MAX_DEPTH}
 */
export function readYamlNode(
  root: ParsedNode | null,
  source: { readonly yaml: typeof Yaml; readonly locate: (offset: number) => Place },
): ConfigValue {
  const { yaml, locate } = source;
  return readNode(root, [], { yaml, locate, anchors: new Map(), open: new Set(), budget: new Budget() });
}

function readNode(node: Node | null, path: KeyPath, reading: Reading): ConfigValue {
  reading.budget.spend(path);
  if (node === null) return null;
  if (path.length > MAX_DEPTH) throw refuse(node, path.slice(0, 5), reading, 'it is nested too deep', 'Flatten it.');
  const target = followAlias(node, path, reading);
  if ('anchor' in target && typeof target.anchor === 'string') reading.anchors.set(target.anchor, target);
  if (reading.yaml.isScalar(target)) return readScalar(target, path, reading);
  reading.open.add(target);
  // A node is a scalar, an alias, a sequence or a mapping.
  const value = reading.yaml.isSeq(target)
    ? readSequence(target, path, reading)
    : readMapping(target as YAMLMap, path, reading);
  reading.open.delete(target);
  return value;
}

function followAlias(node: Node, path: KeyPath, reading: Reading): Node {
  if (!reading.yaml.isAlias(node)) return node;
  const target = reading.anchors.get(node.source);
  if (target === undefined)
    throw refuse(node, path, reading, 'there is no such anchor', 'Define it before it is used.');
  if (reading.open.has(target)) throw refuse(node, path, reading, 'it contains itself', 'Write the value out.');
  return target;
}

function readScalar(node: Scalar, path: KeyPath, reading: Reading): ConfigValue {
  // Of the failsafe schema every scalar is a text; one that is not there is ''.
  const text = typeof node.value === 'string' ? node.value : '';
  const isPlain = node.type === 'PLAIN' || node.type === undefined;
  if (node.tag === undefined) {
    if (isPlain && text === '=') throw refuse(node, path, reading, 'a lone = has no meaning', 'Quote it.');
    return isPlain ? readPlain(text) : text;
  }
  if (node.tag === '!') return text;
  const value = node.tag.startsWith(YAML_TAG) ? readTagged(text, node.tag.slice(YAML_TAG.length)) : undefined;
  if (value === undefined)
    throw refuse(
      node,
      path,
      reading,
      'its tag is unknown, or its value is not what the tag says',
      'Leave the tag out.',
    );
  return value;
}

function readSequence(node: YAMLSeq, path: KeyPath, reading: Reading): ConfigValue {
  refuseTag(node, 'seq', path, reading);
  const list: ConfigValue[] = [];
  for (const [index, item] of node.items.entries()) {
    list.push(readNode(item as Node | null, [...path, index], reading));
    if (item !== null) setPlace(list, index, placeOfNode(item as Node, reading));
  }
  return list;
}

function readMapping(node: YAMLMap, path: KeyPath, reading: Reading): ConfigValue {
  refuseTag(node, 'map', path, reading);
  const own: Record<string, ConfigValue> = {};
  const merged: Record<string, ConfigValue>[] = [];
  for (const pair of node.items) {
    const keyNode = pair.key as Node | null;
    const valueNode = pair.value as Node | null;
    if (isMergeKey(keyNode, reading)) {
      merged.push(...readMerged(valueNode, path, reading));
      continue;
    }
    const key = readKey(keyNode, node, path, reading);
    if (Object.hasOwn(own, key))
      throw refuse(keyNode ?? node, [...path, key], reading, 'the key is there twice', 'Keep one.');
    own[key] = readNode(valueNode, [...path, key], reading);
    setPlace(own, key, placeOfNode(valueNode ?? keyNode ?? node, reading));
  }
  for (const mapping of merged)
    for (const [key, value] of Object.entries(mapping)) if (!Object.hasOwn(own, key)) own[key] = value;
  return own;
}

function readKey(keyNode: Node | null, map: Node, path: KeyPath, reading: Reading): string {
  const value = keyNode === null ? null : readNode(keyNode, path, reading);
  if (value === null || typeof value === 'object')
    throw refuse(keyNode ?? map, path, reading, 'a key is no text, number or boolean', 'Quote it.');
  const key = String(value);
  checkKey(key, path);
  return key;
}

/** The mappings that `<<` brings in; of a list, the first that has a key gives it. */
function readMerged(node: Node | null, path: KeyPath, reading: Reading): Record<string, ConfigValue>[] {
  const value = readNode(node, path, reading);
  const mappings = Array.isArray(value) ? (value as readonly ConfigValue[]) : [value];
  return mappings.map((one) => {
    if (typeof one === 'object' && one !== null && !Array.isArray(one)) return one as Record<string, ConfigValue>;
    throw configError({ path, reason: "'<<' merges mappings only", mend: 'Give it an alias of a mapping.' });
  });
}

function refuseTag(node: YAMLMap | YAMLSeq, kind: 'map' | 'seq', path: KeyPath, reading: Reading): void {
  if (node.tag === undefined || node.tag === YAML_TAG + kind || node.tag === '!') return;
  throw refuse(node, path, reading, 'its tag is unknown', 'Leave the tag out.');
}

function refuse(node: Node, path: KeyPath, reading: Reading, ...[reason, mend]: [string, string]): RunspanError {
  return configError({ path, place: placeOfNode(node, reading), reason, mend });
}

function placeOfNode(node: Node, reading: Reading): Place {
  return reading.locate(node.range?.[0] ?? 0);
}

function isMergeKey(node: Node | null, { yaml }: Reading): boolean {
  if (!yaml.isScalar(node)) return false;
  return node.tag === `${YAML_TAG}merge` || (node.value === '<<' && node.type === 'PLAIN' && node.tag === undefined);
}
