// What starts a server that asks for a password: the file of its users, and the variables that name it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './live-job.ts';

/** The password of its one user, `admin`. */
export const PASSWORD = 'only-for-this-test';

/** The variables of `mlflow.sh` for such a server; its users are in a folder of their own. */
export function passwordEnv(): Readonly<Record<string, string>> {
  const folder = makeFolder();
  const users = join(folder, 'auth.ini');
  const settings = {
    default_permission: 'READ',
    database_uri: `sqlite:///${join(folder, 'users.db')}`,
    admin_username: 'admin',
    admin_password: PASSWORD,
    authorization_function: 'mlflow.server.auth:authenticate_request_basic_auth',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(users, ['[mlflow]', ...lines, ''].join('\n'));
  return {
    MLFLOW_SERVER_ARGS: '--app-name basic-auth',
    MLFLOW_AUTH_CONFIG_PATH: users,
    MLFLOW_AUTH_ADMIN_PASSWORD: PASSWORD,
    MLFLOW_FLASK_SERVER_SECRET_KEY: 'only for this test',
  };
}
