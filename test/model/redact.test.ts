import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { splitWords } from '../../src/model/redact-names.ts';
import { createRedactor, REDACTED } from '../../src/model/redact.ts';
import { cpuMsOf } from '../cpu-time.ts';

const redactor = createRedactor();

const SECRET_NAMES =
  `password,PASSWORD,dbPassword,dbPassword2,db_password,db-password,db.password,db password,Db.Password,passwd,
user_passwd,PGPASSWORD,mysqlpassword,passwords,passphrase,secret,SECRET,client_secret,clientSecret,clientsecret,secrets,token,TOKEN,
hf_token,HF_TOKEN,authToken,accessToken,access-token,AUTHTOKEN,id_token,token_1,aws.session.token,AWS_SESSION_TOKEN,param.hf.token,
api key,api_key,apiKey,APIKey,apikey,API-KEY,X-API-Key,OPENAI_API_KEY,openaiApiKey,api_key_2,access_key,AWS_SECRET_ACCESS_KEY,
awsSecretAccessKey,accesskey,private_key,privateKey,PRIVATE-KEY,ssh.private.key,secret_key,SECRET_KEY,credential,credentials,
gcpCredentials,GOOGLE_APPLICATION_CREDENTIALS,authorization,Authorization,Proxy-Authorization,cookie,Set-Cookie,sessionCookie,
tag.session.cookie,auth_token`
    .split(',')
    .map((name) => name.trim());

const PLAIN_NAMES =
  `max_tokens,maxTokens,MAX_TOKENS,tokens,tokenizer,tokenizer_name,token_count,num_tokens,tokens_per_second,primary_key,
primaryKey,key,KEY,sort_key,sortKey,foreign_key,keyboard,monkey,secretary,secret_santa_count,password_length,passwordless,token_type,
token_limit,cookie_count,credentialed,authorization_url,author,AWS_ACCESS_KEY_ID,api_key_id,private,access,api,api_keyboard,pad_token,
eosToken,bos_token,mask_token,pad_token_id,add_special_tokens,cost_per_token,time_to_first_token,learning_rate,lr,_,2,optimizer`
    .split(',')
    .map((name) => name.trim());

describe('isSensitive', () => {
  it.each(SECRET_NAMES)('%s is a secret', (name) => {
    expect(redactor.isSensitive(name)).toBe(true);
  });

  it.each(PLAIN_NAMES)('%s is none', (name) => {
    expect(redactor.isSensitive(name)).toBe(false);
  });

  it('does not depend on how the words are joined', () => {
    const word = fc.stringMatching(/^[a-z]{2,8}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const camel = words
          .map((part, index) => (index === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1)))
          .join('');
        const spellings = [
          camel,
          words.join('_').toUpperCase(),
          ...['_', '-', '.', ' ', '/'].map((sign) => words.join(sign)),
        ];
        expect(new Set(spellings.map((name) => splitWords(name).join(' '))).size).toBe(1);
        expect(new Set(spellings.map((name) => redactor.isSensitive(name))).size).toBe(1);
      }),
    );
  });

  it('takes names from the user, and lets names go; the longer ending decides', () => {
    const own = createRedactor({
      add: ['pin', 'ssn number', /^x-internal-/gi, 'eos_token'],
      remove: ['token', 'public api key'],
    });
    const names = [
      'cardPin',
      'SSN_NUMBER',
      'x-internal-a',
      'X-Internal-B',
      'eosToken',
      'hf_token',
      'public_api_key',
      'api_key',
      'ssn',
    ];
    expect(names.map((name) => own.isSensitive(name))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(own.isSensitive('x-internal-c')).toBe(true); // a pattern with g does not answer every second time only
    expect(own.isSensitive('x-internal-d')).toBe(true);
  });

  it('keeps answering right when more names came by than the cache holds', () => {
    for (let index = 0; index < 12_000; index += 1) redactor.isSensitive(`name_${index}_x`);
    expect(redactor.isSensitive('db_password')).toBe(true);
    expect(redactor.isSensitive(`${'a_'.repeat(100_000)}password`)).toBe(true);
  });
});

