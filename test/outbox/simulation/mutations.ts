// Ways to break the outbox that a simulation must notice: `npm run simulate:teeth` breaks it in each, one after the other.

/** One text of one file, and what is put in its place. */
export interface Mutation {
  readonly name: string;
  /** Under src/outbox. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What the outbox relies on, each taken away. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a frame is written behind one that was cut off',
    file: 'journal/segment-writer.ts',
    from: '      this.close();\n      return `only',
    to: '      return `only',
  },
  {
    name: 'a run that was made twice stays',
    file: 'delivery/create-run.ts',
    from: 'await store.deleteRun(info.runId);',
    to: '',
  },
  {
    name: 'a create whose answer was lost is sent again without a look',
    file: 'delivery/create-run.ts',
    from: 'if (isSearchedFirst && !store.supports.chosenRunId) {',
    to: 'if (false) {',
  },
  {
    name: 'an adopter does not look again once late requests have arrived',
    file: 'delivery/delivery.ts',
    from: 'if (found !== undefined || delivery.system.clock.monotonicMs() >= delivery.quietFromMs) return found;',
    to: 'return found;',
  },
  {
    name: 'a folder is adopted where it lies',
    file: 'folder/adopt.ts',
    from: 'if (!system.disk.rename(from.root, paths.root)) return undefined;',
    to: 'Object.assign(paths, from);',
  },
  {
    name: 'kept files are not synced',
    file: 'folder/folder-sync.ts',
    from: 'const kept = this.#disk.list(spool).map((name) => path.join(spool, name));',
    to: 'const kept: string[] = [];',
  },
  {
    name: 'segments are not synced',
    file: 'folder/folder-sync.ts',
    from: 'this.#syncAll([...fresh, ...segments], isText);',
    to: 'this.#syncAll(fresh, isText);',
  },
  {
    name: 'the header is not synced',
    file: 'folder/folder-sync.ts',
    from: 'const fresh = [header, ...kept]',
    to: 'const fresh = [...kept]',
  },
  {
    name: 'a sync is trusted that follows a failed one',
    file: 'folder/file-sync.ts',
    from: 'this.#failures.set(file, error);\n      throw error;',
    to: 'throw error;',
  },
  {
    name: 'a failed sync is not told',
    file: 'delivery/journal-sync.ts',
    from: 'counters?.noteUnsynced();',
    to: 'counters?.noteSynced(accepted);',
  },
  {
    name: 'the state is saved without its notes being synced',
    file: 'folder/state.ts',
    from: 'if (this.#noteSync !== undefined) syncNotes(this.#disk, this.#noteSync, this.#paths);',
    to: '',
  },
  {
    name: 'the state is not synced',
    file: 'folder/state-file.ts',
    from: 'disk.replaceText(state, text, isSynced);',
    to: 'disk.replaceText(state, text);',
  },
  {
    name: 'a record counts as delivered before the answer',
    file: 'delivery/drain.ts',
    from: 'this.#line.begin();',
    to: 'this.#line.begin();\n      this.#settle(this.#lastSequence);\n      this.save();',
  },
  {
    name: 'the watermark passes what is under way',
    file: 'delivery/step-line.ts',
    from: "const done = this.#begun.findIndex(({ status }) => status !== 'done');",
    to: "const done = this.#begun.findLastIndex(({ status }) => status === 'done') + 1;",
  },
  {
    name: "a run's end is under way beside its last batch",
    file: 'delivery/step-line.ts',
    from: 'if (runId === undefined || underWay.length >= this.#options.most()) return false;',
    to: 'if (underWay.length >= this.#options.most()) return false;',
  },
  {
    name: 'what joins a window is read and not planned',
    file: 'delivery/drain.ts',
    from: 'this.#plan(source.takeMore(LIMITS));',
    to: 'source.takeMore(LIMITS);',
  },
  {
    name: 'a segment is removed before the state is saved',
    file: 'delivery/drain.ts',
    from: 'this.save();\n    reader?.removeThrough(delivery.state.savedThrough);',
    to: 'reader?.removeThrough(delivery.state.settledThrough);\n    this.save();',
  },
  {
    name: 'a dead letter is counted and not written',
    file: 'folder/dead-letters.ts',
    from: 'this.#file?.append(line);\n    } catch (error) {',
    to: '} catch (error) {',
  },
  {
    name: 'a dead letter is written again after a replay',
    file: 'folder/dead-letters.ts',
    from: 'if (this.#written.has(letter.sequence)) return;',
    to: '',
  },
  {
    name: 'a folder is removed with its dead letters',
    file: 'folder/folder.ts',
    from: 'if (disk.stat(paths.deadLetters) !== undefined) {',
    to: 'if (false) {',
  },
  {
    name: 'the reaper does not end a run',
    file: 'delivery/reaper.ts',
    from: "updateRun({ runId: run.runId, status: 'KILLED', endTimeMs }),",
    to: 'getRun(run.runId),',
  },
  {
    name: 'the reaper forgets what was kept back',
    file: 'delivery/reaper.ts',
    from: '...keptItems(run),',
    to: '',
  },
  {
    name: "a run's end is not sent",
    file: 'delivery/deliver-step.ts',
    from: '(await destination.store()).updateRun({ runId: found.value, status, endTimeMs }),',
    to: '(await destination.store()).getRun(found.value),',
  },
  {
    name: 'a batch is sent again with other times',
    file: 'delivery/deliver-batch.ts',
    from: '(await delivery.destination.store()).logBatch(request));',
    to: '{\n    for (const each of request.metrics ?? []) Object.assign(each, { timestampMs: each.timestampMs + 1 });\n    return (await delivery.destination.store()).logBatch(request);\n  });',
  },
  {
    name: 'a lost answer is taken for done',
    file: 'delivery/patience.ts',
    from: "if (error.isRetryable || error.isAmbiguous) return 'retry';",
    to: "if (error.isAmbiguous) return 'rejected';\n    if (error.isRetryable) return 'retry';",
  },
  {
    name: 'a bad record takes its batch along',
    file: 'delivery/deliver-batch.ts',
    from: 'if (items.length === 1 && only !== undefined) return [{ item: only, error }];',
    to: 'if (only !== undefined) return items.map((item) => ({ item, error }));',
  },
  {
    name: 'a kept file is removed before the state is saved',
    file: 'delivery/artifact-lane.ts',
    from: 'else delivery.state.afterSave(sequence, () => discardSpooled(delivery, write));',
    to: 'else discardSpooled(delivery, write);',
  },
  {
    name: 'what was in memory is forgotten',
    file: 'job/outbox.ts',
    from: "onMemory: (block) => this.#link.send({ kind: 'memory', block }),",
    to: 'onMemory: () => undefined,',
  },
  {
    name: 'nobody touches the lease',
    file: 'folder/heartbeat.ts',
    from: '      disk.touch(lease);\n',
    to: '',
  },
  {
    name: 'a living process is taken for a dead one',
    file: 'folder/lease.ts',
    from: "if (!machine.isAlive(lease.pid)) return { kind: 'gone' };",
    to: "return { kind: 'gone' };",
  },
];
