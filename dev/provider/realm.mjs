// One realm: an OpenID provider with Keycloak's paths and Keycloak's claims.
import { createPublicKey } from "node:crypto";
import { jwtVerify } from "jose";

// URL.parse exists in Node.js from 20.16 and 22.1 on. The provider needs it.
URL.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null);
const { Provider } = await import("oidc-provider");

export const CLIENT = "kube-dc-console";
// No server listens there: a native client reads the code from the redirect (RFC 8252, section 7.3).
export const LOOPBACK_REDIRECT = "http://127.0.0.1/token";
const RESOURCE = "urn:kube-dc-billing"; // a resource indicator must be a URI (RFC 8707); the audience need not
const AUDIENCE = ["kube-dc-billing", "account"];
const PROTOCOL = "/protocol/openid-connect";
const DAY = 24 * 3600;

export function createRealm({ name, base, users, jwk, cookieKey, pageOrigins, accessTokenSeconds, html }) {
  const issuer = `${base}/realms/${name}`;
  const bySub = new Map(users.map((user) => [user.sub, user]));
  const provider = new Provider(issuer, {
    adapter: memoryAdapter(),
    jwks: { keys: [jwk] },
    clients: [consoleClient(pageOrigins)],
    clientBasedCORS: (ctx, origin) => pageOrigins.includes(origin),
    responseTypes: ["code"],
    pkce: { required: () => true },
    scopes: ["openid", "profile", "email", "offline_access"],
    claims: {
      openid: ["sub", "org", "groups", "namespaces"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    conformIdTokenClaims: false, // as in Keycloak: the ID token contains the profile
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"), // without offline_access, as Keycloak
    rotateRefreshToken: true,
    findAccount: (ctx, sub) => account(name, bySub.get(sub)),
    loadExistingGrant: (ctx) => grantEverything(ctx),
    interactions: { url: (ctx, interaction) => `/realms/${name}/interaction/${interaction.uid}` },
    cookies: {
      keys: [cookieKey],
      // Realms share a host. The cookies of each realm have a separate path.
      long: { httpOnly: true, sameSite: "lax", path: `/realms/${name}` },
      short: { httpOnly: true, sameSite: "lax" },
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: DAY,
      IdToken: accessTokenSeconds,
      Interaction: 600,
      RefreshToken: DAY,
      Session: DAY,
    },
    routes: {
      authorization: `${PROTOCOL}/auth`,
      end_session: `${PROTOCOL}/logout`,
      jwks: `${PROTOCOL}/certs`,
      token: `${PROTOCOL}/token`,
      userinfo: `${PROTOCOL}/userinfo`,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "openid profile email",
          audience: AUDIENCE[0],
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => html.send(ctx.res, 200, html.logout(form), ctx),
        postLogoutSuccessSource: (ctx) => html.send(ctx.res, 200, html.loggedOut(), ctx),
      },
    },
    formats: { customizers: { jwt: (ctx, token, jwt) => asKeycloakWrites(name, bySub, token, jwt) } },
    renderError: (ctx, out) => html.send(ctx.res, ctx.status, html.failure(out), ctx),
  });
  provider.on("server_error", (ctx, error) => console.error(`${name}: ${error.stack}`));
  return { issuer, provider, userinfo: userinfoOf(issuer, jwk, name, bySub, pageOrigins) };
}

function consoleClient(pageOrigins) {
  const pages = pageOrigins.map((origin) => `${origin}/billing/`); // redirect URIs match exactly
  return {
    client_id: CLIENT,
    client_name: "Kube-DC console",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: [...pages, LOOPBACK_REDIRECT],
    post_logout_redirect_uris: pages,
    id_token_signed_response_alg: "RS256",
  };
}

function profile(realm, user) {
  return {
    org: realm,
    groups: user.groups,
    ...(user.namespaces && { namespaces: user.namespaces }),
    name: user.username[0].toUpperCase() + user.username.slice(1),
    preferred_username: user.username,
    email: `${user.username}@${realm}.example`,
    email_verified: true,
  };
}

function account(realm, user) {
  return user && { accountId: user.sub, claims: () => ({ sub: user.sub, ...profile(realm, user) }) };
}

// The demo console does not require consent.
async function grantEverything(ctx) {
  const { provider, client, session, result } = ctx.oidc;
  const known = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const found = known && (await provider.Grant.find(known));
  if (found) return found;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email offline_access");
  grant.addResourceScope(RESOURCE, "openid profile email");
  await grant.save();
  return grant;
}

function asKeycloakWrites(realm, bySub, token, jwt) {
  const { client_id: client, ...payload } = jwt.payload;
  const user = bySub.get(token.accountId);
  jwt.header = { typ: "JWT" };
  jwt.payload = { ...payload, ...profile(realm, user), typ: "Bearer", azp: client, aud: AUDIENCE };
}

// The userinfo endpoint of oidc-provider rejects tokens for an API. Keycloak's accepts them, and the console has only those.
function userinfoOf(issuer, jwk, realm, bySub, pageOrigins) {
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return async (request, response) => {
    const { origin } = request.headers;
    if (pageOrigins.includes(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Access-Control-Allow-Headers", "Authorization");
    }
    response.setHeader("Vary", "Origin");
    response.setHeader("Cache-Control", "no-store");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    try {
      const { payload } = await jwtVerify(token ?? "", key, { issuer, audience: "account", algorithms: ["RS256"] });
      const user = bySub.get(payload.sub);
      response.setHeader("Content-Type", "application/json");
      return response.end(JSON.stringify({ sub: payload.sub, ...profile(realm, user) }));
    } catch (error) {
      response.setHeader("WWW-Authenticate", `Bearer realm="${realm}", error="invalid_token"`);
      response.setHeader("Content-Type", "application/json");
      return response.writeHead(401).end(JSON.stringify({ error: "invalid_token", error_description: error.message }));
    }
  };
}

// Codes, sessions and refresh tokens are stored in the process. Expired ones are removed on the next write.
function memoryAdapter() {
  const rows = new Map();
  const live = (row) => (row && row.expires > Date.now() ? row.payload : undefined);
  const findBy = (model, field, value) =>
    live([...rows.values()].find((row) => row.model === model && row.payload[field] === value));
  const sweep = () => rows.forEach((row, key) => row.expires <= Date.now() && rows.delete(key));
  return (model) => ({
    upsert: async (id, payload, seconds) => {
      sweep();
      rows.set(`${model}:${id}`, { model, payload, expires: Date.now() + seconds * 1000 });
    },
    find: async (id) => live(rows.get(`${model}:${id}`)),
    findByUid: async (uid) => findBy(model, "uid", uid),
    findByUserCode: async (code) => findBy(model, "userCode", code),
    destroy: async (id) => void rows.delete(`${model}:${id}`),
    consume: async (id) => {
      rows.get(`${model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000);
    },
    revokeByGrantId: async (grant) => rows.forEach((row, key) => row.payload.grantId === grant && rows.delete(key)),
  });
}
