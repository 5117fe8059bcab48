// Which proxy leads to a host: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as the tools that a job's machine is set up for read them.
import { BlockList, isIP } from 'node:net';
import { RunspanError } from '../../errors.ts';

/** The proxies that requests go by. */
export interface ProxyOptions {
  /** For `http:` URIs: `http(s)://[user:password@]host:port`. Env: http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY */
  readonly httpProxy?: string;
  /** The same for `https:` URIs. Env: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY */
  readonly httpsProxy?: string;
  /** Who is reached without one. Env: no_proxy, NO_PROXY */
  readonly noProxy?: string;
  /** What `httpProxy` was read from, for errors. @default 'HTTP_PROXY' */
  readonly httpProxyName?: string;
  /** What `httpsProxy` was read from, for errors. @default 'HTTPS_PROXY' */
  readonly httpsProxyName?: string;
}

/** What never leaves this machine: no proxy could reach it. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Finds the proxy that leads to an origin. `noProxy` is a list with commas or spaces between: `*` for every host, names with the hosts
 * below them (`example.com`, `.example.com`, `*.example.com`), addresses and networks (`10.0.0.0/8`), each with or without a port.
 * This machine itself is never reached by a proxy.
 *
 * @returns undefined where there is none
 * @throws {RunspanError} `INVALID_SETTINGS` for a proxy whose URI is neither http nor https
 * @example
 * proxyFor('https://mlflow.example.com', { httpsProxy: 'http://proxy:3128', noProxy: '.internal' }); // 'http://proxy:3128'
 */
export function proxyFor(origin: string, { httpProxy, httpsProxy, noProxy = '' }: ProxyOptions): string | undefined {
  const { protocol, hostname, port } = new URL(origin);
  const isTls = protocol === 'https:';
  const proxy = isTls ? httpsProxy : httpProxy;
  if (proxy === undefined || proxy.trim() === '') return undefined;
  const target = { host: hostname.replace(/^\[|\]$|\.$/g, ''), port: port === '' ? (isTls ? '443' : '80') : port };
  if (isLoopback(target.host) || noProxy.split(/[\s,]+/).some((rule) => covers(rule.toLowerCase(), target)))
    return undefined;
  return readProxyUri(proxy.trim());
}

/**
 * Says what to do where the proxy that leads to a URI refuses, by the name of what the proxy was read from.
 *
 * @example
 * mendProxy('http://mlflow.example', { httpProxyName: 'ALL_PROXY' }); // 'Check ALL_PROXY and NO_PROXY.'
 */
export function mendProxy(uri: string, options: ProxyOptions = {}, wantsPassword = false): string {
  const { httpProxyName = 'HTTP_PROXY', httpsProxyName = 'HTTPS_PROXY' } = options;
  const name = /^https:/i.test(uri) ? httpsProxyName : httpProxyName;
  return wantsPassword
    ? `Put user and password into the URL of ${name}: http://user:password@host:port.`
    : `Check ${name} and NO_PROXY.`;
}

/** User, password and header of the proxies' URIs: what no message shows. */
export function proxySecrets({ httpProxy, httpsProxy }: ProxyOptions): readonly string[] {
  return [httpProxy, httpsProxy].flatMap((proxy) => {
    const url = proxy === undefined ? null : URL.parse(withScheme(proxy.trim()));
    if (url === null || url.password === '') return [];
    const [username, password] = [decode(url.username), decode(url.password)];
    return [url.password, password, Buffer.from(`${username}:${password}`, 'utf8').toString('base64')];
  });
}

interface Target {
  readonly host: string;
  readonly port: string;
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function covers(rule: string, { host, port }: Target): boolean {
  if (rule === '' || rule === '*') return rule === '*';
  const [, bracketed, plain = '', rulePort = port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rule) ?? [];
  if (rulePort !== port) return false;
  // an IPv6 address without brackets has colons of its own, and no port
  const name = bracketed ?? (plain === '' ? rule : plain);
  if (isIP(host) !== 0) return coversAddress(name, host);
  const domain = name.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

function coversAddress(rule: string, address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const [network = '', bits] = rule.split('/');
  if (isIP(network) !== isIP(address)) return false;
  const prefix = bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list.check(address, family);
}

function readProxyUri(proxy: string): string {
  const uri = withScheme(proxy);
  const protocol = URL.parse(uri)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return uri;
  // the URI may hold a password, so it is not shown
  throw new RunspanError(
    'INVALID_SETTINGS',
    'Cannot use the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: its URI must be http(s)://[user:password@]host:port. ' +
      'Name such a one in HTTPS_PROXY, or the server in NO_PROXY.',
  );
}

function withScheme(proxy: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % in a password
  }
}
