/**
 * `fetch` for URLs that somebody else has a say in: webhooks, key sets, tool servers. It never connects into private
 * networks, whatever a name resolves to and wherever a redirect leads: each connection is checked by the address that it
 * is made to. It goes straight out, since a proxy would resolve names where nobody checks them.
 */
import { lookup as lookUp } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector, fetch as fetchFromPackage } from 'undici';
import { allowedHosts, mayConnectTo } from './public-address.ts';

/** Takes addresses only, so that nothing slips in with a request object. */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Thrown as the `cause` of what `fetch` rejects with. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';

  constructor(host: string) {
    super(`${host} is in a private network; COUNTERSIGN_ALLOWED_PRIVATE_HOSTS can allow it.`);
  }
}

/** Whether a request failed since it would have gone into a private network: it will not go through later either. */
export const isPrivateAddressError = (error: unknown): boolean =>
  error instanceof PrivateAddressError || (error instanceof Error && isPrivateAddressError(error.cause));

/** One for a process: it keeps connections. `allowedPrivateHosts` as in the configuration. */
export function createGuardedFetch(allowedPrivateHosts: readonly string[]): GuardedFetch {
  const allowed = allowedHosts(allowedPrivateHosts);

  const lookup: LookupFunction = (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, []);
      const isPrivate = addresses.some(({ address }) => !mayConnectTo(address, allowed));
      if (isPrivate && !allowed.names.has(hostname.toLowerCase()))
        return callback(new PrivateAddressError(hostname), []);
      const [first] = addresses;
      return options.all ? callback(null, addresses) : callback(null, first?.address ?? '', first?.family);
    });
  };
  const connect = buildConnector({ lookup });
  const dispatcher = new Agent({
    connect: (options, callback) => {
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
      // Addresses are not looked up.
      if (isIP(host) !== 0 && !mayConnectTo(host, allowed)) return callback(new PrivateAddressError(host), null);
      return connect(options, callback);
    },
  });

  return (url, init = {}) => {
    const options = { ...init, dispatcher } as Parameters<typeof fetchFromPackage>[1];
    // The package's own classes behave as the global ones do, of which these types are.
    return fetchFromPackage(url, options);
  };
}