describe('redactText', () => {
  it.each([
    ['postgres://me:hunter2@db:5432/x', `postgres://me:${REDACTED}@db:5432/x`],
    ['at http://u:p@ss@h/p, and http://v:q@i', `at http://u:${REDACTED}@h/p, and http://v:${REDACTED}@i`],
    ['postgres://me:a/b?c@db/x', `postgres://me:${REDACTED}@db/x`],
    ['redis://:pass@h', `redis://:${REDACTED}@h`],
    ['https://ghp_0123456789abcdefghij@github.com/a', `https://${REDACTED}@github.com/a`],
    ['http://h/p?a=1&token=abc&b=2', `http://h/p?a=1&token=${REDACTED}&b=2`],
    ['http://h/?X-Amz-Security-Token=abc', `http://h/?X-Amz-Security-Token=${REDACTED}`],
    ['AWS_SECRET_ACCESS_KEY="a b" LEVEL=1', `AWS_SECRET_ACCESS_KEY="${REDACTED}" LEVEL=1`],
    ['Authorization: Bearer abcdef', `Authorization: ${REDACTED}`],
    ['sent Bearer eyJhbGciOiJIUzI1NiJ9.e30.x', `sent Bearer ${REDACTED}`],
    ['{"user":"me","dbPassword":"a\\"b","n":1}', `{"user":"me","dbPassword":"${REDACTED}","n":1}`],
    ['{"token": 123, "api_key":null, "secret":true}', `{"token": "${REDACTED}", "api_key":null, "secret":true}`],
    ["{'password': 'x'}", `{'password': '${REDACTED}'}`],
    ['{"msg":"{\\"password\\":\\"x\\"}"}', `{"msg":"{\\"password\\":\\"${REDACTED}\\"}"}`],
    ['{"password":"cut of', `{"password":"${REDACTED}"`],
  ])('%s', (text, redacted) => {
    expect(redactor.redactText(text)).toBe(redacted);
    expect(redactor.redactText(redacted)).toBe(redacted);
  });

  const word = fc.stringMatching(/^zq[A-Za-z0-9]{2,40}$/);
  const SHAPES: readonly ((secret: string) => string)[] = [
    (secret) => `Authorization: Basic ${secret}`,
    (secret) => `authorization: bearer ${secret}`,
    (secret) => `Proxy-Authorization : Digest username=u, response=${secret}`,
    (secret) => `Authorization: "Basic ${secret}"`,
    (secret) => `curl -H 'Authorization: Bearer ${secret}' http://h`,
    (secret) => `{"Authorization": "Basic ${secret}"}`,
    (secret) => `authorization=Basic ${secret}`,
    (secret) => `sent Bearer ${secret}, then`,
    (secret) => `Basic ${Buffer.from(`u:${secret}`).toString('base64')}`,
    (secret) => `Cookie: a=${secret}; b=${secret}`,
    (secret) => `Set-Cookie: s=${secret}; Path=/`,
    (secret) => `X-API-Key: ${secret}`,
    (secret) => `password=${secret}`,
    (secret) => `  db_password: ${secret}`,
    (secret) => `failed with { user: 'u', apiKey: '${secret}', n: 1 }`,
    (secret) => `{"hf_token": "${secret}"}`,
    (secret) => JSON.stringify({ message: JSON.stringify({ clientSecret: secret }) }),
    (secret) => `http://h/p?a=1&access_token=${secret}&b=2`,
    (secret) => `x://u:${secret}@h/p`,
  ];

  it('lets no secret through in any shape of the list, alone or among lines', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SHAPES), word, fc.boolean(), (shape, secret, isAmong) => {
        const text = isAmong ? `a line\n${shape(secret)}\nanother` : shape(secret);
        const redacted = redactor.redactText(text);
        expect(redacted).not.toContain(secret);
        expect(redacted).not.toContain(Buffer.from(`u:${secret}`).toString('base64'));
        expect(redacted).toContain(REDACTED);
        expect(redactor.redactText(redacted)).toBe(redacted);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    'Basic research on tokenizers',
    'basic research',
    'Basic usage: see the manual',
    'Bearer token is missing',
    'Bearer authentication is required',
    'WWW-Authenticate: Bearer realm="mlflow"',
    'WWW-Authenticate: Basic realm="mlflow"',
    'primary_key: id',
    "{ max_tokens: '5', tokenizer: 'bpe', primary_key: 'id' }",
    'max_tokens: 5',
    'http://localhost:4873/@scope/pkg',
    'ssh://git@github.com/a',
    'me@example.com',
    'max_tokens=5&key=1',
    'https://me@h/',
    'basic understanding of authentication',
    'the token is gone',
    'Password must be long',
    '{"run_key":"abc","max_tokens":5}',
    'a==b, token=',
  ])('leaves %s as it is', (text) => {
    expect(redactor.redactText(text)).toBe(text);
  });

  it('never throws, and masks a password in any URL', () => {
    const part = fc.stringMatching(/^[\w!$%^*()+,;-]{1,20}$/);
    fc.assert(
      fc.property(part, part, fc.string(), (user, password, around) => {
        const text = redactor.redactText(`${around} x://${user}:${password}@host ${around}`);
        expect(text).toContain(`x://${user}:${REDACTED}@host`);
      }),
    );
  });

  it.each(['a', 'a://b:', 'token="', 'password=', 'bearer ', '\\"', '"a":', 'key.', 'https://'])(
    'takes linear time over a megabyte of %j',
    (piece) => {
      const textOf = (size: number): string => `token ${piece.repeat(Math.ceil(size / piece.length))}=@`;
      const [small, large] = [textOf(1e5), textOf(1e6)];
      const once = Math.max(
        cpuMsOf(() => redactor.redactText(small)),
        5,
      );
      // Ten times the text: ten times the work, where a quadratic one is a hundred.
      expect(cpuMsOf(() => redactor.redactText(large))).toBeLessThan(40 * once);
    },
  );
});

