// The pages of the provider: plain HTML, readable without a style sheet or script.
const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 24rem; margin: 12vh auto; padding: 0 1rem; }
  label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
  input { margin: .25rem 0 1rem; padding: .5rem; }
  button { padding: .6rem; margin-top: .5rem; cursor: pointer; }
  [role=alert] { border-left: .3rem solid #c9190b; padding-left: .75rem; }`;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

const page = (title, body) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escape(title)}</h1>${body}</main></body>
</html>
`;

export const login = ({ realm, username, failed }) =>
  page(`Sign in to ${realm}`, `
${failed ? '<p role="alert">Invalid username or password.</p>' : ""}
<form method="post">
  <label for="username">Username</label>
  <input id="username" name="username" autocomplete="username" required autofocus value="${escape(username)}">
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <button type="submit">Sign in</button>
</form>
<p>Local demo: the password is the username.</p>`);

// `form` comes from oidc-provider, with its cross-site request forgery token.
export const logout = (form) =>
  page("Sign out", `${form}<button type="submit" form="op.logoutForm" value="yes" name="logout" autofocus>Sign out</button>`);

export const loggedOut = () => page("Signed out", "<p>You have signed out.</p>");

export const failure = ({ error, error_description: description }) =>
  page("This did not work", `<p role="alert">${escape(error)}: ${escape(description ?? "no further description")}</p>`);

// With a Koa context, Koa sends the body. Otherwise the response ends here.
export function sender(pageOrigins) {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `form-action 'self' ${pageOrigins.join(" ")}`, // signing in ends with a redirect to the page
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
  return (response, status, body, ctx) => {
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (ctx) {
      ctx.type = "html";
      ctx.body = body;
      return;
    }
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(body);
  };
}
