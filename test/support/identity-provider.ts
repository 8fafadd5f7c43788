// An identity provider on the loopback interface: makes tokens, and publishes the keys that prove them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';

export interface TokenOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expiresIn?: number | null;
  readonly notBefore?: number;
}

export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** Requests for the keys so far. */
  readonly fetches: number;
  token(options?: TokenOptions): Promise<string>;
  /** Signs with another key from now on, and publishes only that one. */
  rotate(): Promise<void>;
  /** What it answers from now on, in place of its keys. */
  answer: 'keys' | 'error' | 'silence' | 'nonsense' | 'elsewhere';
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const newKey = async (kid: string): Promise<SigningKey> => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
};

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let count = 1;
  let fetches = 0;
  let key = await newKey('key-1');
  const server = createServer((_request, response) => {
    fetches += 1;
    if (provider.answer === 'silence') return;
    if (provider.answer === 'error') return void response.writeHead(500).end();
    if (provider.answer === 'elsewhere') return void response.writeHead(302, { location: '/other' }).end();
    const body = provider.answer === 'keys' ? JSON.stringify({ keys: [key.jwk] }) : '<html>';
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const provider: IdentityProvider = {
    issuer: `${url}/`,
    jwksUrl: `${url}/jwks.json`,
    get fetches() {
      return fetches;
    },
    answer: 'keys',
    async token({ claims = {}, header = {}, issuer, audience, expiresIn = 300, notBefore } = {}) {
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const jwt = new SignJWT({ sub: 'u-1', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header })
        .setIssuedAt()
        .setIssuer(issuer ?? provider.issuer)
        .setAudience(audience ?? 'countersign');
      if (expiresIn !== null) jwt.setExpirationTime(nowSeconds + expiresIn);
      if (notBefore !== undefined) jwt.setNotBefore(nowSeconds + notBefore);
      return jwt.sign(key.privateKey);
    },
    async rotate() {
      count += 1;
      key = await newKey(`key-${count}`);
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}
