// A real provider of OpenID Connect for the tests: node provider.mjs PORT CALLBACK (port 0: a free one). It prints its issuer.
// POST /control {"accounts": {LOGIN: CLAIMS}} says whom it knows; any password will do. {"tamper": NAME} makes it lie, and
// {"inToken": true} gives claims in the ID token, not by userinfo. {"callback": URL} makes another server its client.
import { createServer } from 'node:http';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

const [port, callback] = process.argv.slice(2);
const control = { accounts: {}, tamper: null, inToken: false, callback };
const keys = () => generateKeyPair('RS256', { extractable: true });
const [own, other] = [await keys(), await keys()];
const kid = `key-${process.pid}`;

let handle = null;
const server = createServer((request, response) => {
  if (request.url === '/favicon.ico') return response.writeHead(204).end();
  if (request.url !== '/control') return handle(request, response);
  let body = '';
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    Object.assign(control, JSON.parse(body));
    response.writeHead(204).end();
  });
});
server.listen(Number(port), '127.0.0.1', async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'roster', client_secret: 'a secret: of %+/ signs', redirect_uris: [callback] }],
    jwks: { keys: [{ ...(await exportJWK(own.privateKey)), kid, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['for tests'] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], roster: ['roster', 'realm_access'] },
    findAccount: (_, login) => ({ accountId: login, claims: () => ({ sub: login, ...control.accounts[login] }) }),
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    renderError: (context, out) => (context.body = JSON.stringify(out)),
  });
  provider.Client.prototype.redirectUriAllowed = (uri) => uri === control.callback;
  provider.use(async (context, next) => {
    await next();
    const { route } = context.oidc ?? {};
    // The pages for tests want fonts from the internet.
    if (typeof context.body === 'string') context.body = context.body.replace(/@import url\([^)]*\);/g, '');
    if (route === 'token' && context.body.id_token) context.body.id_token = await token(context.body.id_token, issuer);
    if (route === 'discovery' && control.tamper === 'configuration') context.body.issuer += '/other';
    if (route === 'discovery' && control.tamper === 'endpoints') delete context.body.token_endpoint;
    if (route === 'userinfo' && control.tamper === 'userinfo') context.body.sub = 'somebody-else';
    if (route === 'token' && control.tamper === 'large') context.body.more = 'x'.repeat(2 << 20);
    if (route === 'token' && control.tamper === 'late') await new Promise((done) => setTimeout(done, 15_000));
  });
  handle = provider.callback();
  console.log(issuer);
});

/** The ID token, as the provider made it or as somebody forged it. */
async function token(made, issuer) {
  const claims = decodeJwt(made);
  const header = { ...decodeProtectedHeader(made), kid };
  let key = own.privateKey;
  if (control.inToken) Object.assign(claims, control.accounts[claims.sub]);
  else if (control.tamper === null) return made;
  switch (control.tamper) {
    case 'signature':
      key = other.privateKey;
      break;
    case 'none':
      return `${encode({ alg: 'none' })}.${encode(claims)}.`;
    case 'hmac':
      [header.alg, key] = ['HS256', new TextEncoder().encode('a secret: of %+/ signs'.padEnd(32, ' '))];
      break;
    case 'nonce':
      claims.nonce = 'x'.repeat(43);
      break;
    case 'issuer':
      claims.iss = `${issuer}/other`;
      break;
    case 'audience':
      claims.aud = 'another-client';
      break;
    case 'azp':
      [claims.aud, claims.azp] = [['roster', 'another-client'], 'another-client'];
      break;
    case 'audiences':
      claims.aud = ['roster', 'another-client'];
      delete claims.azp;
      break;
    case 'expired':
      [claims.iat, claims.exp] = [claims.iat - 7_200, claims.exp - 7_200];
      break;
    case 'subject':
      delete claims.sub;
      break;
  }
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
