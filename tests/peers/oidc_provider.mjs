// The certified OpenID provider by Filip Skokan in VNeID's place, with people of our own and pages that have one form each.
// Writes its address, reads where a clinic takes people back and the clinic's public key, writes that it is ready, and serves until
// stdin ends.

import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import readline from 'node:readline';
import { Provider } from 'oidc-provider';

const people = {
  mai: { cccd: '011156000123', birthdate: '1956-03-12', acr: 'urn:vn:loa:2' },
  thinh: { cccd: '011084000456', birthdate: '1984-09-03', acr: 'urn:vn:loa:2' },
  duc: { cccd: '001078000321', birthdate: '1978-05-30', acr: 'urn:vn:loa:1' },
  nobody: { cccd: '000000000000', birthdate: '1990-01-01', acr: 'urn:vn:loa:2' },
};
const password = 'mat-khau';

const jwk = (kind, options, more) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  ...more,
});

const server = http.createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

console.log(issuer);
const input = readline.createInterface({ input: process.stdin });
const clinic = JSON.parse((await input[Symbol.asyncIterator]().next()).value);

const client = (id, alg, more) => ({
  client_id: id,
  redirect_uris: [clinic.redirect_uri],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  id_token_signed_response_alg: alg,
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    client('clinic-rs256', 'RS256', { client_secret: 'bi mat: 1+1', token_endpoint_auth_method: 'client_secret_basic' }),
    client('clinic-es256', 'ES256', {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [clinic.key] },
    }),
  ],
  jwks: {
    keys: [
      jwk('rsa', { modulusLength: 2048 }, { kid: 'rsa-1', alg: 'RS256' }),
      jwk('ec', { namedCurve: 'P-256' }, { kid: 'ec-1', alg: 'ES256' }),
    ],
  },
  claims: { openid: ['sub', 'cccd', 'birthdate'], acr: null },
  acrValues: ['urn:vn:loa:1', 'urn:vn:loa:2'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['of this run'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
});
const oidc = provider.callback();

const page = (uid, prompt) => `<!doctype html><title>${prompt}</title>
<form action="/interaction/${uid}" method="post">
${prompt === 'login' ? '<input name="login"><input name="password" type="password">' : ''}
<button name="answer" value="yes">OK</button><button name="answer" value="no">Cancel</button></form>`;

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
};

const answer = async ({ prompt, params, session, grantId }, form) => {
  if (form.get('answer') !== 'yes') return { error: 'access_denied' };
  if (prompt.name === 'login') {
    const person = people[form.get('login')];
    if (!person || form.get('password') !== password) return { error: 'access_denied' };
    return { login: { accountId: form.get('login'), acr: person.acr } };
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  return { consent: { grantId: await grant.save() } };
};

server.on('request', async (request, response) => {
  try {
    const uid = /^\/interaction\/([\w-]+)$/.exec(request.url)?.[1];
    if (!uid) return oidc(request, response);
    const details = await provider.interactionDetails(request, response);
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html');
      return response.end(page(uid, details.prompt.name));
    }
    const result = await answer(details, await body(request));
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});

console.log('ready');
input.on('close', () => process.exit(0));
