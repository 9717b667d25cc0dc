// Puts Prism between clients and servers. Prism supports one upstream, but each test starts a server. So this is an
// HTTP proxy (clients name their server in the request) with Prism inside:
//
//   client -> front -> Prism -> back -> server
//
// Prism parses and rewrites bodies, and answers unparsable ones itself. So front keeps each request and back sends
// the original bytes to the server; likewise the client gets the original bytes of the response. The findings of
// Prism are in a header of its response, and become one line of the report.
//
//   node between.mjs DESCRIPTION REPORT    prints its address, and ends with its standard input

import { spawn } from "node:child_process";
import { createWriteStream, openSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const MARK = "x-judged-exchange";
const DEPTH_MAX = 100;
const [description, reportFile] = process.argv.slice(2);
const report = createWriteStream(reportFile);
const exchanges = new Map();
let last = 0;
// A kept-alive connection may be closed by the peer at the moment it is reused; a new one may not.
const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });

function listen(server) {
  // For the same reason connections of clients are kept open.
  server.keepAliveTimeout = 0;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function isJson(bytes) {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** Sends a request as it is and resolves with the answer, as it is. */
function send(options, body, whenGone) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, ...options }, async (answer) => {
      try {
        const { statusCode, statusMessage, rawHeaders, headers } = answer;
        resolve({ statusCode, statusMessage, rawHeaders, headers, body: await whole(answer) });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    whenGone?.(() => request.destroy());
    request.end(body);
  });
}