describe('redactValue and redactEntries', () => {
  it('mask by name, look into texts and objects, and leave booleans and nothing alone', () => {
    const entries: [string, unknown][] = [
      ['lr', 0.1],
      ['hf_token', 'x'],
      ['password', 1234],
      ['use_auth_token', true],
      ['secret', ''],
      ['cookie', undefined],
      ['uri', 'http://u:p@h'],
      ['config', { db: { password: 'x' } }],
      ['credentials', { user: 'me' }],
    ];
    expect(redactor.redactEntries(entries)).toEqual([
      ['lr', 0.1],
      ['hf_token', REDACTED],
      ['password', REDACTED],
      ['use_auth_token', true],
      ['secret', ''],
      ['cookie', undefined],
      ['uri', `http://u:${REDACTED}@h`],
      ['config', { db: { password: REDACTED } }],
      ['credentials', REDACTED],
    ]);
  });
});

describe('redactObject', () => {
  it('gives the same object back where there is nothing to mask', () => {
    const value = {
      a: [1, { b: 'text' }],
      at: new Date(0),
      url: new URL('http://h/'),
      bytes: new Uint8Array(2),
      error: new Error('x'),
    };
    expect(redactor.redactObject(value)).toBe(value);
  });

  it('masks at any place, and leaves the original untouched', () => {
    const value = {
      list: [{ apiKey: 'k' }],
      map: new Map([['token', 't']]),
      set: new Set(['http://u:p@h']),
      url: new URL('http://u:p@h/'),
    };
    expect(redactor.redactObject<unknown>(value)).toEqual({
      list: [{ apiKey: REDACTED }],
      map: new Map([['token', REDACTED]]),
      set: new Set([`http://u:${REDACTED}@h`]),
      url: `http://u:${REDACTED}@h/`,
    });
    expect(value.list[0]?.apiKey).toBe('k');
  });

  it('judges a class by the JSON it writes', () => {
    class Settings {
      readonly #password = 'hunter2';
      toJSON(): unknown {
        return { password: this.#password };
      }
    }
    expect(JSON.stringify(redactor.redactObject({ settings: new Settings() }))).toBe(
      `{"settings":{"password":"${REDACTED}"}}`,
    );
  });

  it('keeps the class of an error and redacts its message, stack, cause and fields', () => {
    const cause = new RangeError('token=abc');
    const error = Object.assign(new TypeError('cannot reach http://u:hunter2@h', { cause }), {
      password: 'hunter2',
      status: 5,
    });
    const redacted = redactor.redactObject(error);
    expect(redacted).toBeInstanceOf(TypeError);
    expect([redacted.message, redacted.password, redacted.status]).toEqual([
      `cannot reach http://u:${REDACTED}@h`,
      REDACTED,
      5,
    ]);
    expect(redacted.stack).not.toContain('hunter2');
    expect((redacted.cause as Error).message).toBe(`token=${REDACTED}`);
    expect(Object.keys(redacted)).toEqual(['password', 'status']);
    expect(error.message).toContain('hunter2');
    const several = redactor.redactObject(new AggregateError([new Error('token=abc')], 'many'));
    expect((several.errors[0] as Error).message).toBe(`token=${REDACTED}`);
  });

  it('is bounded: cycles, depth, size, and getters that throw', () => {
    const circular: Record<string, unknown> = { a: 1 };
    circular['self'] = circular;
    expect(redactor.redactObject(circular)).toEqual({ a: 1, self: '[Circular]' });
    const deep = Array.from({ length: 120 }).reduce<unknown>((inner) => ({ inner }), 'end');
    expect(JSON.stringify(redactor.redactObject(deep))).toContain('[Too deep]');
    const hidden = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), {
      token: 'hunter2',
      plain: 'kept',
    });
    expect(JSON.stringify(redactor.redactObject(hidden))).toContain(`{"token":"${REDACTED}","plain":"kept"}`);
    const wide = [Array.from({ length: 100_000 }, () => 1), { password: 'x' }];
    expect(redactor.redactObject<unknown>(wide)).toEqual([wide[0], '[Too large]']);
    const throwing = {
      get bad(): never {
        throw new Error('no');
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(redactor.redactObject<unknown>({ throwing, proxy, token: 'x' })).toEqual({
      throwing: { bad: '[Unreadable]' },
      proxy: '[Unreadable]',
      token: REDACTED,
    });
  });

  it('never throws, and no value of a secret name comes through', () => {
    fc.assert(
      fc.property(fc.object({ key: fc.constantFrom('password', 'a', 'b'), maxDepth: 4 }), (value) => {
        const json = JSON.stringify(redactor.redactObject(value), (_key, item: unknown) =>
          typeof item === 'bigint' ? 0 : item,
        );
        for (const [, kept] of json.matchAll(/"password":(.)/g)) expect('"tfn').toContain(kept);
        expect(json).not.toMatch(/"password":"(?!\[REDACTED\]|")/);
      }),
    );
  });
});
