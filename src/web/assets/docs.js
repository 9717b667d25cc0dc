// Shows the served description in Swagger UI.
"use strict";

// The authentication scheme of each kind of secret.
const SCHEMES = { brms_pat_: "Bearer", brms_ses_: "Internal" };

// People paste a secret alone or with the wrong scheme, and Swagger UI adds "Bearer" to what it takes for a token. The
// scheme is therefore derived from the secret.
function withMatchingScheme(request) {
  const secret = request.headers?.Authorization?.trim().split(/\s+/).pop() ?? "";
  const prefix = Object.keys(SCHEMES).find((prefix) => secret.startsWith(prefix));
  if (prefix) {
    request.headers.Authorization = `${SCHEMES[prefix]} ${secret}`;
  }
  return request;
}

// Swagger UI has a dark style for this class, but no preference.
function followPreference() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
}

async function show() {
  const response = await fetch("openapi.json");
  const description = await response.json();
  // Requests go to the origin of this page, even if that is not the public URL.
  description.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];
  // The vendor's description has tags for parts that are not served here.
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
  const used = new Set(operations.flatMap((operation) => operation.tags ?? []));
  description.tags = (description.tags ?? []).filter((tag) => used.has(tag.name));
  // Swagger UI does not support the HTTP scheme "internal"; as an API key in a header it can still be tried.
  const schemes = description.components.securitySchemes;
  const { description: words } = schemes.internalAuth;
  schemes.internalAuth = { type: "apiKey", in: "header", name: "Authorization", description: words };
  SwaggerUIBundle({
    spec: description,
    dom_id: "#api",
    deepLinking: true,
    displayOperationId: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // The validator would be a service on the Internet.
    validatorUrl: null,
    requestInterceptor: withMatchingScheme,
    presets: [SwaggerUIBundle.presets.apis],
    // No list of one server; it has no label for screen readers either.
    plugins: [{ wrapComponents: { ServersContainer: () => () => null } }],
  });
}

followPreference();
show();
