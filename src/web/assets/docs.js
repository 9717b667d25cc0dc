// Shows the served description in Swagger UI.
"use strict";

// The scheme that goes with each kind of secret.
const SCHEMES = { brms_pat_: "Bearer", brms_ses_: "Internal" };

// People paste a secret alone, or with another word before it than its own, and Swagger UI puts "Bearer" before what it
// takes for a token: what counts is the secret.
function withItsScheme(request) {
  const secret = request.headers?.Authorization?.trim().split(/\s+/).pop() ?? "";
  const prefix = Object.keys(SCHEMES).find((prefix) => secret.startsWith(prefix));
  if (prefix) {
    request.headers.Authorization = `${SCHEMES[prefix]} ${secret}`;
  }
  return request;
}

async function show() {
  const response = await fetch("openapi.json");
  const description = await response.json();
  // Requests go to where this page came from, also when that is not the public URL.
  description.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];
  // The vendor's description has headings for parts that are not served here.
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
  const used = new Set(operations.flatMap((operation) => operation.tags ?? []));
  description.tags = (description.tags ?? []).filter((tag) => used.has(tag.name));
  // Swagger UI knows no HTTP scheme "internal"; as a header of its own it can be tried out all the same.
  const schemes = description.components.securitySchemes;
  schemes.internalAuth = {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "A sign-in of a person: brms_ses_…",
  };
  SwaggerUIBundle({
    spec: description,
    dom_id: "#api",
    deepLinking: true,
    displayOperationId: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // It would be a service on the Internet.
    validatorUrl: null,
    requestInterceptor: withItsScheme,
    presets: [SwaggerUIBundle.presets.apis],
  });
}

show();
