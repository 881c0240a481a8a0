// The same service on Node's http2, with the event-stream codec of the AWS SDK for JavaScript: `getChunkedStream` cuts
// the body into messages, `EventStreamCodec` checks, decodes and encodes them.
//
//   node server.mjs PORT ANSWER.json [CERT.pem KEY.pem]
//
// Like the ASGI app beside it, it validates nothing and remembers nothing.

import { readFileSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";
import { getChunkedStream } from "@smithy/core/event-streams";
import { EventStreamCodec } from "@smithy/eventstream-codec";

const [port, answer, cert, key] = process.argv.slice(2);
const segment = JSON.parse(readFileSync(answer, "utf8"));

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const codec = new EventStreamCodec(
  (bytes) => decoder.decode(bytes),
  (text) => encoder.encode(text),
);

const text = (value) => ({ type: "string", value });
const transcript = {
  ":message-type": text("event"),
  ":event-type": text("transcriptEvent"),
  ":content-type": text("application/json"),
};

/** The event inside a signed envelope; the empty envelope ends the input. */
function unwrapped(bytes) {
  const envelope = codec.decode(bytes);
  return envelope.body.length === 0 ? undefined : codec.decode(envelope.body);
}

async function listen(stream, headers) {
  const echoed = Object.entries(headers).filter(([name]) => name.startsWith("x-amzn-medscribe-"));
  stream.respond({
    ":status": 200,
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-request-id": "0",
    "x-amzn-requestid": "0",
    ...Object.fromEntries(echoed),
  });
  for await (const bytes of getChunkedStream(stream)) {
    if (unwrapped(bytes)?.headers[":event-type"].value === "binaryAudioEvent") {
      stream.write(codec.encode({ headers: transcript, body: encoder.encode(JSON.stringify(segment)) }));
    }
  }
  stream.end();
}

// Windows as large as an upload needs, so that it does not wait for their updates: Node's own are 64 KiB.
const WINDOW = 1024 * 1024;
const settings = { initialWindowSize: WINDOW };
const server = cert
  ? createSecureServer({ settings, cert: readFileSync(cert), key: readFileSync(key) })
  : createServer({ settings });
server.on("session", (session) => session.setLocalWindowSize(WINDOW));
server.on("stream", (stream, headers) => {
  stream.on("error", () => {}); // a client that left
  listen(stream, headers).catch(() => stream.close());
});
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
