// The OpenID provider of the local platform: one issuer per realm at {base}/realms/{realm}, with Keycloak's paths.
// Settings come from the environment, see `dev/provider.py`, which starts it.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import * as pages from "./html.mjs";
import { createRealm } from "./realm.mjs";

const REALMS = ["acme", "acme-prod", "globex"];
const LONGEST_FORM = 4096;
const users = JSON.parse(readFileSync(new URL("users.json", import.meta.url)));

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; python -m dev run sets it`);
  return value;
}

// Created once and stored, so that tokens stay valid after a restart.
function loadKeys(file) {
  if (existsSync(file)) return JSON.parse(readFileSync(file));
  const keys = { cookies: randomBytes(32).toString("base64url"), realms: {} };
  for (const realm of REALMS) keys.realms[realm] = newSigningKey();
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return keys;
}

function newSigningKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = privateKey.export({ format: "jwk" });
  const thumbprint = JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }); // RFC 7638
  return { ...jwk, kid: createHash("sha256").update(thumbprint).digest("base64url"), alg: "RS256", use: "sig" };
}

async function readForm(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_FORM) return new URLSearchParams();
  }
  return new URLSearchParams(text);
}

// The provider's cookie binds the form to the browser that started the sign-in.
async function interact(realm, provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== "POST") {
    return send(response, 200, pages.login({ realm, username: params.login_hint ?? "" }));
  }
  const form = await readForm(request);
  const user = users.find((known) => known.realm === realm && known.username === form.get("username"));
  if (!user || form.get("password") !== user.username) {
    return send(response, 401, pages.login({ realm, username: form.get("username") ?? "", failed: true }));
  }
  return provider.interactionFinished(request, response, { login: { accountId: user.sub } });
}

async function answer(request, response) {
  const [, name, path] = /^\/realms\/([^/?]+)(\/[^?]*)?/.exec(request.url) ?? [];
  const realm = realms.get(name);
  if (!realm) {
    response.writeHead(404, { "Content-Type": "application/json" });
    return response.end(JSON.stringify({ error: "Realm does not exist" }));
  }
  if (/^\/interaction\/[\w-]+$/.test(path)) return interact(name, realm.provider, request, response);
  if (path === "/protocol/openid-connect/userinfo") return realm.userinfo(request, response);
  request.originalUrl = request.url;
  request.url = request.url.slice(`/realms/${name}`.length) || "/";
  return realm.handle(request, response);
}

const port = Number(required("PROVIDER_PORT"));
const host = required("HOST");
const base = required("PROVIDER_URL");
const pageOrigins = required("PAGE_ORIGINS").split(",");
const accessTokenSeconds = Number(required("ACCESS_TOKEN_SECONDS"));
const keys = loadKeys(required("PROVIDER_KEYS_FILE"));
const send = pages.sender(pageOrigins);
const realms = new Map(
  REALMS.map((name) => {
    const realm = createRealm({
      name,
      base,
      users: users.filter((user) => user.realm === name),
      jwk: keys.realms[name],
      cookieKey: keys.cookies,
      pageOrigins,
      accessTokenSeconds,
      html: { ...pages, send },
    });
    return [name, { ...realm, handle: realm.provider.callback() }];
  }),
);

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error.stack);
    if (response.headersSent) return response.destroy();
    const expired = error.name === "SessionNotFound";
    const description = expired ? "this sign-in has expired, start again from the page" : "see the provider's log";
    return send(response, expired ? 400 : 500, pages.failure({ error: error.name, error_description: description }));
  });
});
server.listen(port, host, () => console.log(`issuers ${base}/realms/{${REALMS.join(",")}}`));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
