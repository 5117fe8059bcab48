// Workspaces and MCP servers of the client: what is refused before a server is asked, as by Python's client.
import { describe, expect, it } from 'vitest';
import { recordingClient } from './recording-client.ts';

const { client, calls } = recordingClient();
const refused = { errorCode: 'INVALID_PARAMETER_VALUE', status: 400 };

describe('workspaces', () => {
  it.each(['', 'a', 'Team', 'team_1', '-team', 'team-', 'api', 't'.repeat(64)])(
    'cannot be made as %j',
    async (name) => {
      await expect(client.createWorkspace(name)).rejects.toMatchObject(refused);
      expect(calls).toEqual([]);
    },
  );

  it('are deleted in one of three ways', async () => {
    const mode = 'MAYBE' as 'CASCADE'; // from JavaScript, which has no types
    await expect(client.deleteWorkspace('team-a', { mode })).rejects.toMatchObject(refused);
  });
});

describe('MCP servers', () => {
  it.each([[{}], [{ name: 'a/b' }], [{ version: '1' }], [{ name: '', version: '1' }]])(
    'have no version %j',
    async (serverJson) => {
      await expect(client.createMcpServerVersion(serverJson)).rejects.toMatchObject(refused);
    },
  );

  it('are not searched for by an empty name', async () => {
    await expect(client.searchMcpAccessEndpoints({ serverName: ' ' }).all()).rejects.toMatchObject(refused);
  });
});

it('says of skills which MLflow has them', async () => {
  await expect(client.createSkill('a')).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    message: expect.stringContaining('MLflow 3.18'),
  });
});
