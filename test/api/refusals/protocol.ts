import type { PROTOCOL } from '../../../src/contract/problems/protocol.ts';
import type { Refusals } from './refusal.ts';

/** So many bytes of nothing in particular, said by the shell. */
const bytes = (count: number) => String.raw`head -c ${count} /dev/zero | tr '\0' x`;

export const protocol: Refusals<typeof PROTOCOL> = {
  method_not_allowed: {
    by: () => ({ method: 'DELETE', path: '/v1/runs' }),
  },
  request_timeout: {
    given: 'The request says that it has more bytes than come.',
    by: ({ tight }) => ({
      path: '/v1/runs',
      headers: { 'Content-Length': '60' },
      data: `-d '{"agent":"refunds",'`,
      url: tight.url,
      key: tight.key,
    }),
  },
  payload_too_large: {
    by: () => ({ path: '/v1/runs', piped: bytes(1_100_000), data: '--data-binary @-' }),
  },
  unsupported_media_type: {
    by: () => ({ path: '/v1/runs', headers: { 'Content-Type': 'text/plain' }, data: `-d 'Refund order 7.'` }),
  },
  host_not_allowed: {
    given: 'The server is one for local use.',
    by: () => ({ path: '/v1/runs', headers: { Host: 'countersign.example' } }),
  },
  headers_too_large: {
    by: () => ({ path: '/v1/runs', headers: { 'X-Note': `$(${bytes(20_000)})` } }),
  },
};
