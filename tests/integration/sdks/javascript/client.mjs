// Streams to an endpoint with the AWS SDK for JavaScript and tells what it gave back: a line of JSON a stream.
//
// There is no generated client here: connecthealth.mjs is a thin operation layer of ours over AWS's own runtime, which
// each report says in `sdk`. This program judges nothing: a test reads the lines, whose fields are those of
// ../python/client.py. It never hangs: each stream has a time limit, and so has the whole program.

import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect } from "./connect.mjs";
import { SDK, StartMedicalScribeListeningSessionCommand } from "./connecthealth.mjs";

const SENDING_GRACE_MS = 2000; // how long the input may still be closing when the output has ended

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "access-key": { type: "string", default: "test" },
    "session-id": { type: "string" }, // default: a new one for each run
    "output-uri": { type: "string", default: "s3://bucket/prefix" }, // no S3 URI: a bad configuration
    "encounter-context": { type: "string" },
    seconds: { type: "string", default: "2" }, // of a 440 Hz tone, 16-bit PCM
    rate: { type: "string", default: "16000" }, // below 8000: refused by the service with HTTP 400
    channels: { type: "string", default: "1" }, // 2 sends channelDefinitions
    event: { type: "string", default: "binaryAudioEvent" }, // or audioEvent
    "chunk-ms": { type: "string", default: "100" },
    "await-events": { type: "string", default: "0" }, // wait for N events …
    after: { type: "string", default: "0" }, // … before audio event M (from 0)
    "no-end-of-session": { type: "boolean", default: false }, // close the input without it: a pause
    pauses: { type: "string", default: "0" }, // pause and resume each session so often
    runs: { type: "string", default: "1" },
    timeout: { type: "string", default: "20" }, // seconds a stream
    deadline: { type: "string", default: "120" }, // seconds the whole program; then status 1
  },
});

const options = {
  endpoint: positionals[0],
  awaitEvents: Number(flags["await-events"]),
  after: Number(flags.after),
  channels: Number(flags.channels),
  chunkMs: Number(flags["chunk-ms"]),
  pauses: Number(flags.pauses),
  rate: Number(flags.rate),
  runs: Number(flags.runs),
  seconds: Number(flags.seconds),
  timeoutMs: 1000 * Number(flags.timeout),
};

function configuration() {
  return {
    postStreamActionSettings: {
      outputS3Uri: flags["output-uri"],
      clinicalNoteGenerationSettings: {
        noteTemplateSettings: { managedTemplate: { templateType: "HISTORY_AND_PHYSICAL" } },
      },
    },
    ...(options.channels === 2 && {
      channelDefinitions: [
        { channelId: 0, participantRole: "CLINICIAN" },
        { channelId: 1, participantRole: "PATIENT" },
      ],
    }),
    ...(flags["encounter-context"] && { encounterContext: { unstructuredContext: flags["encounter-context"] } }),
  };
}

function tone() {
  const frames = Math.round(options.seconds * options.rate);
  const samples = new Int16Array(frames * options.channels);
  for (let n = 0; n < frames; n++) {
    const sample = 8000 * Math.sin((2 * Math.PI * 440 * n) / options.rate);
    samples.fill(sample, n * options.channels, (n + 1) * options.channels);
  }
  return new Uint8Array(samples.buffer); // little-endian on every machine that Node runs on
}

function pieces(data, size) {
  return Array.from({ length: Math.ceil(data.length / size) }, (_, n) => data.subarray(n * size, (n + 1) * size));
}

/** A promise and what settles it. */
function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { opened, open };
}

async function* input(report, audio, isLast, received) {
  const { sent } = report;
  const digest = createHash("sha256");
  sent.sha256 = digest.copy().digest("hex");
  yield { configurationEvent: configuration() };
  sent.configuration++;
  for (const [position, audioChunk] of audio.entries()) {
    if (options.awaitEvents && position === options.after) await received;
    yield { [flags.event]: { audioChunk } }; // comes back when the SDK asks for the next event
    sent.audio++;
    sent.audio_bytes += audioChunk.length;
    sent.sha256 = digest.update(audioChunk).copy().digest("hex");
  }
  if (isLast && !flags["no-end-of-session"]) {
    yield { sessionControlEvent: { type: "END_OF_SESSION" } };
    sent.control++;
  }
  sent.input_closed = true;
}