/** Whether Prism can read it; what is nested deeper than this makes it end with a full stack. */
function isReadable(bytes) {
  let depth = 0;
  let deepest = 0;
  for (const byte of bytes) {
    if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return deepest <= DEPTH_MAX && isJson(bytes);
}

/** Whether Prism survives a request: at a path that is no UTF-8 it ends. */
function isBearable({ target }) {
  try {
    decodeURIComponent(target.pathname);
    return true;
  } catch {
    return false;
  }
}

/** A request as Prism is shown it; `body` is undefined for none. */
function showing(exchange, body, contentType) {
  const { method, target } = exchange;
  const headers = { ...exchange.headers, [MARK]: exchange.id, host: "judged", connection: "keep-alive" };
  for (const name of ["transfer-encoding", "content-length", "expect"]) delete headers[name];
  if (contentType) headers["content-type"] = contentType;
  if (body) headers["content-length"] = String(body.length);
  const options = { host: "127.0.0.1", port: prismPort, method, path: target.pathname + target.search, headers };
  return send(options, body);
}

/** What Prism objects to, or undefined where its list is so long that it was cut. */
function objections(said) {
  const header = said.headers["sl-violations"] ?? "[]";
  return header.startsWith("[") ? JSON.parse(header) : undefined;
}

/** What stands in a message's body at a place; undefined where nothing does. */
function standingAt([, part, ...segments], bytes) {
  if (part !== "body" || !isJson(bytes)) return undefined;
  return segments.reduce((value, segment) => value?.[segment], JSON.parse(bytes.toString()));
}

function answerClient(response, answer) {
  const { statusCode, statusMessage, rawHeaders, body } = answer;
  response.writeHead(statusCode, statusMessage, rawHeaders);
  response.end(body);
}

/** Prism's verdict on an exchange: on its answer, and on its request if that was taken for a good one. */
async function judge(exchange) {
  const { method, headers, body } = exchange;
  const hasBody = body.length > 0 && !["GET", "HEAD"].includes(method);
  const wholly = !hasBody || !/json/i.test(headers["content-type"] ?? "") || isReadable(body);
  let said = wholly ? await showing(exchange, hasBody ? body : undefined) : undefined;
  let found = said && exchange.answer ? objections(said) : undefined;
  let isWhole = found !== undefined;
  if (!isWhole && !exchange.failure) {
    // If Prism cannot parse a body, or it is too large, the response is checked with another one.
    said = await showing(exchange, hasBody ? Buffer.from("{}") : undefined, "application/json");
    found = exchange.answer && objections(said);
  }
  if (exchange.failure) throw exchange.failure;
  if (!found) throw new Error(`Prism answered by itself: ${said.statusCode} ${said.body}`);
  exchange.isDescribed = !found.some(({ message }) => message === "Selected route not found");
  const isSuccess = exchange.answer.statusCode < 300;
  const kept = found.filter(({ location }) => location[0] === "response" || (isSuccess && isWhole));
  if (isSuccess && hasBody && !wholly && !isJson(body)) {
    kept.push({ location: ["request", "body"], message: "is no JSON, and was accepted" });
  }
  return kept.map((objection) => {
    const message = objection.location[0] === "request" ? exchange : exchange.answer;
    return { ...objection, value: standingAt(objection.location, message.body) };
  });
}

const front = http.createServer(async (request, response) => {
  const exchange = { id: String(++last), method: request.method, headers: request.headers };
  exchanges.set(exchange.id, exchange);
  try {
    exchange.target = new URL(request.url);
    exchange.rawHeaders = request.rawHeaders;
    exchange.body = await whole(request);
    response.on("close", () => response.writableEnded || exchange.hangUp?.());
    const isShown = isBearable(exchange);
    if (!isShown) await askServer(exchange);
    const found = isShown ? await judge(exchange) : [];
    const { method, target, answer } = exchange;
    const place = { method, path: target.pathname, query: target.search };
    const isDescribed = exchange.isDescribed ?? false;
    const problem = standingAt(["response", "body", "type"], answer.body);
    report.write(`${JSON.stringify({ ...place, status: answer.statusCode, problem, isDescribed, found })}\n`);
    answerClient(response, exchange.answer);
  } catch (error) {
    const place = { method: request.method, path: request.url };
    if (!exchange.failure) report.write(`${JSON.stringify({ ...place, broken: String(error) })}\n`);
    // If the server has closed the connection, it is closed to the client, too.
    request.socket.destroy();
  } finally {
    exchanges.delete(exchange.id);
  }
});

/** Sends the request to its server, byte for byte, and keeps the answer. */
async function askServer(exchange) {
  const { method, target, body, rawHeaders } = exchange;
  const place = { host: target.hostname, port: target.port, path: target.pathname + target.search };
  // Without headers about a body, Node would add chunked coding.
  const isSaid = "content-length" in exchange.headers || "transfer-encoding" in exchange.headers;
  const headers = isSaid ? rawHeaders : [...rawHeaders, "content-length", "0"];
  const options = { ...place, method, headers };
  exchange.answer = await send(options, body, (hangUp) => (exchange.hangUp = hangUp));
}

/** Asked by Prism; asks the server, once. */
const back = http.createServer(async (request, response) => {
  const exchange = exchanges.get(request.headers[MARK]);
  request.resume();
  try {
    if (!exchange.answer) await askServer(exchange);
    answerClient(response, exchange.answer);
  } catch (error) {
    if (exchange) exchange.failure = error;
    response.writeHead(502).end();
  }
});

const backPort = await listen(back);
// Prism does not report its port for port 0.
const probe = http.createServer();
const prismPort = await listen(probe);
await new Promise((resolve) => probe.close(resolve));
const modules = createRequire(path.join(process.env.JUDGE_MODULES, "x.js"));
const prismCli = path.join(path.dirname(modules.resolve("@stoplight/prism-cli/package.json")), "dist/index.js");
const words = ["proxy", "-h", "127.0.0.1", "-p", String(prismPort), "--verboseLevel", "error"];
const log = openSync(`${reportFile}.log`, "w");
const upstream = `http://127.0.0.1:${backPort}`;
const prism = spawn(process.execPath, [prismCli, ...words, description, upstream], { stdio: ["ignore", log, log] });
prism.on("exit", (code) => {
  console.error(`Prism ended with ${code}; its words are in ${reportFile}.log`);
  process.exit(1);
});
for (;;) {
  try {
    await send({ host: "127.0.0.1", port: prismPort, path: "/" });
    break;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
console.log(`http://127.0.0.1:${await listen(front)}`);
process.stdin.resume();
process.stdin.on("end", () => {
  prism.removeAllListeners("exit");
  prism.kill();
  report.end(() => process.exit(0));
});