async function stream(client, report, audio, isLast) {
  Object.assign(report, { status: null, headers: {}, output: null, events: [], errors: [], timed_out: false });
  report.sent = { configuration: 0, audio: 0, audio_bytes: 0, control: 0, input_closed: false };
  const failed = (where, error) =>
    report.errors.push({
      where,
      class: error.constructor.name,
      module: error.$fault ? "modeled" : (error.code ?? null),
      message: error.message,
    });
  const abort = new AbortController();
  const limit = setTimeout(() => {
    report.timed_out = true;
    abort.abort();
  }, options.timeoutMs);
  const received = gate(); // opened once `--await-events` of them are there, or none will come any more
  const ended = gate();
  const events = input(report, audio, isLast, received.opened);
  const command = new StartMedicalScribeListeningSessionCommand({
    sessionId: report.session_id,
    domainId: `hai-${"0".repeat(16)}`,
    subscriptionId: `sub-${"0".repeat(21)}`,
    languageCode: "en-US",
    mediaSampleRateHertz: options.rate,
    mediaEncoding: "pcm",
    inputStream: observed(events, ended.open, (error) => failed("sending", error)),
  });
  command.middlewareStack.add(recorder(report), { step: "deserialize", priority: "low" });
  let where = "responding";
  try {
    // The SDK answers when the first event is there, not when the response is: a first event that is an exception is
    // thrown here.
    const { responseStream, $metadata, ...modeled } = await client.send(command, { abortSignal: abort.signal });
    report.output = snakeCased({ ...modeled, responseMetadata: { requestId: $metadata.requestId } });
    where = "reading";
    for await (const event of responseStream) {
      report.events.push({
        audio_sent: report.sent.audio,
        input_closed: report.sent.input_closed,
        type: Object.keys(event)[0].replace(/^./, (letter) => letter.toUpperCase()),
        value: snakeCased(Object.values(event)[0]),
      });
      if (report.events.length >= options.awaitEvents) received.open();
    }
  } catch (error) {
    if (!report.timed_out) failed(where, error);
  } finally {
    received.open();
    clearTimeout(limit);
  }
  await Promise.race([ended.opened, sleep(SENDING_GRACE_MS, undefined, { ref: false })]);
}

/** The input as given, telling when it is over: exhausted, failed, or left by the SDK. */
async function* observed(events, over, failed) {
  try {
    yield* events;
  } catch (error) {
    failed(error);
    throw error;
  } finally {
    over();
  }
}

/** Keeps the response's status and headers, of which the SDK shows only the modeled ones. */
function recorder(report) {
  return (next) => async (args) => {
    const result = await next(args);
    report.status = result.response.statusCode;
    report.headers = Object.fromEntries(Object.entries(result.response.headers).filter(([name]) => name[0] !== ":"));
    return result;
  };
}

/** The SDK's objects with the member names that all clients report; a member that is not there is null. */
function snakeCased(value) {
  if (value === null || typeof value !== "object") return value ?? null;
  const name = (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [name(key), snakeCased(member)]));
}

/** One run: a session of one stream, or of several when it pauses. */
async function perform(run, chunks) {
  const sessionId = flags["session-id"] ?? randomUUID();
  const streams = options.pauses + 1;
  const share = Math.ceil(chunks.length / streams);
  const client = connect(options.endpoint, flags["access-key"]);
  for (let position = 0; position < streams; position++) {
    const report = { sdk: SDK, run, stream: position, session_id: sessionId };
    await stream(client, report, chunks.slice(position * share, (position + 1) * share), position === options.pauses);
    console.log(JSON.stringify(report));
  }
  client.destroy();
}

setTimeout(() => {
  console.error(`still running after ${flags.deadline} s`);
  process.exit(1);
}, 1000 * Number(flags.deadline)).unref();

const chunks = pieces(tone(), (options.rate * 2 * options.channels * options.chunkMs) / 1000);
for (let run = 0; run < options.runs; run++) await perform(run, chunks);
